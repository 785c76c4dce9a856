"""What Arrow raises over foreign bytes, whatever is wrong with them."""

import pyarrow as pa

from pipeline.errors import UserError

# Its own errors have no nearer base in common (a page that claims 40 GB is a MemoryError, a type that it does not know a
# NotImplementedError); names of columns are decoded on the way to Python, and files are mapped or read.
ARROW_ERRORS = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError)

_MOST = 300  # characters of a message, which may quote what it found


class BrokenFileError(UserError):
    """A file of which nothing can be read: the user's to mend where it is all there is, else one failure among the records."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}; mend it or take it out of the input")
        self.reason = reason


def first_line(error: BaseException) -> str:
    """An error of Arrow's without its call stack, cut where it is long."""
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return line if len(line) <= _MOST else line[:_MOST] + "…"
