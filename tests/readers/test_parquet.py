"""Parquet: every type of column comes through, and what is broken is named."""

import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from tests.readers.reading import read, write_parquet


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_row_groups_are_read_side_by_side(tmp_path: Path) -> None:
    """Each is a task of its own when it is large enough; numbers run through the file."""
    path = write_parquet(tmp_path / "a.parquet", [{"text": f"{number:0100}"} for number in range(50)], row_group_size=10)
    reading = read(path, shard_bytes=500)
    assert reading.tasks == 5
    assert reading.column("doc_id") == [f"a.parquet#{number}" for number in range(1, 51)]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())],
)
def test_text_of_every_string_type_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    """How a writer stores strings does not matter; nulls go to quarantine with the row as JSON."""
    values = ["Größe", None, "", "Größe"]
    array = (
        pa.array([v and v.encode() for v in values], kind) if "binary" in str(kind) else pa.array(values, pa.string()).cast(kind)
    )
    reading = read(write(tmp_path / "a.parquet", {"text": array, "n": [1, 2, 3, 4]}))
    assert reading.column("text") == ["Größe", "", "Größe"]
    assert reading.column("doc_id") == ["a.parquet#1", "a.parquet#3", "a.parquet#4"]
    assert reading.column("meta") == ['{"n":1}', '{"n":3}', '{"n":4}']
    assert reading.quarantine == [
        {"file": "a.parquet", "position": "row 2", "reason": "no text (column 'text' is null)", "raw": b'{"n":2,"text":null}'}
    ]


@pytest.mark.parametrize("kind", [pa.null(), pa.string(), pa.dictionary(pa.int8(), pa.null())])
def test_a_file_whose_texts_are_all_null_holds_up_no_other(kind: pa.DataType, tmp_path: Path) -> None:
    """Writers that guess a column's type by its values have none for it then; the rows go to quarantine."""
    write(tmp_path / "a.parquet", {"text": pa.nulls(2, kind), "n": [1, 2]})
    write(tmp_path / "b.parquet", {"text": ["One."], "n": [3]})
    reading = read(tmp_path)
    assert reading.column("text") == ["One."]
    assert reading.reasons == [(f"row {row}", "no text (column 'text' is null)") for row in (1, 2)]


def test_bytes_are_decoded_as_files_are(tmp_path: Path) -> None:
    """A binary column may hold any encoding; what is no text goes to quarantine."""
    texts = ["Правительство объявило о новых мерах поддержки экономики.".encode("cp1251"), b"\x00\x01\xff\x02\x80", b"plain"]
    reading = read(write(tmp_path / "a.parquet", {"text": pa.array(texts, pa.binary())}))
    assert reading.column("encoding") == ["cp1251", "utf-8"]
    assert [position for position, _ in reading.reasons] == ["row 2"]


def test_strings_that_are_not_utf8_are_decoded(tmp_path: Path) -> None:
    """Some writers put other bytes into columns that they call strings."""
    broken = pa.array([b"caf\xe9 " + "déjà vu, été".encode(), b"fine"], pa.binary()).view(pa.string())
    reading = read(write(tmp_path / "a.parquet", {"text": broken, "title": broken, "x": broken}))
    assert reading.column("text") == ["café déjà vu, été", "fine"]
    assert reading.column("encoding") == ["utf-8+cp1252", "utf-8"]
    assert reading.column("title") == ["café déjà vu, été", "fine"]
    assert json.loads(reading.column("meta")[0]) == {"x": "café déjà vu, été"}


def test_unnamed_columns_of_every_type_survive_in_meta(tmp_path: Path) -> None:
    """NaN, nested values, bytes, decimals and times are JSON or described in it; nulls are null."""
    columns = {
        "text": ["a", "b"],
        "float": [float("nan"), None],
        "nested": [{"k": [1, None], "when": datetime.datetime(2021, 1, 2)}, None],
        "bytes": [b"\x00\xff", None],
        "decimal": [decimal.Decimal("1.10"), None],
        "nanoseconds": pa.array([1, None], pa.timestamp("ns", tz="Europe/Berlin")),
        "deep": pa.array([[1], None], pa.list_(pa.timestamp("ns"))),
        "far": pa.array([2**40, None], pa.timestamp("s")),
        "day": [datetime.date(2021, 1, 2), None],
        "lasting": pa.array([1, None], pa.duration("ns")),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        "big": pa.array([2**64 - 1, None], pa.uint64()),
    }
    first, second = (json.loads(meta) for meta in read(write(tmp_path / "a.parquet", columns)).column("meta"))
    assert set(first) == set(columns) - {"text"}
    assert second == dict.fromkeys(set(columns) - {"text"})
    expected = {"float": "NaN", "bytes": "AP8=", "decimal": "1.10", "day": "2021-01-02", "big": 2**64 - 1, "map": [["k", 1]]}
    assert {name: first[name] for name in expected} == expected
    assert first["nested"] == {"k": [1, None], "when": "2021-01-02T00:00:00"}
    assert first["nanoseconds"] == "1970-01-01 00:00:00.000000001Z"


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1_633_860_000, None], pa.timestamp("s")), "2021-10-10T10:00:00+00:00"),
        (pa.array([1_633_860_000_123_999_999, None], pa.timestamp("ns", tz="Asia/Tokyo")), "2021-10-10T10:00:00.123000+00:00"),
        (pa.array([-1, None], pa.timestamp("us")), "1969-12-31T23:59:59.999000+00:00"),
        (pa.array([datetime.date(2021, 10, 10), None]), "2021-10-10T00:00:00+00:00"),
        (pa.array(["2021-10-10T12:00+02:00", None]), "2021-10-10T10:00:00+00:00"),
    ],
)
def test_published_is_a_point_in_time(tmp_path: Path, array: pa.Array, expected: str) -> None:
    """Timestamps of any unit and zone, dates and ISO 8601 strings; rounded down to milliseconds."""
    reading = read(write(tmp_path / "a.parquet", {"text": ["a", "b"], "published": array}))
    assert [moment and moment.isoformat() for moment in reading.column("published")] == [expected, None]
    assert reading.column("meta") == [None, None]


@pytest.mark.parametrize("array", [pa.array([17]), pa.array(["10/11/2021"]), pa.array([2**62], pa.timestamp("us"))])
def test_published_that_is_none_stays_in_meta(tmp_path: Path, array: pa.Array) -> None:
    """What cannot be placed in the years 1 to 9999 is kept under its own name."""
    reading = read(write(tmp_path / "a.parquet", {"text": ["a"], "date": array}), columns={"published": "date"})
    assert reading.column("published") == [None]
    assert list(json.loads(reading.column("meta")[0])) == ["date"]


def test_ids_that_are_numbers_become_strings(tmp_path: Path) -> None:
    """As they are written in JSON."""
    reading = read(
        write(tmp_path / "a.parquet", {"text": ["a", "b"], "id": [7, None], "source": [1.5, None]}), columns={"doc_id": "id"}
    )
    assert (reading.column("doc_id"), reading.column("source")) == (["7", "a.parquet#2"], ["1.5", None])


def test_a_column_of_another_type_is_an_error(tmp_path: Path) -> None:
    """A whole column of numbers is a mistake in the run file, not a million broken records."""
    with pytest.raises(UserError, match=r"a\.parquet: column 'text' holds int64; strings were expected"):
        read(write(tmp_path / "a.parquet", {"text": [1, 2]}))
    with pytest.raises(UserError, match=r"no column 'text' in .*There are: 'story'\."):
        read(write(tmp_path / "a.parquet", {"story": ["a"]}))


def test_one_file_of_many_without_the_column_is_named(tmp_path: Path) -> None:
    """The check is by file, not for the folder as a whole."""
    write(tmp_path / "a.parquet", {"text": ["a"]})
    write(tmp_path / "b.parquet", {"body": ["a"]})
    with pytest.raises(UserError, match=r"b\.parquet: no column 'text'; it has 'body'"):
        read(tmp_path)


@pytest.mark.parametrize("data", [b"not parquet", b"PAR1\x00\x00\x00\x00PAR1", b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1"])
def test_a_file_that_is_no_parquet_is_an_error(tmp_path: Path, data: bytes) -> None:
    """Without a footer nothing can be read; the file is named before any work is done."""
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.parquet: not a Parquet file"):
        read(tmp_path)


def test_a_damaged_row_group_is_one_failure(tmp_path: Path) -> None:
    """The other row groups are read; the failure names the rows and holds the file's first bytes."""
    path = write_parquet(tmp_path / "a.parquet", [{"text": f"{number:0900}"} for number in range(30)], row_group_size=10)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    reading = read(path)
    assert reading.column("doc_id") == [f"a.parquet#{number}" for number in (*range(1, 11), *range(21, 31))]
    [failure] = reading.quarantine
    assert (failure["position"], failure["reason"].split(" (")[0]) == ("rows 11 to 20", "broken Parquet row group")
    assert failure["raw"] == data


def test_an_empty_table_has_no_records(tmp_path: Path) -> None:
    """Neither one without rows nor a file without bytes."""
    write_parquet(tmp_path / "a.parquet", [], schema=pa.schema([("text", pa.string())]))
    (tmp_path / "b.parquet").write_bytes(b"")
    assert read(tmp_path).corpus["records"] == 0


def test_a_value_over_the_limit_is_cut_and_quarantined(tmp_path: Path) -> None:
    """As a long line is."""
    reading = read(write(tmp_path / "a.parquet", {"text": ["x" * 3_000_000, "y"]}), max_record_bytes=2_000_000)
    assert reading.column("text") == ["y"]
    assert reading.reasons == [("row 1", "too long (3000000 bytes, the limit is 2000000; the raw bytes are its first 1048576)")]
    assert len(reading.quarantine[0]["raw"]) == 2**20
