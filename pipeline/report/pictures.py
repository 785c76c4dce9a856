"""Pictures as inline SVG, drawn with drawsvg: 44 kB of Python that writes the shapes asked for and needs nothing else.

Plotting libraries bring more than the rest of the pipeline together, or a script, or a picture of fixed width whose letters shrink on a
phone. Here letters are HTML, only shapes are SVG, and shapes stretch.
"""

from collections.abc import Sequence

from drawsvg import Drawing, Path, Rectangle

from pipeline.report.elements import percent
from pipeline.report.marks import escaped, number

_THINNEST = 0.7  # per cent of the width: a loss of one document in a million is still seen
_BED = 88  # per cent of the width for all there is, so that there is room to turn off
_TURN = 6


def river(before: float, after: float, whole: float) -> str:
    """A piece of the river from width `before` to `after` (of `whole`): what goes on flows down, what is lost turns off to the right."""
    start = _BED * before / max(whole, 1)
    kept = _BED * after / max(whole, 1)
    if before <= after:
        return _picture(Path(class_="river").M(0, 0).H(_at(start)).L(_at(kept), 100).H(0).Z())
    width = max(start - kept, _THINNEST)
    kept = max(start - width, 0.0)
    bank, far = min(start + _TURN, 100.0 - width), min(start + _TURN, 100.0 - width) + width
    stream = Path(class_="river").M(0, 0).H(_at(kept)).V(100).H(0).Z()
    lost = Path(class_="lost").M(_at(kept), 0).H(_at(start))
    lost.C(_at(start), 45, _at(far), 25, _at(far), 88).H(_at(bank)).C(_at(bank), 50, _at(kept), 70, _at(kept), 0).Z()
    return _picture(stream, lost)


def shares(parts: Sequence[tuple[str, int, str]]) -> str:
    """One bar of the whole, cut into parts of name, number and class, with the names and numbers beneath; parts of nothing are left out."""
    whole = max(sum(count for _, count, _ in parts), 1)
    shapes, at = [], 0.0
    for _, count, kind in parts:
        if count:
            width = max(100 * count / whole, _THINNEST)
            shapes.append(_bar(kind, min(at, 100 - width), width))
        at += 100 * count / whole
    names = "".join(
        f'<li><span class="key {kind}"></span>{escaped(name)} <b>{number(count)}</b> '
        f'<span class="soft">{escaped(percent(count, whole))}</span></li>'
        for name, count, kind in parts
        if count
    )
    return f'<div class="whole">{_picture(*shapes)}<ul>{names}</ul></div>'


def bars(rows: Sequence[tuple[str, int, int]], *, unit: str, part: str = "") -> str:
    """Rows of name, bar and number; the third value is the part of the bar that is shown as lost (called `part`)."""
    most = max((total for _, total, _ in rows), default=0)
    cells = []
    for name, total, lost in rows:
        kept, gone = (100 * value / max(most, 1) for value in (total - lost, lost))
        gone = max(gone, _THINNEST) if lost else 0
        shapes = [_bar("river", 0, kept), *([_bar("lost", kept, gone)] if lost else [])]
        told = f'{number(total)} <span class="soft">{number(lost)} {escaped(part)}</span>' if part and lost else number(total)
        cells.append(f'<span>{escaped(name)}</span>{_picture(*shapes)}<span class="n">{told}</span>')
    return f'<div class="bars" role="group" aria-label="{escaped(unit)}">{"".join(cells)}</div>'


def _bar(kind: str, start: float, width: float) -> Rectangle:
    return Rectangle(_at(start), 0, _at(width), 100, class_=kind)


def _at(place: float) -> float:
    """Hundredths are more than a screen shows."""
    return round(place, 2)


def _picture(*shapes: Path | Rectangle) -> str:
    """Shapes on a field of 100 by 100 that is stretched; the numbers beside it say the same, so readers of screens pass over it."""
    field = Drawing(100, 100, preserveAspectRatio="none", aria_hidden="true", focusable="false")
    field.extend(shapes)
    svg: str = field.as_svg(header="")
    return svg
