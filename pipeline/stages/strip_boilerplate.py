"""Removes the lines that readers skip: rules of packs by language, and the structure of the document. Keeps what they read.

A pass looks at the lines that are left; passes follow, over the documents that changed, until one finds nothing. So a second run
over the output finds nothing either.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.boilerplate.lines import AllLines, Lines, tabulate
from pipeline.boilerplate.match import Matcher, applicable
from pipeline.boilerplate.matchers import Matchers
from pipeline.boilerplate.packs import check_pack, find_pack, shipped_pack, shipped_packs
from pipeline.boilerplate.passes import look, one_pass
from pipeline.boilerplate.removal import Removal
from pipeline.boilerplate.repeats import marked
from pipeline.boilerplate.rules import Pack
from pipeline.edits import apply_columns
from pipeline.kernels.lines import removal_spans
from pipeline.schema import add_flags, live_rows, replace_columns
from pipeline.stage import Outcome

GUARD_FLAG = "boilerplate_guard"
_CJK_LANGUAGES = ("zh", "ja", "ko")  # written in Han, kana or Hangul
USUAL_PASSES, MAX_PASSES = 3, 50  # news needs two or three; a document that needs more than fifty is kept as it was


@dataclass(frozen=True)
class StripBoilerplate:
    """Drops boilerplate lines and prefixes. A document that would lose too much stays as it was, flagged `boilerplate_guard`."""

    packs: Literal["auto"] | list[str] = field(
        default="auto", metadata={"help": "rule packs by name or path; auto: all shipped. Each serves documents of its language"}
    )
    max_removed_share: Annotated[float, Ge(0), Le(1)] = field(
        default=0.30, metadata={"help": "a document that would lose a larger share of its words is kept as it was and flagged"}
    )
    min_words_left: Annotated[int, Ge(0)] = field(
        default=50, metadata={"help": "so is one that would be left with fewer words, if it had more"}
    )

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        """The batch with its texts stripped; one edit for each dropped line (its newline and blank lines included) or prefix."""
        everything, lines = tabulate(batch.column("text"))
        langs = _base_languages(batch.column("lang"))
        titles = pc.replace_substring(pc.fill_null(batch.column("title").cast(pa.large_string()), ""), "\n", " ")
        removal, unsettled = self._settle(lines.where(live_rows(batch)[lines.row]), langs, titles)
        guarded = unsettled | self._unsafe_rows(lines, removal, len(langs))
        batch = add_flags(batch, GUARD_FLAG, np.flatnonzero(guarded))
        text, edits = apply_columns(batch.column("text"), **_edit_columns(everything, removal.outside(guarded, everything.rows)))
        return Outcome(replace_columns(batch, text=text), edits)

    def input_digests(self) -> dict[str, str]:
        """sha256 of each pack, by name."""
        return {pack.pack: pack.digest for pack in load_packs(self._names())}

    def describe(self) -> list[str]:
        """A line for each pack, tried on its own examples. Raises UserError with the first that fails."""
        shipped = shipped_packs()
        return [_describe(check_pack(shipped[name] if name in shipped else find_pack(name))) for name in self._names()]

    def _names(self) -> tuple[str, ...]:
        return tuple(shipped_packs()) if self.packs == "auto" else tuple(self.packs)

    def _settle(self, lines: Lines, langs: pa.Array, titles: pa.Array) -> tuple[Removal, np.ndarray]:
        """All that goes, pass after pass, and (boolean per row) the documents that still changed in the last of MAX_PASSES."""
        names = self._names()
        matchers = Matchers.by_language(langs, lambda lang: _matcher(names, lang, self.packs != "auto"))
        cjk_rows = pc.is_in(langs, pa.array(_CJK_LANGUAGES)).to_numpy(zero_copy_only=False)
        removal, changed, left = Removal({}, {}, {}), np.ones(len(langs), np.bool_), lines
        known = look(lines, matchers)
        for number in range(MAX_PASSES):
            found = one_pass(left.where(changed[left.row]), known, matchers, cjk_rows, titles)
            removal, left, changed, known = removal.then(found.removal), found.lines, found.changed, found.known
            if number >= USUAL_PASSES:
                changed &= ~self._unsafe_rows(lines, removal, len(langs))  # what is to stay as it was needs no further pass
            if not changed.any():
                break
        return removal, changed

    def _unsafe_rows(self, lines: Lines, removal: Removal, rows: int) -> np.ndarray:
        """Boolean per row: whether too little of the document would be left."""
        touched = np.zeros(rows, np.bool_)
        dropped = marked(np.fromiter(removal.dropped, np.int64, len(removal.dropped)), len(lines.all_text))[lines.number]
        touched[lines.row[dropped]] = True
        of_touched = touched[lines.row]
        lines, dropped = lines.where(of_touched), dropped[of_touched]
        counted = _first_copies(lines, dropped)
        before = np.bincount(lines.row[counted], lines.tokens[counted], rows).astype(np.int64)
        removed = np.bincount(lines.row[counted & dropped], lines.tokens[counted & dropped], rows).astype(np.int64)
        too_few = (before - removed < self.min_words_left) & (before >= self.min_words_left)
        unsafe: np.ndarray = (removed > 0) & ((removed > self.max_removed_share * before) | too_few)
        return unsafe


def _base_languages(langs: pa.Array) -> pa.Array:
    """The languages without what follows a hyphen: of zh-Hant, zh."""
    coded = langs.cast(pa.string()).dictionary_encode()
    return pc.replace_substring_regex(coded.dictionary, "-.*", "").take(coded.indices)


def _describe(pack: Pack) -> str:
    """What is in a pack."""
    phrases, patterns = (sum(len(getattr(rule, kind)) for rule in pack.rules) for kind in ("phrases", "pattern"))
    examples = sum(len(rule.strips) + len(rule.keeps) for rule in pack.rules)
    serves = "documents of any language" if pack.lang is None else f"documents in {pack.lang}"
    return f"pack {pack.pack}: {len(pack.rules)} rules for {serves}, {phrases} phrases, {patterns} patterns, {examples} examples pass"


def _first_copies(lines: Lines, dropped: np.ndarray) -> np.ndarray:
    """Boolean per line: one of each set of equal lines of a document, a kept one where there is one. No reader misses a second copy."""
    order = np.lexsort((dropped, lines.key, lines.row))
    row, key = lines.row[order], lines.key[order]
    first = np.ones(len(order), np.bool_)
    first[order[1:]] = (row[1:] != row[:-1]) | (key[1:] != key[:-1])
    return first


@cache
def load_packs(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """The packs of these names and paths, in order; read once a process. Raises UserError if one of the user's fails its examples."""
    shipped = shipped_packs()
    return tuple(shipped_pack(name) if name in shipped else check_pack(find_pack(name)) for name in names)


@cache
def _matcher(names: tuple[str, ...], lang: str | None, chosen: bool) -> Matcher:
    """The matcher for a language; languages that the same packs serve share one."""
    return _matcher_of(tuple(pack.pack for pack in applicable(load_packs(names), lang, chosen=chosen)), names)


@cache
def _matcher_of(applied: tuple[str, ...], names: tuple[str, ...]) -> Matcher:
    return Matcher(tuple(pack for pack in load_packs(names) if pack.pack in applied))


def _edit_columns(lines: AllLines, removal: Removal) -> dict[str, Any]:
    """The removal as the arguments of `apply_columns`."""
    drop = np.zeros(len(lines.rows), np.bool_)
    drop[list(removal.dropped)] = True
    rows, starts, stops, line = removal_spans(lines.offsets, lines.data, lines.rows, lines.starts, lines.stops, drop)
    dropped = zip(rows.tolist(), starts.tolist(), stops.tolist(), line.tolist())
    spans = [(*span, removal.dropped[i], "edit") for *span, i in dropped]
    for i, (length, rule) in removal.cut.items():
        start = int(lines.starts[i])
        spans.append((int(lines.rows[i]), start, start + length, rule, "edit"))
    for i, rule in removal.tagged.items():
        spans.append((int(lines.rows[i]), int(lines.starts[i]), int(lines.stops[i]), rule, "flag"))
    spans.sort(key=lambda span: span[:3])
    columns = list(zip(*spans)) or [(), (), (), (), ()]
    return {
        "rows": np.array(columns[0], np.int64),
        "starts": np.array(columns[1], np.int64),
        "stops": np.array(columns[2], np.int64),
        "rule": pa.array(columns[3], pa.string()),
        "kind": pa.array(columns[4], pa.string()),
    }
