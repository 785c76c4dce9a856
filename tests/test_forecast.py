"""The disk that a run is said to need, held against what it takes."""

import contextlib
import gzip
import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.forecast import Forecast, check_room, forecast_disk
from pipeline.readers import plan_input
from pipeline.readers.sample import judge_size
from pipeline.run_file import load_config
from tests.readers.reading import write_csv
from tests.runs import COMMAND, DEFAULT_STAGES, run_file
from tests.support import REPO, SEEDS

SENTENCES = [s for text in SEEDS.values() for line in text.splitlines() for s in line.split(". ") if s]


def records(count: int, sentences: int) -> list[dict[str, Any]]:
    """Documents of seed sentences with words of their own between them, so that no two are alike and they pack as news does."""
    draw = random.Random(5)
    made = []
    for number in range(count):
        words = [f"{draw.getrandbits(20):x}" for _ in range(4 * sentences)]
        text = " ".join(f"{draw.choice(SENTENCES)} {' '.join(words[4 * n : 4 * n + 4])}." for n in range(sentences))
        made.append({"id": f"doc-{number}", "text": text, "source": f"s{number % 5}"})
    return made


def as_jsonl(path: Path, made: Sequence[dict[str, Any]]) -> Path:
    data = "".join(json.dumps(record) + "\n" for record in made).encode()
    path.write_bytes(gzip.compress(data, 6) if path.suffix == ".gz" else data)
    return path


def as_parquet(path: Path, made: Sequence[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(made)), path, compression="zstd", row_group_size=500)
    return path


def as_texts(path: Path, made: Sequence[dict[str, Any]]) -> Path:
    path.mkdir()
    for record in made:
        (path / f"{record['id']}.txt").write_text(record["text"], encoding="utf-8")
    return path


def bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # the run goes on while we look
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def most_bytes(config: Path, out: Path) -> int:
    """Runs it in a process of its own, looking again and again at what lies in its output and work folder."""
    child = subprocess.Popen([*COMMAND, "run", str(config)], cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while child.poll() is None:
        most = max(most, bytes_in(out))
        time.sleep(0.01)
    assert child.returncode == 0
    return most


def told_for(config: Path) -> Forecast:
    loaded = load_config(config)
    return forecast_disk(judge_size(plan_input(loaded.input, None)), loaded.stages)


GATE = pytest.mark.gate
INPUTS: list[Any] = [
    pytest.param(as_jsonl, "a.jsonl.gz", (4000, 12), DEFAULT_STAGES, id="packed news"),
    pytest.param(as_jsonl, "a.jsonl.gz", (4000, 12), DEFAULT_STAGES, id="packed news, not much more", marks=GATE),
    pytest.param(as_jsonl, "a.jsonl", (4000, 12), DEFAULT_STAGES, id="news", marks=GATE),
    pytest.param(as_jsonl, "a.jsonl", (12000, 1), DEFAULT_STAGES, id="short documents", marks=GATE),
    pytest.param(as_jsonl, "a.jsonl", (20, 6000), DEFAULT_STAGES, id="books", marks=GATE),
    pytest.param(as_parquet, "a.parquet", (4000, 12), DEFAULT_STAGES, id="parquet", marks=GATE),
    pytest.param(
        write_csv, "a.csv", (4000, 12), ["fix_encoding", "identify_language"], id="csv, documents by themselves", marks=GATE
    ),
    pytest.param(as_texts, "texts", (3000, 12), ["drop_near_duplicates"], id="text files, near-duplicates alone", marks=GATE),
    pytest.param(
        as_jsonl, "a.jsonl.gz", (4000, 12), [{"drop_near_duplicates": {"keep_signatures": False}}], id="no signatures", marks=GATE
    ),
]


@pytest.mark.parametrize(("write", "name", "shape", "stages"), INPUTS)
def test_forecast_is_no_less_than_the_run_takes_and_not_much_more(
    write: Callable[[Path, Sequence[dict[str, Any]]], Path],
    name: str,
    shape: tuple[int, int],
    stages: Sequence[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Between once and 1.6 times the largest size that output and work files have together; on a busy machine that may not be seen."""
    path = write(tmp_path / name, records(*shape))
    config = run_file(tmp_path, path, stages=list(stages))
    told, taken = told_for(config), most_bytes(config, tmp_path / "out")
    with capsys.disabled():
        print(f"\n{name} {shape}: told {told.both / 2**20:.1f} MiB, taken {taken / 2**20:.1f} MiB, {told.both / taken:.2f}")  # noqa: T201
    assert taken <= told.both
    assert told.both <= 1.6 * taken or request.node.get_closest_marker("gate") is None
    assert bytes_in(tmp_path / "out") <= told.output


def test_a_disk_with_clearly_less_is_refused_before_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence; nearly enough is let through, since the forecast may be too high, and what lies there from before is room."""
    free = 3 * 10**9
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2 * free, free, free))  # type: ignore[attr-defined]
    out, home = tmp_path, tmp_path / "work"
    home.mkdir()
    check_room(Forecast(0, 0, int(free * 1.2)), out, out)
    with pytest.raises(
        UserError, match=r"the run needs about [\d.]+ [GT]B of disk, and [\d.]+ [GMT]B are free; make room, or name"
    ):
        check_room(Forecast(0, 0, free * 3), out, out)
    with pytest.raises(UserError, match=": the run needs about"):
        check_room(Forecast(free * 3, 0, free * 3), out, home)


def test_a_run_that_will_not_fit_leaves_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with 2, and what it would need can be read."""
    import pipeline

    path = as_jsonl(tmp_path / "a.jsonl", records(30, 3))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6 - 5000, 5000))  # type: ignore[attr-defined]
    values = {"input": {"path": str(path)}, "stages": ["fix_encoding"], "output": {"path": str(tmp_path / "out")}}
    with pytest.raises(UserError, match=r"out: the run needs about 1\.\d MB of disk, and 0\.0 MB are free"):
        pipeline.run(values)
    assert not (tmp_path / "out").exists()
