"""Files made to hurt: bombs of every kind and schemas without measure. They cost little, and the good records beside them are read."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.compression import Limits, decompress
from tests.readers.reading import Reading, compress, read
from tests.support import ENDLESS, REPO

MIB = 2**20


def write_arrow(path: Path, table: pa.Table, compression: str | None = None) -> Path:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as out:
        out.write_table(table)
    return path


def repeated(value: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))


@pytest.mark.parametrize("column", ["text", "other"])
def test_a_dictionary_that_stands_for_gigabytes_is_read_row_by_row(tmp_path: Path, column: str) -> None:
    """Files of some kilobytes: 3,000 rows, each the same megabyte, of which the limit lets none pass."""
    table = pa.table({"text": pa.array(["short"] * 3000), column: repeated("x" * MIB, 3000)})
    write_arrow(tmp_path / "a.arrow", table, "zstd")
    pq.write_table(table, tmp_path / "b.parquet", compression="zstd")
    pq.write_table(table, tmp_path / "c.parquet", compression="zstd", store_schema=False)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100_000
    found = peaks_of_reading(sorted(tmp_path.iterdir()), limit=10, max_record_bytes=MIB // 2)
    assert max(grown for _, _, grown in found) < 200 * MIB
    assert [counts[:2] for counts in found] == [(0, 10)] * 3


def test_a_page_over_the_limit_is_not_copied_again_and_again(tmp_path: Path) -> None:
    """It is read, since the format has pages whole or not at all."""
    pq.write_table(
        pa.table({"text": ["y" * (32 * MIB), "last"]}), tmp_path / "a.parquet", compression="zstd", use_dictionary=False
    )
    [(documents, quarantined, grown)] = peaks_of_reading([tmp_path / "a.parquet"], max_record_bytes=MIB)
    assert documents == quarantined == 1
    assert grown < 10 * 32 * MIB


def test_a_packed_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    """48 MiB in a line, or a file of text, where one is allowed. Zstandard and bzip2 give up to 64 MiB in one piece, which is held."""
    begins = {"a.jsonl": b'{"text": "first"}\n', "a.csv": b"text\nfirst\n", "a.txt": b""}
    paths = [tmp_path / name for name in ("a.jsonl.gz", "a.jsonl.zst", "a.csv.bz2", "a.csv.zst", "a.txt.xz")]
    for path in paths:
        path.write_bytes(compress(begins[path.stem], path.suffix) + compress(b"x" * (48 * MIB), path.suffix))
    found = peaks_of_reading(paths, max_record_bytes=MIB)
    assert [counts[:2] for counts in found] == [(int(path.stem != "a.txt"), 1) for path in paths]
    assert max(grown for path, (_, _, grown) in zip(paths, found) if path.suffix in (".gz", ".xz")) < 24 * MIB


@pytest.mark.parametrize("limit", [100, 1000])
def test_a_bomb_is_cut_off_at_the_limit_of_the_run_file(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zstandard makes 64 GB of 2 MB; the stream counts as broken where the limit is passed."""
    monkeypatch.setattr("pipeline.readers.compression._HARMLESS_BYTES", 16 * MIB)
    bomb = compress(b"\n" * (64 * MIB), ".zst")
    given: list[int] = []
    with pytest.raises(BrokenStreamError, match=f"bomb .more than {limit} bytes"):
        given.extend(len(chunk) for chunk in decompress((bomb for _ in range(1000)), "zstd", Limits(limit)))
    assert sum(given) < 20 * MIB


def test_good_text_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that stands a hundred thousand times is 300 times as long as what gzip makes of it."""
    monkeypatch.setattr("pipeline.readers.compression._HARMLESS_BYTES", 0)
    data = b'{"text": "The council voted on Monday to keep the library open."}\n' * 100_000
    packed = compress(data, ".gz")
    assert len(data) > 200 * len(packed)
    assert b"".join(decompress(iter([packed]), "gzip")) == data


def test_what_is_packed_twice_is_unpacked_once(tmp_path: Path) -> None:
    """The archive within is no text; nothing is unpacked that its name does not promise."""
    (tmp_path / "a.txt.gz").write_bytes(compress(compress(b"text", ".gz"), ".gz"))
    assert read(tmp_path).reasons[0][1].startswith("not text (binary")


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    """All of them ride along."""
    pq.write_table(pa.table({"text": ["a", "b"], **{f"c{n}": [n, n] for n in range(10_000)}}), tmp_path / "a.parquet")
    assert len(json.loads(read(tmp_path).column("meta")[0])) == 10_000


@pytest.mark.gate
def test_columns_are_not_looked_for_one_by_one(tmp_path: Path) -> None:
    """Each by going through all took 11 s for 10,000 of them and three rows."""
    pq.write_table(pa.table({"text": ["a", "b"], **{f"c{n}": [n, n] for n in range(40_000)}}), tmp_path / "a.parquet")
    started = time.process_time()
    assert len(read(tmp_path).documents) == 2
    assert time.process_time() - started < ENDLESS


def test_an_error_does_not_list_every_column(tmp_path: Path) -> None:
    """Twenty names, each cut where it is long, and how many there are."""
    pq.write_table(pa.table({"x" * 10_000: [1], **{f"c{n}": [n] for n in range(5000)}}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"no column 'text'.*5,001 in all") as error:
        read(tmp_path)
    assert len(str(error.value)) < 1000


def nested(depth: int) -> pa.Array:
    value, kind = 1, pa.int64()
    for _ in range(depth):
        value, kind = [value], pa.list_(kind)
    return pa.array([value], kind)


def odd_columns() -> dict[str, pa.Array]:
    """Types and values that Python, JSON or Arrow itself have no form for."""
    return {
        "deep": nested(60),
        "struct": pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["k", "k"]),
        "map": pa.array([[(b"\xff", 1), (b"\xff", 2)]], pa.map_(pa.binary(), pa.int8())),
        "zone": pa.array([1], pa.timestamp("us", tz="Mars/Olympus")),
        "zone within": pa.array([[1]], pa.list_(pa.timestamp("us", tz="Mars/Olympus"))),
        "far": pa.array([2**31 - 1], pa.date32()),
        "long": pa.array([2**63 - 1], pa.duration("s")),
        "large": pa.array([2**64 - 1], pa.uint64()),
        "decimal": pa.array([1], pa.decimal256(76, 0)),
        "nothing": pa.array([b""], pa.binary(0)),
        "runs": pa.RunEndEncodedArray.from_arrays([1], ["x"]),
        "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
        "interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        "uuid": pa.array([b"0123456789abcdef"], pa.uuid()),
        "null": pa.nulls(1),
        "": pa.array(["no name"]),
        "\x00\n<script>": pa.array(["odd name"]),
    }


def test_columns_of_any_type_ride_along(tmp_path: Path) -> None:
    """Whatever it is, it is JSON in `meta`, or said to have no form there."""
    table = pa.table({"text": ["a"], **odd_columns()}).replace_schema_metadata({"pandas": "{" * 1000, "k": "x" * MIB})
    meta = json.loads(read(write_arrow(tmp_path / "a.arrow", table)).column("meta")[0])
    assert set(meta) == set(odd_columns())


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "saved").iterdir()), ids=lambda path: path.stem)
def test_a_file_that_once_broke_a_reader_is_accounted_for(path: Path) -> None:
    """Found by the fuzzer; read in a process of its own, since some ended it."""
    [(documents, quarantined, _)] = peaks_of_reading([path])
    assert documents + quarantined > 0


@pytest.mark.parametrize(("name", "times"), [(b"word", 1), (b"w\0rd", 1), (b"w\0rd", -1)])
def test_a_column_may_have_two_names(tmp_path: Path, name: bytes, times: int) -> None:
    """One in the schema and another in the row group, or one with NUL in both; found by the fuzzer."""
    pq.write_table(pa.table({"text": ["a", "b"], "w_rd": ["c", "c"]}), tmp_path / "a.parquet", store_schema=False)
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data.replace(b"w_rd", name, times))
    assert read(tmp_path).column("text") == ["a", "b"]


def test_names_that_are_not_utf8_are_the_users_mistake(tmp_path: Path) -> None:
    """They have no form in Python."""
    path = write_arrow(tmp_path / "a.arrow", pa.table({"text": ["a"], "abcdef": [1]}))
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"ab\xff\xfeef"))
    with pytest.raises(UserError, match="not an Arrow IPC file"):
        read(path)


@pytest.mark.parametrize("name", ["b.parquet", "b.arrow", "b.csv", "b.jsonl.gz"])
def test_a_broken_file_among_others_is_one_failure(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A feed of a thousand files is read without the one that was cut off; alone it is the user's mistake (see the tests of its reader)."""
    pq.write_table(pa.table({"text": ["first"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["last"]}), tmp_path / "c.parquet")
    whole = (tmp_path / "a.parquet").read_bytes() if "parquet" in name else compress(b'"text\n' * 100, Path(name).suffix)
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    reading = read(tmp_path)
    assert reading.column("text") == ["first", "last"]
    assert {failure["file"] for failure in reading.quarantine} == {name}
    if "." + name.partition(".")[2] in (".parquet", ".arrow"):
        assert [position for position, _ in reading.reasons] == ["file"]
        assert f"{name}: not a" in caplog.text


def test_a_buffer_that_claims_a_terabyte_is_quarantined(tmp_path: Path) -> None:
    """Arrow asks for the memory before it looks; the batch beside it is read."""
    sink = io.BytesIO()
    table = pa.table({"text": ["word " * 100] * 20})
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table, max_chunksize=10)
    data = sink.getvalue()
    last = data.rfind(b"\x28\xb5\x2f\xfd") - 8  # the length that a compressed buffer will have stands before it
    (tmp_path / "a.arrow").write_bytes(data[:last] + (2**46).to_bytes(8, "little") + data[last + 8 :])
    reading = read(tmp_path)
    assert len(reading.documents) == 10
    assert reading.reasons[0][0] == "batch 2"


def test_a_row_that_arrow_cannot_turn_is_set_aside_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found only when the values are taken out: the other rows of the batch are read."""
    from pipeline.readers import tables

    real = tables.string_values

    def refuses(column: pa.Array) -> list[str | None]:
        if "bad" in column.to_pylist():
            raise pa.ArrowInvalid("cannot")
        return real(column)

    monkeypatch.setattr(tables, "string_values", refuses)
    ids = ["good", "fine", "bad", "well", "last"]
    reading: Reading = read(write_arrow(tmp_path / "a.arrow", pa.table({"text": ids, "doc_id": ids})))
    assert reading.column("doc_id") == ["good", "fine", "well", "last"]
    assert reading.reasons == [("row 3", "broken row (cannot)")]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, '{"text":"a","b":' + "[" * 5000 + "]" * 5000 + "}"])
def test_json_nested_without_measure_is_quarantined(tmp_path: Path, line: str) -> None:
    """Or read, where Python's parser goes that deep."""
    (tmp_path / "a.jsonl").write_text(line + '\n{"text": "last"}\n', encoding="utf-8")
    reading = read(tmp_path)
    assert reading.corpus["records"] == 2
    assert reading.column("text")[-1] == "last"


def test_html_nested_without_measure_costs_seconds(tmp_path: Path) -> None:
    """A hundred thousand tags that are never closed, and entities that name themselves."""
    entities = (
        "<!DOCTYPE x [<!ENTITY a 'aaaa'>"
        + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefg", "bcdefgh"))
        + "]>"
    )
    (tmp_path / "a.html").write_text("<html><body>" + "<div>" * 99_000 + "text", encoding="utf-8")
    (tmp_path / "b.html").write_text(f"<?xml version='1.0'?>{entities}<html><body><p>&h;</p></body></html>", encoding="utf-8")
    (tmp_path / "c.html").write_text("<html><body>" + "<b><i>" * 150_000 + "text", encoding="utf-8")
    started = time.process_time()
    assert read(tmp_path).corpus["records"] == 3
    assert time.process_time() - started < ENDLESS


_SCRIPT = """
import json, sys, tempfile
from pathlib import Path
from tests.hostile.sound import sound_files
from tests.peaks import forget_peak, peak
from tests.readers.reading import read

paths = list(map(Path, sys.argv[2:]))
for name, data in sound_files():  # so that all is loaded that these need
    if Path(name).suffix not in {path.suffix for path in paths}:
        continue
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(data)
        read(folder)
settings = json.loads(sys.argv[1])
for path in paths:
    before = forget_peak()
    reading = read(path, **settings)
    print(json.dumps([len(reading.documents), len(reading.quarantine), peak() - before]))
    del reading
"""


def peaks_of_reading(paths: list[Path], **settings: int) -> list[tuple[int, int, int]]:
    """By file: documents, failures, and by how many bytes reading it raised the peak of a process's memory."""
    command = [sys.executable, "-c", _SCRIPT, json.dumps(settings), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]
