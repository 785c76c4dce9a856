"""The files of an input on this machine: one file, a folder, or a pattern."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.readers.found import AnyFormat, InputFile, Listing, format_of, input_file
from pipeline.readers.patterns import has_signs, matches, may_hold, split_pattern
from pipeline.storage import FileStatus


def list_local(path: Path, format: AnyFormat) -> Listing:
    """The input's files, as `list_files` has them, in any order. Raises UserError as it does, but not for finding nothing."""
    root, pattern = path, None
    if has_signs(str(path)) and not path.exists():
        folder, pattern = split_pattern(path.as_posix())
        root = Path(folder or ("/" if path.is_absolute() else "."))
    elif not stat.S_ISDIR(_status(path).st_mode):
        return Listing([_file(path, path.name, format)], [])
    listing = Listing([], [])
    for file, name in _walk(root, pattern):
        reason = _reason_to_skip(file, root, format)
        if reason:
            listing.skipped.append((name, reason))
        else:
            listing.files.append(_file(file, name, format))
    return listing


def _walk(root: Path, pattern: Sequence[str] | None) -> Iterator[tuple[Path, str]]:
    """Every file under the folder that is not hidden and matches, with its name; linked folders are not entered."""

    def fail(error: OSError) -> None:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, subfolders, files in os.walk(root, onerror=fail, followlinks=False):
        inside = Path(folder).relative_to(root).parts
        subfolders[:] = [
            name for name in subfolders if not name.startswith(".") and (pattern is None or may_hold((*inside, name), pattern))
        ]
        for name in files:
            if not name.startswith(".") and (pattern is None or matches((*inside, name), pattern)):
                path = Path(folder, name)
                yield path, _printable(path.relative_to(root).as_posix())


def _reason_to_skip(path: Path, root: Path, format: AnyFormat) -> str | None:
    if path.is_symlink() and (not path.exists() or not path.resolve().is_relative_to(root.resolve())):
        return "a link out of the input folder, or to nothing"
    if not stat.S_ISREG(_status(path).st_mode):
        return "not a regular file"
    if format == "auto" and format_of(path.name) is None:
        return "unknown format"
    return None


def _file(path: Path, name: str, format: AnyFormat) -> InputFile:
    status = _status(path)
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path}: not a regular file; a file or a folder was expected")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: cannot be read (Permission denied)")
    return input_file(str(path), _printable(name), format, FileStatus(status.st_size, status.st_mtime_ns))


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file or folder; look at input.path") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8 written as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
