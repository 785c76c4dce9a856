"""The embedded engine: a pool of processes on this machine, or the calling process when there is one worker."""

import os
import resource
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from pipeline.engines.workers import WorkerContext, signals_wait, start_worker
from pipeline.errors import WorkerKilledError
from pipeline.logs import log_form

_MOST_FILES = 65_000  # Linux maps no more than that many into a process


def usable_cores() -> int:
    """Cores that this process may use: the scheduler's affinity, cut down to the cgroup's CPU quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as stream:
            quota, period = stream.read().split()
    except OSError:
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))


def allow_many_files() -> None:
    """Raises this process's limit of open files as far as it may: a step that looks at all shards maps some three files of each.

    With the usual limit of 1,024 that would end at 20 GB of text in shards of 64 MB. Processes started afterwards inherit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class LocalEngine:
    """Use as a context manager; workers live as long as it does, so each keeps its kernels warm."""

    spread = False

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or usable_cores()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        allow_many_files()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def map(self, function: Callable[[Any], Any], items: Sequence[Any], on_done: Callable[[Any], None]) -> list[Any]:
        """See `Engine.map`. When a worker is killed, what the workers had in hand is done again, each item with no other beside it."""
        results: list[Any] = [None] * len(items)
        todo = deque(range(len(items)))
        while todo:
            if self.workers == 1 or len(items) < 2:
                place = todo.popleft()
                results[place] = function(items[place])
                on_done(results[place])
                continue
            for place in self._work_off(function, items, todo, results, on_done):
                results[place] = self._alone(function, items[place], place)
                on_done(results[place])
        return results

    def require(self, check: Callable[[], None]) -> None:
        """Nothing: the workers are where this process is."""

    @staticmethod
    def node() -> str:
        """See `Engine.node`."""
        return ""

    def start_on(self, node: str, function: Callable[[Any], Any], item: Any) -> Callable[[], bool]:
        """See `Engine.start_on`; nodes are not there."""
        if node:
            return lambda: False
        function(item)
        return lambda: True

    def _work_off(
        self,
        function: Callable[[Any], Any],
        items: Sequence[Any],
        todo: deque[int],
        results: list[Any],
        on_done: Callable[[Any], None],
    ) -> list[int]:
        """Takes places from `todo`, no more at a time than there are workers, until none is left or a worker was killed.

        Returns the places that were in hand then, in order.
        """
        pool = self._start()
        running: dict[Future[Any], int] = {}
        killed: list[int] = []
        try:
            while running or (todo and not killed):
                while todo and not killed and len(running) < self.workers:
                    place = todo.popleft()
                    running[_submit(pool, function, items[place])] = place
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    place = running.pop(future)
                    try:
                        results[place] = future.result()
                    except BrokenProcessPool:
                        killed.append(place)
                        continue
                    on_done(results[place])
        finally:
            for future in running:
                future.cancel()
        if killed:
            self._pool = None
        return sorted(killed)

    def _alone(self, function: Callable[[Any], Any], item: Any, place: int) -> Any:
        try:
            return _submit(self._start(), function, item).result()
        except BrokenProcessPool:
            self._pool = None
            raise WorkerKilledError(place, "twice, the second time with no other beside it,") from None

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = WorkerContext()
            context.set_forkserver_preload(["pipeline.runner"])
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=start_worker, initargs=(log_form(),))
        return self._pool


def _submit(pool: ProcessPoolExecutor, function: Callable[[Any], Any], item: Any) -> Future[Any]:
    """The future of a call, for which a worker may be started; a failed one if the pool is broken already."""
    try:
        with signals_wait():
            return pool.submit(function, item)
    except BrokenProcessPool as error:
        future: Future[Any] = Future()
        future.set_exception(error)
        return future
