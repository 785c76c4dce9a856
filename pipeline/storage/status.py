"""What can be known of a file before it is read."""

from dataclasses import dataclass

from pipeline.errors import TransferError
from pipeline.storage.urls import shown

CHUNK_BYTES = 2**18  # 256 KiB: a chunk's lines stay in the cache while they are parsed; 1 MiB took a tenth longer


@dataclass(frozen=True)
class FileStatus:
    """Size in bytes, and what changes when the content does: nanoseconds of a local file, else an etag, a digest or a date as it came.

    `ranges`: reading may begin in the middle without what is before it being transferred.
    """

    size: int
    version: int | str | None
    ranges: bool = True


def check_unchanged(before: str | None, now: str | None, url: str) -> str | None:
    """The version as it is now. Raises TransferError if it was another before: half of each would be neither."""
    if before is not None and now != before:
        raise TransferError(f"{shown(url)}: was replaced while it was read; run again when it no longer changes")
    return now
