"""The clock: what takes too long is set aside, in a reader and in a stage, and all else goes on."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.clock import TookTooLong, time_limit
from pipeline.edits import Span, apply_spans, restore
from pipeline.files import open_ipc, write_ipc
from pipeline.job import Silent
from pipeline.plan import Segment, Step
from pipeline.result import RunResult
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.schema import SCHEMA, replace_columns
from pipeline.segment import process_shard
from pipeline.stage import Outcome
from tests.support import batch_of


def work(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def test_a_block_is_interrupted() -> None:
    """Also where a library swallows every Exception."""

    def swallows() -> None:
        with suppress(Exception):
            work(60)

    with pytest.raises(TookTooLong), time_limit(0.2):
        swallows()


def test_a_block_in_time_is_not_interrupted_later() -> None:
    """The clock stops with its block, and waiting does not count."""
    with time_limit(0.2):
        time.sleep(0.5)
    work(0.4)


def test_in_another_thread_there_is_no_limit() -> None:
    """Signals reach the main thread alone."""
    done: list[bool] = []

    def limited() -> None:
        with time_limit(0.05):
            work(0.2)
        done.append(True)

    thread = Thread(target=limited)
    thread.start()
    thread.join()
    assert done == [True]


@dataclass(frozen=True)
class Slow:
    """Puts a mark before every text, and never comes to an end with one that says so."""

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        if pc.any(pc.match_substring(batch["text"], "endless")).as_py():
            work(60)
        text, edits = apply_spans(batch["text"], [Span(row, 0, 0, "!", "mark") for row in range(batch.num_rows)])
        return Outcome(replace_columns(batch, text=text), edits)


def test_a_stage_marks_the_document_that_keeps_it(tmp_path: Path) -> None:
    """The others of its batch come out as they do without it, edits and all."""
    write_ipc(tmp_path / "in.arrow", [batch_of(["one", "two", "endless", "four", "five"])], SCHEMA)
    Slow()(batch_of(["kernels are loaded when they are first called"]))
    found = process_shard(Segment(0, None, (Step(1, "slow", Slow()),)), None, str(tmp_path), 0.3, [0, str(tmp_path / "in.arrow")])
    table = open_ipc(tmp_path / "shard-00000.arrow").read_all()
    assert table["text"].to_pylist() == ["!one", "!two", "endless", "!four", "!five"]
    assert table["drop_reason"].to_pylist() == [None, None, "took too long ('d2' in slow, more than 0.3 s)", None, None]
    assert found["steps"][0]["took_too_long"] == 1
    assert found["steps"][0]["dropped"] == {}
    edits = open_ipc(tmp_path / "edits-00000.arrow").read_all().to_pylist()
    assert [edit["row"] for edit in edits] == [0, 1, 3, 4]
    assert restore("!four", [edit for edit in edits if edit["row"] == 3]) == "four"


def test_a_page_that_takes_too_long_is_quarantined_and_the_run_says_so(tmp_path: Path) -> None:
    """Another machine may be faster; without the clock the manifest promises the same bytes."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.html").write_text("<p>One paragraph of a feed.</p>", encoding="utf-8")
    assert _run(tmp_path, "first", 1800).manifest["reproducible"] is True  # and their library is loaded, which takes a moment
    page = "<html><body>" + "<p>A paragraph of some words." * 95_000 + "</body></html>"  # 5 s: its time grows with the square
    (tmp_path / "in" / "a.html").write_text(page, encoding="utf-8")
    result = _run(tmp_path, "second", 1)
    assert result.manifest["reproducible"] is False
    assert result.counts["quarantined_by_reason"] == {"the page took too long": 1}
    assert result.documents.to_table()["doc_id"].to_pylist() == ["b.html"]


def _run(folder: Path, name: str, seconds: int) -> RunResult:
    values = {
        "input": {"path": str(folder / "in"), "max_document_seconds": seconds},
        "stages": ["fix_encoding"],
        "output": {"path": str(folder / name)},
    }
    return run(parse_config(values, "test.yaml"), Silent(), workers=1)
