"""Files in object stores and whatever else fsspec has a file system for."""

from collections.abc import Callable, Iterator, Mapping
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.storage.status import CHUNK_BYTES, FileStatus, check_unchanged
from pipeline.storage.urls import shown

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# The extra that brings the package for a scheme. For others fsspec itself says what to install.
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "hf": "hf"}

_BY_STATUS = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}

# Of one request: 8 MiB take 0.1 s and more, so that the wait for the first byte (some 30 ms) does not rule.
_BLOCK_BYTES = 2**23

# What stores call that which changes with the content; the date is taken where there is no digest.
_DIGESTS = ("ETag", "etag", "md5Hash", "crc32c", "blob_id", "checksum")
_DATES = ("LastModified", "last_modified", "mtime", "updated", "created")


class StoreFile:
    """A file by its address. What one request does; trying again is `retries`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.system, self.path = open_store(url)
        self.version: str | None = None

    def status(self) -> FileStatus:
        """Size and version. Raises FileNotFoundError, also for a folder."""
        status = _status_of(ask(self.system.info, self.path))
        if status is None:
            raise FileNotFoundError
        return status

    def chunks(self, start: int, stop: int | None) -> Iterator[bytes]:
        """The bytes [start, stop), as many of them as there are. Raises OSError where a block comes short."""
        status = self.status()
        version = None if status.version is None else str(status.version)
        self.version = check_unchanged(self.version, version, self.url)
        yield from self.settled_chunks(start, status.size if stop is None else min(stop, status.size))

    def settled_chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes [start, stop) of a file that has them and is not written anew: without being asked what it is. Raises likewise."""
        for at in range(start, stop, _BLOCK_BYTES):
            until = min(at + _BLOCK_BYTES, stop)
            block = ask(self.system.cat_file, self.path, start=at, end=until)
            if len(block) != until - at:
                raise ConnectionError(f"the transfer stopped after {len(block)} of {until - at} bytes")
            for place in range(0, len(block), CHUNK_BYTES):
                yield block[place : place + CHUNK_BYTES]


def open_store(url: str) -> tuple["AbstractFileSystem", str]:
    """The file system of a URL, and the path in it. Raises UserError where its package is missing.

    It has forgotten what it knew of earlier listings: other processes write there too.
    """
    scheme = url.partition("://")[0].lower()
    if scheme == "memory" and parent_process() is not None:
        raise UserError(f"{url}: memory:// is of one process, and this is a worker; run with 1 worker")
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except ImportError as error:
        raise UserError(f"{shown(url)}: {scheme}:// needs a package that is not installed: {_remedy(scheme, error)}") from None
    except ValueError as error:
        raise UserError(f"{shown(url)}: {error}") from None
    if scheme != "hf":  # which is only read, and slow to ask
        system.invalidate_cache()
    return system, str(path)


def _remedy(scheme: str, error: ImportError) -> str:
    """What to install."""
    if scheme in _EXTRAS:
        return f"pip install 'corpus-pipeline[{_EXTRAS[scheme]}]'"
    return "pip install fsspec" if str(error.name).startswith("fsspec") else str(error)


def _status_of(info: Mapping[str, Any]) -> FileStatus | None:
    """What an entry of fsspec tells of a file; None for a folder."""
    if info.get("type") == "directory" or info.get("size") is None or str(info["name"]).endswith("/"):
        return None
    version = next((str(info[name]) for name in _DIGESTS + _DATES if info.get(name) is not None), None)
    return FileStatus(int(info["size"]), version)


def list_store(url: str) -> list[tuple[str, FileStatus]]:
    """Every file below a folder, however deep, in any order: its name there, and status. Nothing for a folder that is not there."""
    system, folder = open_store(url)
    before = folder.rstrip("/") + "/"
    system.invalidate_cache()  # also of the hub: a listing of an earlier run in this process may be old
    try:
        entries = ask(system.find, folder, detail=True)
    except FileNotFoundError:
        return []
    statuses = ((path.removeprefix(before), _status_of(info)) for path, info in entries.items() if path.startswith(before))
    return [(name, status) for name, status in statuses if status is not None]


def ask(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the store's client returns. Each client has errors of its own kind: they come as OSError, so that they are tried again.

    Those that no try will mend come as PermissionError and FileNotFoundError.
    """
    try:
        return function(*arguments, **options)
    except (OSError, UserError):
        raise
    except Exception as error:
        kind, status = type(error).__name__, getattr(error, "status_code", None)  # Azure's have one
        meant = _BY_STATUS.get(status, OSError) if status else PermissionError if "Credentials" in kind else OSError
        raise meant(f"{kind}: {error}") from error
