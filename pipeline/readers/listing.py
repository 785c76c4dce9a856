"""The files of an input: found wherever they are, sorted, and told of before they are read."""

import logging
from pathlib import Path

from pipeline.errors import UserError
from pipeline.readers.found import SUFFIXES, AnyFormat, Listing
from pipeline.readers.local_files import list_local
from pipeline.readers.patterns import has_signs, split_pattern
from pipeline.readers.remote_files import list_remote
from pipeline.storage import is_url, local_path, place, shown

log = logging.getLogger(__name__)


def list_files(path: str, format: AnyFormat) -> Listing:
    """The input's files.

    In a folder everything is read that has a suffix we know, or every file where the format is named; hidden files are passed
    over, links are not followed out of the folder nor into another. A pattern (with *, ? or [ in it, ** for folders) is the files of
    its first plain folder that match it. A URL may be a folder or pattern if it is of a store that can be listed. Raises UserError for
    a path that is missing or unreadable, a file of unknown format, and a folder or pattern without a file to read.
    """
    listing = list_remote(path, format) if is_url(path) else list_local(local_path(path), format)
    if listing.skipped:
        log.warning("%s: %d files not read, such as %s: %s", shown(path), len(listing.skipped), *min(listing.skipped))
    if not listing.files:
        raise UserError(f"{shown(path)}: {_nothing_to_read(path, listing)}")
    return Listing(sorted(listing.files, key=lambda file: file.name), sorted(listing.skipped))


def refuse_shared_folders(path: str, output: str) -> None:
    """Raises UserError for an output in the input's folder, which the next run would read, and for an input in the output's."""
    source, target = _settled(path), _settled(output)
    inside = target.relative_to(source).parts if is_url(path) == is_url(output) and target.is_relative_to(source) else (".",)
    if not any(part.startswith(".") for part in inside) and not _is_pattern(path) and (is_url(path) or source.is_dir()):
        raise UserError(
            f"{shown(output)}: lies in the input folder {shown(path)}, where the next run would read it; name another path"
        )
    refuse_to_clear(path, output, "input.path")


def refuse_to_clear(path: str, output: str, setting: str) -> None:
    """Raises UserError where what a run reads by this setting lies in its output folder: it may be removed before it is read."""
    source = _settled(split_pattern(path)[0] if _is_pattern(path) else path)
    if is_url(path) == is_url(output) and source.is_relative_to(_settled(output)):
        raise UserError(
            f"{setting}: {shown(path)} lies in the output folder {shown(output)}, which the run clears; name another path"
        )


def _is_pattern(path: str) -> bool:
    return has_signs(path) and (is_url(path) or not local_path(path).exists())


def _settled(path: str) -> Path:
    """A path that can be compared with others."""
    found = place(path)
    return found if is_url(path) else found.resolve()


def _nothing_to_read(path: str, listing: Listing) -> str:
    if not listing.skipped and has_signs(path):
        return "no file matches; look at input.path"
    if not listing.skipped:
        return f"{'no such file or folder' if is_url(path) else 'the folder is empty'}; look at input.path"
    name, reason = min(listing.skipped)
    return f"no file to read among {len(listing.skipped)} ({name}: {reason}); expected {', '.join(SUFFIXES)}; or set input.format"


def describe_files(listing: Listing) -> list[str]:
    """What is to be read, for people: files and bytes by format, and what is not read."""
    by_format: dict[str, list[int]] = {}
    for file in listing.files:
        by_format.setdefault(file.format, []).append(file.size)
    lines = [f"{name}: {_count(len(sizes))}, {sum(sizes):,} bytes" for name, sizes in sorted(by_format.items())]
    return (
        lines
        + [f"not read: {name} ({reason})" for name, reason in listing.skipped[:3]]
        + ([f"not read: {len(listing.skipped) - 3:,} more"] if len(listing.skipped) > 3 else [])
    )


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files:,} files"
