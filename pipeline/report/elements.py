"""Small pieces of the page."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pipeline.report.marks import escaped, number, visible


class Line(str):
    """A line of text, shown as it is."""


class Share(float):
    """A part of one, shown in per cent."""


def table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, alarms: Collection[int] = ()) -> str:
    """Rows under their names, numbers to the right; those in `alarms` (by place) stand out. Scrolls by itself when it is wide."""
    rows = [list(row) for row in rows]
    right = [bool(rows) and isinstance(rows[0][place], int | Share) for place in range(len(names))]
    head = "".join(f'<th scope="col"{_NUMBER if numeric else ""}>{escaped(name)}</th>' for name, numeric in zip(names, right))
    body = "".join(_row(row, _OVER if place in alarms else "") for place, row in enumerate(rows))
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{escaped(names[0])}">{inner}</div>'


_NUMBER, _OVER = ' class="n"', ' class="over"'


def _row(row: Sequence[Any], marked: str) -> str:
    return f"<tr{marked}>{''.join(_cell(value) for value in row)}</tr>"


def _cell(value: Any) -> str:
    if isinstance(value, Share):
        return f"<td{_NUMBER}>{escaped(percent(value, 1))}</td>"
    if isinstance(value, int):
        return f"<td{_NUMBER}>{number(value)}</td>"
    return f'<td class="line">{visible(value)}</td>' if isinstance(value, Line) else f"<td>{escaped(value)}</td>"


_BLANK = "\u00a0"  # that no line is broken at


def percent(part: float, whole: float) -> str:
    """A share of a whole; little is not nothing."""
    share = 100 * part / max(1, whole)
    return f"< 0.1{_BLANK}%" if 0 < share < 0.05 else f"{share:.1f}{_BLANK}%"


def shortened(text: str, length: int = 60) -> str:
    """One line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
