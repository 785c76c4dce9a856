"""Files that are whole or absent, on file systems of every kind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from pipeline.files import write_json
from pipeline.whole import WORK, sync


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the folder that cannot be synced is one of Linux")
def test_a_file_system_that_syncs_no_folders_is_no_error() -> None:
    """Some that lie behind a program or in a network say EINVAL to it; their names last without, or nothing can be done about it."""
    sync(Path("/proc/self"))


def test_what_cannot_be_synced_otherwise_is_an_error(tmp_path: Path) -> None:
    """A file that is not there, and one whose file system says that it cannot be kept."""
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "nowhere")
    if Path("/proc/self/status").exists():
        with pytest.raises(OSError, match=r".") as told:
            sync(Path("/proc/self/status"))
        assert told.value.errno == errno.EINVAL


def test_a_file_of_the_output_is_synced_before_its_name_and_then_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut it is there whole or not at all; files of the work folder wait for the checkpoint."""
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_sync(handle: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def noted_rename(source: Path, target: Path) -> None:
        calls.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_rename)
    write_json(tmp_path / "out" / "manifest.json", {})
    assert calls == ["file", "name", "folder"]
    write_json(tmp_path / "out" / WORK / "done" / "read.json", {})
    assert calls == ["file", "name", "folder", "name"]
