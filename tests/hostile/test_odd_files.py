"""Files as careless programs leave them: what can be read is, what cannot is told, and nothing vanishes."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.readers.reading import compress, read

LINES = [json.dumps({"doc_id": doc_id, "text": f"Text of {doc_id}."}).encode() + b"\n" for doc_id in "ab"]
BOTH = b"".join(LINES)
SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"  # a frame of zstandard that holds no data

WIDE = (",".join(f"c{number}" for number in range(20_000)) + ",text\n" + "," * 20_000 + "x\n").encode()

# Name, bytes, documents, failures.
FILES: dict[str, tuple[str, bytes, int, int]] = {
    "gzip with something behind it": ("a.jsonl.gz", compress(BOTH, ".gz") + b"something else", 2, 1),
    "gzip padded with zeros": ("a.jsonl.gz", compress(BOTH, ".gz") + b"\0" * 512, 2, 0),
    "gzip in members that end within lines": ("a.jsonl.gz", b"".join(compress(p, ".gz") for p in (BOTH[:20], b"", BOTH[20:])), 2, 0),
    "zstandard with frames between": ("a.jsonl.zst", compress(LINES[0], ".zst") + SKIPPED + compress(LINES[1], ".zst"), 2, 0),
    "zstandard with something behind it": ("a.jsonl.zst", compress(BOTH, ".zst") + b"something else", 2, 1),
    "bzip2 in streams, and something behind them": ("a.jsonl.bz2", compress(LINES[0], ".bz2") + compress(LINES[1], ".bz2") + b"junk", 2, 1),
    "xz in padded streams": ("a.jsonl.xz", compress(LINES[0], ".xz") + b"\0" * 4 + compress(LINES[1], ".xz"), 2, 0),
    "a plain file with a packed name": ("a.jsonl.gz", BOTH, 2, 0),
    "a packed file with a plain name": ("a.jsonl", compress(BOTH, ".gz"), 2, 0),
    "marks before every line": ("a.jsonl", b"".join(b"\xef\xbb\xbf" + line for line in LINES), 2, 0),
    "lines in UTF-32": ("a.jsonl", BOTH.decode().encode("utf-32"), 2, 0),
    "lines in UTF-16 that lack a byte": ("a.jsonl", BOTH.decode().encode("utf-16")[:-1], 1, 1),
    "an array of records": ("a.jsonl", json.dumps([json.loads(line) for line in LINES]).encode(), 0, 1),
    "records in one line": ("a.jsonl", BOTH.replace(b"\n", b" "), 0, 1),
    "text in UTF-32 without a mark": ("a.txt", "Plain words in wide letters and more of them".encode("utf-32-le"), 1, 0),
    "text in old Macintosh lines": ("a.txt", b"one\rtwo\rthree", 1, 0),
    "a table with NUL bytes": ("a.csv", b"doc_id,text\n1,he\x00llo\n\x00\x00\x00\n2,wor\x00ld\n", 2, 1),
    "a table with a column without a name": ("a.csv", b"doc_id,,text\n1,x,hello\n2,y,world\n", 2, 0),
    "a table of twenty thousand columns": ("a.csv", WIDE, 1, 0),
    "a table with an endless quote": ("a.csv", b'doc_id,text\n1,"open\n2,sound\n3,sound\n', 2, 1),
}  # fmt: skip


@pytest.mark.parametrize("label", FILES)
def test_an_odd_file_is_read_as_far_as_it_can_be(label: str, tmp_path: Path) -> None:
    """Documents and failures are counted."""
    name, data, documents, failures = FILES[label]
    (tmp_path / name).write_bytes(data)
    reading = read(tmp_path)
    assert (len(reading.documents), len(reading.quarantine)) == (documents, failures), reading.reasons


TEXTS = pa.array(["First text.", "Second text."])
AS_TEXT: dict[str, pa.Array] = {
    "views": TEXTS.cast(pa.string_view()),
    "large strings": TEXTS.cast(pa.large_string()),
    "dictionaries": TEXTS.dictionary_encode(),
    "bytes": TEXTS.cast(pa.binary_view()),
}
BESIDE: dict[str, pa.Array] = {
    "unions": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), TEXTS]),
    "list views": pa.array([[1, 2], [3]], pa.list_view(pa.int64())),
    "extension types": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"x" * 16] * 2, pa.binary(16))),
    "decimals": pa.array([10**60, -1], pa.decimal256(76, 2)),
    "half floats": pa.array([1.5, None], pa.float16()),
}
TABLES = {name: pa.table({"text": text}) for name, text in AS_TEXT.items()}
TABLES |= {f"{name} beside": pa.table({"text": TEXTS, "other": other}) for name, other in BESIDE.items()}
NOT_IN_PARQUET = ("unions beside", "list views beside")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (label, kind)
        for label in TABLES
        for kind in ("file", "stream", "parquet")
        if kind != "parquet" or label not in NOT_IN_PARQUET
    ],
)
def test_every_type_of_arrow_is_read(label: str, kind: str, tmp_path: Path) -> None:
    """In both formats of Arrow, told apart by their bytes, and in Parquet where it has the type."""
    table = TABLES[label]
    if kind == "parquet":
        pq.write_table(table, tmp_path / "a.parquet")
    else:
        write = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
        with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, write(sink, table.schema) as out:
            out.write_table(table)
    reading = read(tmp_path)
    assert reading.column("text") == TEXTS.to_pylist()
    assert [set(json.loads(meta or "{}")) for meta in reading.column("meta")] == [set(table.column_names) - {"text"}] * 2
