"""The plan of an input: its files cut into pieces and the pieces put together into tasks of about one shard each."""

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.errors import UserError
from pipeline.readers.arrow_errors import BrokenFileError
from pipeline.readers.extraction import check_library
from pipeline.readers.found import COMPRESSION_RATIO, COMPRESSIONS, InputFile
from pipeline.readers.listing import describe_files, list_files
from pipeline.readers.naming import describe_columns, resolve_columns
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import InputPlan, InputSpec, Piece, ReadTask
from pipeline.readers.streams import sniff
from pipeline.readers.tables import check_columns
from pipeline.readers.unpack import Unpacked
from pipeline.storage import first_bytes, is_url

# An input that would be only a few shards is cut into more, so that no worker waits while another does the last one: not by the number of
# workers, which may be another when a run goes on.
_SHARDS, _LEAST_SHARD_BYTES = 8, 2**22

_EDGE_BYTES = 4096  # of a file, at its beginning and end: a block of the disk, which is read in any case


def plan_input(spec: InputSpec, limit: int | None) -> InputPlan:
    """What to read, in input order: files by name, then records.

    With a limit there is one task, which stops after so many records. Raises UserError for a path that is missing, empty or
    unreadable, a format or column that is not there, and a Parquet file that is none.
    """
    listing = list_files(spec.path, spec.format)
    spec = resolve_columns(listing.files, spec)
    if spec.input_columns().html or any(file.format == "html" for file in listing.files):
        check_library()
    if limit is None:
        text = sum(file.size * _ratio(file) for file in listing.files)
        spec = replace(spec, shard_bytes=min(spec.shard_bytes, max(_LEAST_SHARD_BYTES, -(-text // _SHARDS))))
    weighted = [piece for file in listing.files for piece in _pieces(file, spec, split=limit is None)]
    groups = _group(weighted, spec.shard_bytes) if limit is None else [[piece for piece, _ in weighted]]
    return InputPlan(
        tasks=[ReadTask(number, tuple(pieces), spec, limit) for number, pieces in enumerate(groups)],
        fingerprint={"files": {file.name: [file.size, file.status.version, _edges(file)] for file in listing.files}},
        skipped=listing.skipped,
        bytes=sum(file.size for file in listing.files),
    )


def refuse_changed(plan: InputPlan) -> None:
    """Raises UserError where a file of this machine is not that of the plan any more; those of stores are watched while they are read."""
    for path, name in dict.fromkeys((piece.path, piece.name) for task in plan.tasks for piece in task.pieces):
        if is_url(path):
            continue
        try:
            status = os.stat(path)
            changed = [status.st_size, status.st_mtime_ns] != plan.fingerprint["files"][name][:2]
        except FileNotFoundError:
            changed = True
        if changed:
            raise UserError(f"{path}: was changed while it was read; run again when it no longer changes")


def unpacked_tasks(tasks: Sequence[ReadTask], unpacked: Sequence[Unpacked]) -> list[ReadTask]:
    """The tasks, those of pieces that had to be unpacked replaced by what `unpack` has made of them, one after another."""
    made = iter(unpacked)
    groups: list[Sequence[Piece]] = []
    lines = records = 0  # of the file before the piece
    for task in tasks:
        if task.packed:
            if task.pieces[0].start == 0:
                lines = records = 0
            found = next(made)
            pieces = [Piece(**piece) for piece in found["pieces"]]
            pieces = [replace(p, first_line=p.first_line + lines, first_record=p.first_record + records) for p in pieces]
            groups += _group([(piece, piece.size) for piece in pieces], task.spec.shard_bytes)
            lines, records = lines + found["lines"], records + found["records"]
        else:
            groups.append(task.pieces)
    return [ReadTask(number, tuple(pieces), tasks[0].spec, tasks[0].limit) for number, pieces in enumerate(groups)]


def describe_input(spec: InputSpec) -> list[str]:
    """What is to be read, for people: files, bytes, columns. Raises UserError as `plan_input` does."""
    listing = list_files(spec.path, spec.format)
    return describe_files(listing) + describe_columns(listing.files, spec)


def _edges(file: InputFile) -> str | None:
    """A digest of the first and last bytes of a file on this machine, for one that was written over with its size and time kept.

    None for a URL, where the version is the store's own digest or date, and asking would be two requests a file.
    """
    if is_url(file.path):
        return None
    edges = first_bytes(file.path, _EDGE_BYTES) + first_bytes(file.path, _EDGE_BYTES, max(0, file.size - _EDGE_BYTES))
    return hashlib.sha256(edges).hexdigest()[:16]


def _group(weighted: Iterable[tuple[Piece, int]], shard_bytes: int) -> list[list[Piece]]:
    """Pieces in order, as many to a group as `shard_bytes` of text allows, at least one."""
    groups: list[list[Piece]] = []
    size = 0
    for piece, weight in weighted:
        if not groups or size + weight > shard_bytes:
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += weight
    return groups


def _pieces(file: InputFile, spec: InputSpec, *, split: bool) -> Iterator[tuple[Piece, int]]:
    """The pieces of a file, each with the bytes of text that it may hold."""
    if file.format == "parquet" and file.size:
        yield from _row_groups(file, spec)
        return
    weight = file.size * _ratio(file)
    packed = split and file.format in ("jsonl", "csv", "tsv") and weight > spec.shard_bytes
    if packed and file.format == "jsonl" and file.status.ranges and sniff(file.path).splittable:
        packed = False
        if file.size > spec.shard_bytes:
            yield from _line_ranges(file, spec.shard_bytes)
            return
    yield Piece(file.path, file.name, file.format, file.size, packed=packed), weight


def _ratio(file: InputFile) -> int:
    """Bytes of text in one of the file, judged by its name."""
    return COMPRESSION_RATIO if file.name.lower().endswith(COMPRESSIONS) else 1


def _line_ranges(file: InputFile, shard_bytes: int) -> Iterator[tuple[Piece, int]]:
    """Ranges of a plain file, of at most `shard_bytes` and one like the other. Each weighs more than a shard, since it is a task by itself.

    Nothing is read for them here: of a large input that would be an hour in which workers wait. None is shorter than a byte order mark.
    """
    count = -(-file.size // max(shard_bytes, 2 * len(codecs.BOM_UTF8)))
    for number in range(count):
        start, stop = file.size * number // count, file.size * (number + 1) // count
        yield Piece(file.path, file.name, file.format, stop - start, start, stop, counted=False), shard_bytes + 1


def _row_groups(file: InputFile, spec: InputSpec) -> Iterator[tuple[Piece, int]]:
    """Every row group by itself; an empty file has none and still is a piece, and so is one that is broken."""
    try:
        with open_parquet(file.path) as parquet:
            check_columns(parquet.schema_arrow, file.path, spec.input_columns())
            metadata = parquet.metadata
    except BrokenFileError:
        yield Piece(file.path, file.name, file.format, file.size, 0, 0), 0
        return
    first_row = 1
    for group in range(metadata.num_row_groups):
        described = metadata.row_group(group)
        size = file.size * described.num_rows // max(1, metadata.num_rows)
        yield Piece(file.path, file.name, file.format, size, group, group + 1, 1, first_row), described.total_byte_size
        first_row += described.num_rows
    if not metadata.num_row_groups:
        yield Piece(file.path, file.name, file.format, file.size, 0, 0), 0
