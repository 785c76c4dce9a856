"""Values of input columns as the schema holds them: strings, and JSON for whatever is not named."""

import base64
import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

_FORM: Mapping[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False}


def describe(value: Any) -> Any:
    """JSON for a value that has none of its own: bytes as base64, everything else (decimals, times) as it prints."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, date) else str(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=describe, **_FORM)
_ASCII_ENCODER = json.JSONEncoder(ensure_ascii=True, default=describe, **_FORM)


_PLAIN = {str, int, bool, type(None)}


def is_plain(values: Mapping[str, Any]) -> bool:
    """True when all are strings, integers, truth values or null, which orjson reads and writes as Python's own parser does.

    Not floats: those it writes in another form (1e16 for 1e+16).
    """
    return _PLAIN.issuperset(map(type, values.values()))


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys. NaN and the infinities, which JSON lacks, become strings; lone surrogates stay escapes."""
    if type(value) is dict and is_plain(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        except orjson.JSONEncodeError:  # a lone surrogate, or a number of more than 64 bits
            return _to_json_exactly(value)
    return _to_json_exactly(value)


def _to_json_exactly(value: Any) -> str:
    try:
        text = _ENCODER.encode(value)
    except ValueError:
        text = _ENCODER.encode(_finite(value))
    return text if is_encodable(text) else _ASCII_ENCODER.encode(_finite(value))


def is_encodable(text: str) -> bool:
    """False for a string with a lone surrogate, which no UTF-8 can hold."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_string(value: Any) -> str | None:
    """A value for a string column: strings as they are, null for null and for NaN, all else as JSON (17 as "17")."""
    if isinstance(value, str) or value is None:
        return value
    return None if isinstance(value, float) and math.isnan(value) else to_json(value)


def _finite(value: Any) -> Any:
    """The value with NaN, Infinity and -Infinity as strings, at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
