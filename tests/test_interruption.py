"""Runs that are killed, stopped, or lose the machine under them."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from pipeline.exits import EXIT_BUG, Stopped, guarded
from tests.kills import kill_and_restart
from tests.pauses import kill_all, paused_run
from tests.runs import PATIENCE, SMALL, children, group_members, parquet_bytes, pipeline, run_file, wait_until


@pytest.mark.parametrize(
    ("kills", "most_items"), [(10, 24), pytest.param(110, 9, marks=pytest.mark.gate)], ids=["ten", "a hundred and ten"]
)
def test_killed_run_goes_on_to_the_same_bytes(
    kills: int, most_items: int, corpus: Path, reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL of a worker, the parent or all at seeded moments, the same command again: no byte differs, no record is lost."""

    def check(out: Path) -> None:
        assert parquet_bytes(out) == parquet_bytes(reference)
        pipeline("verify", out)

    done = kill_and_restart(run_file(tmp_path, corpus, **SMALL), tmp_path / "out", kills, check, most_items=most_items)
    with capsys.disabled():
        print(f"\n{done.histogram()}")  # noqa: T201 - what a gate is run for
    assert done.total == kills
    assert done.at_work >= 0.8 * kills


def test_half_written_files_of_a_killed_run_are_swept(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """Wherever in the output they lie; a file of that kind which no run wrote is the user's, and the run is refused."""
    config, out = run_file(tmp_path, corpus, **SMALL), tmp_path / "out"
    with paused_run(config, "segment-1") as child:
        kill_all(child)
    (out / "documents").mkdir(exist_ok=True)
    for name in ("aliases.parquet.17.tmp", "documents/part-00000.parquet.18.tmp", ".work/done/x.json.19.tmp"):
        (out / name).write_bytes(b"half")
    (out / "notes.17.tmp").write_bytes(b"mine")
    assert "'notes.17.tmp', which no run wrote" in pipeline("run", config, code=2).stderr
    (out / "notes.17.tmp").unlink()
    pipeline("run", config, "--workers", "2")
    assert parquet_bytes(out) == parquet_bytes(reference)
    assert not list(out.rglob("*.tmp"))


def test_power_cut_costs_what_came_after_the_last_checkpoint(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """Files written since are there without their data, the machine has another boot id, and no byte of the output differs."""
    config = run_file(tmp_path, corpus, **SMALL)
    work = tmp_path / "out" / ".work"
    with paused_run(config, "segment-3") as child:
        kill_all(child)
    checkpoint = (work / "checkpoint.json").stat().st_mtime_ns
    files = [path for path in work.rglob("*") if path.is_file()]
    lost = [path for path in files if path.stat().st_mtime_ns > checkpoint or path.parent.name == "segment-3"]
    assert lost
    for path in lost:
        path.write_bytes(b"")
    start = json.loads((work / "run.json").read_text())
    (work / "run.json").write_text(json.dumps(start | {"boot": "before the power cut"}))
    finished = {path: path.stat().st_mtime_ns for path in (work / "done").glob("*.json") if path not in lost}
    pipeline("run", config, "--workers", "2", "--limit", "1", code=2)  # another run is refused as ever
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    pipeline("run", config, "--workers", "2")
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(reference)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.gate)])
def test_stopped_run_says_how_to_go_on(number: signal.Signals, corpus: Path, reference: Path, tmp_path: Path) -> None:
    """SIGTERM and Ctrl-C end with 128 + the signal, no traceback, no process left, and work that the next run takes up."""
    config = run_file(tmp_path, corpus, **SMALL)
    with paused_run(config, "segment-1", stderr=subprocess.PIPE) as child:
        refused = pipeline("run", config, code=2).stderr
        assert f"process {child.pid}" in refused
        child.send_signal(number)
        child.send_signal(signal.SIGCONT)
        _, told = child.communicate(timeout=PATIENCE)
        assert not group_members(child.pid)
    assert child.returncode == 128 + number, told
    assert "goes on from there" in told
    assert "Traceback" not in told
    pipeline("run", config, "--workers", "1")
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(reference)


def test_error_that_comes_of_a_stop_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """A signal can come between two steps of Python's own locks; the next then complains. Other errors are bugs as before."""

    def unlock() -> None:
        raise RuntimeError("release unlocked lock")

    def stopped() -> None:
        try:
            raise Stopped(signal.SIGTERM)
        finally:
            unlock()

    assert guarded(stopped) == 128 + signal.SIGTERM
    told = capsys.readouterr().err
    assert "goes on from there" in told
    assert "Traceback" not in told
    assert guarded(unlock) == EXIT_BUG
    assert "release unlocked lock" in capsys.readouterr().err


def test_workers_go_when_their_parent_is_killed(corpus: Path, tmp_path: Path) -> None:
    """SIGKILL of the parent alone leaves no worker behind."""
    with paused_run(run_file(tmp_path, corpus, **SMALL), "segment-1") as child:
        assert len(group_members(child.pid)) > 2
        child.kill()
        child.wait()
        wait_until(lambda: not group_members(child.pid))


def test_run_goes_on_when_a_worker_is_killed(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """As the out-of-memory killer does it: what the worker had in hand is done again, and no byte differs."""
    with paused_run(run_file(tmp_path, corpus, **SMALL), "segment-1") as child:
        workers = [pid for server in children(child.pid) for pid in children(server)]
        os.kill(workers[0], signal.SIGKILL)
        child.send_signal(signal.SIGCONT)
        assert child.wait(timeout=PATIENCE) == 0
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(reference)
