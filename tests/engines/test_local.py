"""The embedded engine: order, failures, and workers that are killed."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from pipeline.engines.local import LocalEngine
from pipeline.errors import WorkerKilledError


def square(item: int) -> int:
    """A pure function."""
    return item * item


def die(folder: Path, times: int, item: int) -> int:
    """Kills its own process, over item 3, the first so many times."""
    if item == 3:
        before = len(list(folder.iterdir()))
        if before < times:
            (folder / str(before)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def fail(item: int) -> int:
    """Raises over item 3."""
    if item == 3:
        raise ValueError("three")
    return item


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    """And each is reported once."""
    told: list[int] = []
    with LocalEngine(workers) as engine:
        assert engine.map(square, range(20), told.append) == [n * n for n in range(20)]
    assert sorted(told) == [n * n for n in range(20)]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_exception_ends_the_map(workers: int) -> None:
    """It comes as it was raised, and the engine works on."""
    with LocalEngine(workers) as engine:
        with pytest.raises(ValueError, match="three"):
            engine.map(fail, range(50), lambda result: None)
        assert engine.map(square, range(3), lambda result: None) == [0, 1, 4]


def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    """What was in hand is done again, and every item is reported once."""
    told: list[int] = []
    with LocalEngine(2) as engine:
        assert engine.map(partial(die, tmp_path, 1), range(8), told.append) == [n * n for n in range(8)]
    assert sorted(told) == [n * n for n in range(8)]


def test_an_item_that_kills_its_worker_twice_is_named(tmp_path: Path) -> None:
    """Not the one that another worker had in hand."""
    with LocalEngine(2) as engine:
        with pytest.raises(WorkerKilledError) as caught:
            engine.map(partial(die, tmp_path, 9), range(8), lambda result: None)
        assert caught.value.place == 3
        assert engine.map(square, range(3), lambda result: None) == [0, 1, 4]
