"""Parquet files: row groups, read column by column."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.readers.columns import is_text
from pipeline.readers.lines import KEPT_BYTES
from pipeline.readers.records import Parsed, Rejected, rejected_only
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.tables import parse_rows


def open_parquet(path: str) -> pq.ParquetFile:
    """The open file, its footer read. Raises UserError when it is none."""
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:  # an OSError without a number is Arrow's, about the content
        if getattr(error, "errno", None) is not None:
            raise UserError(f"{path}: cannot be read ({_first_line(error)})") from None
        raise UserError(f"{path}: not a Parquet file ({_first_line(error)}); mend it or take it out of the input") from None


def check_text_column(file: pq.ParquetFile, path: str, column: str) -> None:
    """Raises UserError unless the column is there and holds text."""
    schema = file.schema_arrow
    if column not in schema.names:
        raise UserError(f"{path}: no column {column!r}; it has {', '.join(map(repr, schema.names))}; set input.columns.text")
    kinds = [schema.field(place).type for place in schema.get_all_field_indices(column)]
    if not is_text(kinds[-1]):
        raise UserError(f"{path}: column {column!r} holds {kinds[-1]}; strings were expected; set input.columns.text")


def read_parquet(pieces: Iterable[Piece], spec: InputSpec, limit: int | None) -> Iterator[Parsed]:
    """The rows of these pieces, the first `limit` of them, in batches cut by bytes."""
    left = limit
    for piece in pieces:
        for rows, first_row in _row_batches(piece, spec):
            if isinstance(rows, Rejected):
                yield rejected_only(rows)
                left = None if left is None else left - 1
            else:
                taken = rows if left is None else rows.slice(0, left)
                yield from parse_rows(taken, spec, file=piece.name, first_row=first_row)
                left = None if left is None else left - taken.num_rows
            if left is not None and left <= 0:
                return


def _row_batches(piece: Piece, spec: InputSpec) -> Iterator[tuple[pa.RecordBatch | Rejected, int]]:
    """Batches of rows as the file has them, each with the number of its first row.

    Of a row group that cannot be read to its end the rest is one failure.
    """
    if piece.size == 0:
        return
    first_row = piece.first_record
    with open_parquet(piece.path) as file:
        check_text_column(file, piece.path, spec.input_columns().text)
        for group in range(piece.start, file.num_row_groups if piece.stop is None else piece.stop):
            described = file.metadata.row_group(group)
            end = first_row + described.num_rows
            batch_rows = max(1, spec.max_batch_bytes * described.num_rows // max(1, described.total_byte_size))
            batches = file.iter_batches(batch_size=batch_rows, row_groups=[group], use_threads=False)
            while first_row < end:
                try:
                    rows = next(batches)
                except (pa.ArrowInvalid, OSError) as error:
                    yield _broken(piece, group, first_row, end - 1, file.metadata, error), first_row
                    break
                yield rows, first_row
                first_row += rows.num_rows
            first_row = end


def _broken(piece: Piece, group: int, first: int, last: int, metadata: pq.FileMetaData, error: Exception) -> Rejected:
    """The failure that stands for rows `first` to `last`, with the beginning of the row group's bytes."""
    columns = [metadata.row_group(group).column(place) for place in range(metadata.num_columns)]
    start = min(c.dictionary_page_offset or c.data_page_offset for c in columns)
    with open(piece.path, "rb") as stream:
        stream.seek(max(0, start))
        raw = stream.read(min(KEPT_BYTES, sum(c.total_compressed_size for c in columns)))
    return Rejected(piece.name, f"rows {first} to {last}", f"broken Parquet row group ({_first_line(error)})", raw)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
