"""Errors that are the user's to mend. Everything else that is raised is a bug of ours."""


class UserError(Exception):
    """One sentence: where, what was found, what was expected, what to do. Shown without a traceback; exit code 2."""
