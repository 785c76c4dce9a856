"""Parquet files: row groups, read column by column."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.readers.lines import KEPT_BYTES
from pipeline.readers.records import Rejected
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.tables import check_text_column
from pipeline.storage import first_bytes, is_url, open_seekable, shown


def open_parquet(path: str) -> pq.ParquetFile:
    """The open file, its footer read. Raises UserError when it is none."""
    try:
        return pq.ParquetFile(open_seekable(path) if is_url(path) else path, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:  # an OSError without a number is Arrow's, about the content
        if getattr(error, "errno", None) is not None:
            raise UserError(f"{path}: cannot be read ({_first_line(error)})") from None
        raise UserError(
            f"{shown(path)}: not a Parquet file ({_first_line(error)}); mend it or take it out of the input"
        ) from None


def parquet_batches(piece: Piece, spec: InputSpec) -> Iterator[tuple[pa.RecordBatch | Rejected, int]]:
    """Batches of rows as the file has them, each with the number of its first row.

    Of a row group that cannot be read to its end the rest is one failure.
    """
    if piece.size == 0:
        return
    first_row = piece.first_record
    with open_parquet(piece.path) as file:
        check_text_column(file.schema_arrow, piece.path, spec.input_columns().text)
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
    size = sum(c.total_compressed_size for c in columns)
    raw = first_bytes(piece.path, min(KEPT_BYTES, size), max(0, start))
    return Rejected(piece.name, f"rows {first} to {last}", f"broken Parquet row group ({_first_line(error)})", raw)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
