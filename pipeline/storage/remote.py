"""Bytes behind a URL, from beginning to end or from anywhere, with what fails on the way tried again."""

import io
import tempfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pipeline.storage.retries import MissingError, counted_here, persist, wait_or_give_up
from pipeline.storage.status import CHUNK_BYTES, FileStatus
from pipeline.storage.stores import StoreFile, list_store
from pipeline.storage.urls import is_web, shown
from pipeline.storage.web import WebFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 2**20  # of a seekable file: footers and page headers are small reads beside one another


def remote_status(url: str) -> FileStatus | None:
    """Size and version of a file; None where a store has none of that name, but perhaps a folder.

    Raises TransferError when it is not to be had.
    """
    try:
        return persist(url, lambda: _file(url).status())
    except MissingError:
        if is_web(url):
            raise
        return None


def remote_files(url: str) -> list[tuple[str, FileStatus]]:
    """Name (relative, with "/") and status of every file below a folder of a store, by name. Raises TransferError."""
    return sorted(persist(url, lambda: list_store(url)), key=lambda file: file[0])


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


def read_whole(url: str) -> bytes:
    """All bytes of a file. Raises FileNotFoundError, and TransferError as `remote_chunks` does."""
    try:
        return b"".join(remote_chunks(url))
    except MissingError:
        raise FileNotFoundError(url) from None


def fetch(url: str, path: Path) -> None:
    """Writes all bytes of a file to one of this machine. Raises FileNotFoundError and TransferError likewise."""
    with open(path, "wb") as stream:
        try:
            stream.writelines(remote_chunks(url))
        except MissingError:
            raise FileNotFoundError(url) from None


def settled_bytes(url: str, start: int, stop: int) -> bytes:
    """The bytes [start, stop) of a file in a store that has them all and is not written anew. Raises TransferError likewise."""
    return b"".join(_persisted(url, StoreFile(url).settled_chunks, start, stop))


def _parts(url: str, start: int, stop: int | None) -> Iterator[bytes]:
    """`remote_chunks` in chunks of any size; none of them is empty."""
    return _persisted(url, _file(url).chunks, start, stop)


def _persisted(url: str, chunks: Callable[[int, Any], Iterator[bytes]], start: int, stop: int | None) -> Iterator[bytes]:
    """`chunks(start, stop)`, after a failure from the byte on where it was."""
    at, tries = start, 0
    while stop is None or at < stop:
        try:
            for chunk in chunks(at, stop):
                at, tries = at + len(chunk), 0
                yield chunk
            return
        except (OSError, HTTPException) as error:
            tries += 1
            wait_or_give_up(shown(url), error, tries)


def open_remote(url: str) -> BinaryIO:
    """The file for reading from anywhere. Where the server knows no ranges it is fetched whole into a temporary file first."""
    status = persist(url, lambda: _file(url).status())
    if status.ranges:
        return cast(BinaryIO, io.BufferedReader(_Ranges(url, status.size), _BUFFER_BYTES))
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it, and with that it is gone
    for chunk in remote_chunks(url):
        spooled.write(chunk)
    spooled.seek(0)
    return cast(BinaryIO, spooled)


def _file(url: str) -> WebFile | StoreFile:
    return WebFile(url) if is_web(url) else StoreFile(url)


class SizedFile(io.RawIOBase):
    """A file of known size for reading from anywhere. Who inherits reads from `_at` on, and moves it."""

    def __init__(self, size: int) -> None:
        self.size, self._at = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at


class _Ranges(SizedFile):
    """One of which each read is a request of its own."""

    def __init__(self, url: str, size: int) -> None:
        super().__init__(size)
        self._url = url
        self._read = counted_here(self._fill)

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._read(memoryview(buffer).cast("B"))

    def _fill(self, view: memoryview) -> int:
        filled = 0
        for chunk in remote_chunks(self._url, self._at, min(self._at + len(view), self.size)):
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        self._at += filled
        return filled
