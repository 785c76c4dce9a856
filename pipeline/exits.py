"""How a command ends: errors and signals as exit codes, and the one sentence that goes with them."""

import errno
import logging
import re
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from pipeline.errors import UserError
from pipeline.logs import event, log_form, on_one_line, write_at_once

log = logging.getLogger(__name__)

EXIT_USER, EXIT_BUG, EXIT_QUARANTINE, EXIT_SIGNAL = 2, 3, 4, 128


def fail(message: str, name: str = "error", **fields: Any) -> None:
    """One line for the user, on standard error; with --log-format json the event of that name."""
    if log_form() == "json":
        log.error("%s", message, extra=event(name, **fields))
    else:
        print(f"pipeline: {on_one_line(message)}", file=sys.stderr)


def guarded(command: Callable[[], Any]) -> int:
    """Runs a command and turns its errors into exit codes: the user's are one sentence, ours a traceback."""
    try:
        command()
    except UserError as error:
        fail(str(error), exit_code=EXIT_USER)
        return EXIT_USER
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except (Exception, Stopped) as error:  # noqa: BLE001 - the last line of defence: whatever is left is a bug, shown whole
        signal_number = _stopped_by(error)
        if signal_number is not None:
            code = EXIT_SIGNAL + signal_number
            fail("stopped; finished work is kept, and the same command goes on from there", "stopped", exit_code=code)
            return code
        denied = _denied(error)
        if denied is not None:
            fail(denied, exit_code=EXIT_USER)
            return EXIT_USER
        if log_form() == "json":
            fail("this is a bug in the pipeline, not in your input", "bug", exit_code=EXIT_BUG, traceback=traceback.format_exc())
            return EXIT_BUG
        traceback.print_exc()
        fail("this is a bug in the pipeline, not in your input; please report the lines above. Finished work is kept.")
        return EXIT_BUG
    return 0


class Stopped(BaseException):
    """SIGINT or SIGTERM came. No Exception, nor KeyboardInterrupt: nothing on the way up may take it for its own."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stopped_by(error: BaseException | None) -> int | None:
    """The signal that an error comes of, itself or on the way out: locks of Python's own may be found open then, which is an error too."""
    while error is not None and not isinstance(error, Stopped):
        error = error.__cause__ or error.__context__
    return None if error is None else error.number


def _denied(error: BaseException) -> str | None:
    """What to say of a file that this user may not read or write, by the name that it has or was to have; None for other errors."""
    if not isinstance(error, OSError) or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS) or error.filename is None:
        return None
    name = re.sub(r"\.\d+\.tmp$", "", str(error.filename))
    return f"{name}: {str(error.strerror).lower()}; look at who may read and write there"


def _stop(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    write_at_once("stopping; the items in hand are finished first", "stopping")
    raise Stopped(number)


def stop_on_signals() -> None:
    """From here on SIGINT and SIGTERM raise Stopped in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
