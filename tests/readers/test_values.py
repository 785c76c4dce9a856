"""Foreign values as the schema holds them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.values import as_string, to_json

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_VALUES)
def test_json_of_any_value_is_valid_and_gives_it_back(value: object) -> None:
    """Encodable as UTF-8, parsed by a strict parser, equal but for NaN and infinities, which are strings."""
    text = to_json(value)
    text.encode()
    assert json.loads(text, parse_constant=pytest.fail) == _expected(value)


@given(_VALUES)
def test_json_is_written_in_one_form(value: object) -> None:
    """What is alone and what lies among plain values is written alike: the quick writer is not told from the exact one."""
    assert to_json({"a": "x", "b": value}) == to_json({"a": "x", "b": [value]}).replace('"b":[', '"b":', 1)[:-2] + "}"


def _expected(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dict):
        return {key: _expected(item) for key, item in value.items()}
    return [_expected(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), ("", ""), (None, None), (17, "17"), (1.5, "1.5"), (True, "true"), (["a"], '["a"]'), (float("nan"), None)],
)
def test_values_of_string_columns(value: object, expected: str | None) -> None:
    """Strings as they are, the rest as JSON writes it."""
    assert as_string(value) == expected
