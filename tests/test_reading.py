"""The first step of a run, and an input that does not hold still."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import InputConfig
from pipeline.engines.local import LocalEngine
from pipeline.errors import UserError
from pipeline.job import Job, Silent
from pipeline.readers import plan_input
from pipeline.reading import read_corpus
from tests.readers.reading import write_jsonl

RECORDS = [{"text": f"some text {number}"} for number in range(5)]


def append(path: Path) -> None:
    with open(path, "ab") as stream:
        stream.write(b'{"text": "one more"}\n')


def replace(path: Path) -> None:
    """By a file of the same size, as new but for a nanosecond."""
    other = write_jsonl(path.with_suffix(".new"), [{"text": record["text"].upper()} for record in RECORDS])
    os.utime(other, ns=(0, path.stat().st_mtime_ns + 1))
    other.rename(path)


@pytest.mark.parametrize("change", [append, replace, Path.unlink, None])
@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_an_input_that_changes_while_it_is_read_is_told(
    change: Callable[[Path], None] | None, suffix: str, tmp_path: Path
) -> None:
    """Half of each would be neither, and the same command could not make it again. One that holds still is read."""
    paths = [write_jsonl(tmp_path / "in" / f"{name}.{suffix}", RECORDS) for name in "ab"]
    settings = InputConfig(str(tmp_path / "in"))
    plan = plan_input(settings, None)
    if change is not None:
        change(paths[1])
    with LocalEngine(1) as engine:
        job = Job(tmp_path / "out", engine, Silent())
        if change is None:
            assert read_corpus(job, settings, plan)["rows"] == 10
            return
        with pytest.raises(UserError, match=r"b\.jsonl.*: (was changed while it was read; run again|cannot be read)"):
            read_corpus(job, settings, plan)
