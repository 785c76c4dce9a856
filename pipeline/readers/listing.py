"""The files of an input: found, told apart by their names, sorted."""

import glob
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from pipeline.errors import UserError
from pipeline.readers.spec import Format

log = logging.getLogger(__name__)

SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".text": "text",
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
_COMPRESSED_INSIDE = ("parquet", "arrow")


@dataclass(frozen=True)
class InputFile:
    """A file to read. `name` is relative to the input folder, with "/" between its parts, and always valid UTF-8."""

    path: str
    name: str
    format: Format
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Listing:
    """The files, sorted by name, and what is not read: (name, reason)."""

    files: list[InputFile]
    skipped: list[tuple[str, str]]


def list_files(path: str, format: Literal["auto"] | Format) -> Listing:
    """The input's files.

    In a folder everything is read that has a suffix we know, or every file where the format is named; hidden files are passed
    over, links are not followed out of the folder nor into another. A pattern (with *, ? or [ in it, ** for folders) is the files of
    its first plain folder that match it. Raises UserError for a path that is missing or unreadable, a file of unknown format, and a
    folder or pattern without a file to read.
    """
    root = Path(path).expanduser()
    pattern = None if root.exists() or not glob.has_magic(path) else root
    if pattern is not None:
        root = _plain_folder(pattern)
    elif not stat.S_ISDIR(_status(root).st_mode):
        return Listing([_input_file(root, root.name, format)], [])
    found: list[InputFile] = []
    skipped: list[tuple[str, str]] = []
    for file, name in _walk(root, None if pattern is None else pattern.relative_to(root).parts):
        reason = _reason_to_skip(file, root, format)
        if reason:
            skipped.append((name, reason))
        else:
            found.append(_input_file(file, name, format))
    if skipped:
        log.warning("%s: %d files not read, such as %s: %s", path, len(skipped), *min(skipped))
    if not found and not skipped and pattern is not None:
        raise UserError(f"{path}: no file matches; look at input.path")
    if not found:
        raise UserError(f"{path}: {_nothing_to_read(skipped)}")
    return Listing(sorted(found, key=lambda file: file.name), sorted(skipped))


def describe_files(path: str, format: Literal["auto"] | Format) -> list[str]:
    """What is to be read, for people: files and bytes by format, and what is not read. Raises UserError as `list_files` does."""
    listing = list_files(path, format)
    by_format: dict[str, list[int]] = {}
    for file in listing.files:
        by_format.setdefault(file.format, []).append(file.size)
    lines = [f"{name}: {_count(len(sizes))}, {sum(sizes):,} bytes" for name, sizes in sorted(by_format.items())]
    return lines + [f"not read: {name} ({reason})" for name, reason in listing.skipped[:3]] + (
        [f"not read: {len(listing.skipped) - 3:,} more"] if len(listing.skipped) > 3 else []
    )


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files:,} files"


def format_of(name: str) -> Format | None:
    """The format that a file's name tells: its suffix, under one of compression.

    >>> format_of("corpus/part-3.JSONL.zst")
    'jsonl'
    """
    path = PurePosixPath(name.lower())
    plain = path.with_suffix("") if path.suffix in COMPRESSIONS else path
    kind = SUFFIXES.get(plain.suffix)
    return None if kind in _COMPRESSED_INSIDE and plain is not path else kind


def _walk(root: Path, pattern: Sequence[str] | None) -> Iterator[tuple[Path, str]]:
    """Every file under the folder that is not hidden and matches, with its name; linked folders are not entered."""

    def fail(error: OSError) -> None:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, subfolders, files in os.walk(root, onerror=fail, followlinks=False):
        inside = Path(folder).relative_to(root).parts
        subfolders[:] = [
            name for name in subfolders if not name.startswith(".") and (pattern is None or _may_hold((*inside, name), pattern))
        ]
        for name in files:
            if not name.startswith(".") and (pattern is None or _matches((*inside, name), pattern)):
                path = Path(folder, name)
                yield path, _printable(path.relative_to(root).as_posix())


def _plain_folder(pattern: Path) -> Path:
    """The folder of a pattern before its first part with a sign."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _matches(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a name are those of the pattern; `**` stands for any number of folders."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return len(pattern) == 1 or any(_matches(name[skipped:], pattern[1:]) for skipped in range(len(name)))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _matches(name[1:], pattern[1:])


def _may_hold(folder: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether files that match may lie under a folder: others are not entered, since they may be many, or closed."""
    for part, wanted in zip(folder, pattern):
        if wanted == "**":
            return True
        if not fnmatchcase(part, wanted):
            return False
    return len(folder) < len(pattern)


def _reason_to_skip(path: Path, root: Path, format: str) -> str | None:
    if path.is_symlink() and (not path.exists() or not path.resolve().is_relative_to(root.resolve())):
        return "a link out of the input folder, or to nothing"
    if not stat.S_ISREG(_status(path).st_mode):
        return "not a regular file"
    if format == "auto" and format_of(path.name) is None:
        return "unknown format"
    return None


def _input_file(path: Path, name: str, format: Literal["auto"] | Format) -> InputFile:
    kind = format_of(path.name) if format == "auto" else format
    if kind is None:
        raise UserError(f"{path}: its name tells no format that we read; set input.format to one of {', '.join(get_args(Format))}")
    status = _status(path)
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path}: not a regular file; a file or a folder was expected")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: cannot be read (Permission denied)")
    return InputFile(str(path), _printable(name), kind, status.st_size, status.st_mtime_ns)


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file or folder; look at input.path") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _nothing_to_read(skipped: list[tuple[str, str]]) -> str:
    if not skipped:
        return "the folder is empty; look at input.path"
    name, reason = min(skipped)
    return f"no file to read among {len(skipped)} ({name}: {reason}); expected {', '.join(SUFFIXES)}; or set input.format"


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8 written as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
