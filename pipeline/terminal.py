"""What the command line shows: progress while a run works, its result, the plan, the stages."""

import dataclasses
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.config import RunConfig, to_yaml
from pipeline.errors import UserError
from pipeline.job import Progress as RunProgress
from pipeline.job import Silent
from pipeline.output_folder import OUTPUTS
from pipeline.plan import plan_segments
from pipeline.readers import describe_input, refuse_shared_folders
from pipeline.result import RunResult
from pipeline.stages import STAGES

log = logging.getLogger("pipeline")


class _Bar:
    """One line that shows the step at work and how far it is."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("starting", total=None)

    def start(self, name: str, total: int) -> None:
        self.bar.reset(self.task, description=name, total=max(total, 1), completed=0 if total else 1)

    def advance(self) -> None:
        self.bar.advance(self.task)


class _Lines:
    """A log line when a step begins, and one every ten seconds while it lasts."""

    def __init__(self) -> None:
        self.name, self.total, self.done, self.told = "", 0, 0, 0.0

    def start(self, name: str, total: int) -> None:
        self.name, self.total, self.done, self.told = name, total, 0, time.monotonic()
        if total:
            log.info("%s: %d to do", name, total)

    def advance(self) -> None:
        self.done += 1
        if time.monotonic() - self.told >= 10:
            self.told = time.monotonic()
            log.info("%s: %d of %d", self.name, self.done, self.total)


@contextmanager
def progress(*, silent: bool = False) -> Iterator[RunProgress]:
    """A bar on a terminal, log lines elsewhere; both on standard error. Nothing if `silent`."""
    if silent:
        yield Silent()
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)


def print_result(result: RunResult) -> None:
    """Where every record went, what each stage did, and what it took."""
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    counts = result.counts
    if result.unchanged:
        console.print(f"{result.output}: finished before, from this very run file and input; nothing to do.", markup=False)
    console.print(
        f"{counts['records']:,} records: {counts['kept']:,} kept, {counts['dropped']:,} dropped, {counts['quarantined']:,} in quarantine"
    )
    for kind in ("dropped_by_reason", "quarantined_by_reason"):
        for reason, count in counts[kind].items():
            console.print(Text(f"  {kind.split('_')[0]}: {reason}: {count:,}"))
    console.print(_stage_table(result.manifest["stages"], result.manifest["times"]["stages"]))
    for line in _notes(result.manifest["stages"]):
        console.print(Text(line))
    console.print(Text(f"written: {result.output}/{', '.join(name for name in OUTPUTS if (result.output / name).exists())}"))
    if not result.unchanged:
        rate = counts["records"] / result.seconds
        peak = max(result.peak_rss_bytes.values(), default=0) / 2**20
        console.print(
            f"{result.seconds:.1f} s, {rate:,.{0 if rate >= 10 else 1}f} documents/s; peak memory of a process {peak:,.0f} MiB"
        )


def _stage_table(steps: list[dict[str, Any]], seconds: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table("step", "stage", "changed", "characters removed", "added", "dropped", "seconds", box=None, header_style="bold")
    table.columns[1].no_wrap = True
    for column in table.columns[2:]:
        column.justify = "right"
    for step in steps:
        spent = sum(seconds[f"{step['step']} {step['name']}"].values())
        numbers = (
            step["documents_changed"],
            step["characters_removed"],
            step["characters_inserted"],
            sum(step["dropped"].values()),
        )
        number = str(step["step"]) if step["step"] else ""
        table.add_row(number, step["name"], *(f"{n:,}" for n in numbers), f"{spent:.1f}")
    return table


def _notes(steps: list[dict[str, Any]]) -> list[str]:
    """What a stage has to say of itself, such as that it had nothing to go by."""
    return [f"{step['name']}: {step['summary']['note']}" for step in steps if "note" in step.get("summary", {})]


def print_check(config: RunConfig) -> None:
    """The run file with its defaults, the packs after their own examples have passed, the plan, what near-duplicate settings mean."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{config.origin}: valid. With the defaults filled in:\n"))
    console.print(Text(to_yaml(config.resolved())))
    for named in config.stages:
        for line in getattr(named.stage, "describe", list)():
            console.print(Text(f"{named.name}: {line}"))
    console.print("\nplan:")
    for segment in plan_segments(config.stages):
        judged = []
        if segment.barrier is not None:
            console.print(Text(f"  all documents together: {segment.barrier.name} judges them"))
            judged = ["its verdicts"]
        names = " -> ".join([*judged, *(step.name for step in segment.steps)])
        console.print(Text(f"  each shard by itself: {names}"))
    console.print(Text(f"\ninput, {config.input.path}:"))
    for line in _input_lines(config):
        console.print(Text(f"  {line}"))


def _input_lines(config: RunConfig) -> list[str]:
    """What a run would read; a run file is valid also where its input is not there yet."""
    try:
        refuse_shared_folders(config.input.path, config.output.path)
        return describe_input(config.input)
    except UserError as error:
        return [f"a run would stop: {error}"]


def print_stages() -> None:
    """Every stage with its settings, their defaults and help."""
    console = Console(highlight=False, soft_wrap=True)
    for name, kind in STAGES.items():
        summary = (kind.__doc__ or "").strip().split("\n")[0]
        console.print(Text.assemble((name, "bold"), f"  {summary}"))
        for field in dataclasses.fields(kind):
            default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            console.print(Text(f"    {field.name}: {default!r}  {field.metadata.get('help', '')}".rstrip()))
