"""Arrow IPC in both formats."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import UserError
from tests.readers.reading import read, write_arrow, write_bytes, write_jsonl

RECORDS = [{"text": f"text {number}", "title": None} for number in range(25)]


@pytest.mark.parametrize("stream", [False, True])
def test_rows_are_numbered_through_the_batches(tmp_path: Path, stream: bool) -> None:
    """Three batches, one file."""
    reading = read(write_arrow(tmp_path / "a.arrow", RECORDS, stream=stream))
    assert reading.column("doc_id") == [f"a.arrow#{number}" for number in range(1, 26)]
    assert reading.column("text")[24] == "text 24"


@pytest.mark.parametrize("stream", [False, True])
def test_a_file_that_ends_early_loses_no_row_unseen(tmp_path: Path, stream: bool) -> None:
    """A stream gives what comes before; the footer of a file is at its end, so that none of it can be trusted."""
    whole = write_arrow(tmp_path / "a.arrow", RECORDS, stream=stream).read_bytes()
    path = write_bytes(tmp_path / "a.arrow", whole[: len(whole) * 3 // 4])
    if not stream:
        with pytest.raises(UserError, match="not an Arrow IPC file"):
            read(path)
        return
    reading = read(path)
    assert 10 <= len(reading.documents) < 25
    assert [reason.partition(" (")[0] for _, reason in reading.reasons] == ["broken Arrow record batch"]


def test_offsets_that_point_outside_are_a_failure(tmp_path: Path) -> None:
    """Arrow itself does not look at them when it reads."""
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 900, 8)))
    text = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"abcdefgh"))
    path = tmp_path / "a.arrow"
    batch = pa.record_batch([text], ["text"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    reading = read(path)
    assert reading.documents == []
    assert reading.reasons[0][0] == "batch 1"


def test_strings_that_are_not_utf8_are_decoded_as_bytes_are(tmp_path: Path) -> None:
    """One such row does not cost its batch."""
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 3, 8)))
    text = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"abc" + "Größe".encode("latin-1")))
    path = tmp_path / "a.arrow"
    batch = pa.record_batch([text], ["text"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    reading = read(path)
    assert reading.reasons == []
    assert reading.column("text")[0] == "abc"
    assert reading.column("text")[1].startswith("Gr")


def test_a_file_that_is_none_is_the_users_mistake(tmp_path: Path) -> None:
    """A whole format that cannot be opened is no broken record."""
    with pytest.raises(UserError, match=r"not an Arrow IPC file .*; mend it or take it out"):
        read(write_jsonl(tmp_path / "a.arrow", RECORDS))


def test_the_text_must_be_text(tmp_path: Path) -> None:
    """And there."""
    with pytest.raises(UserError, match="holds int64; strings were expected"):
        read(write_arrow(tmp_path / "a.arrow", [{"text": 1}]))
    with pytest.raises(UserError, match="no column 'text'"):
        read(write_arrow(tmp_path / "a.arrow", [{"story": "x"}]))


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_a_time_out_of_range_is_told_as_its_number(tmp_path: Path, unit: str, zone: str | None) -> None:
    """Arrow prints `26826-01-29 1281068485312519:45:04Z` for one with a zone; a duration that Python cannot hold was lost."""
    far = 2**62
    columns = {"t": pa.array([far, 0], pa.timestamp(unit, zone)), "d": pa.array([far, 1], pa.duration("s"))}
    table = pa.table({"text": ["a", "b"], **columns})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    first, second = (json.loads(meta) for meta in read(tmp_path).column("meta"))
    assert first == {"t": f"<value out of range: {far}>", "d": f"{far} s"}
    fraction = {"s": "", "ms": ".000", "us": ".000000"}[unit]
    assert second == {"t": f"1970-01-01 00:00:00{fraction}{'Z' if zone else ''}", "d": "0:00:01"}
