"""Parquet files: row groups, read column by column."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.readers.arrow_errors import ARROW_ERRORS, BrokenFileError, first_line
from pipeline.readers.lines import KEPT_BYTES
from pipeline.readers.records import MAX_BATCH_ROWS, Rejected
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.tables import check_text_column
from pipeline.storage import first_bytes, is_url, open_seekable, shown

# Data pages that take fewer bytes a row than this, compressed, hold places in a dictionary: a text of 100 characters takes 50. Such a
# column is read as a dictionary, so that one value of a megabyte, a million times, is not a terabyte before anybody can tell.
_PLACES_BYTES = 16


def open_parquet(path: str, **options: Any) -> pq.ParquetFile:
    """The open file, its footer read. Raises BrokenFileError when it is none. `options` are those of ParquetFile."""
    try:
        source = open_seekable(path) if is_url(path) else path
        file = pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True, **options)
        file.schema_arrow.names  # noqa: B018 - raises where one is not UTF-8
    except ARROW_ERRORS as error:  # an OSError without a number is Arrow's, about the content
        if getattr(error, "errno", None) is not None:
            raise UserError(f"{path}: cannot be read ({first_line(error)})") from None
        raise BrokenFileError(shown(path), f"not a Parquet file ({first_line(error)})") from None
    return file


def parquet_batches(piece: Piece, spec: InputSpec) -> Iterator[tuple[pa.RecordBatch | Rejected, int]]:
    """Batches of rows as the file has them, each with the number of its first row.

    Of a row group that cannot be read to its end the rest is one failure; a file that is none is one failure too.
    """
    if piece.size == 0:
        return
    first_row = piece.first_record
    try:
        opened = open_parquet(piece.path)
    except BrokenFileError as error:
        yield Rejected(piece.name, "file", error.reason, first_bytes(piece.path, KEPT_BYTES)), first_row
        return
    with opened as file:
        check_text_column(file.schema_arrow, piece.path, spec.input_columns().text)
        metadata = file.metadata
    groups = range(piece.start, metadata.num_row_groups if piece.stop is None else piece.stop)
    try:
        repeating = sorted({name for group in groups for name in _repeating(metadata, group)})
    except ARROW_ERRORS:  # names that are not UTF-8: what cannot be read for that is told when it is read
        repeating = []
    with open_parquet(piece.path, metadata=metadata, read_dictionary=repeating) as file:
        for group in groups:
            described = metadata.row_group(group)
            end = first_row + described.num_rows
            batch_rows = spec.max_batch_bytes * described.num_rows // max(1, described.total_byte_size)
            batch_rows = min(max(1, batch_rows), MAX_BATCH_ROWS)
            batches = file.iter_batches(batch_size=batch_rows, row_groups=[group], use_threads=False)
            while first_row < end:
                try:
                    rows = next(batches)
                except ARROW_ERRORS as error:
                    yield _broken(piece, group, first_row, end - 1, metadata, error), first_row
                    break
                yield rows, first_row
                first_row += rows.num_rows
            first_row = end


def _repeating(metadata: pq.FileMetaData, number: int) -> Iterator[str]:
    """The columns of strings of a row group whose values lie in a dictionary, all or nearly all; not those within others.

    By their names in the schema, which those in the row group may contradict.
    """
    group = metadata.row_group(number)
    for place in range(min(group.num_columns, metadata.num_columns)):
        column, path = group.column(place), metadata.schema.column(place).path
        if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page and "." not in path:
            pages = column.total_compressed_size - (column.data_page_offset - column.dictionary_page_offset)
            if pages < _PLACES_BYTES * column.num_values:
                yield path


def _broken(piece: Piece, group: int, first: int, last: int, metadata: pq.FileMetaData, error: Exception) -> Rejected:
    """The failure that stands for rows `first` to `last`, with the beginning of the row group's bytes."""
    columns = [metadata.row_group(group).column(place) for place in range(metadata.num_columns)]
    start = min(c.dictionary_page_offset or c.data_page_offset for c in columns)
    size = sum(c.total_compressed_size for c in columns)
    raw = first_bytes(piece.path, min(KEPT_BYTES, size), max(0, start))
    return Rejected(piece.name, f"rows {first} to {last}", f"broken Parquet row group ({first_line(error)})", raw)
