"""The engine beyond one machine: Ray core tasks that get paths and return small values. Ray places them and tells who was killed."""

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.engines.answers import ended, first_sentence, take, without_package
from pipeline.engines.cluster import check_room, join, nodes
from pipeline.engines.local import allow_many_files
from pipeline.engines.tasks import Done, Home, run_item
from pipeline.errors import UserError
from pipeline.logs import log_form

log = logging.getLogger(__name__)

_TASKS_PER_CPU = 2  # so that a worker that is done finds its next item there
_LOOK_SECONDS = 10  # between looks at how many nodes there are
_END_SECONDS = 60  # for items in hand when a map ends early; those that take longer end with the driver
_CHECK_SECONDS = 120  # for a node to start a worker and answer

_run_item = ray.remote(run_item)


class RayEngine:
    """Joins a cluster, and leaves it as it was. A process that is its driver already remains so."""

    spread = True

    def __init__(self, address: str | None, *, workers: int | None, task_memory: int) -> None:
        self.workers = workers
        self._address, self._task_memory = address, task_memory
        self._checks: tuple[Callable[[], None], ...] = ()
        self._joined = False

    def __enter__(self) -> Self:
        allow_many_files()
        self._joined = join(self._address)
        check_room(self._task_memory)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._joined:
            ray.shutdown()

    def require(self, check: Callable[[], None]) -> None:
        """See `Engine.require`."""
        self._checks += (check,)
        home = self._home()
        asked = {}
        for node in nodes():
            there = NodeAffinitySchedulingStrategy(node.id, soft=False)
            asked[node.address] = _run_item.options(num_cpus=0, max_retries=1, scheduling_strategy=there).remote(
                home, _nothing, None
            )
        for address, answer in asked.items():
            try:
                done: Done = ray.get(answer, timeout=_CHECK_SECONDS)
            except ray.exceptions.RayTaskError as error:
                raise without_package(error) from None
            except ray.exceptions.RayError as error:
                raise UserError(f"engine: node {address} does not answer ({first_sentence(error)}); mend or remove it") from None
            if done.error is not None:
                raise done.error

    def map(self, function: Callable[[Any], Any], items: Sequence[Any], on_done: Callable[[Any], None]) -> list[Any]:
        """See `Engine.map`."""
        results: list[Any] = [None] * len(items)
        todo, tries = deque(range(len(items))), Counter[int]()
        task = self._task()
        home, shipped = self._home(), ray.put(function)
        running: dict[Any, int] = {}
        limit = _Limit(self.workers)
        try:
            while todo or running:
                while todo and len(running) < limit.tasks():
                    place = todo.popleft()
                    running[task.remote(home, shipped, items[place])] = place
                for answer in _wait(list(running)):
                    place = running.pop(answer)
                    tries[place] += 1
                    done = take(answer, place, tries[place])
                    if done is None:
                        todo.appendleft(place)
                        continue
                    results[place] = done.value
                    on_done(done.value)
        finally:
            _end(list(running))
        return results

    @staticmethod
    def node() -> str:
        """See `Engine.node`."""
        return str(ray.get_runtime_context().get_node_id())

    def start_on(self, node: str, function: Callable[[Any], Any], item: Any) -> Callable[[], bool]:
        """See `Engine.start_on`."""
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        answer = _run_item.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(self._home(), function, item)
        return partial(ended, answer)

    def _task(self) -> Any:
        return _run_item.options(num_cpus=1, memory=self._task_memory, max_retries=0, scheduling_strategy="SPREAD")

    def _home(self) -> bytes:
        return Home(os.getcwd(), log_form(), self._checks).packed()


class _Limit:
    """How many tasks may be pending: so many for each CPU that the cluster has now."""

    def __init__(self, workers: int | None) -> None:
        self._workers, self._tasks, self._looked = workers, 0, -float(_LOOK_SECONDS)

    def tasks(self) -> int:
        if self._workers is not None:
            return self._workers
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._tasks = max(1, sum(node.cpus for node in nodes())) * _TASKS_PER_CPU
        return self._tasks


def _wait(pending: list[Any]) -> list[Any]:
    """Those that are done, as soon as one is. Says so while there is no node that could do any."""
    while True:
        done, _ = ray.wait(pending, timeout=_LOOK_SECONDS)
        if done:
            return list(done)
        if not nodes():
            log.warning("no node of the Ray cluster has a CPU; waiting for one")


def _end(pending: list[Any]) -> None:
    """Lets what is in hand be finished, so that nothing is written any more into a folder that may be removed.

    Not by `ray.cancel`: it races with tasks that are just done, and then the driver is aborted (seen with 2.60; ray-project/ray#54785).
    """
    if pending:
        ray.wait(pending, num_returns=len(pending), timeout=_END_SECONDS)


def _nothing(item: object) -> None:
    """For the check that comes before any item."""
