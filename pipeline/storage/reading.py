"""Reading a file wherever it is."""

from collections.abc import Iterator
from typing import BinaryIO

from pipeline.errors import UserError
from pipeline.storage.remote import open_remote, remote_chunks
from pipeline.storage.status import CHUNK_BYTES
from pipeline.storage.urls import is_url


def read_range(path: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes [start, stop) of a file in chunks of at most CHUNK_BYTES. Raises UserError when it cannot be read."""
    return remote_chunks(path, start, stop) if is_url(path) else _read_local(path, start, stop)


def open_seekable(path: str) -> BinaryIO:
    """The file for reading from anywhere. Raises UserError when it cannot be read."""
    if is_url(path):
        return open_remote(path)
    try:
        return open(path, "rb")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def first_bytes(path: str, count: int, start: int = 0) -> bytes:
    """As many bytes from `start` on, or all there are. Raises UserError likewise."""
    return b"".join(read_range(path, start, start + count))


def _read_local(path: str, start: int, stop: int | None) -> Iterator[bytes]:
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            left = CHUNK_BYTES if stop is None else stop - start
            while left > 0 and (chunk := stream.read(min(CHUNK_BYTES, left))):
                if stop is not None:
                    left -= len(chunk)
                yield chunk
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
