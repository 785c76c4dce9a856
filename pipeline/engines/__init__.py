"""An engine maps a picklable function over small items and returns small results in order; data lies in files."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self


class Engine(Protocol):
    """A context manager; workers live as long as it does."""

    spread: bool  # True where workers may be on other machines than this process

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None: ...

    def map(self, function: Callable[[Any], Any], items: Sequence[Any], on_done: Callable[[Any], None]) -> list[Any]:
        """Results in the order of the items; `on_done` gets each result as it comes. The first exception ends the map.

        A function runs in this process's working folder and logs as this process does. What a killed worker had in hand is done
        again; raises WorkerKilledError with the place of an item over which workers are killed again and again.
        """
        ...

    def require(self, check: Callable[[], None]) -> None:
        """Calls it on every machine that has workers, and on those that join later before their first item.

        It raises UserError where a machine will not do; that is raised here then, with the machine's address.
        """
        ...

    @staticmethod
    def node() -> str:
        """Asked by a function of a map: which machine it is on, for `start_on`. Empty where that is the caller's own."""
        ...

    def start_on(self, node: str, function: Callable[[Any], Any], item: Any) -> Callable[[], bool]:
        """Begins `function(item)` on a machine; what is returned waits for it, and raises what it raised.

        That gives False where the machine is not there any more, or its worker was killed.
        """
        ...
