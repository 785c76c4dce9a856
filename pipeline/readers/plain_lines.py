"""The plain lines of a block of JSON Lines as columns: what `make_record` makes of them. kernels/json_lines.py says what is plain."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.json_lines import read_lines
from pipeline.readers.dates import to_milliseconds
from pipeline.readers.records import Rows, numbered_ids
from pipeline.readers.spec import InputColumns
from pipeline.schema import make_batch

_FIELDS = ("doc_id", "source", "url", "title", "published", "text")


@dataclass(frozen=True)
class PlainLines:
    """`lines` numbers the lines of the block that are plain and whose date can be read, `fields` has a row for each.

    `starts` is where each line of the block begins, and where the last ends behind its line feed. All lines are counted from 0.
    """

    starts: np.ndarray
    lines: np.ndarray
    fields: dict[str, Any]

    @property
    def most(self) -> bool:
        """True where nine of ten lines are plain: in a block with more others it is faster to read all one by one."""
        return 10 * len(self.lines) >= 9 * (len(self.starts) - 1)

    def rows(self, file: str, positions: np.ndarray, numbers: np.ndarray, encoding: str) -> Rows:
        """Documents, given the lines in the file and the numbers of the records that they are."""
        count = len(self.lines)
        position = pc.binary_join_element_wise("line", pa.array(positions).cast(pa.string()), " ")
        ids = numbered_ids(self.fields["doc_id"], file, numbers)
        batch = make_batch({**self.fields, "doc_id": ids, "encoding": pa.repeat(encoding, count)})
        return Rows(batch, pa.repeat(file, count), position)


def read_plain_lines(data: bytes, size: int, columns: InputColumns) -> PlainLines | None:
    """The plain lines of the first `size` bytes, behind which there are PADDING zeros; None if they are not UTF-8."""
    if not _is_utf8(data, size):
        return None
    distinct = list(dict.fromkeys(getattr(columns, name) for name in _FIELDS))
    names = [name.encode() for name in distinct]
    codes = np.frombuffer(data, np.uint8)
    out = pa.allocate_buffer((len(names) + 1) * size)
    offsets, valid, lines, starts = read_lines(
        codes,
        size,
        np.frombuffer(b"".join(names), np.uint8),
        np.cumsum([0, *map(len, names)], dtype=np.int64),
        distinct.index(columns.text),
        distinct.index(columns.published),
        int(np.count_nonzero(codes == ord("\n"))) + 1,  # ten times as fast as bytes.count
        np.frombuffer(out, np.uint8),
    )
    found = [_strings(out, ends, there) for ends, there in zip(offsets, valid)]
    fields = {name: found[distinct.index(getattr(columns, name))] for name in _FIELDS} | {"meta": found[-1]}
    fields["published"], dated = _dates(fields["published"])
    if dated is not None:
        lines, fields = (
            lines[dated.to_numpy(zero_copy_only=False)],
            {name: column.filter(dated) for name, column in fields.items()},
        )
    return PlainLines(starts, lines, fields)


def _strings(buffer: pa.Buffer, offsets: np.ndarray, valid: np.ndarray) -> pa.Array:
    """Strings in memory of their own: the buffer, which has room for every field, is given back and used again for the next block."""
    there = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    start, stop = int(offsets[0]), int(offsets[-1])
    own = pa.allocate_buffer(stop - start)
    np.frombuffer(own, np.uint8)[:] = np.frombuffer(buffer, np.uint8)[start:stop]
    return pa.LargeStringArray.from_buffers(len(valid), pa.py_buffer(offsets - start), own, there)


def _dates(column: pa.Array) -> tuple[pa.Array | None, pa.Array | None]:
    """The points in time, and which rows have one that can be read, or none at all; None where that is all of them."""
    if column.null_count == len(column):
        return None, None
    coded = column.dictionary_encode()
    moments = pa.array([to_milliseconds(value) for value in coded.dictionary.to_pylist()], pa.int64()).take(coded.indices)
    readable = pc.equal(moments.is_valid(), column.is_valid())
    return moments, None if pc.all(readable).as_py() else readable


def _is_utf8(data: bytes, size: int) -> bool:
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, size])), pa.py_buffer(data))
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
