"""What is said of a mistake in a run file: the file, the place in it with its line, the value, and the nearest right name."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import UserError
from pipeline.places import Node, line_of


@dataclass(frozen=True)
class RunFilePlaces:
    """The places of one run file, of which errors are made; without a node they have no lines."""

    origin: str
    node: Node | None

    def error(self, where: tuple[str | int, ...], message: str) -> UserError:
        line = line_of(self.node, where)
        dotted = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in where).lstrip(".")
        return UserError(": ".join(part for part in (f"{self.origin}{f' line {line}' if line else ''}", dotted, message) if part))

    def check_names(
        self, where: tuple[str | int, ...], values: Mapping[str, Any], known: Collection[str], noun: str = "setting"
    ) -> None:
        for name in values:
            if name not in known:
                raise self.error((*where, name), f"no {noun} {name!r}. {nearest(name, known)}")

    def validation(self, where: tuple[str | int, ...], error: ValidationError) -> UserError:
        """The mistake that lies deepest; what several members of a union would have taken there is told of all of them."""
        located = [(_users_place(details["loc"]), details) for details in error.errors()]
        location, first = max(located, key=lambda pair: len(pair[0]))
        if first["type"] == "value_error":
            return self.error((*where, *location), first["msg"].removeprefix("Value error, "))
        expected = dict.fromkeys(_expected(details) for place, details in located if place == location)
        return self.error((*where, *location), f"found {quoted(first['input'])}; expected {', or '.join(expected)}")


# What pydantic would have taken, by its name for the mistake; with the words that it gives besides. Others are told in its words.
_EXPECTED = {
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text that is not empty",
    "string_type": "text",
    "missing": "a value for it",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list such as [a, b]"),
    **dict.fromkeys(("dict_type", "dataclass_type", "mapping_type"), "a mapping such as {{name: value}}"),
}


def _expected(details: ErrorDetails) -> str:
    if details["type"] in _EXPECTED:
        limits = details.get("ctx", {})
        whole = {name: int(limit) for name, limit in limits.items() if isinstance(limit, float) and limit.is_integer()}
        return _EXPECTED[details["type"]].format(**limits | whole)
    return details["msg"].removeprefix("Input should be ")


def _users_place(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The keys and indexes of a run file: members of a union that did not match add their own names, types and classes, to the place."""
    return tuple(key for key in location if isinstance(key, int) or (key.isidentifier() and key.islower()))


def nearest(name: Any, known: Collection[str]) -> str:
    """The known name that is most like this one, or all that there are, as a sentence."""
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."


def quoted(value: Any) -> str:
    """A value as messages show it, in 80 characters at most."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
