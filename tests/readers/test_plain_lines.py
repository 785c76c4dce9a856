"""Lines read by the kernel: what it makes of them is what the reader of single lines makes of them, to the last byte."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.json_values import PADDING
from pipeline.readers.json_line import BadLineError, parse_line
from pipeline.readers.lines import is_blank
from pipeline.readers.plain_lines import PlainLines, read_plain_lines
from pipeline.readers.records import Record, make_record
from pipeline.readers.spec import InputSpec
from tests.readers.reading import read, write_bytes, write_jsonl

COLUMNS = InputSpec("a", columns={"doc_id": "id", "published": "date"}).input_columns()


def _one_by_one(lines: list[bytes]) -> list[Record | None]:
    """What each line is as a record; None for those that are none, or have a date that cannot be read."""
    records: list[Record | None] = []
    number = 0
    for place, line in enumerate(lines):
        number += not is_blank(line)
        try:
            values, encoding = parse_line(line, "utf-8")
        except BadLineError:
            records.append(None)
            continue
        record = make_record(values, COLUMNS, file="f", position=f"line {place + 1}", number=number, encoding=encoding)
        records.append(record if isinstance(record, Record) and not record.undated else None)
    return records


def _in_columns(lines: list[bytes]) -> dict[int, dict[str, Any]]:
    """What the kernel makes of the lines that are plain to it, by line; a last line feed is left out where a line is before it."""
    data = b"\n".join(lines) + b"\n" * (not lines[-1])
    plain = read_plain_lines(data + bytes(PADDING), len(data), COLUMNS)
    assert isinstance(plain, PlainLines)
    assert plain.starts.tolist() == [sum(len(line) + 1 for line in lines[:place]) for place in range(len(lines) + 1)]
    numbers = [sum(not is_blank(line) for line in lines[: place + 1]) for place in range(len(lines))]
    rows = plain.rows("f", 1 + plain.lines, np.array(numbers)[plain.lines], "utf-8")
    found = [{**row, "file": f, "position": p} for row, f, p in zip(rows.batch.to_pylist(), *(c.to_pylist() for c in rows[1:]))]
    return dict(zip(plain.lines.tolist(), found, strict=True))


def _check(lines: list[bytes]) -> dict[int, dict[str, Any]]:
    """Holds the one against the other; returns what the kernel found."""
    expected = _one_by_one(lines)
    found = _in_columns(lines)
    for place, row in found.items():
        record = expected[place]
        assert record is not None, lines[place]
        wanted = record._asdict() | {"text": record.text.decode()}
        published = row.pop("published")
        assert (None if published is None else round(published.timestamp() * 1000)) == wanted["published"]
        assert {name: row[name] for name in wanted if name in row} == {name: wanted[name] for name in wanted if name in row}
    return found


_TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('\x00\x1f\x7f"\\/\b\f\n\r\té’国😀 \u2028')))
_VALUES = st.one_of(_TEXTS, st.integers(-(10**20), 10**20), st.booleans(), st.none(), st.floats(), st.lists(_TEXTS, max_size=1))
_KEYS = st.one_of(st.sampled_from(["id", "text", "date", "title", "url", "source", "é", "a"]), _TEXTS)
_DATES = st.sampled_from(["2021-10-10", "10 Oct 2021", "1633860000", "", "yesterday", "10/11/2021"])
_FORMS = [(ascii_only, spaces) for ascii_only in (True, False) for spaces in ((", ", ": "), (",", ":"), (" ,\t", " : "))]

_SLIPS = ["", '"', "\\", "{", "}", ":", ",", "\t", "0", "-", ".", "e", "null", "\\ud83d", "\\u00", "\x00", "[", "é"]


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    """A line as one of many writers writes it: mostly an object with a text, now and then blank, or broken in one place."""
    if draw(st.integers(0, 9)) == 0:
        return draw(
            st.sampled_from([b"", b" \t\r", b"{}", b"17", b'{"text": "a"', b"\xef\xbb\xbf", b'{"text": "a",}', b'}{"text":""}'])
        )
    values = draw(st.dictionaries(_KEYS, _VALUES, max_size=4)) | {"text": draw(_TEXTS)}
    if draw(st.booleans()):
        values["date"] = draw(_DATES)
    ascii_only, separators = draw(st.sampled_from(_FORMS))
    line = json.dumps(values, ensure_ascii=ascii_only, separators=separators) + draw(st.sampled_from(["", "\r", " "]))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(st.sampled_from(_SLIPS)) + line[at + draw(st.integers(0, 2)) :]
    try:
        return line.encode()
    except UnicodeEncodeError:
        return b'{"text": "\\ud800"}'


@given(st.lists(_lines(), min_size=1, max_size=6))
@example([b'{"text": "a", "text": "b"}', b'{"a": 1, "a": 2, "text": ""}', b'{"text": "a", "n": -0}', b'{"text": "a", "n": 01}'])
@example(
    [
        b'{"text": "\\ud83d\\ude00"}',
        b'{"text": "\\ud83d"}',
        b'{"text": "\\ude00\\ud83d"}',
        b'{"text": "\\ud83d\\u0041"}',
        b'{"text": "\\u00e9\\u20ac\\u0000"}',
    ]
)
@example(
    [b'{"text": "a", "m": "\\u0022\\u005c\\/\\u001F\\b\\ud83d\\ude00"}', b'{"text": "a", "b": 1, "a\xc3\xa9": "", "a": null}']
)
@example([b'{"text": "\\x"}', b'{"text": "\\u12g4"}', b'{"text": "\\u12"}', b'{"text": "tab\there"}', b'{"te\\u0078t": "a"}'])
@example(
    [b'{"text": "a", "date": 20211010}', b'{"text": "a", "date": true}', b'{"text": null}', b'{"text": "a"} x', b'{"text": "a"}}']
)
@example(
    [
        b'{"text": "a", "n": 123456789012345678}',
        b'{"text": "a", "n": 1234567890123456789}',
        b'{"text":"a","n":1e5}',
        b'{"text":"a","n":tru}',
    ]
)
def test_what_is_plain_is_read_as_line_by_line(lines: list[bytes]) -> None:
    """Every column, the JSON of the other fields, position, number and id; nothing is plain that is no record."""
    _check(lines)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 127, 128, 129, 1000])
@pytest.mark.parametrize("mark", ['"', "\\", "é", "\n", "😀", ""])
def test_strings_are_read_whatever_their_length(size: int, mark: str) -> None:
    """Machine words and vectors end where they end; what stands at the edge is seen."""
    records = [{"id": "x" * size + mark, "text": mark + "y" * size + mark, "other": "z" * size + mark + "z"} for _ in range(3)]
    assert list(_check([json.dumps(record, ensure_ascii=False).encode() for record in records])) == [0, 1, 2]


def test_what_feeds_hold_is_plain() -> None:
    """Strings with escapes, whole numbers, truth values and null; fields in any order."""
    record = {
        "id": 17,
        "text": 'He said: "No."\n\tÜber – 国',
        "b": None,
        "a": True,
        "date": "2021-10-10",
        "words": -3,
        "n": 0,
        "control": "\x01",
    }
    lines = [json.dumps(record, ensure_ascii=ascii_only).encode() for ascii_only in (True, False)]
    assert list(_check(lines)) == [0, 1]


def test_bytes_that_are_not_utf8_are_left_to_the_reader_of_single_lines() -> None:
    """One such line may be in any encoding."""
    data = b'{"text": "a"}\n{"text": "\xe9"}'
    assert read_plain_lines(data + bytes(PADDING), len(data), COLUMNS) is None


def _records(count: int) -> list[dict[str, Any]]:
    return [{"id": str(number), "text": f"{number} é\n" * 40, "n": number} for number in range(count)]


@pytest.mark.parametrize("limit", [None, 1, 250, 299, 300, 301])
@pytest.mark.parametrize("portions", [{}, {"shard_bytes": 3000}, {"batch_bytes": 400}])
def test_lines_of_all_kinds_keep_their_order(tmp_path: Path, limit: int | None, portions: dict[str, Any]) -> None:
    """Plain lines in columns, others between them; blank lines are not counted, failures are."""
    lines: list[Any] = list(_records(300))
    lines[17] = {**lines[17], "n": 0.5}
    lines[18] = {**lines[18], "id": ""}
    lines[100:100] = [b"", b"  "]
    lines[200] = b"broken"
    del lines[250]["id"]
    reading = read(write_jsonl(tmp_path / "a.jsonl", lines), limit=limit, columns={"doc_id": "id"}, **portions)
    ids = [str(number) for number in range(300)]
    ids[18], ids[248] = "a.jsonl#19", "a.jsonl#249"
    taken = ids[:limit]
    failed = "198" in taken
    assert reading.column("doc_id") == [doc_id for doc_id in taken if doc_id != "198"]
    assert reading.reasons == ([("line 201", "not JSON (expecting value at column 1)")] if failed else [])
    assert reading.column("text")[:18] == [record["text"] for record in _records(18)][: len(taken)]
    assert reading.column("meta")[17:18] == ['{"n":0.5}'][: max(0, len(taken) - 17)]


def test_a_block_that_is_not_plain_and_one_that_is_broken_lose_nothing(tmp_path: Path) -> None:
    """Nested fields throughout, then a line in another encoding: all are documents."""
    nested = [json.dumps({**record, "n": [1]}).encode() for record in _records(100)]
    german = '{"text": "Die Größe der Maßnahmen überraschte die Zuhörer in München."}'.encode("cp1252")
    data = b"\n".join([*nested, german, *(json.dumps({**record, "id": f"b{record['id']}"}).encode() for record in _records(100))])
    reading = read(write_bytes(tmp_path / "a.jsonl", data))
    assert len(reading.documents) == 201
    assert reading.reasons == []


def test_a_broken_last_line_without_a_line_feed_is_kept_as_it_stands(tmp_path: Path) -> None:
    """Nothing of what the kernel wants behind the lines gets into its raw bytes, nor into those of a whole one."""
    lines = [json.dumps(record).encode() for record in _records(300)]
    reading = read(write_bytes(tmp_path / "a.jsonl", b"\n".join([*lines, b'{"text": "cut of'])))
    assert [row["raw"] for row in reading.quarantine] == [b'{"text": "cut of']
    whole = read(write_bytes(tmp_path / "b.jsonl", b"\n".join([*lines, b'{"text": "whole", "n": 0.5}'])))
    assert (whole.column("text")[-1], whole.reasons) == ("whole", [])
