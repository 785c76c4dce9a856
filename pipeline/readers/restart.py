"""Where the unpacking of a stream can begin in its middle: found while it is unpacked, kept with what was made of all before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RestartPoint:
    """A place in a packed file, and what its decoder must know there. JSON, as `vars`.

    `packed` bytes of the file come before it (with bzip2 it may lie within the byte that follows), `unpacked` bytes have come out of
    them. Where a member, frame or stream begins there is no `state`.
    """

    packed: int = 0
    unpacked: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)


BEGINNING = RestartPoint()


class RestartPoints:
    """The points that a decoder has passed lately, one every `spacing` unpacked bytes where there is one; None: nobody asks for them."""

    def __init__(self, spacing: int | None = None, begin: RestartPoint = BEGINNING) -> None:
        self.spacing = spacing
        self._passed = [begin]

    def wanted(self, unpacked: int) -> bool:
        """True where so many bytes have come since the last point that another should be looked for."""
        return self.spacing is not None and unpacked - self._passed[-1].unpacked >= self.spacing

    def add(self, point: RestartPoint) -> None:
        """Notes a point behind the others."""
        self._passed.append(point)

    def before(self, unpacked: int) -> RestartPoint:
        """The last point with no more bytes before it. Earlier ones are forgotten: who asks goes on through the stream."""
        while len(self._passed) > 1 and self._passed[1].unpacked <= unpacked:
            del self._passed[0]
        return self._passed[0]
