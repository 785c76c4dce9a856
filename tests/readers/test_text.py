"""Text files: one document each."""

from pathlib import Path

import pytest

from tests.readers.reading import compress, read, write_bytes
from tests.support import REPO, SEEDS


def test_seeds_are_read_as_they_are() -> None:
    """One document a file, its name the id, its text byte for byte."""
    reading = read(REPO / "seeds")
    assert dict(zip(reading.column("doc_id"), reading.column("text"))) == SEEDS


def test_one_file_is_named_by_its_name(tmp_path: Path) -> None:
    """A file given as the input has no folder to be relative to."""
    assert read(write_bytes(tmp_path / "sub" / "a.txt", b"alone")).column("doc_id") == ["a.txt"]


def test_encoding_is_kept_and_the_mark_removed(tmp_path: Path) -> None:
    """Marks, UTF-16 and legacy charsets come out as text with the encoding beside it."""
    write_bytes(tmp_path / "a.txt", "\ufeffmark".encode())
    write_bytes(tmp_path / "b.txt.gz", "\ufeffwide 😀".encode("utf-16-be"))
    write_bytes(tmp_path / "c.txt", "Правительство объявило о новых мерах поддержки экономики.".encode("cp1251"))
    write_bytes(tmp_path / "d.txt", b"line\r\nline\r\n")
    reading = read(tmp_path)
    assert reading.column("encoding") == ["utf-8-sig", "utf-16-be", "cp1251", "utf-8"]
    assert reading.column("text")[:2] == ["mark", "wide 😀"]
    assert reading.column("text")[3] == "line\r\nline\r\n"


def test_a_binary_file_goes_to_quarantine_whole(tmp_path: Path) -> None:
    """NUL bytes outside UTF-16 and 32 are no text; the file's bytes are kept."""
    raw = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\xff"
    write_bytes(tmp_path / "a.txt", raw)
    write_bytes(tmp_path / "b.txt", b"text")
    reading = read(tmp_path)
    assert reading.column("doc_id") == ["b.txt"]
    [failure] = reading.quarantine
    assert (failure["file"], failure["position"], failure["raw"]) == ("a.txt", "file", raw)
    assert failure["reason"].startswith("not text (binary: NUL at byte 8")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_is_cut_off_goes_to_quarantine(tmp_path: Path, suffix: str) -> None:
    """Half a document is not passed off as one."""
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(compress(b"text " * 100_000, suffix)[:-4])
    [(position, reason)] = read(path).reasons
    assert (position, reason[:8]) == ("file", "cut off ")


def test_an_empty_file_is_a_document_without_text(tmp_path: Path) -> None:
    """What to do with it is for a stage to say; it is counted."""
    reading = read(write_bytes(tmp_path / "a.txt", b""))
    assert reading.column("text") == [""]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_file_over_the_limit_is_cut_and_quarantined(tmp_path: Path, suffix: str) -> None:
    """A bomb that unpacks to more than the limit is not held in memory."""
    path = write_bytes(tmp_path / f"a.txt{suffix}", b"x" * 3_000_000)
    reading = read(path, max_record_bytes=2_000_000)
    assert reading.reasons == [("file", "too long (3000000 bytes, the limit is 2000000; the raw bytes are its first 1048576)")]
    assert len(reading.quarantine[0]["raw"]) == 2**20
    assert read(path, max_record_bytes=3_000_000).quarantine == []


def test_every_file_is_read_when_the_format_is_named(tmp_path: Path) -> None:
    """`format: text` reads a folder of .html or nameless files; hidden ones are passed over."""
    for name in ("README", "a.md", "b.jsonl", ".hidden", ".git/config"):
        write_bytes(tmp_path / name, b"text")
    assert read(tmp_path, format="text").column("doc_id") == ["README", "a.md", "b.jsonl"]
