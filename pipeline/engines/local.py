"""The embedded engine: a pool of processes on this machine, or the calling process when there is one worker."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType, TracebackType
from typing import Any, Self

import pyarrow as pa


def usable_cores() -> int:
    """Cores that this process may use: the scheduler's affinity, cut down to the cgroup's CPU quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as stream:
            quota, period = stream.read().split()
    except OSError:
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))


class LocalEngine:
    """Use as a context manager; workers live as long as it does, so each keeps its kernels warm."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or usable_cores()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def map(self, function: Callable[[Any], Any], items: Sequence[Any], on_done: Callable[[Any], None]) -> list[Any]:
        """Results in the order of the items; `on_done` gets each result as it comes. The first exception ends the map."""
        if self.workers == 1 or len(items) < 2:
            return [_report(function(item), on_done) for item in items]
        pool = self._start()
        futures: dict[Future[Any], int] = {pool.submit(function, item): place for place, item in enumerate(items)}
        results: list[Any] = [None] * len(items)
        waiting = set(futures)
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    results[futures[future]] = _report(future.result(), on_done)
        except BrokenProcessPool as error:
            self._pool = None
            raise RuntimeError(
                "a worker process was killed (out of memory?); run again to continue, with fewer --workers"
            ) from error
        finally:
            for future in waiting:
                future.cancel()
        return results

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = _Context()
            context.set_forkserver_preload(["pipeline.runner"])
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_start_worker)
        return self._pool


class _Worker(ForkServerProcess):
    """A process that does not run the caller's script: what it is given lies in packages.

    Left alone, multiprocessing imports the main module into each worker. A script without `if __name__ == "__main__"` would start
    the same run again in every one of them.
    """

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802 - the name that multiprocessing calls
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return ForkServerProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class _Context(ForkServerContext):
    Process = _Worker


def _start_worker() -> None:
    """One thread a worker: parallelism comes from the processes. A worker goes when its parent does, and leaves Ctrl-C to it."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _report(result: Any, on_done: Callable[[Any], None]) -> Any:
    on_done(result)
    return result
