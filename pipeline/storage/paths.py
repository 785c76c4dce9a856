"""Paths in object stores: as much of pathlib as the pipeline asks for, so that its code is the same for folders and for URLs."""

import re
from collections.abc import Generator
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath
from typing import Any, Self

from pipeline.storage.remote import read_whole, remote_files
from pipeline.storage.urls import is_url, local_path
from pipeline.storage.writing import copy_object, entries, kind_of, remove_object

_COLLAPSED = re.compile(r"^([a-z][a-z0-9+.-]+):/(?!/)", re.IGNORECASE)  # "s3:/bucket", which pathlib makes of "s3://bucket"


def place(path: str) -> Path:
    """The file or folder that a path of a run file, of the command line or of a task means, on this machine or in a store.

    >>> place("data/out").name, str(place("s3://bucket/out") / "manifest.json"), str(place("file:///data/out"))
    ('out', 's3://bucket/out/manifest.json', '/data/out')
    """
    return StorePath(path) if is_url(path) else local_path(path)


class StorePath(PosixPath):
    """A file or folder of an object store, by its URL.

    What is asked of the store is tried again where it fails for the moment. A folder is there as long as there is something in it. What
    pathlib can do besides, `open` and `stat` among it, raises TypeError: the file system knows no such path.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return _COLLAPSED.sub(r"\1://", super().__str__())

    def __fspath__(self) -> str:
        raise TypeError(f"{self}: is in a store, and not a file of this machine")

    def exists(self, **_: Any) -> bool:
        return kind_of(str(self)) is not None

    def is_file(self, **_: Any) -> bool:
        return kind_of(str(self)) == "file"

    def is_dir(self, **_: Any) -> bool:
        return kind_of(str(self)) == "directory"

    def is_symlink(self) -> bool:
        return False

    def iterdir(self) -> Generator[Self, None, None]:
        """What lies in the folder, by name; nothing where it is not there."""
        return (self / name for name in entries(str(self)))

    def glob(self, pattern: str) -> Generator[Self, None, None]:
        """What lies in the folder itself under names that match."""
        return (path for path in self.iterdir() if fnmatchcase(path.name, pattern))

    def rglob(self, pattern: str) -> Generator[Self, None, None]:
        """The files below the folder, however deep, whose own names match."""
        return (path for path in (self / name for name, _ in remote_files(str(self))) if fnmatchcase(path.name, pattern))

    def read_bytes(self) -> bytes:
        """Raises FileNotFoundError."""
        return read_whole(str(self))

    def read_text(self, encoding: str | None = None, errors: str | None = None, **_: Any) -> str:
        """Raises FileNotFoundError."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a folder is there with its first file."""

    def unlink(self, missing_ok: bool = False) -> None:
        remove_object(str(self), missing_ok=missing_ok)

    def replace(self, target: Any) -> Self:
        """Copies the file within the store and then removes it: interrupted, it is in both places."""
        copy_object(str(self), str(target))
        remove_object(str(self))
        return type(self)(str(target))
