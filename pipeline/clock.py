"""A limit in seconds for one document: the last resort, behind those in bytes, lines and steps.

It stands over what is done to single documents: the extraction of a page, a document stage, and a corpus stage's verdicts as they are
applied. Over judgements of the whole corpus there is none, since whom it stopped would be chance; they are kernels whose steps are in
proportion to the text, and their pairs are bounded (`neardup/bands.py`).
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 1.0  # between one interruption and the next, should a library swallow the first


class TookTooLong(BaseException):  # not an Exception, since libraries catch every one
    """The block has used up its seconds."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raises TookTooLong in the block once this process has worked in it for so many seconds of CPU time, waiting not counted.

    Python code is interrupted at once, a library's call in C when it returns. A process has one such clock, in its main thread:
    elsewhere, as under None, there is no limit. Workers of every engine run a task in their main thread.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _interrupt)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise TookTooLong
