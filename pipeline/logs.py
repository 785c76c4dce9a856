"""What a run tells while it works, as JSON: one object a line, for schedulers and log collectors.

Every line has `time` (UTC, milliseconds), `level`, `event` and `message`; by event it has more:

- `disk_forecast`: `folder`, `needed`, `free` (bytes on its disk)
- `step_started`: `step`, `counts` (`items`: shards or parts in all, `to_do`: what an earlier try has not finished)
- `shard_done`: `step`, `shard` (its number in the step), `counts` (what the step counts: rows, bytes …)
- `step_finished`: `step`, `counts`, `seconds`
- `run_finished`: `counts` (records, kept, dropped, quarantined, dates_not_read, transfers_tried_again), `reasons` (of what was dropped
  and quarantined, with their counts), `output`, `seconds`, `unchanged` (true where the run was finished before)
- `verified`: `output`
- `error`: something to mend, too many records in quarantine, or a lie that `verify` has found, with `exit_code`
- `bug`: `traceback`, `exit_code`
- `stopping`, `stopped`: after SIGINT or SIGTERM, the latter with `exit_code`
- `log`: whatever else is to be said
"""

import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipeline.result import RunResult

log = logging.getLogger(__name__)


def event(name: str, **fields: Any) -> dict[str, Any]:
    """The `extra` of a log call that makes its JSON line this event, with these fields: JSON values."""
    return {"event": name, "fields": fields}


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        seconds, milliseconds = divmod(int(record.created * 1000), 1000)
        line = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}Z",
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            **getattr(record, "fields", {}),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)  # in ASCII, which every terminal and collector takes


class TextLines(logging.Formatter):
    """A record as people read it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        return on_one_line(super().formatMessage(record))


def on_one_line(message: str) -> str:
    r"""The message with escapes for what is not printed: an id or a file's name may hold line feeds, or orders to a terminal.

    >>> on_one_line("\x1b[2J.txt")
    '\\x1b[2J.txt'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in message)


Form = Literal["text", "json"]
_FORMATTERS: dict[Form, type[logging.Formatter]] = {"text": TextLines, "json": JsonLines}


def log_to_stderr(form: Form) -> None:
    """Sends what is logged to standard error: as text from level INFO on, or as JSON with every event of a run.

    Warnings of Python's own go the same way as JSON, so that nothing else is between the lines.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_FORMATTERS[form]())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(form == "json")
    logging.getLogger("pipeline.job").setLevel(logging.DEBUG if form == "json" else logging.NOTSET)


def write_at_once(message: str, name: str) -> None:
    """An error of this event as one line on standard error, from a signal handler: past the stream that a log call may be writing to."""
    record = logging.LogRecord(__name__, logging.ERROR, __file__, 0, message, None, None)
    record.__dict__.update(event(name))
    line = JsonLines().format(record) if log_form() == "json" else f"pipeline: {message}"
    os.write(2, f"{line}\n".encode())


def log_result(result: "RunResult") -> None:
    """The end of a run, as its event."""
    counts, times = result.counts, result.manifest["times"]
    names = ("records", "kept", "dropped", "quarantined", "dates_not_read")
    numbers = {name: counts[name] for name in names} | {"transfers_tried_again": times["transfers_tried_again"]}
    reasons = {name: counts[name] for name in ("dropped_by_reason", "quarantined_by_reason")}
    finished = event(
        "run_finished",
        output=str(result.output),
        unchanged=result.unchanged,
        seconds=round(result.seconds, 3),
        counts=numbers,
        reasons=reasons,
    )
    log.info("%d records: %d kept, %d dropped, %d in quarantine", *(counts[name] for name in names[:4]), extra=finished)


def log_form() -> Form | None:
    """The form that `log_to_stderr` was last called with; None before, as in a program that uses the library."""
    formatters = [type(handler.formatter) for handler in logging.getLogger().handlers]
    return next((form for form, formatter in _FORMATTERS.items() if formatter in formatters), None)
