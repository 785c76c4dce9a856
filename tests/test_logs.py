"""--log-format json: one object a line on standard error, and nothing else there; the exit codes are as ever."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.logs import JsonLines, event
from tests.pauses import paused_run
from tests.readers.reading import write_jsonl
from tests.runs import PATIENCE, run_file

STAGES = ["fix_encoding"]


def events(stderr: str) -> list[dict[str, Any]]:
    """The lines as objects; each has what every line has."""
    lines = [json.loads(line) for line in stderr.splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in ("debug", "info", "warning", "error")
        assert line["event"]
        assert line["message"]
    return lines


_SCRIPT = """
import contextlib, io, json, sys
from pipeline import cli
done = []
for arguments in json.load(sys.stdin):
    sys.argv = ["pipeline", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.guarded(cli.app)
    done.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(done))
"""


def commands(*lines: list[str]) -> list[tuple[int, str, str]]:
    """Exit code, standard output and standard error of command lines, one after another in one process of their own."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], input=json.dumps(lines), capture_output=True, text=True, check=True)
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough for several shards, with a broken line and a file that is not read."""
    folder = tmp_path_factory.mktemp("corpus")
    records = [{"id": f"d{n}", "text": f"Story {n}. " + "word " * n} for n in range(300)]
    for number in range(3):
        write_jsonl(folder / f"{number}.jsonl", records[number::3])
    write_jsonl(folder / "3.jsonl", [b"broken", {"id": "last", "text": "Last."}])
    (folder / "README.md").write_text("about", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, str]]:
    """What these commands tell: a run that quarantines too much, the same again, verify, a lie, a slip, the run again as text."""
    folder = tmp_path_factory.mktemp("told")
    config = str(run_file(folder, corpus, stages=STAGES, input={"shard_bytes": 50_000, "max_quarantined": 0}))
    json_format, lie = ["--log-format", "json"], folder / "lie"
    lie.mkdir()
    (lie / "manifest.json").write_text('{"files": [{"file": "documents/part-00000.parquet"}]}', encoding="utf-8")
    return commands(
        ["run", config, *json_format, "--workers", "2"],
        ["run", config, *json_format],
        ["verify", str(folder / "out"), *json_format],
        ["verify", str(lie), *json_format],
        ["run", "nowhere", *json_format],
        ["run", config],
    )


def test_a_run_tells_its_steps_and_its_end(told: list[tuple[int, str, str]]) -> None:
    """Every step begins and ends, every item of it is told with its number, and the end has the counts."""
    _, out, err = told[0]
    assert out == ""
    lines = events(err)
    started = {line["step"]: line["counts"] for line in lines if line["event"] == "step_started"}
    finished = {line["step"] for line in lines if line["event"] == "step_finished" and line["seconds"] >= 0}
    items = Counter(line["step"] for line in lines if line["event"] == "shard_done")
    assert started.keys() == finished
    assert {step: counts["items"] for step, counts in started.items() if counts["items"]} == items
    read = [line for line in lines if line["event"] == "shard_done" and line["step"] == "read"]
    assert sorted(line["shard"] for line in read) == list(range(len(read)))
    assert len(read) > 1
    assert sum(line["counts"]["rows"] for line in read) == 301
    assert [line["level"] for line in lines if "files not read" in line["message"]] == ["warning"]
    end = lines[-2]
    assert (end["event"], end["unchanged"], end["output"].endswith("/out")) == ("run_finished", False, True)
    assert (end["counts"]["records"], end["counts"]["kept"], end["counts"]["quarantined"]) == (302, 301, 1)
    assert end["reasons"] == {"dropped_by_reason": {}, "quarantined_by_reason": {"not JSON": 1}}


def test_a_second_run_and_verify_have_an_event(told: list[tuple[int, str, str]]) -> None:
    """That nothing was to do, and that everything holds."""
    (_, out, err), (verified, verify_out, verify_err) = told[1:3]
    assert out == verify_out == ""
    assert [line["unchanged"] for line in events(err) if line["event"] == "run_finished"] == [True]
    assert (verified, [line["event"] for line in events(verify_err)]) == (0, ["verified"])


def test_mistakes_are_events_with_their_exit_code(told: list[tuple[int, str, str]]) -> None:
    """4 for too much in quarantine, also the second time; 1 for an output that lies; 2 for the call."""
    for place, expected in ((0, 4), (1, 4), (3, 1), (4, 2)):
        code, _, err = told[place]
        line = events(err)[-1]
        assert (code, line["event"], line["level"], line["exit_code"]) == (expected, "error", "error", expected)
    assert events(told[4][2])[-1]["message"].startswith("nowhere: no such run file")


def test_text_is_what_it_was(told: list[tuple[int, str, str]]) -> None:
    """Without the option nothing changes: the summary on standard output, lines of text on standard error."""
    code, out, err = told[5]
    assert code == 4
    assert "302 records: 301 kept, 0 dropped, 1 in quarantine" in out
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING .*: 1 files not read", err, re.MULTILINE)
    assert err.endswith("pipeline: 1 of 302 records are in quarantine; max_quarantined is 0.0\n")
    assert "{" not in err


def test_a_signal_is_told(corpus: Path, tmp_path: Path) -> None:
    """That the run stops, and that it has stopped, with the exit code that the shell sees."""
    config = run_file(tmp_path, corpus, stages=STAGES, input={"shard_bytes": 2000})
    with paused_run(config, "read", "--log-format", "json", workers=1, stderr=subprocess.PIPE) as process:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        told = events(process.communicate(timeout=PATIENCE)[1])
    assert process.returncode == 143
    assert [line["event"] for line in told if line["event"].startswith("stop")] == ["stopping", "stopped"]
    assert told[-1]["exit_code"] == 143


def test_a_bug_is_one_line_with_its_traceback() -> None:
    """A collector that cuts at line ends keeps it together."""
    code = """
import sys
from pipeline import cli
def broken():
    raise KeyError("of ours")
cli.log_to_stderr("json")
sys.exit(cli.guarded(broken))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    [line] = events(done.stderr)
    assert (line["event"], line["exit_code"], line["traceback"].splitlines()[-1]) == ("bug", 3, "KeyError: 'of ours'")


def record(message: str, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("test").makeRecord("test", logging.WARNING, "f", 1, message, (), None, extra=extra)


def test_a_line_is_one_line_of_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the message holds; the time is UTC wherever the machine is."""
    monkeypatch.setitem(os.environ, "TZ", "Asia/Tokyo")
    time.tzset()
    try:
        made = record("two\nlines, \u2028, Größe, \udcff", **event("shard_done", step="read", counts={"rows": 5}))
        made.created = 1633860000.1239
        line = JsonLines().format(made)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2021-10-10T10:00:00.123Z",
        "level": "warning",
        "event": "shard_done",
        "step": "read",
        "counts": {"rows": 5},
        "message": "two\nlines, \u2028, Größe, \udcff",
    }


def test_a_log_call_without_event_is_a_line_too() -> None:
    """Those of other libraries."""
    assert json.loads(JsonLines().format(record("hello")))["event"] == "log"


def test_workers_log_in_the_same_form() -> None:
    """A warning from a worker is no stray line between the events."""
    code = """
import logging, operator
from functools import partial
from pipeline.engines.local import LocalEngine
from pipeline.logs import log_to_stderr
if __name__ == "__main__":
    log_to_stderr("json")
    with LocalEngine(2) as engine:
        engine.map(partial(operator.call, logging.warning), ["one", "two"], print)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(line["message"] for line in events(done.stderr)) == ["one", "two"]
