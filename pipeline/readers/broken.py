"""A stream that breaks."""


class BrokenStreamError(Exception):
    """The stream cannot be read further; the message is the reason, for the quarantine. All before it has been yielded."""
