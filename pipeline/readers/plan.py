"""The plan of an input: its files cut into pieces and the pieces put together into tasks of about one shard each."""

import codecs
import difflib
from collections.abc import Iterable, Iterator

from pipeline.errors import UserError
from pipeline.readers.arrow import open_arrow
from pipeline.readers.csv import header_of
from pipeline.readers.jsonl import first_columns
from pipeline.readers.lines import count_lines, line_blocks
from pipeline.readers.listing import COMPRESSIONS, InputFile, list_files
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import InputColumns, InputPlan, InputSpec, Piece, ReadTask
from pipeline.readers.streams import Head, sniff, text_chunks
from pipeline.readers.tables import check_text_column

# Bytes of text in one of a compressed file, for tasks of about a shard; news in gzip and zstd has 3 to 5.
_COMPRESSION_RATIO = 4

# How far a column that the run file names is looked for before it counts as misspelt.
_CHECKED_FILES, _CHECKED_RECORDS = 8, 100


def plan_input(spec: InputSpec, limit: int | None) -> InputPlan:
    """What to read, in input order: files by name, then records.

    With a limit there is one task, which stops after so many records. Raises UserError for a path that is missing, empty or
    unreadable, a format or column that is not there, and a Parquet file that is none.
    """
    for name in spec.columns:
        if name not in InputColumns._fields:
            raise UserError(f"input.columns: no column {name!r} to fill. {_nearest(name, InputColumns._fields)}")
    listing = list_files(spec.path, spec.format)
    _check_columns(listing.files, spec)
    weighted = [piece for file in listing.files for piece in _pieces(file, spec, split=limit is None)]
    groups = _group(weighted, spec.shard_bytes) if limit is None else [[piece for piece, _ in weighted]]
    return InputPlan(
        tasks=[ReadTask(number, tuple(pieces), spec, limit) for number, pieces in enumerate(groups)],
        fingerprint={"files": [[file.name, file.size, file.mtime_ns] for file in listing.files]},
        skipped=listing.skipped,
        bytes=sum(file.size for file in listing.files),
    )


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
    if file.format == "jsonl" and split and file.size > spec.shard_bytes and (head := sniff(file.path)).splittable:
        yield from _line_ranges(file, spec, head)
        return
    ratio = _COMPRESSION_RATIO if file.name.lower().endswith(COMPRESSIONS) else 1
    yield Piece(file.path, file.name, file.format, file.size), file.size * ratio


def _line_ranges(file: InputFile, spec: InputSpec, head: Head) -> Iterator[tuple[Piece, int]]:
    """Ranges of a plain file, aligned on lines, of about `shard_bytes`; found in one pass that counts lines and records.

    The pass takes 0.6 ms a megabyte; with the counts, positions and ids are the same however a file is cut.
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
    """Every row group by itself; an empty file has none and still is a piece."""
    with open_parquet(file.path) as parquet:
        check_text_column(parquet.schema_arrow, file.path, spec.input_columns().text)
        metadata = parquet.metadata
    first_row = 1
    for group in range(metadata.num_row_groups):
        described = metadata.row_group(group)
        size = file.size * described.num_rows // max(1, metadata.num_rows)
        yield Piece(file.path, file.name, file.format, size, group, group + 1, 1, first_row), described.total_byte_size
        first_row += described.num_rows
    if not metadata.num_row_groups:
        yield Piece(file.path, file.name, file.format, file.size, 0, 0), 0


def _check_columns(files: list[InputFile], spec: InputSpec) -> None:
    """Raises UserError for a column that the run file names and none of the first records has."""
    looked = [file for file in files if file.format != "text" and file.size][:_CHECKED_FILES]
    names = set().union(*(_column_names(file, spec) for file in looked))
    for name, column in {"text": "text", **spec.columns}.items():
        if names and column not in names:
            where = looked[0].path + (" and the files after it" if len(looked) > 1 else "")
            raise UserError(f"input.columns.{name}: no column {column!r} in {where}. {_nearest(column, names)}")


def _column_names(file: InputFile, spec: InputSpec) -> set[str]:
    if file.format == "jsonl":
        return first_columns(file.path, _CHECKED_RECORDS)
    if file.format in ("csv", "tsv"):
        return set(header_of(file.path, file.format, spec.input_columns()))
    if file.format == "arrow":
        with open_arrow(file.path) as arrow:
            return set(arrow.schema.names)
    with open_parquet(file.path) as parquet:
        return set(parquet.schema_arrow.names)


def _nearest(name: str, known: Iterable[str]) -> str:
    ordered = sorted(known)
    close = difflib.get_close_matches(name, ordered, n=1, cutoff=0.7)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(ordered)}."
