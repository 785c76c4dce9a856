"""Columns of foreign tables, of whatever type, as strings, points in time and plain values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.dates import FIRST_MS, LAST_MS, to_milliseconds
from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.values import as_string

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_UTC_MS = pa.timestamp("ms", tz="UTC")

# Raised for values within lists and structs: nanoseconds, broken UTF-8, a year 10000, a time zone that nobody knows.
_FORMLESS = (ValueError, OverflowError, LookupError)


def is_text(kind: pa.DataType) -> bool:
    """True for the types that a text column may have: strings, bytes, and dictionaries of them."""
    return is_text(kind.value_type) if pa.types.is_dictionary(kind) else _is_string(kind) or is_binary(kind)


def holds_nothing(kind: pa.DataType) -> bool:
    """True for the type of a column of nulls alone, of which a writer that goes by the values cannot know better."""
    return bool(pa.types.is_null(kind.value_type if pa.types.is_dictionary(kind) else kind))


def is_binary(kind: pa.DataType) -> bool:
    """True for bytes that are not said to be UTF-8."""
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def plain_column(rows: pa.RecordBatch, name: str) -> pa.Array | None:
    """The column of this name, dictionaries and extension types taken off; None without one."""
    place = rows.schema.get_field_index(name)
    if place < 0:
        return None
    column = rows.column(place)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def binary_lengths(column: pa.Array) -> np.ndarray:
    """Bytes of each string, int64; 0 for null."""
    lengths: np.ndarray = pc.binary_length(column.cast(pa.large_binary())).fill_null(0).to_numpy(zero_copy_only=False)
    return lengths


def row_bytes(rows: pa.RecordBatch) -> np.ndarray:
    """Bytes of each row's strings over all columns, int64, as they are once dictionaries are taken off.

    Told without doing that: a dictionary with one value of a megabyte, in a file of five hundred bytes, may stand for as many
    gigabytes as there are thousands of rows.
    """
    total = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        total += _string_bytes(column)
    return total


def _string_bytes(column: pa.Array) -> np.ndarray | int:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if not is_text(column.type):
        return 0
    if not pa.types.is_dictionary(column.type):
        return binary_lengths(column)
    lengths = pa.array(binary_lengths(column.dictionary), pa.int64())
    each: np.ndarray = lengths.take(column.indices).fill_null(0).to_numpy(zero_copy_only=False)
    return each


def beginning(column: pa.Array, characters: int) -> pa.Array:
    """The column with strings cut after so many characters, bytes after so many bytes; other types as they are."""
    if is_binary(column.type) or (_is_string(column.type) and utf8_or_none(column) is None):
        return pc.binary_slice(column.cast(pa.large_binary()), 0, characters)
    return pc.utf8_slice_codeunits(column.cast(pa.large_string()), 0, characters) if _is_string(column.type) else column


def utf8_or_none(column: pa.Array) -> pa.Array | None:
    """The strings as large_string, or None when they are not valid UTF-8, which Arrow does not promise of a foreign file."""
    text = column.cast(pa.large_string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return text


def string_values(column: pa.Array) -> list[str | None]:
    """The values for a string column of the schema."""
    return [as_string(value) for value in values(column)]


def values(column: pa.Array) -> list[Any]:
    """The values as Python has them; times as strings, since Python knows no nanoseconds and no year 10000."""
    if _is_string(column.type):
        text = utf8_or_none(column)
        return [_decoded(raw) for raw in column.cast(pa.large_binary()).to_pylist()] if text is None else list(text.to_pylist())
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        unit = column.type.unit
        return [_with_zone(time) for time in values(column.cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit)))]
    if pa.types.is_temporal(column.type) and not pa.types.is_duration(column.type) and not pa.types.is_interval(column.type):
        column = column.cast(pa.string())
    try:
        return list(column.to_pylist())
    except _FORMLESS:
        return [_value_or_type(scalar) for scalar in column]


def _with_zone(time: str | None) -> str | None:
    """Only without a zone does Arrow see that a time is out of its range; with one it prints another time."""
    return f"{time}Z" if time is not None and not time.startswith("<") else time


def timestamps(column: pa.Array | None) -> tuple[pa.Array | None, Mapping[int, Any]]:
    """Points in time as the schema has them, and by row the values that are none. Without a zone they are taken as UTC."""
    if column is None:
        return None, {}
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        found = _whole_milliseconds(column)
        lost = np.flatnonzero(pc.and_(column.is_valid(), found.is_null()).to_numpy(zero_copy_only=False)).tolist()
        return found, {row: values(column.slice(row, 1))[0] for row in lost}
    raw = values(column)
    parsed = [to_milliseconds(value) for value in raw]
    return pa.array(parsed, _UTC_MS), {row: value for row, value in enumerate(raw) if value is not None and parsed[row] is None}


def _whole_milliseconds(column: pa.Array) -> pa.Array:
    """Timestamps rounded down to milliseconds; null where the year is not one of 1 to 9999."""
    per_second = _PER_SECOND[column.type.unit]
    ticks = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    seconds = ticks // per_second
    milliseconds = seconds * 1000 + (ticks - seconds * per_second) * 1000 // per_second
    inside = (seconds >= FIRST_MS // 1000) & (seconds <= LAST_MS // 1000)
    missing = ~(inside & column.is_valid().to_numpy(zero_copy_only=False))
    return pa.array(milliseconds, pa.int64(), mask=missing).cast(_UTC_MS)


def _value_or_type(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except _FORMLESS:
        if pa.types.is_duration(scalar.type):
            return f"{scalar.value} {scalar.type.unit}"
        return f"{scalar.type} without a form in JSON"


def _decoded(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    try:
        return decode(raw).text
    except UndecodableError:
        return raw.decode("utf-8", "backslashreplace")


def _is_string(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))
