"""What a worker on another machine does with an item: as one of the local engine would, and what it logs goes home with the result."""

import logging
import os
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from logging.handlers import QueueHandler
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.engines.local import allow_many_files
from pipeline.errors import UnfinishedError, UserError
from pipeline.logs import Form


@dataclass(frozen=True)
class Home:
    """What a worker must know of the process that it works for."""

    folder: str  # where relative paths begin
    form: Form | None  # of its log
    checks: tuple[Callable[[], None], ...]  # see `Engine.require`

    def packed(self) -> bytes:
        """For `run_item`; equal for equal values."""
        return pickle.dumps(self)


class RemoteTraceback(Exception):  # noqa: N818 - the cause of an error, and none itself
    """Where in a worker an exception was raised, as text."""


class Done(NamedTuple):
    """What came of an item: a value, or the exception and where it was raised; and what was logged meanwhile."""

    value: Any
    error: Exception | None
    where: RemoteTraceback | None
    records: list[logging.LogRecord]


class _Records(QueueHandler):
    """Keeps records as they can be sent: with their message made, and without what only this process has."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.append(record)  # type: ignore[attr-defined]


def run_item(home: bytes, function: Callable[[Any], Any], item: Any) -> Done:
    """The value of the function, or what it raised."""
    records: list[logging.LogRecord] = []
    handler = _Records(records)  # type: ignore[arg-type]
    logging.getLogger().addHandler(handler)
    try:
        settle(home)
        return Done(function(item), None, None, records)
    except Exception as error:  # noqa: BLE001 - it is raised again where the map was called
        return Done(None, error, RemoteTraceback(f"\n{traceback.format_exc()}"), records)
    finally:
        logging.getLogger().removeHandler(handler)


@lru_cache(maxsize=1)
def settle(home: bytes) -> None:
    """Makes this process a worker for `home`, once: its folder, one thread, its log.

    The folder may be missing here as long as all paths are absolute; relative ones then fail in the checks. Raises UnfinishedError, which
    names the node, where this machine will not do.
    """
    known: Home = pickle.loads(home)
    if os.path.isdir(known.folder):
        os.chdir(known.folder)
    allow_many_files()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    logging.getLogger().setLevel(logging.WARNING if known.form is None else logging.INFO)
    logging.captureWarnings(known.form == "json")
    try:
        for check in known.checks:
            check()
    except UserError as error:
        import ray.util

        raise UnfinishedError(f"engine: node {ray.util.get_node_ip_address()}: {error}") from None
