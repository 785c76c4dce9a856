"""What comes of a task on a Ray cluster: its value, what it raised, or that its worker or node is gone."""

import logging
import re
from typing import Any, cast

import ray

from pipeline.engines.tasks import Done
from pipeline.errors import UnfinishedError, WorkerKilledError

log = logging.getLogger(__name__)

# A node that is lost takes what it had in hand with it, and the next one may be lost as well; an item that has outlived five workers
# is itself what kills them. Counted here and not by Ray's max_retries: that tells of a killed worker in paragraphs on standard error only,
# not to the caller (tried with 2.60), and beside it Ray tries what ran out of memory again without end, but for RAY_task_oom_retries in
# the environment before this process joins (from its documentation; its memory monitor could not be made to act where this was tried).
_MAX_TRIES = 5
_KILLED = (
    ray.exceptions.WorkerCrashedError,
    ray.exceptions.OutOfMemoryError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.LocalRayletDiedError,
    ray.exceptions.ObjectLostError,
)


def take(answer: Any, place: int, tries: int) -> Done | None:
    """What came of an item; None where it is to be done again. Raises what the item raised."""
    try:
        return _done(answer)
    except _KILLED as error:
        if tries == _MAX_TRIES:
            raise WorkerKilledError(place, f"{tries} times") from None
        log.warning("a worker was killed, its item is done again (%s)", first_sentence(error))
        return None


def ended(answer: Any) -> bool:
    """True when a task on one node has done its work, False when it could not. Raises what it raised."""
    try:
        _done(answer)
    except (*_KILLED, ray.exceptions.TaskUnschedulableError):
        return False
    return True


def _done(answer: Any) -> Done:
    """What came of a task, with its log records told here. Raises what it raised, and what Ray says of workers and nodes."""
    try:
        done: Done = ray.get(answer)
    except ray.exceptions.RayTaskError as error:  # what an item raises comes as a value
        raise without_package(error) from None
    for record in done.records:
        logging.getLogger(record.name).handle(record)
    if done.error is not None:
        raise done.error from done.where
    return done


def first_sentence(error: Exception) -> str:
    """Of the paragraphs that Ray writes."""
    return str(error).partition("\n")[0].partition(". ")[0]


def without_package(error: Any) -> Exception:
    """For a node where the task could not even begin; the error itself if that is not it."""
    last_line = str(error).strip().rpartition("\n")[2]
    if "No module named" not in last_line:
        return cast(Exception, error)
    found = re.search(r"ip=([^),\s]+)", str(error))
    node = f"node {found[1]}" if found else "a node"
    return UnfinishedError(f"engine: {node} cannot run this package ({last_line}); install it there, or remove the node")
