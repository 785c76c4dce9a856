"""Errors that are the user's to mend. Everything else that is raised is a bug of ours."""


class UserError(Exception):
    """One sentence: where, what was found, what was expected, what to do. Shown without a traceback; exit code 2."""


class UnfinishedError(UserError):
    """The input is as it should be, but the run cannot go on now. Finished work stays: the same command goes on from there."""


class TransferError(UnfinishedError):
    """A server or store that did not answer to the end."""


class DiskFullError(UnfinishedError):
    """No room for a file."""


class WorkerKilledError(Exception):
    """A worker process was killed twice over the same item of a map, the second time with no other at work beside it."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place
