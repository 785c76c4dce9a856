"""One pass of ftfy over texts, as spans: what is proven clean is skipped, what is replaced by character alone never reaches ftfy.

ftfy mends a text line by line (lines longer than a million characters in pieces), and once it has met a `<` it leaves entities
alone for the rest of the text; both are kept here, so a pass gives what `ftfy.fix_text` gives.
"""

import logging
import re
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pyarrow as pa
from ftfy import ExplanationStep, TextFixerConfig, fix_and_explain

from pipeline.encoding.proof import CONTROL, LIGATURE, LINE_BREAK, WIDTH, prove, replacements, tables
from pipeline.encoding.spans import SPANS, SegmentChange, difference, in_order, span_table
from pipeline.kernels.encoding import UNPROVEN, WIDE, find_kinds
from pipeline.kernels.text import buffers, splice

# What ftfy does to a segment, by its text, whether entities may be unescaped, and whether width is fixed.
Answers = dict[tuple[str, bool, bool], list[SegmentChange]]

CONFIG = TextFixerConfig(uncurl_quotes=False, fix_character_width=False)

_RULE_OF_KIND = {
    LINE_BREAK: "encoding/line_breaks",
    CONTROL: "encoding/control_characters",
    LIGATURE: "encoding/ligatures",
    WIDTH: "encoding/width",
}
# What is not here (encode, decode, transcode, decode_inconsistent_utf8, fix_c1_controls) mends mojibake.
_RULE_OF_FIXER = {
    "unescape_html": "entities",
    "fix_latin_ligatures": "ligatures",
    "fix_character_width": "width",
    "fix_line_breaks": "line_breaks",
    "remove_terminal_escapes": "terminal_escapes",
    "remove_control_chars": "control_characters",
    "NFC": "nfc",
}

# What stands 32 characters or more from anything but plain ASCII, `&` or `<`. ftfy's expressions and codecs look at no more than
# a few ASCII characters beside others, at 26 of an entity, and at any number in a terminal escape.
_FAR_FROM_DAMAGE = re.compile(r"(?<=[\t !-%'-;=-~]{32})[\t !-%'-;=-~]{16,}(?=[\t !-%'-;=-~]{32})")

_BREAKS = "\r\u2028\u2029\x85"

_log = logging.getLogger(__name__)


def one_pass(texts: pa.Array, *, fix_width: bool, answers: Answers) -> pa.Table:
    """The changes (SPANS) that make of each text what ftfy makes of it. `answers` takes what ftfy said, to ask it once."""
    offsets, data = buffers(texts)
    rows, starts, stops = _segments(offsets, data)
    flags = _relevant(prove(starts, stops, data), fix_width)
    simple = np.flatnonzero((flags != 0) & (flags & UNPROVEN == 0))
    replaced, unsettled = _replace_characters(offsets, data, rows[simple], starts[simple], stops[simple], fix_width)
    asked = (flags & UNPROVEN) != 0
    asked[simple[unsettled]] = True
    mended = _ask_ftfy(offsets, data, rows[asked], starts[asked], stops[asked], fix_width, answers)
    return in_order([replaced, mended])


def _relevant(flags: np.ndarray, fix_width: bool) -> np.ndarray:
    return flags if fix_width else flags & (0xFF ^ WIDE)


def _segments(offsets: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where ftfy cuts the texts: the text's number, first byte and end of each piece, in order; places are in the data."""
    first, last = offsets[0], offsets[-1]
    ends = np.flatnonzero(data[first:last] == 0x0A) + first + 1
    cuts = np.unique(np.concatenate([offsets, ends]))
    long = np.flatnonzero(np.diff(cuts) > CONFIG.max_decode_length)
    if len(long):
        cuts = np.unique(np.concatenate([cuts, *(_cuts_of_long(data, cuts[i], cuts[i + 1]) for i in long.tolist())]))
    starts, stops = cuts[:-1], cuts[1:]
    return np.searchsorted(offsets, starts, side="right") - 1, starts, stops


def _cuts_of_long(data: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Every millionth character of a long line."""
    characters = np.flatnonzero((data[start:stop] & 0xC0) != 0x80)
    return characters[CONFIG.max_decode_length :: CONFIG.max_decode_length] + start


def _replace_characters(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray, fix_width: bool
) -> tuple[pa.Table, np.ndarray]:
    """The spans of characters that are replaced wherever they stand; and which segments (bool) need more than that.

    Where ftfy has nothing else to do in a segment, and would have nothing to do once these are replaced, this is all it does.
    """
    kinds = tables().kinds if fix_width else np.where(tables().kinds == WIDTH, 0, tables().kinds).astype(np.uint8)
    segments, places, codes = find_kinds(starts, stops, data, kinds)
    places += starts[segments]
    unique, which = np.unique(codes, return_inverse=True)
    inserted = pa.array([replacements()[c] for c in unique.tolist()], pa.large_string()).take(pa.array(which))
    code_points = np.where(unique < 0, ord("\r"), unique)
    lengths = np.array([len(chr(c).encode()) for c in code_points.tolist()], np.int64)[which]
    names = pa.array([_RULE_OF_KIND[kind] for kind in kinds[code_points].tolist()], pa.string()).take(pa.array(which))

    owners = rows[segments]
    first = places - offsets[owners]
    inserted_offsets, inserted_data = buffers(inserted)
    _, new = splice(offsets, data, owners, first, first + lengths, inserted_offsets, inserted_data)
    shifts = np.concatenate([[0], np.cumsum(np.diff(inserted_offsets) - lengths)]) - offsets[0]
    new_starts, new_stops = (at + shifts[np.searchsorted(places, at)] for at in (starts, stops))
    unsettled = _relevant(prove(new_starts, new_stops, new), fix_width) != 0
    spans = pa.table([owners, first, first + lengths, inserted, names, pa.nulls(len(owners), pa.string())], schema=SPANS)
    return spans.filter(pa.array(~unsettled[segments])), unsettled


def _ask_ftfy(
    offsets: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    fix_width: bool,
    answers: Answers,
) -> pa.Table:
    """The spans that ftfy changes in these segments."""
    less_than = np.append(np.flatnonzero(data == ord("<")), len(data))
    first_less_than = less_than[np.searchsorted(less_than, offsets[rows])]
    found: list[list[SegmentChange]] = []
    for start, stop, seen_at in zip(starts.tolist(), stops.tolist(), first_less_than.tolist()):
        text, unescape = data[start:stop].tobytes().decode(), seen_at >= start
        key = (text, unescape, fix_width)
        if key not in answers:
            config = CONFIG._replace(fix_character_width=fix_width, unescape_html="auto" if unescape else False)
            answers[key] = _changes(text, config)
        found.append(answers[key])
    places, counts = starts - offsets[rows], [len(changes) for changes in found]
    spans = span_table(np.repeat(rows, counts).tolist(), list(chain.from_iterable(found)))
    shifts = np.repeat(places, counts)
    for index in (1, 2):
        spans = spans.set_column(index, SPANS.field(index), pa.array(spans.column(index).to_numpy() + shifts))
    return spans


def _changes(text: str, config: TextFixerConfig) -> list[SegmentChange]:
    """The changes of one segment, in bytes from its beginning.

    ftfy looks at the segment without the middle of long runs of plain ASCII, which it neither changes nor minds; should a change
    reach such a place all the same, it looks at all of it.
    """
    gaps = [] if "\x1b" in text else [(found.start(), found.end()) for found in _FAR_FROM_DAMAGE.finditer(text)]
    if not gaps:
        return list(_changes_of_whole(text, config))
    edges = [0, *(edge for gap in gaps for edge in gap), len(text)]
    pieces = [text[start:stop] for start, stop in zip(edges[::2], edges[1::2])]
    joints = np.cumsum([len(piece.encode()) for piece in pieces[:-1]])
    lost = np.concatenate([[0], np.cumsum([stop - start for start, stop in gaps])]).tolist()
    changes = []
    for change in _changes_of_whole("".join(pieces), config):
        before, after = np.searchsorted(joints, change.start), np.searchsorted(joints, change.stop, side="right")
        if before != after:
            return list(_changes_of_whole(text, config))
        changes.append(change._replace(start=change.start + lost[before], stop=change.stop + lost[before]))
    return changes


def _changes_of_whole(text: str, config: TextFixerConfig) -> Iterator[SegmentChange]:
    fixed, steps = _fix(text, config)
    if fixed == text:
        return
    # The line break at the end is told apart from what else was mended in the line.
    ending = text.endswith("\r\n") and fixed.endswith("\n")
    body, mended = (text[:-2], fixed[:-1]) if ending else (text, fixed)
    rule, evidence = _why(steps, breaks=not ending or any(c in body for c in _BREAKS))
    yield from difference(body, mended, rule, evidence)
    if ending:
        end = len(text.encode())
        yield SegmentChange(end - 2, end - 1, "", _RULE_OF_KIND[LINE_BREAK], None)


def _fix(text: str, config: TextFixerConfig) -> tuple[str, list[ExplanationStep]]:
    try:
        fixed, steps = fix_and_explain(text, config)
        fixed.encode()
    except (ValueError, OverflowError, RecursionError) as error:
        _log.warning("ftfy failed on a line of %d characters, which stays as it is: %s", len(text), error)
        return text, []
    return fixed, steps or []


def _why(steps: list[ExplanationStep], *, breaks: bool) -> tuple[str, str | None]:
    """The rule, joined from all kinds of steps when there are several; and for mojibake the codecs that undid it."""
    rules = {_RULE_OF_FIXER.get(step.parameter, "mojibake") for step in steps} - (set() if breaks else {"line_breaks"})
    codecs = [step.parameter for step in steps if step.parameter not in _RULE_OF_FIXER]
    return "encoding/" + "+".join(sorted(rules)), " ".join(codecs) or None
