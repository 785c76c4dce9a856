"""Whole runs over what tries to break out: nothing is lost, nothing is written elsewhere, and verify finds no lie."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.job import Silent
from pipeline.result import RunResult
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.verify import verify
from tests.hostile.sound import sound_files
from tests.hostile.strings import HOSTILE
from tests.runs import DEFAULT_STAGES

IDS = [
    *("../../x", "/etc/passwd", "..", ".", "C:\\x", "a/b/c", "a\x00b", "a\nb", "\x1b[2J", "<script>alert(1)</script>", "'; --"),
    "%2e%2e%2f",
    *("x" * 2**20, "\u202egpj.exe", "  ", "null", "0", "\U0010ffff", "é", "e\u0301", "#1", "d#2", "con", "--overwrite", "$(id)"),
]


def carried_out(source: Path, output: Path, **settings: Any) -> RunResult:
    values = {"input": {"path": str(source), **settings}, "stages": DEFAULT_STAGES, "output": {"path": str(output)}}
    return run(parse_config(values, "test.yaml"), Silent(), workers=1)


def write_lines(path: Path, records: list[Mapping[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Every hostile id, and every hostile string as text, title, source and address."""
    folder = tmp_path_factory.mktemp("hostile")
    strings = [text for texts in HOSTILE.values() for text in texts]
    records = [{"doc_id": doc_id, "text": f"Document number {number} of a few."} for number, doc_id in enumerate(IDS)]
    records += [
        {
            "text": text,
            "title": text[:300],
            "source": strings[number - 1][:50],
            "url": f"http://{strings[number - 2][:50]}",
            "x": text,
        }
        for number, text in enumerate(strings)
    ]
    write_lines(folder / "in" / "a.jsonl", records)
    return carried_out(folder / "in", folder / "out")


def test_every_id_comes_back_and_verify_finds_no_lie(hostile_run: RunResult) -> None:
    """As it was, whatever it is made of; each record ends in one place."""
    tables = [pq.read_table(hostile_run.output / kind, columns=["doc_id"]) for kind in ("documents", "dropped")]
    ids = [doc_id for table in tables for doc_id in table["doc_id"].to_pylist()]
    assert set(IDS) <= set(ids)
    assert len(ids) == len(set(ids)) == hostile_run.counts["records"]
    assert list(verify(hostile_run.output)) == []


def test_nothing_is_written_outside_the_output(hostile_run: RunResult) -> None:
    """Ids, names and sources make no path."""
    assert sorted(path.name for path in hostile_run.output.parent.iterdir()) == ["in", "out"]
    assert not list(hostile_run.output.rglob("*passwd*"))


def test_the_report_is_free_of_what_documents_say(hostile_run: RunResult) -> None:
    """Markup in ids, texts, titles and sources stands there as text."""
    page = (hostile_run.output / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<svg/onload" not in page


def test_a_folder_of_broken_files_is_accounted_for(tmp_path: Path) -> None:
    """Every format and compression, sound or cut off in the middle."""
    (tmp_path / "in").mkdir()
    for number, (name, data) in enumerate(sound_files()):
        half = len(data) // 2 if number % 2 else len(data)
        (tmp_path / "in" / f"{number:02d}-{name}").write_bytes(data[:half])
    counts = carried_out(tmp_path / "in", tmp_path / "out", on_duplicate_id="number").counts
    assert counts["kept"] + counts["dropped"] > 50
    assert counts["quarantined"] > 5
    assert counts["records"] == counts["kept"] + counts["dropped"] + counts["quarantined"]
    assert list(verify(tmp_path / "out")) == []


@pytest.mark.parametrize("output", ["in/out", "in/below/out", "in"])
def test_an_output_within_the_input_is_refused(tmp_path: Path, output: str) -> None:
    """The next run would read what this one wrote."""
    write_lines(tmp_path / "in" / "a.jsonl", [{"text": "a"}])
    with pytest.raises(UserError, match="lies in the input folder"):
        carried_out(tmp_path / "in", tmp_path / output)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.jsonl"]


def test_an_output_beside_the_input_is_not(tmp_path: Path) -> None:
    """Nor a hidden folder in it, which is not read, nor that of a single file."""
    write_lines(tmp_path / "in" / "a.jsonl", [{"text": "a"}])
    for source, output in (("in", "in2"), ("in", "in/.out"), ("in/a.jsonl", "in/out")):
        assert carried_out(tmp_path / source, tmp_path / output).counts["kept"] == 1


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300])
def test_an_output_that_cannot_be_made_is_the_users_mistake(tmp_path: Path, name: str) -> None:
    """A file stands there, or the name is too long."""
    write_lines(tmp_path / "in" / "a.jsonl", [{"text": "a"}])
    (tmp_path / "file").write_text("here first", encoding="utf-8")
    with pytest.raises(UserError, match="nothing can be written there"):
        carried_out(tmp_path / "in", tmp_path / name)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "here first"
