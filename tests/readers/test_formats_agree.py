"""One suite over all formats: the same records in, the same documents out, however the input is cut."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.files import open_ipc
from pipeline.readers import InputSpec, plan_input, read_task
from pipeline.readers.batches import MAX_BATCH_ROWS, cut_by_bytes
from pipeline.readers.lines import is_blank
from tests.readers.reading import Reading, read, write_arrow, write_bytes, write_csv, write_jsonl, write_parquet

TEXTS = [
    "Plain.\nTwo lines.",
    "",
    "Größe – „so“",
    "国务院周四宣布",
    "Emoji 👩‍👩‍👧 and \x00 and \u2028 and \r\n",
    "  blanks  ",
    "x" * 5000,
]
RECORDS: list[dict[str, Any]] = [
    {
        "doc_id": f"id-{number}",
        "text": text,
        "source": None if number % 3 else "dpa",
        "url": f"https://example.org/{number}",
        "title": "Ünïcode",
        "published": "2021-10-10T12:00:00+02:00",
        "section": None if number % 2 else "World",
        "words": number,
    }
    for number, text in enumerate(TEXTS * 4)
]
WRITERS: dict[str, Callable[..., Path]] = {
    "jsonl": write_jsonl,
    "jsonl.bz2": write_jsonl,
    "jsonl.gz": write_jsonl,
    "jsonl.xz": write_jsonl,
    "jsonl.zst": write_jsonl,
    "csv": write_csv,
    "csv.bz2": write_csv,
    "tsv": write_csv,
    "tsv.gz": write_csv,
    "arrow": write_arrow,
    "ipc": partial(write_arrow, stream=True),
    "parquet": write_parquet,
}


@pytest.fixture(params=sorted(WRITERS))
def corpus_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return WRITERS[request.param](tmp_path / f"corpus.{request.param}", RECORDS)


def test_every_format_gives_the_same_documents(corpus_file: Path) -> None:
    """Formats differ in bytes, not in what a document is."""
    reading = read(corpus_file)
    assert reading.column("text") == [record["text"] for record in RECORDS]
    assert reading.column("doc_id") == [record["doc_id"] for record in RECORDS]
    assert reading.column("source") == [record["source"] for record in RECORDS]
    numbers = [f'"{number}"' if "sv" in corpus_file.name else str(number) for number in range(2)]  # CSV knows nothing but strings
    assert reading.column("meta")[:2] == [
        f'{{"section":"World","words":{numbers[0]}}}',
        f'{{"section":null,"words":{numbers[1]}}}',
    ]
    assert {str(moment) for moment in reading.column("published")} == {"2021-10-10 10:00:00+00:00"}
    assert reading.corpus["encodings"] == {"utf-8": len(RECORDS)}
    assert set(reading.documents[0]) - {name for name, value in reading.documents[0].items() if value is None} == {
        "doc_id", "text", "source", "url", "title", "published", "encoding", "meta"
    }  # fmt: skip


def test_dates_that_cannot_be_read_are_counted(corpus_file: Path) -> None:
    """Nulls that came as nulls are not among them, nor what went to quarantine."""
    dates = ["10/11/2021", None, "10 Oct 2021", "yesterday"]
    records = [{**RECORDS[0], "doc_id": f"id-{n}", "published": date} for n, date in enumerate(dates)]
    name = corpus_file.name.removeprefix("corpus.")
    reading = read(WRITERS[name](corpus_file, records))
    assert reading.corpus["undated"] == 2
    assert [moment is None for moment in reading.column("published")] == [True, True, False, True]
    assert '"published":"yesterday"' in reading.column("meta")[3]


def test_text_files_hold_the_same_texts_as_the_other_formats(tmp_path: Path) -> None:
    """A folder of text files is the same corpus, with names for ids."""
    texts = [text for text in TEXTS if "\x00" not in text]
    for number, text in enumerate(texts):
        write_bytes(tmp_path / f"{number}.txt{'.gz' if number == 1 else '.zst' if number == 2 else ''}", text.encode())
    reading = read(tmp_path)
    assert reading.column("text") == texts
    assert reading.column("doc_id") == ["0.txt", "1.txt.gz", "2.txt.zst", "3.txt", "4.txt", "5.txt"]
    assert reading.column("meta") == [None] * 6


@pytest.mark.parametrize("portions", [{"shard_bytes": 1}, {"batch_bytes": 1}, {"shard_bytes": 6000, "batch_bytes": 300}])
def test_portions_change_no_document_and_no_id(corpus_file: Path, portions: dict[str, int]) -> None:
    """Batch and shard sizes are a matter of memory alone, also where ids are made from record numbers."""
    whole = read(corpus_file, columns={"doc_id": "title"}, policy="number")
    cut = read(corpus_file, columns={"doc_id": "title"}, policy="number", **portions)
    assert cut.documents == whole.documents
    assert len(whole.corpus["shards"]) == 1
    assert (len(cut.corpus["shards"]) > 1) == ("shard_bytes" in portions)


@pytest.mark.parametrize("limit", [0, 1, 5, 27, 1000])
def test_limit_takes_the_first_records(corpus_file: Path, limit: int) -> None:
    """`--limit` counts records in input order."""
    assert read(corpus_file, limit=limit, shard_bytes=500).column("doc_id") == [record["doc_id"] for record in RECORDS][:limit]


def test_a_folder_of_all_formats_is_read_by_name(tmp_path: Path) -> None:
    """Files come in the order of their relative names, whatever they hold."""
    for name, writer in WRITERS.items():
        writer(tmp_path / f"b.{name}", [{"text": name}])
    write_bytes(tmp_path / "a" / "z.txt", b"text")
    write_bytes(tmp_path / "c.txt", b"last")
    expected = ["a/z.txt", *(f"b.{name}#1" for name in sorted(WRITERS)), "c.txt"]
    assert read(tmp_path).column("doc_id") == expected
    assert read(tmp_path, shard_bytes=1).column("doc_id") == expected
    assert read(tmp_path, limit=4).column("doc_id") == expected[:4]


def test_the_same_task_writes_the_same_bytes(corpus_file: Path, tmp_path: Path) -> None:
    """Nothing of the clock or the process is in the shards."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        for task in plan_input(InputSpec(str(corpus_file), shard_bytes=5000), None).tasks:
            read_task(task, str(folder))
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
    assert first == second


def test_batches_are_cut_by_bytes(tmp_path: Path) -> None:
    """A batch has at most so many bytes of text, or is one document that alone has more."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "x" * size} for size in [10, 10, 10, 500, 10, 60, 40, 41]])
    [task] = plan_input(InputSpec(str(path), batch_bytes=100), None).tasks
    read_task(task, str(tmp_path))
    reader = open_ipc(next(tmp_path.glob("shard-*.arrow")))
    lengths = [[len(text) for text in reader.get_batch(i)["text"].to_pylist()] for i in range(reader.num_record_batches)]
    assert lengths == [[10, 10, 10], [500], [10, 60], [40, 41]]


def test_what_is_not_text_counts_in_a_batch_too(tmp_path: Path) -> None:
    """Records with little text and much beside it were 65,536 to a batch, however much that was."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "x", "page": "y" * size} for size in [30, 30, 300, 30]])
    [task] = plan_input(InputSpec(str(path), batch_bytes=100), None).tasks
    read_task(task, str(tmp_path))
    reader = open_ipc(next(tmp_path.glob("shard-*.arrow")))
    assert [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)] == [2, 1, 1]


def test_columns_are_cut_by_bytes_as_lines_are() -> None:
    """The same rule where lengths are known beforehand; many short rows are several batches all the same."""
    assert list(cut_by_bytes(np.array([10, 10, 10, 500, 10, 60, 40, 41, 0]), 100)) == [(0, 3), (3, 4), (4, 6), (6, 9)]
    assert list(cut_by_bytes(np.zeros(100_000, np.int64), 100)) == [(0, MAX_BATCH_ROWS), (MAX_BATCH_ROWS, 100_000)]


_JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(), st.lists, max_leaves=5)


@settings(max_examples=30)
@given(
    st.lists(
        st.binary(max_size=40) | st.dictionaries(st.sampled_from(["text", "doc_id", "published", "x"]), _JSON).map(lambda d: d),
        max_size=20,
    ),
    st.integers(1, 200),
    st.sampled_from([".jsonl", ".jsonl.gz", ".jsonl.zst", ".jsonl.bz2", ".jsonl.xz"]),
)
def test_no_line_is_lost_whatever_it_holds(tmp_path: Path, lines: list[Any], shard_bytes: int, suffix: str) -> None:
    """Each line that is not blank becomes a document or a failure with its bytes, the same ones however the file is cut."""
    for old in tmp_path.iterdir():
        old.unlink()
    path = write_jsonl(tmp_path / f"a{suffix}", [{"text": "first"}, *lines])
    whole, cut = read(path, policy="number"), read(path, policy="number", shard_bytes=shard_bytes)
    assert _content(whole) == _content(cut)
    parts = b"\n".join(line if isinstance(line, bytes) else b"{}" for line in lines).split(b"\n")
    assert whole.corpus["records"] == 1 + sum(not is_blank(part) for part in parts)


def _content(reading: Reading) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return reading.documents, reading.quarantine
