"""What the worker processes of the embedded engine are."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any

import pyarrow as pa

from pipeline.logs import Form, log_to_stderr


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


class WorkerContext(ForkServerContext):
    """How ProcessPoolExecutor starts its processes; see `_Worker`."""

    Process = _Worker


@contextmanager
def signals_wait() -> Iterator[None]:
    """SIGINT and SIGTERM that come within the block are handled behind it, where a handler of Python's would raise something.

    For the start of a worker, which takes a moment: one that is half started is known to nobody, so the run would end without it,
    and it would then look for locks that are gone and say so on standard error (seen at every second stop of a run that begins).
    """
    came: list[int] = []
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for stop in (signal.SIGINT, signal.SIGTERM):
                if callable(signal.getsignal(stop)):
                    before[stop] = signal.signal(stop, lambda number, frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def start_worker(form: Form | None) -> None:
    """One thread a worker: parallelism comes from the processes. A worker goes when its parent does, and leaves Ctrl-C to it.

    What it logs goes to standard error in the parent's form.
    """
    if form is not None:
        log_to_stderr(form)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
