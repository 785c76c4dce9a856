"""What is asked of object stores besides reading: what there is, and whole objects written, copied and removed.

An object is there with its last byte or not at all: one request puts it, or one that completes the parts which came before. What a
killed process has left of an upload is never seen; `sweep_uploads` removes it where a store can be asked for it.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.storage.retries import MissingError, persist, reason
from pipeline.storage.stores import ask, open_store
from pipeline.storage.urls import shown

log = logging.getLogger(__name__)

# Stores that put an object whole or not at all; of other file systems (sftp, hdfs, hf) that is not known.
_WRITABLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")

_ONE_REQUEST = 2**24  # bytes: beyond, S3 gets parts of this size, four at a time
_PARTS = {"chunksize": _ONE_REQUEST, "max_concurrency": 4}


def check_writable(url: str) -> None:
    """Raises UserError for a URL to which files cannot be written whole or not at all."""
    scheme = _scheme(url)
    if scheme not in _WRITABLE:
        raise UserError(f"{shown(url)}: nothing is written to {scheme}://; name a folder, or a URL of {', '.join(_WRITABLE)}")
    open_store(url)


def kind_of(url: str) -> str | None:
    """What the URL names: "file", "directory" or nothing (None)."""

    def look() -> str | None:
        system, path = open_store(url)
        try:
            return str(ask(system.info, path)["type"])
        except FileNotFoundError:
            return None

    return persist(url, look)


def entries(url: str) -> list[str]:
    """The names in a folder, sorted; none where it is not there."""

    def look() -> list[str]:
        system, path = open_store(url)
        try:
            listed = ask(system.ls, path, detail=False)
        except FileNotFoundError:
            return []
        before = path.rstrip("/") + "/"
        return sorted({name.rstrip("/").removeprefix(before) for name in listed if name.startswith(before)} - {""})

    return persist(url, look)


def upload(path: Path, url: str) -> None:
    """Puts a file into the store under this URL, in place of what was there."""
    size = path.stat().st_size

    def put() -> None:
        system, target = open_store(url)
        if size <= _ONE_REQUEST or _scheme(url) == "memory":
            ask(system.pipe_file, target, path.read_bytes())
        else:
            ask(system.put_file, str(path), target, **(_PARTS if _scheme(url).startswith("s3") else {}))

    _put(url, put)


def create_object(url: str, data: bytes) -> None:
    """Puts an object where there is none; does nothing where there is one.

    The store itself sees to it that of two who do so in the same moment only one comes through.
    """
    only_new: dict[str, Any] = {"overwrite": False} if _scheme(url) in ("az", "abfs", "abfss") else {"mode": "create"}

    def put() -> None:
        system, path = open_store(url)
        with suppress(FileExistsError):
            ask(system.pipe_file, path, data, **only_new)

    _put(url, put)


def copy_object(url: str, target: str) -> None:
    """Copies a file within its store."""

    def copy() -> None:
        system, path = open_store(url)
        ask(system.cp_file, path, open_store(target)[1])

    persist(url, copy)


def remove_object(url: str, *, missing_ok: bool = False) -> None:
    """Removes a file. Raises FileNotFoundError where there is none, unless that may be."""
    if not missing_ok and kind_of(url) is None:
        raise FileNotFoundError(url)

    def remove() -> None:
        system, path = open_store(url)
        try:
            ask(system.rm_file, path)
        except FileNotFoundError:
            return

    persist(url, remove)


def remove_folder(url: str) -> None:
    """Removes all that is below a URL; nothing where there is nothing. Raises ValueError for a bucket as a whole."""
    if "/" not in open_store(url)[1].strip("/"):
        raise ValueError(f"{url}: is a whole bucket")

    def remove() -> None:
        system, path = open_store(url)
        try:
            ask(system.rm, path, recursive=True)
        except FileNotFoundError:
            return

    persist(url, remove)


def sweep_uploads(url: str) -> None:
    """Removes what killed processes have left of uploads to below a URL, as far as the store can be asked for it, which is S3.

    Those of Google and Azure end by themselves after a week. To be called by whoever holds the folder's lock.
    """
    system, path = open_store(url)
    if not hasattr(system, "call_s3"):
        return
    bucket, _, folder = path.partition("/")
    try:
        listed = ask(system.call_s3, "list_multipart_uploads", Bucket=bucket, Prefix=f"{folder.rstrip('/')}/".lstrip("/"))
        for left in listed.get("Uploads", []):
            ask(system.call_s3, "abort_multipart_upload", Bucket=bucket, Key=left["Key"], UploadId=left["UploadId"])
    except (
        OSError
    ) as error:  # of no store that must be asked for, and not every key allows it: they cost room, and nothing reads them
        log.info("%s: half-done uploads of killed runs, if any, stay (%s)", shown(url), reason(error))


def _put(url: str, put: Callable[[], None]) -> None:
    try:
        persist(url, put)
    except MissingError:
        raise UserError(f"{shown(url)}: there is no such bucket; make it, or name another path") from None


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()
