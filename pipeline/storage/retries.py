"""What is tried again, when, and how often it was."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from http.client import HTTPException, InvalidURL
from socket import EAI_NONAME, gaierror
from typing import ParamSpec, TypeVar
from urllib.error import HTTPError, URLError

from pipeline.errors import TransferError
from pipeline.storage.urls import shown

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

# Seconds before the second, third and fourth try. A store that throttles asks for one or two; a server that restarts needs some ten.
WAITS = (0.5, 2.0, 8.0)

_AGAIN = (408, 425, 429)  # of the answers that are not the server's own fault: too slow, too early, too many
_MISSING = (404, 410)
_FINAL = (InvalidURL, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ssl.SSLCertVerificationError)


class MissingError(TransferError):
    """There is no such file."""


@dataclass
class Count:
    """How often something was tried again."""

    total: int = 0


_counts: ContextVar[Count | None] = ContextVar("_counts", default=None)


@contextmanager
def counted_retries() -> Iterator[Count]:
    """Counts what is tried again within the block, in this thread."""
    count = Count()
    token = _counts.set(count)
    try:
        yield count
    finally:
        _counts.reset(token)


def counted_here(read: Callable[P, T]) -> Callable[P, T]:
    """`read` for threads of others, such as Arrow's: what it tries again is counted where this was called. For one call at a time."""
    context = copy_context()
    return lambda *args, **kwargs: context.run(read, *args, **kwargs)


def is_transient(error: Exception) -> bool:
    """True where the same request may well succeed a little later."""
    if isinstance(error, HTTPError):
        return error.code >= 500 or error.code in _AGAIN
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return is_transient(error.reason)
    if isinstance(error, gaierror):
        return error.errno != EAI_NONAME
    return isinstance(error, OSError | HTTPException) and not isinstance(error, _FINAL)


def persist(url: str, ask: Callable[[], T]) -> T:
    """What `ask` returns, tried again while it fails for the moment. Raises TransferError with the URL."""
    tries = 0
    while True:
        try:
            return ask()
        except (OSError, HTTPException) as error:
            tries += 1
            wait_or_give_up(shown(url), error, tries)


def wait_or_give_up(url: str, error: Exception, tries: int) -> None:
    """Waits until the next try after so many. Raises TransferError after the last, and at once for what no try will mend.

    Also then what is finished is worth keeping: a login may have run out in the middle of a long run.
    """
    if isinstance(error, FileNotFoundError) or (isinstance(error, HTTPError) and error.code in _MISSING):
        answer = f" ({error.code})" if isinstance(error, HTTPError) else ""
        raise MissingError(f"{url}: no such file or folder{answer}; look at input.path") from None
    if not is_transient(error):
        raise TransferError(f"{url}: {reason(error)}") from None
    if tries > len(WAITS):
        raise TransferError(
            f"{url}: the transfer failed {tries} times ({reason(error)}); when the server is there again, the same command goes on"
        ) from None
    log.info("%s: %s; try %d in %.1f s", url, reason(error), tries + 1, WAITS[tries - 1])
    count = _counts.get()
    if count is not None:
        count.total += 1
    time.sleep(WAITS[tries - 1])


def reason(error: Exception) -> str:
    """The error in a few words for people."""
    if isinstance(error, HTTPError):
        return f"the server answers {error.code} {error.reason}".strip()
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return reason(error.reason)
    if isinstance(error, PermissionError):
        return f"access denied ({error.strerror or error}); look at your credentials for it"
    words = str(getattr(error, "strerror", None) or error).strip()
    return words.splitlines()[0] if words else type(error).__name__
