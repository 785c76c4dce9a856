"""What is said of a mistake in a run file: the file, the place in it with its line, the value, and the nearest right name."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

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

    def check_names(self, where: tuple[str | int, ...], values: Mapping[str, Any], known: list[str]) -> None:
        for name in values:
            if name not in known:
                noun = "setting" if where else "key"
                raise self.error((*where, name), f"no {noun} {name!r}. {nearest(name, known)}")

    def validation(self, where: tuple[str | int, ...], error: ValidationError) -> UserError:
        first = error.errors()[0]
        # Members of a union that did not match add their own names to the place; only keys and indexes are the user's.
        location = tuple(key for key in first["loc"] if isinstance(key, int) or str(key).isidentifier())
        message = first["msg"].removeprefix("Value error, ")
        found = "" if first["type"] == "value_error" else f"found {quoted(first['input'])}; "
        return self.error((*where, *location), f"{found}{message[:1].lower()}{message[1:]}")


def nearest(name: Any, known: Collection[str]) -> str:
    """The known name that is most like this one, or all that there are, as a sentence."""
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."


def quoted(value: Any) -> str:
    """A value as messages show it, in 80 characters at most."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
