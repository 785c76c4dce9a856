"""What only the embedded engine does; test_engines.py has what it shares with others."""

import errno
import os
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import pipeline
from pipeline.engines.local import LocalEngine
from pipeline.engines.workers import signals_wait
from pipeline.errors import UserError, WorkerKilledError
from pipeline.job import Silent
from tests.engines.work import die, fail, process
from tests.support import REPO


def test_one_worker_is_this_process() -> None:
    """No process is started for it; results are in order, and the first exception ends the map."""
    told: list[int] = []
    with LocalEngine(1) as engine:
        assert engine.map(process, range(5), told.append) == told == [os.getpid()] * 5
        with pytest.raises(UserError, match=r"^three$"):
            engine.map(fail, range(50), lambda result: None)


def test_item_that_kills_its_worker_twice_was_alone_the_second_time(tmp_path: Path) -> None:
    """So no other item can be what did it."""
    with LocalEngine(2) as engine, pytest.raises(WorkerKilledError) as caught:
        engine.map(partial(die, tmp_path, 9), range(8), lambda result: None)
    assert caught.value.times == "twice, the second time with no other beside it,"
    assert len(list(tmp_path.iterdir())) == 2


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    """Also in workers, where the usual limit is lower."""
    code = """
import resource
from functools import partial
from pipeline.engines.local import LocalEngine
with LocalEngine(2) as engine:
    print(engine.map(resource.getrlimit, [resource.RLIMIT_NOFILE] * 2, lambda result: None)[0][0])
"""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO, preexec_fn=limit)
    assert int(done.stdout) == (65_000 if hard == resource.RLIM_INFINITY else min(hard, 65_000))


def test_a_step_that_may_not_open_more_files_ends_the_run_in_a_sentence(tmp_path: Path) -> None:
    """It is no bug of ours, and what was finished before is kept."""

    class TooMany(Silent):
        def start(self, name: str, total: int) -> None:
            if name == "measure":
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    values = {"input": {"path": str(REPO / "seeds")}, "stages": ["fix_encoding"], "output": {"path": str(tmp_path / "out")}}
    with pytest.raises(UserError, match=r"ulimit -n.*finished work is kept"):
        pipeline.run(values, workers=1, progress=TooMany())
    assert pipeline.run(values, workers=1).counts["kept"] == 5


def test_a_stop_waits_until_a_worker_is_started() -> None:
    """It comes behind the block, once; one that comes outside comes at once, and handlers are as they were."""
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        for number in before:
            with signals_wait():
                signal.raise_signal(number)
                signal.raise_signal(number)
                assert came == []
            assert came == [number]
            signal.raise_signal(number)
            assert came == [number, number]
            came.clear()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
