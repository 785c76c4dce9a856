"""The plan of an input: its files cut into pieces and the pieces put together into tasks of about one shard each."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipeline.readers.arrow_errors import BrokenFileError
from pipeline.readers.extraction import check_library
from pipeline.readers.found import COMPRESSION_RATIO, COMPRESSIONS, InputFile
from pipeline.readers.lines import count_lines, line_blocks
from pipeline.readers.listing import describe_files, list_files
from pipeline.readers.naming import describe_columns, resolve_columns
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import InputPlan, InputSpec, Piece, ReadTask
from pipeline.readers.streams import Head, sniff, text_chunks
from pipeline.readers.tables import check_text_column
from pipeline.storage import first_bytes, is_url

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
    weighted = [piece for file in listing.files for piece in _pieces(file, spec, split=limit is None)]
    groups = _group(weighted, spec.shard_bytes) if limit is None else [[piece for piece, _ in weighted]]
    return InputPlan(
        tasks=[ReadTask(number, tuple(pieces), spec, limit) for number, pieces in enumerate(groups)],
        fingerprint={"files": {file.name: [file.size, file.status.version, _edges(file)] for file in listing.files}},
        skipped=listing.skipped,
        bytes=sum(file.size for file in listing.files),
    )


def unpacked_tasks(tasks: Sequence[ReadTask], unpacked: Sequence[list[dict[str, Any]]]) -> list[ReadTask]:
    """The tasks, those of packed pieces replaced by what `unpack` has made of them, one after another."""
    made = iter(unpacked)
    groups: list[Sequence[Piece]] = []
    for task in tasks:
        if task.packed:
            pieces = [Piece(**piece) for piece in next(made)]
            groups += _group([(piece, piece.size) for piece in pieces], task.spec.shard_bytes)
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
    ratio = COMPRESSION_RATIO if file.name.lower().endswith(COMPRESSIONS) else 1
    packed = split and file.format in ("jsonl", "csv", "tsv") and file.size * ratio > spec.shard_bytes
    if packed and file.format == "jsonl" and (head := sniff(file.path)).splittable and file.status.ranges:
        packed = False
        if file.size > spec.shard_bytes:
            yield from _line_ranges(file, spec, head)
            return
    yield Piece(file.path, file.name, file.format, file.size, packed=packed), file.size * ratio


def _line_ranges(file: InputFile, spec: InputSpec, head: Head) -> Iterator[tuple[Piece, int]]:
    """Ranges of a plain file, aligned on lines, of about `shard_bytes`; found in one pass that counts lines and records.

    The pass takes 0.6 ms a megabyte, from a store as long as the transfer; with the counts, positions and ids are the same however a file
    is cut.
    """
    begun = Piece(file.path, file.name, file.format, 0)
    at, lines, records = len(codecs.BOM_UTF8) if head.encoding == "utf-8-sig" else 0, 0, 0
    for block in line_blocks(text_chunks(file.path, head), spec.max_record_bytes):
        if at - begun.start >= spec.shard_bytes:
            yield _range(begun, at)
            begun = Piece(file.path, file.name, file.format, 0, at, None, lines + 1, records + 1)
        block_lines, block_records = (1, 1) if block.problem else count_lines(block.data)
        at, lines, records = at + block.size, lines + block_lines, records + block_records
    yield _range(begun, file.size)


def _range(begun: Piece, stop: int) -> tuple[Piece, int]:
    size = stop - begun.start
    return Piece(begun.path, begun.name, begun.format, size, begun.start, stop, begun.first_line, begun.first_record), size


def _row_groups(file: InputFile, spec: InputSpec) -> Iterator[tuple[Piece, int]]:
    """Every row group by itself; an empty file has none and still is a piece, and so is one that is broken."""
    try:
        with open_parquet(file.path) as parquet:
            check_text_column(parquet.schema_arrow, file.path, spec.input_columns().text)
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
