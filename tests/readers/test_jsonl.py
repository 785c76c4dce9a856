"""JSON Lines: what is a record, what is not, and what is said about it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pipeline.errors import UserError
from pipeline.readers.batches import MAX_BATCH_ROWS, make_batches
from pipeline.readers.records import Rejected
from tests.readers.reading import compress, read, write_bytes, write_jsonl

GOOD: dict[str, Any] = {"text": "good"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a" "b"}', "not JSON (expecting ',' delimiter at column 14)"),
        (b'{"text": "never closed', "not JSON (unterminated string starting at at column 10)"),
        (b"text", "not JSON (expecting value at column 1)"),
        (b'{"text": "a"} {"text": "b"}', "not JSON (extra data at column 15)"),
        (b'["a"]', "not an object (an array)"),
        (b"null", "not an object (null)"),
        (b"17", "not an object (a number)"),
        (b"[" * 100_000, "not JSON (nested too deeply)"),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "not JSON (a number of more than 4300 digits)"),
        (b'{"body": "a"}', "no text (column 'text' is missing)"),
        (b'{"text": null}', "no text (column 'text' is null)"),
        (b'{"text": 17}', "text is no string (column 'text' holds 17)"),
        (b'{"text": NaN}', "text is no string (column 'text' holds \"NaN\")"),
        (b'{"text": ["a"]}', "text is no string (column 'text' holds [\"a\"])"),
        (b'{"text": "half \\ud83d of it"}', "lone surrogate (column 'text')"),
        (b'{"text": "a", "title": "\\udc00"}', "lone surrogate (column 'title')"),
        (b'{"text": "' + b"\x00\xff\xfe\x81" * 3 + b'"}', "not text (binary: NUL at byte 10, and neither UTF-16 nor UTF-32)"),
    ],
)
def test_a_broken_line_goes_to_quarantine_with_its_bytes(tmp_path: Path, line: bytes, reason: str) -> None:
    """The lines around it are read; file, line, reason and raw bytes are kept."""
    reading = read(write_jsonl(tmp_path / "a.jsonl", [GOOD, line, GOOD]))
    assert reading.column("text") == ["good", "good"]
    assert reading.quarantine == [{"file": "a.jsonl", "position": "line 2", "reason": reason, "raw": line}]
    assert reading.column("doc_id") == ["a.jsonl#1", "a.jsonl#3"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"text": "a\\u0000b"}', "a\x00b"),
        (b'{"text": "raw \x00 and \t here"}', "raw \x00 and \t here"),
        (b'{"text": "\\ud83d\\ude00"}', "😀"),
        ('{"text": "line\u2028separator\x85"}'.encode(), "line\u2028separator\x85"),
        (b'{"text": "carriage return after"}\r', "carriage return after"),
        (b"\xef\xbb\xbf" + b'{"text": "mark in the middle of joined files"}', "mark in the middle of joined files"),
        (b' \t{"text": ""}  ', ""),
    ],
)
def test_an_unusual_line_is_read(tmp_path: Path, line: bytes, text: str) -> None:
    """What JSON or common practice allows is no fault."""
    reading = read(write_jsonl(tmp_path / "a.jsonl", [GOOD, line]))
    assert reading.column("text") == ["good", text]
    assert reading.quarantine == []


def test_blank_lines_are_no_records(tmp_path: Path) -> None:
    """They move the line numbers and leave the record numbers alone."""
    path = write_jsonl(tmp_path / "a.jsonl", [b"", GOOD, b"", b"  \t", b"\r", GOOD, b"broken", b"", GOOD])
    reading = read(path)
    assert reading.column("doc_id") == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#4"]
    assert reading.reasons == [("line 7", "not JSON (expecting value at column 1)")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("portions", [{}, {"shard_bytes": 8}])
def test_line_ends_and_byte_order_mark_are_no_part_of_records(
    tmp_path: Path, end: bytes, mark: bytes, portions: dict[str, int]
) -> None:
    """LF, CRLF, no end at the end, with and without a mark: the same two documents."""
    path = write_bytes(tmp_path / "a.jsonl", mark + b'{"text":"a"}' + (end or b"\n") + b'{"text":"b"}' + end)
    reading = read(path, **portions)
    assert (reading.column("text"), reading.column("doc_id")) == (["a", "b"], ["a.jsonl#1", "a.jsonl#2"])


def test_a_line_that_is_not_utf8_is_decoded_by_itself(tmp_path: Path) -> None:
    """The other lines of its block are not touched by the guess; the encoding is kept."""
    german = '{"text": "Die Größe der Maßnahmen überraschte die Zuhörer in München."}'
    reading = read(write_jsonl(tmp_path / "a.jsonl", [{"text": "café ☕"}, german.encode("cp1252"), GOOD]))
    assert reading.column("text") == ["café ☕", json.loads(german)["text"], "good"]
    assert reading.column("encoding")[0::2] == ["utf-8", "utf-8"]
    assert reading.column("encoding")[1] != "utf-8"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_wide_files_are_told_by_their_mark(tmp_path: Path, encoding: str, suffix: str) -> None:
    """What PowerShell writes is read as any other file."""
    data = ('\ufeff{"text": "Größe 😀"}\n' * 3).encode(encoding)
    reading = read(write_bytes(tmp_path / f"a.jsonl{suffix}", data), shard_bytes=10)
    assert reading.column("text") == ["Größe 😀"] * 3
    assert set(reading.column("encoding")) == {encoding}


def test_a_broken_place_in_a_wide_file_costs_no_other_line(tmp_path: Path) -> None:
    """It becomes U+FFFD; half a code unit at the end is a failure."""
    data = '\ufeff{"text": "a"}\n{"text": "'.encode("utf-16-le") + b"\x00\xd8" + '"}\n{"text": "c"}\n'.encode("utf-16-le") + b"x"
    reading = read(write_bytes(tmp_path / "a.jsonl", data))
    assert reading.column("text") == ["a", "\ufffd", "c"]
    assert [position for position, _ in reading.reasons] == ["line 4"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_stream_that_is_cut_off_keeps_what_came_before(tmp_path: Path, suffix: str) -> None:
    """Whole lines before the break are documents; the line in which it broke is one failure with the bytes that were left."""
    lines = [json.dumps({"text": f"{number} " + "x" * 50}) + "\n" for number in range(2000)]
    data = "".join(lines).encode()
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(_truncated(data, suffix))
    reading = read(path)
    count = len(reading.documents)
    assert 0 < count < 2000
    assert reading.column("text") == [json.loads(line)["text"] for line in lines[:count]]
    assert [(failure["position"], failure["reason"].split(" (")[0]) for failure in reading.quarantine] == [
        (f"line {count + 1}", "cut off")
    ]
    assert lines[count].encode().startswith(reading.quarantine[0]["raw"])


def _truncated(data: bytes, suffix: str) -> bytes:
    """A stream without its end; zstd in blocks small enough that some are whole."""
    if suffix == ".gz":
        whole = gzip.compress(data, mtime=0)
        return whole[: len(whole) // 2]
    compressor = zstandard.ZstdCompressor().compressobj()
    parts = [
        compressor.compress(data[at : at + 5000]) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for at in range(0, 50_000, 5000)
    ]
    return b"".join(parts)[:-7]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_damaged_stream_keeps_what_came_before(tmp_path: Path, suffix: str) -> None:
    """Bytes that no longer decompress end the file there, with a reason."""
    path = write_jsonl(tmp_path / f"a.jsonl{suffix}", [GOOD])
    path.write_bytes(path.read_bytes() + b"\x01garbage that is no frame")
    reading = read(path)
    assert reading.column("text") == ["good"]
    assert [position for position, _ in reading.reasons] == ["line 2"]
    assert reading.quarantine[0]["reason"].startswith("broken ")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_members_and_frames_are_read_through(tmp_path: Path, suffix: str) -> None:
    """Files joined with `cat`, empty members among them, are one stream; a record may lie across."""
    parts = [b'{"text":"a"}\n{"te', b"", b'xt":"b"}\n', b'{"text":"c"}']
    path = tmp_path / f"a.jsonl{suffix}"
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" if suffix == ".zst" else b""
    path.write_bytes(
        skippable + b"".join(compress(part, suffix) for part in parts) + (b"\x00" * 512 if suffix == ".gz" else skippable)
    )
    reading = read(path)
    assert (reading.column("text"), reading.quarantine) == (["a", "b", "c"], [])


def test_a_stream_becomes_several_shards(tmp_path: Path) -> None:
    """One task reads a compressed file; what follows can work on its shards at once."""
    path = write_jsonl(tmp_path / "a.jsonl.zst", [{"text": "x" * 100}] * 100)
    reading = read(path, shard_bytes=1000)
    assert (reading.tasks, len(reading.corpus["shards"])) == (1, 10)


def test_a_large_plain_file_becomes_several_tasks(tmp_path: Path) -> None:
    """Ranges of lines are read side by side, and number lines and records as one reading would."""
    lines: list[Any] = [{"text": f"{number:0400}"} for number in range(2000)]
    lines[100], lines[1900], lines[1950] = b"", b" ", b"broken"
    path = write_jsonl(tmp_path / "a.jsonl", lines)
    whole, cut = read(path), read(path, shard_bytes=200_000)
    assert (whole.tasks, cut.tasks) == (1, 5)
    assert (whole.documents, whole.quarantine) == (cut.documents, cut.quarantine)
    assert cut.reasons == [("line 1951", "not JSON (expecting value at column 1)")]
    assert cut.column("doc_id")[-1] == "a.jsonl#1998"


def test_plain_content_under_a_name_of_compression_is_read(tmp_path: Path) -> None:
    """Downloaders unpack files and leave the name; the first bytes decide."""
    (tmp_path / "a.jsonl.gz").write_bytes(b'{"text":"plain"}\n')
    (tmp_path / "b.jsonl").write_bytes(gzip.compress(b'{"text":"packed"}\n'))
    assert read(tmp_path).column("text") == ["plain", "packed"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_an_empty_file_has_no_records(tmp_path: Path, suffix: str) -> None:
    """Nothing in, nothing out; with or without a frame around the nothing."""
    (tmp_path / f"a.jsonl{suffix}").write_bytes(b"")
    write_bytes(tmp_path / f"b.jsonl{suffix}", b"")
    write_jsonl(tmp_path / "c.jsonl", [GOOD])
    reading = read(tmp_path)
    assert reading.column("doc_id") == ["c.jsonl#1"]


def test_a_line_of_50_megabytes_is_a_document(tmp_path: Path) -> None:
    """One long line is no reason to lose it."""
    text = "word " * 10_000_000
    reading = read(write_jsonl(tmp_path / "a.jsonl", [GOOD, {"text": text}, GOOD]))
    assert reading.corpus["text_bytes"] == 8 + len(text)
    assert reading.documents[1]["text"] == text


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_a_line_over_the_limit_is_cut_and_quarantined(tmp_path: Path, suffix: str) -> None:
    """The limit holds whatever lies around the line, and says what is left out."""
    long = {"text": "x" * 2_000_000}
    path = write_jsonl(tmp_path / f"a{suffix}", [GOOD, long, GOOD, long])
    reading = read(path, max_record_bytes=1_500_000)
    reason = "too long (2000012 bytes, the limit is 1500000; the raw bytes are its first 1048576)"
    assert reading.reasons == [("line 2", reason), ("line 4", reason)]
    assert reading.column("doc_id") == [f"a{suffix}#1", f"a{suffix}#3"]
    assert [len(failure["raw"]) for failure in reading.quarantine] == [2**20, 2**20]


def test_columns_are_mapped_and_the_rest_rides_in_meta(tmp_path: Path) -> None:
    """Named columns fill the schema; all others stay as they are, as JSON with sorted keys."""
    record = {
        "body": "a",
        "id": 17,
        "outlet": "dpa",
        "link": "u",
        "text": "other",
        "z": {"b": [1.5, None]},
        "é": "ü",
        "date": "10/11/2021",
    }
    path = write_jsonl(tmp_path / "a.jsonl", [record])
    columns = {"text": "body", "doc_id": "id", "source": "outlet", "url": "link", "published": "date"}
    [document] = read(path, columns=columns).documents
    assert [document[name] for name in ("text", "doc_id", "source", "url", "title", "published")] == [
        "a",
        "17",
        "dpa",
        "u",
        None,
        None,
    ]
    assert document["meta"] == '{"date":"10/11/2021","text":"other","z":{"b":[1.5,null]},"é":"ü"}'


def test_meta_is_json_even_for_what_json_lacks(tmp_path: Path) -> None:
    """NaN and infinity become strings; a lone surrogate stays the escape that it was."""
    path = write_jsonl(tmp_path / "a.jsonl", [b'{"text":"a","n":[NaN,-Infinity,1e999],"s":"\\ud800 \xc3\xa9"}'])
    assert read(path).column("meta") == ['{"n":["NaN","-Infinity","Infinity"],"s":"\\ud800 \\u00e9"}']


@pytest.mark.parametrize("value", [None, ""])
def test_a_record_without_id_is_numbered(tmp_path: Path, value: str | None) -> None:
    """Null and empty ids are none."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "doc_id": "x"}, {"text": "b", "doc_id": value}, {"text": "c"}])
    assert read(path).column("doc_id") == ["x", "a.jsonl#2", "a.jsonl#3"]


def test_a_misspelt_column_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    """The nearest name in the input is offered."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"body": "a", "outlet": "dpa"}])
    with pytest.raises(UserError, match=r"input\.columns\.text: no column 'bdy' in .*a\.jsonl\. Did you mean 'body'\?"):
        read(path, columns={"text": "bdy"})
    with pytest.raises(UserError, match=r"input\.columns\.text: no column 'text' in .*There are: 'outlet', 'story'\."):
        read(write_jsonl(tmp_path / "b.jsonl", [{"story": "a", "outlet": "dpa"}]))
    with pytest.raises(UserError, match=r"input\.columns\.source: no column 'outlets'"):
        read(path, columns={"text": "body", "source": "outlets"})
    with pytest.raises(UserError, match=r"input\.columns: no column 'txt' to fill\. Did you mean 'text'\?"):
        read(path, columns={"txt": "body"})


def test_a_column_that_only_some_records_have_is_no_error(tmp_path: Path) -> None:
    """Records may differ; a column counts as there when one of the first has it."""
    path = write_jsonl(tmp_path / "a.jsonl", [b"broken", {"text": "a"}, {"text": "b", "outlet": "dpa"}])
    assert read(path, columns={"source": "outlet"}).column("source") == [None, "dpa"]


@pytest.mark.parametrize(
    "number", ["18446744073709551616", "-9223372036854775809", "1e16", "-0", "-0.0", "1e400", "[1e400, 123456789012345678901]"]
)
def test_numbers_are_kept_to_the_last_digit(tmp_path: Path, number: str) -> None:
    """Integers of any size, and floats as Python writes them, whatever parser read the line."""
    reading = read(write_jsonl(tmp_path / "a.jsonl", [f'{{"text": "a", "n": {number}}}'.encode()]))
    expected = json.dumps(json.loads(number)).replace(" ", "").replace("Infinity", '"Infinity"')
    assert reading.column("meta") == [f'{{"n":{expected}}}']


def test_many_tiny_documents_are_cut_by_number() -> None:
    """A batch is bounded in rows as well as bytes; nothing is lost at the cuts."""
    failures = (Rejected("a.jsonl", f"line {n}", "not JSON", b"x") for n in range(MAX_BATCH_ROWS + 3))
    assert [parsed.records for parsed in make_batches(failures, 2**23)] == [MAX_BATCH_ROWS, 3]
