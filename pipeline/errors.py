"""Errors that are the user's to mend. Everything else that is raised is a bug of ours."""


class UserError(Exception):
    """One sentence: where, what was found, what was expected, what to do. Shown without a traceback; exit code 2."""


class TransferError(UserError):
    """A server or store that did not answer to the end. Finished work stays: the same command goes on when it is there again."""


class DiskFullError(UserError):
    """No room for a file. Finished work stays: the same command goes on when there is room again."""
