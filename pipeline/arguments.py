"""What the commands take, and what a user means by it: options that several share, run files by name, texts of no corpus."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UserError
from pipeline.logs import log_to_stderr

Config = Annotated[str, typer.Argument(help="A run file, or the name of a shipped one (seeds, news).", metavar="CONFIG")]
Output = Annotated[str, typer.Argument(help="The folder or URL of a finished run.", metavar="OUT")]
InputPath = Annotated[
    str | None, typer.Option("--input", help="Read this file, folder, pattern or URL instead of the run file's.")
]
OutputPath = Annotated[str | None, typer.Option("--output", help="Write to this folder or URL instead of the run file's.")]


class Engine(StrEnum):
    """Who does the work."""

    local = "local"
    ray = "ray"


class Form(StrEnum):
    """How a run tells what it does."""

    text = "text"
    json = "json"


def _log_as(form: Form) -> Form:
    log_to_stderr(form.value)
    return form


LogFormat = Annotated[Form, typer.Option("--log-format", callback=_log_as, help="json: an object a line on standard error.")]


def find_config(name: str) -> Path:
    """The run file: a path as it is, or a shipped one by its name. Raises UserError."""
    from pipeline.resources import shipped_config, shipped_configs

    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_config(f"{name}.yaml") if path.suffix == "" and path.name == name else None
    if shipped is None:
        names = ", ".join(path.stem for path in shipped_configs())
        raise UserError(f"{name}: no such run file; name the path of one, or one that is shipped: {names}")
    return shipped


def read_text_of_user(name: str) -> str:
    """The text of a file, in whatever encoding it is, or of standard input. Raises UserError."""
    from pipeline.readers.decode import UndecodableError, decode

    try:
        return decode(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()).text
    except OSError as error:
        raise UserError(f"{name}: cannot be read ({error.strerror})") from None
    except UndecodableError as error:
        raise UserError(f"{name}: not text ({error})") from None
