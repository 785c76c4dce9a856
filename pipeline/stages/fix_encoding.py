"""Repairs text that was decoded with the wrong charset or otherwise garbled on its way, with ftfy."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.edits import NO_EDITS, apply_columns
from pipeline.encoding.legacy_charset import MIN_HIGH, may_be_legacy, redecode_legacy
from pipeline.encoding.lost_controls import may_have_lost_controls, restore_lost_controls
from pipeline.encoding.one_pass import Answers, one_pass
from pipeline.encoding.proof import prove, tables
from pipeline.encoding.spans import compose, difference, in_order, renumber, span_table, splice_spans, without_rows
from pipeline.kernels.encoding import REPLACED, UNPROVEN, WIDE, count_letters
from pipeline.kernels.legacy_charset import count_latin_1
from pipeline.kernels.text import buffers
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Outcome

# Texts whose letters are Latin in this share, in percent, are Latin-dominant. Must hold for English with a Chinese byline (the
# least of 164 German, 162 English and French documents is 99.9), must not for Chinese news full of company names (the most of
# 160 is 41, of 163 Japanese 36); full-width punctuation is a mistake in the first and right in the second.
MIN_LATIN_PERCENT = 95

# Passes after which a text that still changes is left as it was. Two are enough for all texts seen.
_MAX_PASSES = 8


@dataclass(frozen=True)
class FixEncoding:
    """Mends mojibake, entities, line breaks, control characters, ligatures and terminal escapes, and normalises to NFC.

    The text becomes `ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=w)`, repeated until it changes no more, so
    that a second run changes nothing; w is True where `fix_width` is `latin` and the repaired text is Latin-dominant. Before each
    pass come two steps of our own, where ftfy can do nothing or does wrong: text of a legacy charset read as Latin-1 or Windows-1252
    is read anew (`legacy_charset.py`), and punctuation of which mojibake has lost the control characters is put back
    (`lost_controls.py`: "Congressâs", of which ftfy makes nothing, "â€œtrue,â€ he", of which it makes “true,†he). With both
    turned off the text is ftfy's. A text that does not settle, or of which nothing would be left, stays as it is.

    What is done with signs that are not seen, each by one policy:

    - Line ends: CR LF, CR, U+2028 and U+2029 become LF; form feed stays; NEL (U+0085) is read as the … that it is in cp1252.
    - Control characters: U+0000 to U+001F but tab, LF and form feed, DEL, the deprecated U+206A to U+206F, U+FFF9 to U+FFFC and
      the byte order mark U+FEFF go. U+0080 to U+009F become the Windows-1252 characters of those bytes; the five that have none stay.
    - Zero-width space and (non-)joiners, word joiner (U+200B to U+200D, U+2060): stay; Persian, Indic scripts and emoji need them.
    - Direction marks, embeddings and isolates (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069): stay; mixed text needs them.
    - Soft hyphens (U+00AD) and no-break spaces stay: typography of good text.

    Edits have the rule `encoding/mojibake`, `/legacy_charset`, `/lost_controls`, `/entities`, `/line_breaks`, `/control_characters`,
    `/ligatures`, `/width`, `/terminal_escapes`, `/nfc`; where several met in one line and cannot be told apart they are joined by
    `+`. The evidence of mojibake are the codecs that undid it, that of a legacy charset its name and the gain in likelihood, that
    of lost control characters what stood there: a dash may have been an en or an em dash, and becomes –.
    """

    fix_width: Literal["latin", "never"] = field(
        default="latin", metadata={"help": "full-width forms become plain ones: in texts of Latin script, or never"}
    )
    legacy_charsets: bool = field(
        default=True,
        metadata={"help": "text of cp1251, koi8, gb18030 … read as Latin-1 is read anew where its language is plain"},
    )
    lost_controls: bool = field(
        default=True,
        metadata={"help": "quotation marks, dashes and bullets of which only an â is left are put back where the place tells"},
    )

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        text = batch.column("text")
        rows = np.flatnonzero(live_rows(batch))
        rows = rows[self._may_change(text, rows)]
        if len(rows) == 0:
            return Outcome(batch, NO_EDITS)
        text, edits = _apply(text, renumber(self._settle(text.take(pa.array(rows))), rows))
        return Outcome(replace_columns(batch, text=text), edits)

    def _may_change(self, text: pa.Array, rows: np.ndarray) -> np.ndarray:
        """Which of these rows (bool) are not proven to stay as they are."""
        offsets, data = buffers(text)
        flags = prove(offsets[rows], offsets[rows + 1], data)
        changes: np.ndarray = (flags & (UNPROVEN | REPLACED)) != 0
        changes |= self._has_wide_to_fix(text, rows, flags == WIDE)
        changes |= self._may_be_misread(text, rows)
        return changes

    def _may_be_misread(self, text: pa.Array, rows: np.ndarray) -> np.ndarray:
        """Which of these rows (bool) our own steps may change; most hold no character that they look for."""
        offsets, data = buffers(text)
        counts = count_latin_1(offsets[rows], offsets[rows + 1], data)
        found = np.zeros(len(rows), bool)
        for wanted, least, look in (
            (self.legacy_charsets, MIN_HIGH // 2, may_be_legacy),
            (self.lost_controls, 1, may_have_lost_controls),
        ):
            some = np.flatnonzero(counts >= least) if wanted else rows[:0]
            found[some] |= look(text, rows[some])
        return found

    def _has_wide_to_fix(self, text: pa.Array, rows: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Which of these rows are candidates that hold characters of other width and are Latin-dominant."""
        found = np.zeros(len(rows), bool)
        if self.fix_width == "never" or not candidates.any():
            return found
        offsets, data = buffers(text)
        chosen = rows[candidates]
        counts = count_letters(offsets[chosen], offsets[chosen + 1], data, tables().latin, tables().other, tables().kinds)
        latin, other, wide = counts.T
        found[candidates] = (wide > 0) & (latin > 0) & (100 * latin >= MIN_LATIN_PERCENT * (latin + other))
        return found

    def _settle(self, text: pa.Array) -> pa.Table:
        """The spans that turn each text into what further passes leave as it is."""
        answers: Answers = {}
        spans, once = self._pass(text, answers)
        changed = np.unique(spans["row"].to_numpy())
        doubtful = changed[self._may_change(once, changed)]
        again, _ = self._pass(once.take(pa.array(doubtful)), answers)
        rows = doubtful[np.unique(again["row"].to_numpy())].tolist()
        settled = {row: self._fixed_point(text[row].as_py(), answers) for row in rows}
        emptied = np.flatnonzero((_lengths(once) == 0) & (_lengths(text) > 0)).tolist()
        rewritten = [_rewrite(row, text[row].as_py(), new) for row, new in settled.items()]
        return in_order([without_rows(spans, rows + emptied), *rewritten])

    def _pass(self, text: pa.Array, answers: Answers) -> tuple[pa.Table, pa.Array]:
        """One pass of our own steps and then ftfy, which would mend some of their mojibake wrongly; as spans and as text."""
        spans, current = span_table([], []), text
        for wanted, step in ((self.legacy_charsets, redecode_legacy), (self.lost_controls, restore_lost_controls)):
            found = step(current) if wanted else span_table([], [])
            spans, current = compose(spans, found, current), splice_spans(current, found)
        found, mended = self._pass_of_ftfy(current, answers)
        return compose(spans, found, current), mended

    def _pass_of_ftfy(self, text: pa.Array, answers: Answers) -> tuple[pa.Table, pa.Array]:
        """One pass of ftfy, as spans and as text; width is fixed in texts that are Latin-dominant when the rest is mended."""
        spans = one_pass(text, fix_width=False, answers=answers)
        mended = splice_spans(text, spans)
        offsets, data = buffers(mended)
        candidates = (prove(offsets[:-1], offsets[1:], data) & (WIDE | UNPROVEN)) != 0
        wide = np.flatnonzero(self._has_wide_to_fix(mended, np.arange(len(text)), candidates))
        if len(wide) == 0:
            return spans, mended
        wider = renumber(one_pass(text.take(pa.array(wide)), fix_width=True, answers=answers), wide)
        spans = in_order([without_rows(spans, wide.tolist()), wider])
        return spans, splice_spans(text, spans)

    def _fixed_point(self, text: str, answers: Answers) -> str:
        """What the text becomes when passes follow until nothing changes; the text itself when they never end or empty it."""
        current = pa.array([text], pa.large_string())
        for _ in range(_MAX_PASSES):
            spans, current = self._pass(current, answers)
            if spans.num_rows == 0:
                return str(current[0].as_py()) or text
        return text


def _apply(text: pa.Array, spans: pa.Table) -> tuple[pa.Array, pa.RecordBatch]:
    if spans.num_rows == 0:
        return text, NO_EDITS
    row, start, stop = (spans[name].to_numpy() for name in ("row", "start", "stop"))
    inserted, rule, evidence = (pa.concat_arrays(spans[name].chunks) for name in ("inserted", "rule", "evidence"))
    return apply_columns(text, rows=row, starts=start, stops=stop, inserted=inserted, rule=rule, evidence=evidence)


def _lengths(text: pa.Array) -> np.ndarray:
    offsets, _ = buffers(text)
    return np.diff(offsets)


def _rewrite(row: int, old: str, new: str) -> pa.Table:
    """The spans between a text and what several passes made of it; which rules did it cannot be told."""
    changes = difference(old, new, "encoding/several_passes")
    return span_table([row] * len(changes), changes)
