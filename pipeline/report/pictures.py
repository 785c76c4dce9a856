"""Pictures as inline SVG.

Drawn by hand: there are two shapes, a bar and a piece of a river, and every plotting library we looked at brings more than the rest of
the pipeline together, or a script, or a picture of fixed width whose letters shrink on a phone. Here letters are HTML, only shapes are
SVG, and shapes stretch.
"""

from collections.abc import Sequence

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
        return _picture(f'<path class="river" d="M0 0H{start:.2f}L{kept:.2f} 100H0Z"/>')
    width = max(start - kept, _THINNEST)
    kept = max(start - width, 0.0)
    bank, far = min(start + _TURN, 100.0 - width), min(start + _TURN, 100.0 - width) + width
    lost = f"M{kept:.2f} 0H{start:.2f}C{start:.2f} 45 {far:.2f} 25 {far:.2f} 88H{bank:.2f}C{bank:.2f} 50 {kept:.2f} 70 {kept:.2f} 0Z"
    return _picture(f'<path class="river" d="M0 0H{kept:.2f}V100H0Z"/><path class="lost" d="{lost}"/>')


def shares(parts: Sequence[tuple[str, int, str]]) -> str:
    """One bar of the whole, cut into parts of name, number and class, with the names and numbers beneath; parts of nothing are left out."""
    whole = max(sum(count for _, count, _ in parts), 1)
    shapes, at = "", 0.0
    for _, count, kind in parts:
        width = max(100 * count / whole, _THINNEST) if count else 0.0
        shapes += f'<rect class="{kind}" x="{min(at, 100 - width):.2f}" width="{width:.2f}" height="100"/>' if count else ""
        at += 100 * count / whole
    names = "".join(
        f'<li><span class="key {kind}"></span>{escaped(name)} <b>{number(count)}</b> '
        f'<span class="soft">{escaped(percent(count, whole))}</span></li>'
        for name, count, kind in parts
        if count
    )
    return f'<div class="whole">{_picture(shapes)}<ul>{names}</ul></div>'


def bars(rows: Sequence[tuple[str, int, int]], *, unit: str, part: str = "") -> str:
    """Rows of name, bar and number; the third value is the part of the bar that is shown as lost (called `part`)."""
    most = max((total for _, total, _ in rows), default=0)
    cells = []
    for name, total, lost in rows:
        kept, gone = (100 * value / max(most, 1) for value in (total - lost, lost))
        gone = max(gone, _THINNEST) if lost else 0
        shapes = f'<rect class="river" width="{kept:.2f}" height="100"/>'
        shapes += f'<rect class="lost" x="{kept:.2f}" width="{gone:.2f}" height="100"/>' if lost else ""
        told = f'{number(total)} <span class="soft">{number(lost)} {escaped(part)}</span>' if part and lost else number(total)
        cells.append(f"<span>{escaped(name)}</span>{_picture(shapes)}<span class=\"n\">{told}</span>")
    return f'<div class="bars" role="group" aria-label="{escaped(unit)}">{"".join(cells)}</div>'


def _picture(shapes: str) -> str:
    """Shapes on a field of 100 by 100 that is stretched; the numbers beside it say the same, so readers of screens pass over it."""
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">{shapes}</svg>'
