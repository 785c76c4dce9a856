"""The command line. Imports what is heavy only when it is needed."""

import logging
import sys
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.arguments import Config, Engine, Form, InputPath, LogFormat, Output, OutputPath, find_config, read_text_of_user
from pipeline.errors import UserError
from pipeline.exits import EXIT_QUARANTINE, fail, guarded, stop_on_signals
from pipeline.idle_imports import leave_out_idle_imports
from pipeline.logs import event, log_result, log_to_stderr

log = logging.getLogger(__name__)

app = typer.Typer(
    name="pipeline",
    help="Turns scraped news and web text into a clean, deduplicated corpus in Parquet, with a record of every change.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    config: Config,
    input_path: InputPath = None,
    output_path: OutputPath = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; as many as there are cores by default.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Where the work is done: this machine, or a Ray cluster.")] = None,
    address: Annotated[
        str | None, typer.Option(help="host:port of the Ray cluster; RAY_ADDRESS, or the one of this machine by default.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first so many records.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the result of another run in the output folder.")
    ] = False,
    log_format: LogFormat = Form.text,
) -> None:
    """Clean and deduplicate a corpus.

    Exit codes: 0 done; 2 a mistake in the call, the run file or the input; 3 a bug; 4 done, but more records went to
    quarantine than max_quarantined allows; 130 or 143 stopped by a signal. The same command again goes on where it was.
    """
    from pipeline.run_file import load_config
    from pipeline.runner import run as run_pipeline
    from pipeline.terminal import print_result, progress

    named = None if engine is None else engine.value
    loaded = load_config(find_config(config), input_path=input_path, output_path=output_path, engine=named, address=address)
    with progress(silent=log_format is Form.json) as shown:
        result = run_pipeline(loaded, shown, workers=workers, limit=limit, overwrite=overwrite)
    if log_format is Form.json:
        log_result(result)
    else:
        print_result(result)
    if result.too_many_quarantined:
        allowed = loaded.input.max_quarantined
        quarantined, records = result.counts["quarantined"], result.counts["records"]
        fail(f"{quarantined} of {records} records are in quarantine; max_quarantined is {allowed}", exit_code=EXIT_QUARANTINE)
        raise typer.Exit(EXIT_QUARANTINE)


@app.command()
def check(config: Config, input_path: InputPath = None, output_path: OutputPath = None) -> None:
    """Validate a run file, and print the plan. Rule packs have to pass their own examples."""
    from pipeline.memory import fit_memory
    from pipeline.run_file import load_config
    from pipeline.terminal import print_check

    print_check(fit_memory(load_config(find_config(config), input_path=input_path, output_path=output_path)))


@app.command()
def stages() -> None:
    """List the stages with their settings and defaults."""
    from pipeline.terminal import print_stages

    print_stages()


@app.command()
def schema() -> None:
    """Print the JSON Schema of the run file. Editors complete and check it by that."""
    import json

    from pipeline.config_schema import run_file_schema

    print(json.dumps(run_file_schema(), indent=2, ensure_ascii=False))


@app.command()
def explain(
    config: Config,
    doc: Annotated[str | None, typer.Option("--doc", help="The doc_id of a document of the finished run.", metavar="ID")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="A file that is in no corpus; - is standard input.", metavar="FILE")
    ] = None,
    input_path: InputPath = None,
    output_path: OutputPath = None,
) -> None:
    """Show one document's way through the stages. Every change with its rule, and what it was dropped for."""
    from pipeline.explain import explain_document, explain_text
    from pipeline.run_file import load_config
    from pipeline.storage import place
    from pipeline.terminal_explanation import print_explanation

    if (doc is None) == (text is None):
        raise UserError("explain: name a document with --doc ID, or a file with --text FILE")
    loaded = load_config(find_config(config), input_path=input_path, output_path=output_path)
    if doc is not None:
        print_explanation(explain_document(place(loaded.output.path), doc, loaded))
    elif text is not None:
        print_explanation(explain_text(loaded, read_text_of_user(text), text))


@app.command()
def report(
    output: Output,
    dataset_card: Annotated[bool, typer.Option("--dataset-card", help="Also write README.md for the Hugging Face hub.")] = False,
    license_name: Annotated[str | None, typer.Option("--license", help="The same, with this licence, such as cc-by-4.0.")] = None,
) -> None:
    """Write report.json and report.html again from a finished output."""
    from pipeline.report import CARD, report_again
    from pipeline.storage import place

    card = dataset_card or license_name is not None
    report_again(place(output), card=card, license_name=license_name)
    print(f"written: {place(output) / 'report.html'}{f', {CARD}' if card else ''}")


@app.command()
def verify(
    output: Output,
    input_path: Annotated[
        str | None, typer.Option("--input", help="Also read this input again: every original has to come back.")
    ] = None,
    log_format: LogFormat = Form.text,
) -> None:
    """Read an output again and check it. Files, counts, ids, edits, every duplicate against its survivor: exit code 1 if one lies."""
    from pipeline.storage import place
    from pipeline.verify import verify as find_problems

    first = next(find_problems(place(output), input_path), None)
    if first is not None:
        fail(f"{output}: {first}", exit_code=1)
        raise typer.Exit(1)
    if log_format is Form.json:
        log.info("%s: everything holds", output, extra=event("verified", output=str(output)))
    else:
        print(f"{output}: everything holds")


@app.callback(invoke_without_command=True)
def version_option(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """The console script."""
    leave_out_idle_imports()
    stop_on_signals()
    log_to_stderr("text")
    sys.exit(guarded(app))
