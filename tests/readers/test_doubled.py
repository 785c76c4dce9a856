"""Two columns of one name, and two keys in one object: told where either may be meant, and both kept where not."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.readers import InputSpec, describe_input, plan_input
from pipeline.readers.doubled import distinct
from pipeline.readers.json_line import parse_line
from tests.readers.reading import read, write_bytes, write_jsonl

SUFFIXES = ["csv", "tsv", "parquet", "arrow"]


def write_table(path: Path, names: list[str]) -> Path:
    """One row: a, b, c …"""
    values = [[chr(ord("a") + place)] for place in range(len(names))]
    if path.suffix in (".csv", ".tsv"):
        sign = b"\t" if path.suffix == ".tsv" else b","
        rows = (names, [value for [value] in values])
        return write_bytes(path, b"".join(sign.join(cell.encode() for cell in row) + b"\n" for row in rows))
    table = pa.Table.from_arrays([pa.array(column) for column in values], names=names)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_doubled_column_that_is_taken_is_told_before_work(suffix: str, tmp_path: Path) -> None:
    """At `check` and at `run`, with the places of the columns and what can be done."""
    told = (
        r"columns 2 and 4 are all named 'text', .* rename all but one, or map a later one, such as 'text#2', with input\.columns"
    )
    path = write_table(tmp_path / f"a.{suffix}", ["id", "text", "n", "text"])
    for look in (lambda spec: describe_input(spec), lambda spec: plan_input(spec, None)):
        with pytest.raises(UserError, match=told):
            look(InputSpec(str(path)))
    with pytest.raises(UserError, match="columns 1 and 2 are all named 'link'"):
        read(write_table(tmp_path / f"b.{suffix}", ["link", "link", "text"]), columns={"url": "link"})


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_later_file_with_a_doubled_column_is_told_too(suffix: str, tmp_path: Path) -> None:
    """Only the first eight are looked at before work."""
    for number in range(9):
        write_table(tmp_path / f"{number}.{suffix}", ["text", "x"])
    write_table(tmp_path / f"9.{suffix}", ["text", "text"])
    with pytest.raises(UserError, match="columns 1 and 2 are all named 'text'"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_of_other_columns_all_are_kept(suffix: str, tmp_path: Path) -> None:
    """In `meta`, numbered; also those without a name, of which Excel writes many."""
    reading = read(write_table(tmp_path / f"a.{suffix}", ["text", "tag", "", "tag", "", "tag#2"]))
    assert reading.column("text") == ["a"]
    assert json.loads(reading.column("meta")[0]) == {"tag": "b", "": "c", "tag#3": "d", "#2": "e", "tag#2": "f"}
    assert any("tag#3" in line for line in describe_input(InputSpec(str(tmp_path / f"a.{suffix}"))))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_later_one_can_be_taken(suffix: str, tmp_path: Path) -> None:
    """As the sentence says; then the first one is kept beside it."""
    path = write_table(tmp_path / f"a.{suffix}", ["text", "text"])
    reading = read(path, columns={"text": "text#2"})
    assert reading.column("text") == ["b"]
    assert json.loads(reading.column("meta")[0]) == {"text": "a"}


@pytest.mark.parametrize("lines_around", [0, 400])
def test_a_doubled_key_is_told_or_kept(lines_around: int, tmp_path: Path) -> None:
    """A record of which either text may be meant goes to quarantine; of other keys both are kept. Alone and among many plain lines."""
    lines = [
        b'{"text": "first", "text": "second"}',
        b'{"text": "x", "tag": 1, "tag": "two", "tag" : null}',
        b'{"text": "y", "in": {"a": 1.5, "b": [{"c": 1, "c": 2}], "a": 2}}',
        b'{"te\\u0078t": "first", "text": "second"}',
        b'{"text" :"first","text":"second"}',
        b'{"text": "a quote \\":\\" and one more \\" : no key"}',
        b'{"source": "u", "text": "z", "source": "v"}',
    ]
    around = [b'{"text": "%s"}' % (b"plain " * 10)] * lines_around
    reading = read(write_jsonl(tmp_path / "a.jsonl", [*around, *lines, *around]))
    first = lines_around + 1
    twice = {first: "text", first + 3: "text", first + 4: "text", first + 6: "source"}
    assert reading.reasons == [(f"line {line}", f"a key twice ({name!r})") for line, name in twice.items()]
    assert [failure["raw"] for failure in reading.quarantine] == [lines[line - first] for line in twice]
    others = reading.documents[lines_around : lines_around + 3]
    assert [document["text"] for document in others] == ["x", "y", 'a quote ":" and one more " : no key']
    assert json.loads(others[0]["meta"]) == {"tag": 1, "tag#2": "two", "tag#3": None}
    assert json.loads(others[1]["meta"]) == {"in": {"a": 1.5, "b": [{"c": 1, "c#2": 2}], "a#2": 2}}


NAMES = st.lists(st.sampled_from(["a", "b", "a#2", "b#2", "a#2#2", "", "#2"]), max_size=8)


@given(NAMES)
def test_numbered_names_are_distinct(names: list[str]) -> None:
    """The first of each keeps its name, and so does all that is there once."""
    made = distinct(names)
    assert len(set(made)) == len(made) == len(names)
    assert [new for place, (new, name) in enumerate(zip(made, names)) if name not in names[:place]] == list(dict.fromkeys(names))


SPACES = st.sampled_from(["", " ", "\t", "\r", " \t"])
VALUES = st.sampled_from(['"x"', "1", "null", '"\\": "', '"a:b"', '" :"'])


@given(st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '"\\u0061"', '"b:"', '"\\""']), SPACES, SPACES, VALUES), max_size=5))
def test_no_member_of_an_object_is_lost(members: list[tuple[str, str, str, str]]) -> None:
    """However it is written, as many come out as stand there."""
    line = "{" + ",".join(f"{key}{before}:{behind}{value}" for key, before, behind, value in members) + "}"
    values: dict[str, Any] = parse_line(line.encode(), "utf-8")[0]
    assert list(values.values()) == [json.loads(value, strict=False) for *_, value in members]
