"""A disk that fills up while near-duplicates are looked for: said clearly, and the same command goes on from there."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.arrays import write_array
from pipeline.errors import DiskFullError
from pipeline.files import write_ipc
from pipeline.neardup import signatures
from pipeline.schema import SCHEMA
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.support import REPO, batch_of, seed, write_shards

TEXTS = [f"{i} {seed(i % 5)[i:]}" for i in range(40)]


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond so many bytes, as on a disk that is full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_error_names_file_and_bytes_and_leaves_nothing(tmp_path: Path) -> None:
    """What is needed where that is known, what there is; no half of a file stays."""
    array = signatures(TEXTS)[:20]
    with no_file_beyond(5000):
        with pytest.raises(DiskFullError, match=r"a\.npy: .* \(10240 bytes needed, \d+ free\); .* the same command goes on"):
            write_array(tmp_path / "a.npy", array)
        with pytest.raises(DiskFullError, match=r"b\.arrow: .* \(more than \d+ bytes needed, \d+ free\)"):
            write_ipc(tmp_path / "b.arrow", [batch_of(TEXTS)], SCHEMA)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["extract", "pairs", "members", "verify", "survivors"])
def test_judgement_goes_on_when_there_is_room_again(tmp_path: Path, step: str) -> None:
    """Whatever step had no room; finished maps are not run again, and the verdicts are those of one go."""
    (tmp_path / "whole").mkdir()
    whole = write_shards(tmp_path / "whole", [[batch_of(TEXTS)]])
    expected = DropNearDuplicates().judge(whole)  # before, so that kernels compiled now can be put into their cache
    finished: dict[str, list[Any]] = {}

    def mapped(name: str, function: Any, items: Any) -> list[Any]:
        if name not in finished:
            with no_file_beyond(140 if name == step and not (tmp_path / "full").exists() else resource.RLIM_INFINITY):
                finished[name] = [function(item) for item in items]
        return finished[name]

    corpus = replace(write_shards(tmp_path, [[batch_of(TEXTS)]]), map=mapped)
    with pytest.raises(DiskFullError, match=r"/(own|shared)/.*: file too large \("):
        DropNearDuplicates().judge(corpus)
    assert step not in finished
    (tmp_path / "full").touch()
    assert DropNearDuplicates().judge(corpus) == expected
    assert (corpus.folder / "verdicts-00000.arrow").read_bytes() == (whole.folder / "verdicts-00000.arrow").read_bytes()


@pytest.mark.gate
@pytest.mark.parametrize("limits", ["size=2800k", "size=64m,nr_inodes=16", "size=64m,nr_inodes=30"])  # the last two: of files
def test_run_on_a_full_disk_is_one_sentence_and_goes_on(tmp_path: Path, limits: str) -> None:
    """A file system a little too small: exit code 2 without a traceback; made larger, the same command ends as on a large one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", limits, "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        lines = [json.dumps({"id": f"d{i}", "text": f"{i} {seed(i % 5)[i % 900 :]}"}) for i in range(400)]
        (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
        values = {"input": {"path": str(tmp_path / "in.jsonl"), "columns": {"doc_id": "id"}}, "stages": ["drop_near_duplicates"]}
        (tmp_path / "run.json").write_text(json.dumps(values | {"output": {"path": str(disk / "out")}}), encoding="utf-8")
        command = [
            sys.executable,
            "-c",
            "from pipeline.cli import main; main()",
            "run",
            str(tmp_path / "run.json"),
            "--workers",
            "2",
        ]
        full = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
        assert full.returncode == 2, full.stderr
        assert "no space left on device" in full.stderr
        assert ("no more files can be made there" if "inodes" in limits else "bytes needed") in full.stderr
        assert "Traceback" not in full.stderr
        kept = {path: path.stat().st_mtime_ns for path in (disk / "out" / ".work" / "done").rglob("*.json")}
        subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=100k", str(disk)], check=True)
        subprocess.run(command, cwd=REPO, check=True, capture_output=True)
        other = [*command, "--output", str(tmp_path / "large")]
        subprocess.run(other, cwd=REPO, check=True, capture_output=True)
        for path in (tmp_path / "large" / "documents").iterdir():
            assert (disk / "out" / "documents" / path.name).read_bytes() == path.read_bytes()
        assert kept
    finally:
        os.sync()
        subprocess.run(["umount", "-l", str(disk)], check=True)
