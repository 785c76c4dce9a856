"""A file that was found, and what its name tells."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from pipeline.errors import UserError
from pipeline.readers.spec import Format
from pipeline.storage import FileStatus, shown

SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")
COMPRESSION_RATIO = 4  # bytes of text in one of a compressed file, where it is not known; news in gzip and zstd has 3 to 5
_COMPRESSED_INSIDE = ("parquet", "arrow")

AnyFormat = Literal["auto"] | Format


@dataclass(frozen=True)
class InputFile:
    """A file to read. `name` is relative to the input folder, with "/" between its parts, and always valid UTF-8."""

    path: str  # or URL
    name: str
    format: Format
    status: FileStatus

    @property
    def size(self) -> int:
        return self.status.size


@dataclass(frozen=True)
class Listing:
    """The files, sorted by name, and what is not read: (name, reason)."""

    files: list[InputFile]
    skipped: list[tuple[str, str]]


def format_of(name: str) -> Format | None:
    """The format that a file's name tells: its suffix, under one of compression.

    >>> format_of("corpus/part-3.JSONL.zst")
    'jsonl'
    """
    path = PurePosixPath(name.lower())
    plain = path.with_suffix("") if path.suffix in COMPRESSIONS else path
    kind = SUFFIXES.get(plain.suffix)
    return None if kind in _COMPRESSED_INSIDE and plain is not path else kind


def input_file(path: str, name: str, format: AnyFormat, status: FileStatus) -> InputFile:
    """The file, with the format that its name tells or that was given. Raises UserError where there is neither."""
    kind = format_of(name) if format == "auto" else format
    if kind is None:
        formats = ", ".join(get_args(Format))
        raise UserError(f"{shown(path)}: its name tells no format that we read; set input.format to one of {formats}")
    return InputFile(path, name, kind, status)
