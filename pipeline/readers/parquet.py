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
from pipeline.readers.tables import check_columns
from pipeline.storage import first_bytes, is_url, open_seekable, shown

_STRINGS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


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
        check_columns(file.schema_arrow, piece.path, spec.input_columns())
        metadata, strings = file.metadata, _strings(file)
    with open_parquet(piece.path, metadata=metadata, read_dictionary=strings) as file:
        for group in range(piece.start, metadata.num_row_groups if piece.stop is None else piece.stop):
            described = metadata.row_group(group)
            end = first_row + described.num_rows
            batch_rows = spec.max_batch_bytes * described.num_rows // max(1, described.total_byte_size)
            batch_rows = min(max(1, batch_rows), MAX_BATCH_ROWS)
            batches = file.iter_batches(batch_size=batch_rows, row_groups=[group], use_threads=False)
            while first_row < end:
                try:
                    rows = next(batches)
                except StopIteration:
                    yield _broken(piece, first_row, end - 1, "there are fewer rows than it says"), first_row
                    break
                except ARROW_ERRORS as error:
                    yield _broken(piece, first_row, end - 1, first_line(error)), first_row
                    break
                yield rows, first_row
                first_row += rows.num_rows
            first_row = end


def _strings(file: pq.ParquetFile) -> list[str]:
    """The columns of strings or bytes that are not within others; they are read as dictionaries.

    Mostly they lie so; where one value of a megabyte stands a million times in a small file, nobody could tell before it is a terabyte.
    Not told by the metadata of column chunks: pyarrow ends the process over some that are broken.
    """
    paths = {file.metadata.schema.column(place).path for place in range(file.metadata.num_columns)}
    return [field.name for field in file.schema_arrow if field.type in _STRINGS and field.name in paths]


def _broken(piece: Piece, first: int, last: int, fault: str) -> Rejected:
    """The failure that stands for rows `first` to `last`, with the beginning of the file."""
    raw = first_bytes(piece.path, KEPT_BYTES)
    return Rejected(piece.name, f"rows {first} to {last}", f"broken Parquet row group ({fault})", raw)
