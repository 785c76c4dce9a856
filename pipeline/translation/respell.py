"""From aliases to spans: names spelled as other families spell them, as proposals or, at level `names`, as edits.

A name is rewritten only if (i) its document passes the gate, (ii) no other family writes the variant, (iii) two other families at
least write the canonical form, (iv) no document writes both, (v) no word that differs is a given name on both sides, (vi) one
canonical form is best, and (vii) the ledger names the rule, the documents and the distance. `names.judge_names` sees to (iv) to
(vi). Where a name is rewritten, its last word is too where it stands alone, unless another name in the document has that word.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np
import pyarrow as pa

from pipeline.edits import Span
from pipeline.kernels.names import find_names
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes, word_list
from pipeline.translation.rewrite import Verdict, evidence_of, smallest_span

RULE = "name_variant"
LEAST_FAMILIES = 2  # of the canonical form, for an edit: one story may have it wrong; two that agree are a convention

Name = tuple[int, str]  # where it begins (bytes from the row's beginning), and how it is written


def respell_names(
    text: pa.Array, rows: np.ndarray, families: Mapping[int, str], aliases: Mapping[str, Verdict], least: int, *, rewrite: bool
) -> Iterator[Span]:
    """Spans that spell names of these rows, which pass the gate, as other families do: edits if they may be, else proposals.

    `aliases` are verdicts by variant, `least` the families that a proposal needs.
    """
    for row, names in _names_by_row(text, rows, {alias["key"] for alias in aliases.values()}).items() if aliases else ():
        rewritten: dict[str, str] = {}
        for start, name in names:
            alias = aliases.get(name)
            evidence = alias and evidence_of(alias, families[row], least)
            if not alias or not evidence:
                continue
            if rewrite and _may_rewrite(alias, families[row], least):
                rewritten[name] = evidence
                yield smallest_span(row, start, name, alias["form"], RULE, evidence)
            else:
                yield Span(row, start, start + len(name.encode()), alias["form"], RULE, kind="proposal", evidence=evidence)
        for name, evidence in rewritten.items():
            yield from _respell_surname(text[row].as_py(), row, names, aliases[name], evidence)


def _names_by_row(text: pa.Array, rows: np.ndarray, sounds: Set[int]) -> dict[int, list[Name]]:
    """The names of those rows that hold one with a sound key in question."""
    offsets, data = buffers(text)
    places, keys = find_names(offsets, data, rows, *classes())
    chosen = np.isin(places[:, 0], places[np.isin(keys[:, 0], np.array(list(sounds), np.uint64)), 0])
    by_row: dict[int, list[Name]] = {}
    for row, start, stop in places[chosen].tolist():
        by_row.setdefault(row, []).append((start - int(offsets[row]), bytes(data[start:stop]).decode()))
    return by_row


def _may_rewrite(alias: Verdict, family: str, least: int) -> bool:
    """Conditions (ii) and (iii)."""
    return alias["variant_families"] == 1 and evidence_of(alias, family, max(least, LEAST_FAMILIES)) is not None


def _respell_surname(document: str, row: int, names: Sequence[Name], alias: Verdict, evidence: str) -> Iterator[Span]:
    """Edits of the last word of a rewritten name where it stands alone: "Shahin said", "Mr Shahin"; not "Ali Shahin Khan"."""
    old, new = alias["variant"].split()[-1], alias["form"].split()[-1]
    if old == new or any(old in name.split() for _, name in names if name != alias["variant"]):
        return
    for match in re.finditer(rf"(?<![\w'’-]){re.escape(old)}(?![\w-])(?!\s+[A-Z])", document):
        before = re.search(r"([A-Z]\w*)\.?\s$", document[max(0, match.start() - 40) : match.start()])
        start = len(document[: match.start()].encode())
        within_name = any(first <= start < first + len(name.encode()) for first, name in names)
        if not within_name and (before is None or before.group(1).lower() in word_list("titles")):
            yield smallest_span(row, start, old, new, RULE, evidence)
