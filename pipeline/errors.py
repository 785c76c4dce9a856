"""Errors that are the user's to mend. Everything else that is raised is a bug of ours."""

from collections.abc import Iterable

_MOST_NAMES, _MOST_CHARACTERS = 20, 60  # in a message: a file may have ten thousand columns, or one name of a megabyte


class UserError(Exception):
    """One sentence: where, what was found, what was expected, what to do. Shown without a traceback; exit code 2."""


class UnfinishedError(UserError):
    """The input is as it should be, but the run cannot go on now. Finished work stays: the same command goes on from there."""


class TransferError(UnfinishedError):
    """A server or store that did not answer to the end."""


class DiskFullError(UnfinishedError):
    """No room for a file."""


class WorkerKilledError(Exception):
    """Worker processes were killed again and again over the same item of a map.

    `times` says how often, and what is known besides: "twice", "5 times".
    """

    def __init__(self, place: int, times: str) -> None:
        super().__init__(place, times)
        self.place, self.times = place, times


def listed(names: Iterable[str]) -> str:
    """Names of an input for a message, quoted: the first twenty, each cut where it is long; "none" without any.

    >>> listed(["title", "body"])
    "'title', 'body'"
    """
    every = list(names)
    shown = [repr(name if len(name) <= _MOST_CHARACTERS else name[:_MOST_CHARACTERS] + "…") for name in every[:_MOST_NAMES]]
    return ", ".join([*(shown or ["none"]), *([f"… ({len(every):,} in all)"] if len(every) > _MOST_NAMES else [])])
