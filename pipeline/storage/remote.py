"""Bytes behind a URL, from beginning to end or from anywhere, with what fails on the way tried again."""

import io
import tempfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from pipeline.storage.retries import MissingError, wait_or_give_up
from pipeline.storage.status import CHUNK_BYTES, FileStatus
from pipeline.storage.stores import StoreFile, list_store
from pipeline.storage.urls import is_web, shown
from pipeline.storage.web import WebFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

T = TypeVar("T")

_BUFFER_BYTES = 2**20  # of a seekable file: footers and page headers are small reads beside one another


def remote_status(url: str) -> FileStatus | None:
    """Size and version of a file; None where a store has none of that name, but perhaps a folder.

    Raises TransferError when it is not to be had.
    """
    try:
        return _persist(url, lambda: _file(url).status())
    except MissingError:
        if is_web(url):
            raise
        return None


def remote_files(url: str) -> list[tuple[str, FileStatus]]:
    """Name (relative, with "/") and status of every file below a folder of a store, by name. Raises TransferError."""
    return sorted(_persist(url, lambda: list_store(url)), key=lambda file: file[0])


def remote_chunks(url: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes [start, stop) of a file, as many of them as there are, in chunks of CHUNK_BYTES but for the last.

    After a failure it goes on from the byte where it was. Raises TransferError when the bytes are not to be had, or the tries are used up;
    each byte that came through begins their count anew.
    """
    held = bytearray()
    for part in _parts(url, start, stop):
        held += part
        if len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    while held:
        yield bytes(held[:CHUNK_BYTES])
        del held[:CHUNK_BYTES]


def _parts(url: str, start: int, stop: int | None) -> Iterator[bytes]:
    """`remote_chunks` in chunks of any size; none of them is empty."""
    file, at, tries = _file(url), start, 0
    while stop is None or at < stop:
        try:
            for chunk in file.chunks(at, stop):
                at, tries = at + len(chunk), 0
                yield chunk
            return
        except (OSError, HTTPException) as error:
            tries += 1
            wait_or_give_up(shown(url), error, tries)


def open_remote(url: str) -> BinaryIO:
    """The file for reading from anywhere. Where the server knows no ranges it is fetched whole into a temporary file first."""
    status = _persist(url, lambda: _file(url).status())
    if status.ranges:
        return cast(BinaryIO, io.BufferedReader(_Ranges(url, status.size), _BUFFER_BYTES))
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it, and with that it is gone
    for chunk in remote_chunks(url):
        spooled.write(chunk)
    spooled.seek(0)
    return cast(BinaryIO, spooled)


def _persist(url: str, ask: Callable[[], T]) -> T:
    """What `ask` returns, tried again while it fails for the moment. Raises TransferError with the URL."""
    tries = 0
    while True:
        try:
            return ask()
        except (OSError, HTTPException) as error:
            tries += 1
            wait_or_give_up(shown(url), error, tries)


def _file(url: str) -> WebFile | StoreFile:
    return WebFile(url) if is_web(url) else StoreFile(url)


class _Ranges(io.RawIOBase):
    """A file of known size of which each read is a request of its own."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size, self._at = url, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        for chunk in remote_chunks(self._url, self._at, min(self._at + len(view), self._size)):
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        self._at += filled
        return filled
