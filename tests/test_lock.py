"""One run at a time: what the lock of an output folder holds against."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pipeline.errors import UserError
from pipeline.lock import LOCK, locked
from pipeline.storage import place


def before_the_first_call(flock: Callable[..., None], happens: Callable[[], object]) -> Callable[..., None]:
    """`flock` to which, when it is first called, something has just happened."""
    left = [happens]

    def call(*arguments: Any) -> None:
        if left:
            left.pop()()
        flock(*arguments)

    return call


def refused(output: Path) -> bool:
    try:
        with locked(output):
            return False
    except UserError:
        return True


def test_a_lock_file_that_has_just_been_removed_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends removes it: who opened it the moment before would hold a file that no third run sees."""
    flock = before_the_first_call(fcntl.flock, (tmp_path / LOCK).unlink)
    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path):
        assert refused(tmp_path)
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()
    assert not refused(tmp_path)


def test_a_folder_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some shared file systems have none; the run stops in a sentence, and leaves nothing behind."""

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with (
        pytest.raises(UserError, match=r"out: .*cannot be locked \(No locks available\).*name another path"),
        locked(tmp_path / "out"),
    ):
        pass
    assert not (tmp_path / "out").exists()


def test_two_users_of_a_machine_do_not_take_each_others_lock_in_a_store_for_a_dead_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has temporary files of their own, so that one cannot see whether the run of the other is at work."""
    pytest.importorskip("fsspec")
    output = place(f"memory://{uuid4().hex}/out")
    with locked(output):
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        assert refused(output)
        monkeypatch.undo()
        assert (output / LOCK).exists()
    assert not (output / LOCK).exists()
