"""A run: read into shards, take them through the segments, cut the parts, write the manifest."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import __version__
from pipeline.arrays import map_array
from pipeline.config import RunConfig
from pipeline.engines.settings import open_engine
from pipeline.errors import UnfinishedError, UserError
from pipeline.files import open_ipc, remove_tree, write_json
from pipeline.forecast import check_room, forecast_disk
from pipeline.job import Job, Progress, peak_rss_bytes
from pipeline.lock import locked, locked_apart
from pipeline.machines import machine_check
from pipeline.manifest import input_digests, make_manifest
from pipeline.memory import check_documents, fit_memory
from pipeline.neardup.store import LEFT, WriteSignatures
from pipeline.output_folder import open_output, settled, work_home
from pipeline.population import add_up, characters_by_reason, describe_population, merge_removed
from pipeline.readers import (
    QUARANTINE,
    InputPlan,
    ReadCorpus,
    judge_size,
    plan_input,
    refuse_shared_folders,
    refuse_to_clear,
)
from pipeline.reading import read_corpus
from pipeline.report import CARD, report_again, write_report
from pipeline.result import RunResult
from pipeline.segments import last_shards, run_segments
from pipeline.set_aside import set_aside_stopped
from pipeline.storage import counted_retries, place
from pipeline.whole import WORK, disk_full
from pipeline.writer import DUPLICATES, cut_parts, measure_shard, row_sizes, write_parquet, write_part, write_table


def run(
    config: RunConfig, progress: Progress, *, workers: int | None = None, limit: int | None = None, overwrite: bool = False
) -> RunResult:
    """Carries out a run file; see README for what it writes.

    `limit` takes the first so many records. Raises UserError for what the user can mend.
    """
    start, config = time.perf_counter(), fit_memory(config)
    output, home = settled(config.output.path), work_home(config.output.path, config.output.work)
    for name, number in (("workers", workers), ("limit", limit)):
        if number is not None and number < 1:
            raise UserError(f"{name}: found {number}; at least 1 was expected")
    _refuse_shared_folders(config)
    plan = plan_input(config.input, limit)
    fingerprint = {
        "version": __version__,
        "run_file": config.recorded() | {"output": {"part_bytes": config.output.part_bytes}},
        "packs": input_digests(config),
        "input": plan.fingerprint,
        "limit": limit,
    }
    with counted_retries() as retries, locked(output), locked_apart(home, output):
        if not overwrite and (output / "manifest.json").exists():
            finished = open_output(output, fingerprint, overwrite=False, work=home / WORK)
            if finished is not None:
                remove_tree(home / WORK)
                if config.output.dataset_card and not (output / CARD).exists():
                    report_again(output, card=True, license_name=config.output.license)
                return RunResult(output, finished, time.perf_counter() - start, {}, unchanged=True)
        with open_engine(config.engine, workers) as engine:
            for folder in dict.fromkeys([output, home]):
                engine.require(machine_check(folder, plan.tasks))
            check_room(forecast_disk(judge_size(plan), config.stages), output, home)
            open_output(output, fingerprint, overwrite=overwrite, spread=engine.spread, work=home / WORK)
            job = Job(output, engine, progress, home / WORK)
            job.max_document_seconds = config.input.max_document_seconds
            with job.checkpoints, _told_of_limits(output):
                read, totals, steps, files = _carry_out(job, config, plan)
            read["retries"] += job.retries + retries.total
            manifest = make_manifest(config, fingerprint, read, totals, steps, files, seconds=time.perf_counter() - start)
            write_report(output, manifest, shards=last_shards(job, config.stages))
            write_json(output / "manifest.json", manifest)
            remove_tree(job.work)
    job.peak_rss[0] = peak_rss_bytes()
    return RunResult(output, manifest, time.perf_counter() - start, job.peak_rss)


def _refuse_shared_folders(config: RunConfig) -> None:
    """Raises UserError where the output would be written over what the run reads: its input, or earlier outputs that a stage goes by."""
    refuse_shared_folders(config.input.path, config.output.path)
    for named in config.stages:
        for setting in ("against", "counts"):
            for earlier in getattr(named.stage, setting, ()):
                refuse_to_clear(earlier, config.output.path, f"stages: {named.name}.{setting}")


@contextmanager
def _told_of_limits(output: Path) -> Iterator[None]:
    """Folders and logs need room too, not only the files that `whole` makes; and steps that see all shards open many."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise UnfinishedError(
                "no more files can be open at a time; allow more (`ulimit -n`), or set input.shard_bytes higher; finished work is kept"
            ) from error
        raise disk_full(Path(error.filename or output / WORK), error) or error from None


def _carry_out(
    job: Job, config: RunConfig, plan: InputPlan
) -> tuple[ReadCorpus, dict[str, int], list[dict[str, Any]], list[dict[str, Any]]]:
    """Everything between the plan and the manifest: counts of the readers, totals, the steps' counts, the files written."""
    try:
        read = read_corpus(job, config.input, plan)
    except UnfinishedError:
        raise
    except UserError:
        job.abandon()
        raise
    check_documents(config, read["rows"])
    done, read = set_aside_stopped(job, run_segments(job, config.stages, read["shards"]), read)
    files, totals = _write(job, config, done.shards, done.edits, read["quarantine"])
    _check_sums(read, totals)
    return read, totals, done.steps, files + done.tables


def _write(
    job: Job, config: RunConfig, shards: list[str], edits: list[list[str]], quarantine: list[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The parts of documents/, dropped/, edits/, signatures/ and quarantine/, and duplicates.parquet. Returns the manifest's file list."""
    sizes_paths = [str(job.work / "sizes" / f"{number:05d}.npy") for number in range(len(shards))]
    measured = job.map("measure", measure_shard, [list(item) for item in zip(shards, sizes_paths, edits)])
    sizes = [map_array(place(path)) for path in sizes_paths]
    files: list[dict[str, Any]] = []
    for column, kind in enumerate(("documents", "dropped", "edits")):
        parts = cut_parts([size[:, column] for size in sizes], config.output.part_bytes)
        function = partial(write_part, kind, str(job.output / kind), shards, edits)
        files += job.map(f"write {kind}", function, [[number, slices] for number, slices in enumerate(parts)])
        left = job.work / "shared" / LEFT
        if kind == "documents" and left.exists():
            signatures = WriteSignatures(str(left), shards, str(job.output / "signatures"))
            files += job.map("write signatures", signatures, [[number, slices] for number, slices in enumerate(parts)])
    members = [str(place(path).with_suffix(".duplicates.arrow")) for path in sizes_paths]
    function = partial(write_table, str(job.output / "duplicates.parquet"), schema=DUPLICATES)
    files += job.map("write duplicates", function, [members])
    sizes = [row_sizes(open_ipc(place(path)).read_all()["raw"]) for path in quarantine]
    slices = cut_parts(sizes, config.output.part_bytes)
    function = partial(_write_quarantine, str(job.output / "quarantine"), quarantine)
    files += job.map("write quarantine", function, [[number, part] for number, part in enumerate(slices)])
    population = add_up(open_ipc(place(path).with_suffix(".arrow")).read_all() for path in sizes_paths)
    totals = {key: sum(m[key] for m in measured) for key in ("rows", "kept", "dropped")}
    removed = merge_removed(shard["removed"] for shard in measured)
    return files, totals | {
        "characters": characters_by_reason(population),
        "population": describe_population(population, removed),
    }


def _write_quarantine(folder: str, paths: list[str], item: list[Any]) -> dict[str, Any]:
    """One part of what could not be read, in input order, from `item = [number, slices]`."""
    number, slices = item
    tables = [open_ipc(place(paths[file])).read_all().slice(first, end - first) for file, first, end in slices]
    table = pa.concat_tables([QUARANTINE.empty_table(), *tables]).combine_chunks()
    return write_parquet(place(folder) / f"part-{number:05d}.parquet", table)


def _check_sums(read: ReadCorpus, totals: dict[str, Any]) -> None:
    """Every record read is kept, dropped or quarantined."""
    if read["rows"] != totals["rows"] or totals["rows"] != totals["kept"] + totals["dropped"]:
        raise RuntimeError(f"the run does not add up: {read['rows']} documents read, then {totals}")
    if read["records"] != read["rows"] + read["quarantined"]:
        raise RuntimeError(f"the run does not add up: {read['records']} records, {read['rows']} + {read['quarantined']} read")
