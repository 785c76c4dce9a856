"""Chunks, streams and lines: nothing depends on where a chunk ends."""

import lzma
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.compression import CHUNK_BYTES, decompress
from pipeline.readers.lines import KEPT_BYTES, Block, count_lines, is_blank, line_blocks
from pipeline.readers.streams import range_chunks
from tests.readers.reading import compress, read

COMPRESSIONS = [("gzip", ".gz"), ("zstd", ".zst"), ("bzip2", ".bz2"), ("xz", ".xz")]


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    return iter([data[at : at + size] for at in range(0, len(data), size)])


@pytest.mark.parametrize(("compression", "suffix"), COMPRESSIONS)
@given(st.lists(st.binary(max_size=50), max_size=4), st.integers(1, 40))
def test_streams_come_out_whole(compression: str, suffix: str, parts: list[bytes], size: int) -> None:
    """Any number of members or frames, in chunks of any size."""
    packed = b"".join(compress(part, suffix) for part in parts)
    assert b"".join(decompress(chunked(packed, size), compression)) == b"".join(parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("compression", "suffix"), COMPRESSIONS)
@pytest.mark.parametrize("length", [CHUNK_BYTES * times + more for times in (1, 2, 40) for more in (-1, 0, 1)])
def test_what_packs_well_comes_out_whole(compression: str, suffix: str, length: int) -> None:
    """The unpacked side is many chunks for one of the packed side, and may end just where a chunk does."""
    packed = compress(b"x" * length, suffix)
    chunks = list(decompress(iter([packed]), compression))  # type: ignore[arg-type]
    assert sum(map(len, chunks)) == length
    assert max(map(len, chunks)) < 2**26


def test_a_long_window_is_read() -> None:
    """Dumps are packed with `zstd --long`; the library refuses windows over 128 MiB unless told otherwise."""
    parameters = zstandard.ZstdCompressionParameters(compression_level=1, window_log=28)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(b"text " * 1000) + compressor.flush()
    assert b"".join(decompress(iter([packed]), "zstd")) == b"text " * 1000


def test_a_window_past_the_limit_stops_the_run(tmp_path: Path) -> None:
    """A decoder that had to hold more than a worker may take; the sentence says what to set. What fits is read, and so is the rest."""
    parameters = zstandard.ZstdCompressionParameters(compression_level=1, window_log=25)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**25}]
    records = b'{"text": "some text"}\n' * 20
    packed = {"zst": compressor.compress(records) + compressor.flush(), "xz": lzma.compress(records, filters=filters)}
    for suffix, data in packed.items():
        path = tmp_path / f"a.jsonl.{suffix}"
        path.write_bytes(data)
        assert len(read(path, max_window=2**25).documents) == 20
        with pytest.raises(
            UserError, match=f"{path.name}: its .* stream takes a window of more than 16777216 bytes; set input.max_window"
        ):
            read(path, max_window=2**24)
    for suffix in (".gz", ".bz2"):
        (tmp_path / f"b.jsonl{suffix}").write_bytes(compress(records, suffix))
        assert len(read(tmp_path / f"b.jsonl{suffix}", max_window=1).documents) == 20


@pytest.mark.parametrize(("compression", "suffix"), COMPRESSIONS)
@given(st.binary(min_size=1, max_size=60), st.data())
def test_every_cut_is_noticed(compression: str, suffix: str, content: bytes, data: st.DataObject) -> None:
    """A stream without its last bytes gives a beginning of the content and then the exception."""
    packed = compress(content, suffix)
    stop = data.draw(st.integers(1, len(packed) - 1))
    seen: list[bytes] = []
    with pytest.raises(BrokenStreamError, match="cut off"):
        seen.extend(decompress(iter([packed[:stop]]), compression))  # type: ignore[arg-type]
    assert content.startswith(b"".join(seen))


@pytest.mark.parametrize("missing", range(1, 16))
@pytest.mark.parametrize("more", [5, 100, 200, 300, 500])
def test_all_that_can_be_unpacked_is(missing: int, more: int) -> None:
    """zlib may hold unpacked bytes back though it has taken all its input."""
    packed = compress(b"x" * (CHUNK_BYTES * 3 + more), ".gz")[:-missing]
    seen: list[bytes] = []
    with pytest.raises(BrokenStreamError, match="cut off"):
        seen.extend(decompress(iter([packed]), "gzip"))
    assert b"".join(seen) == zlib.decompressobj(wbits=31).decompress(packed)


LINES = st.lists(st.sampled_from([b"a", b"\n", b"\r", b" ", b"bb", b"\xef\xbb\xbf", b"\xff"]), max_size=30).map(b"".join)


@given(LINES, st.integers(1, 9), st.integers(1, 12))
def test_lines_do_not_depend_on_chunks(data: bytes, size: int, limit: int) -> None:
    """Every line is in exactly one block; those over the limit alone, with their length, whatever lies around them."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    expected = [line if len(line) <= limit else f"too long ({len(line)} bytes" for line in lines]
    assert [found for block in line_blocks(chunked(data, size), limit) for found in _lines(block)] == expected


def _lines(block: Block) -> list[bytes | str]:
    if block.problem is not None:
        return [block.problem.split(",")[0]]
    assert len(block.data) == block.size
    return list(block.data.removesuffix(b"\n").split(b"\n"))


@given(LINES.filter(len))
def test_lines_and_records_are_counted_as_they_are_read(data: bytes) -> None:
    """The count of the plan is the count of the reader: blank lines are lines and no records."""
    lines = data.removesuffix(b"\n").split(b"\n")
    assert count_lines(data) == (len(lines), sum(not is_blank(line) for line in lines))


@given(LINES, st.lists(st.integers(3, 60), max_size=6))
@example(b"aa\nbb\n", [3])
@example(b"aa\nbb\n", [4, 5])
@example(b"\xef\xbb\xbf\n\n" + b"a" * 40, [3, 4, 5, 20, 30])
def test_ranges_have_every_line_once(tmp_path: Path, data: bytes, cuts: list[int]) -> None:
    """Wherever they are cut: each has the lines that begin in it, whole, and one within a long line has none."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    lines = [line.group() for line in re.finditer(rb"[^\n]*\n|[^\n]+", data)]
    begins = [sum(map(len, lines[:number])) for number in range(len(lines))]
    for start, stop in pairwise(ends):
        expected = b"".join(line for begin, line in zip(begins, lines) if start <= begin < stop)
        assert b"".join(range_chunks(str(path), start, stop)) == expected.removeprefix(b"" if start else b"\xef\xbb\xbf")


def test_an_endless_line_is_not_held() -> None:
    """Past the limit its bytes are counted and let go."""
    blocks = list(line_blocks((b"x" * 1000 for _ in range(10_000)), 5000))
    assert [(len(block.data), block.size) for block in blocks] == [(KEPT_BYTES, 10_000_001)]
