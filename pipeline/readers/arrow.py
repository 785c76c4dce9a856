"""Arrow IPC files, in the file format and in the stream format (which is what Hugging Face's datasets keep), batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from pipeline.errors import UserError
from pipeline.readers.arrow_errors import ARROW_ERRORS, BrokenFileError, first_line
from pipeline.readers.lines import KEPT_BYTES
from pipeline.readers.records import Rejected
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.tables import check_columns
from pipeline.storage import first_bytes, is_url, open_seekable, shown

_FILE_MAGIC = b"ARROW1"


@contextmanager
def open_arrow(path: str) -> Iterator[pa.RecordBatchFileReader | pa.RecordBatchStreamReader]:
    """A reader over the file, memory-mapped where it is local. Raises BrokenFileError when it is none."""
    try:
        with pa.PythonFile(open_seekable(path)) if is_url(path) else pa.memory_map(path) as source:
            is_file = source.read(len(_FILE_MAGIC)) == _FILE_MAGIC
            source.seek(0)
            try:
                reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
                reader.schema.names  # noqa: B018 - raises where one is not UTF-8
            except ARROW_ERRORS as error:
                raise BrokenFileError(shown(path), f"not an Arrow IPC file ({first_line(error)})") from None
            yield reader
    except PermissionError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def arrow_batches(piece: Piece, spec: InputSpec) -> Iterator[tuple[pa.RecordBatch | Rejected, int]]:
    """Batches as the file has them, each with the number of its first row.

    A batch that is broken is one failure. In a stream nothing behind it can be found, so that the rest goes with it. A file that is none
    is one failure too.
    """
    if piece.size == 0:
        return
    try:
        yield from _batches(piece, spec)
    except BrokenFileError as error:
        yield Rejected(piece.name, "file", error.reason, first_bytes(piece.path, KEPT_BYTES)), piece.first_record


def _batches(piece: Piece, spec: InputSpec) -> Iterator[tuple[pa.RecordBatch | Rejected, int]]:
    first_row = piece.first_record
    with open_arrow(piece.path) as reader:
        check_columns(reader.schema, piece.path, spec.input_columns())
        count = getattr(reader, "num_record_batches", None)
        index = 0
        while count is None or index < count:
            try:
                rows = reader.read_next_batch() if count is None else reader.get_batch(index)
                _check_offsets(rows)
            except StopIteration:
                return
            except ARROW_ERRORS as error:
                yield _broken(piece, index, error), first_row
                if count is None:
                    return
            else:
                yield rows, first_row
                first_row += rows.num_rows
            index += 1


def _check_offsets(rows: pa.RecordBatch) -> None:
    """Raises ArrowInvalid for offsets that point out of their data, which nobody looks at on reading. Broken UTF-8 is no matter."""
    for column in rows.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
        column.validate(full=True)


def _broken(piece: Piece, index: int, error: Exception) -> Rejected:
    raw = first_bytes(piece.path, KEPT_BYTES)
    return Rejected(piece.name, f"batch {index + 1}", f"broken Arrow record batch ({first_line(error)})", raw)
