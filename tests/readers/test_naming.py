"""Which columns are taken where the run file names none, and that a run says so before."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.readers import InputSpec, describe_input, streams
from tests.readers.reading import read, write_arrow, write_bytes, write_csv, write_jsonl, write_parquet

WRITERS: dict[str, Callable[..., Path]] = {
    "arrow": write_arrow,
    "csv": write_csv,
    "ipc": partial(write_arrow, stream=True),
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "tsv.gz": write_csv,
}


@pytest.fixture(params=sorted(WRITERS))
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    def written(record: dict[str, Any]) -> Path:
        path = tmp_path / f"a.{request.param}"
        return WRITERS[request.param](path, [record])

    return written


@pytest.mark.parametrize("column", ["text", "content", "body"])
def test_id_and_text_go_by_their_usual_names(write: Callable[..., Path], column: str) -> None:
    """As the files of other corpus tools have them; what is taken is not in meta as well."""
    [document] = read(write({"id": "x1", column: "Some text.", "section": "World"})).documents
    assert (document["doc_id"], document["text"], document["meta"]) == ("x1", "Some text.", '{"section":"World"}')


def test_the_names_of_the_schema_go_first(write: Callable[..., Path]) -> None:
    """Where both are there the others are columns like any."""
    [document] = read(write({"doc_id": "own", "id": "x1", "text": "Some text.", "body": "other"})).documents
    assert (document["doc_id"], document["text"], document["meta"]) == ("own", "Some text.", '{"body":"other","id":"x1"}')


def test_what_the_run_file_names_goes_first(write: Callable[..., Path]) -> None:
    """Then nothing is guessed for that column, nor is its column taken for anything else."""
    record = {"id": "x1", "text": "Some text.", "number": "7", "body": "other"}
    [document] = read(write(record), columns={"doc_id": "number", "text": "body"}).documents
    assert (document["doc_id"], document["text"]) == ("7", "other")
    [document] = read(write(record), columns={"source": "id"}).documents
    assert (document["doc_id"].partition("#")[2], document["source"]) == ("1", "x1")


def test_two_candidates_for_the_text_are_none(write: Callable[..., Path]) -> None:
    """A guess between them would be wrong for half of the users."""
    with pytest.raises(UserError, match=r"no column 'text' in .*\. It may be in 'body' or 'content': set input\.columns\.text"):
        read(write({"content": "a", "body": "b"}))


def test_text_and_html_cannot_both_be_named(tmp_path: Path) -> None:
    """The text comes from one column."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "page": "<p>b</p>"}])
    with pytest.raises(UserError, match="both text and html are named"):
        read(path, columns={"text": "text", "html": "page"})


def test_the_columns_taken_are_told_before(tmp_path: Path) -> None:
    """With what goes to meta; files without columns have no such line."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"id": "1", "body": "a", "link": "u", "title": "t", "words": 3, "day": "Monday"}])
    spec = InputSpec(str(path), columns={"url": "link"})
    assert describe_input(spec)[1:] == [
        "columns: doc_id from 'id', url from 'link', title, text from 'body'; in meta: day, words"
    ]
    page = write_jsonl(tmp_path / "b.jsonl", [{"doc_id": "1", "html": "<p>a</p>"}])
    assert describe_input(InputSpec(str(page)))[1:] == ["columns: doc_id, html"]
    assert len(describe_input(InputSpec(str(write_bytes(tmp_path / "c.txt", b"text"))))) == 1


def test_other_files_of_the_folder_may_lack_the_column(tmp_path: Path) -> None:
    """Their documents are numbered, as records without an id are."""
    write_jsonl(tmp_path / "a.jsonl", [{"id": "x1", "text": "a"}])
    write_jsonl(tmp_path / "b.jsonl", [{"text": "b"}])
    assert read(tmp_path).column("doc_id") == ["x1", "b.jsonl#1"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_large_file_without_a_line_is_not_read_for_its_columns(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty gigabytes without a line feed would take minutes at `check`; what is there is told without them."""
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 2**30)
    read, taken = streams.read_range, [0]

    def counted(path: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        for chunk in read(path, start, stop):
            taken[0] += len(chunk)
            yield chunk

    monkeypatch.setattr(streams, "read_range", counted)
    with suppress(UserError):
        describe_input(InputSpec(str(tmp_path / name)))
    assert 0 < taken[0] <= 3 * 2**25


def test_of_thousands_of_columns_some_are_told(tmp_path: Path) -> None:
    """At `check`: the first by name, and how many there are."""
    names = [f"c{number:04d}" for number in range(3000)]
    (tmp_path / "a.csv").write_text(",".join(["text", *names]) + "\n")
    told = describe_input(InputSpec(str(tmp_path / "a.csv")))[-1]
    assert told.endswith("c0099, … (3,000 in all)")
    assert len(told) < 1000
