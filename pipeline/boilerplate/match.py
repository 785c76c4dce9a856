"""Which lines of a batch the rules of some packs match: a dictionary of phrases, and RE2 for lines that hold a literal of a rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from pipeline.boilerplate.lines import Lines
from pipeline.boilerplate.literals import required_literals
from pipeline.boilerplate.packs import Pack, Rule, phrase_keys, rule_mask
from pipeline.kernels.literals import LiteralTable, find_literals, literal_table
from pipeline.kernels.text import buffers


class Hits(NamedTuple):
    """Matches: the line (ascending) and the number of the rule in the matcher of the line's document."""

    line: np.ndarray
    rule: np.ndarray

    @classmethod
    def gather(cls, parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> "Hits":
        """All of the parts, by line, then rule."""
        lines, rules = zip((np.zeros(0, np.int64), np.zeros(0, np.int64)), *parts)
        line, rule = np.concatenate(lines), np.concatenate(rules)
        order = np.lexsort((rule, line))
        return cls(line[order], rule[order])


    def without(self, lines: np.ndarray) -> "Hits":
        """Those of other lines."""
        stays = ~np.isin(self.line, lines)
        return Hits(self.line[stays], self.rule[stays])


@dataclass(frozen=True)
class NamedRule:
    """A rule and its name in the ledger, `<pack>/<rule>`."""

    name: str
    rule: Rule


@dataclass(frozen=True, eq=False)
class Matcher:
    """The rules of some packs, ready to look for."""

    packs: tuple[Pack, ...]

    @cached_property
    def rules(self) -> list[NamedRule]:
        """All rules in the order of the packs."""
        return [NamedRule(f"{pack.pack}/{rule.id}", rule) for pack in self.packs for rule in pack.rules]

    def phrases(self, keys: np.ndarray, tokens: np.ndarray) -> Hits:
        """Lines that are a phrase, whatever the zone of its rule."""
        known, numbers = self._phrases
        first, last = np.searchsorted(known, keys, "left"), np.searchsorted(known, keys, "right")
        hit = np.flatnonzero(last > first)
        places = [(i, place) for i in hit.tolist() for place in range(first[i], last[i])]
        line = np.array([i for i, _ in places], np.int64)
        rule = numbers[np.array([place for _, place in places], np.int64)]
        fits = tokens[line] <= np.array([named.rule.max_tokens for named in self.rules])[rule]
        return Hits.gather([(line[fits], rule[fits])])

    def candidates(self, lines: Lines, at: np.ndarray) -> Hits:
        """Of the lines at these positions those that hold a literal of a rule's pattern, whatever its zone; the rest cannot match it."""
        table, rule_of, firsts, counts = self._literals
        near = at[lines.tokens[at] <= max((named.rule.max_tokens for named in self.rules), default=-1)]
        place = np.full(len(lines.all_text), -1)
        place[lines.number[near]] = near
        number, literal = find_literals(*buffers(lines.all_text), lines.number[near], table)
        sizes = counts[literal]
        rule = rule_of[np.repeat(firsts[literal], sizes) + np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)]
        pairs = np.unique(np.repeat(place[number], sizes) * len(self.rules) + rule)
        return Hits(*np.divmod(pairs, len(self.rules)))

    def patterns(self, zone: str, lines: Lines, at: np.ndarray, candidates: Hits) -> Hits:
        """Of the lines at these positions those that a pattern of this zone's rules matches."""
        wanted = np.zeros(len(lines.row), np.bool_)
        wanted[at] = True
        parts = []
        for number, named in enumerate(self.rules):
            rule = named.rule
            if not rule.pattern or rule.zone != zone:
                continue
            near = candidates.line[candidates.rule == number] if _literals(rule) else at
            tokens = lines.tokens[near]
            near = near[wanted[near] & (tokens >= rule.min_tokens) & (tokens <= rule.max_tokens)]
            if len(near):  # RE2 would read the pattern for nothing
                line = near[rule_mask(rule, lines.texts(near), lines.key[near], lines.tokens[near])]
                parts.append((line, np.full(len(line), number)))
        return Hits.gather(parts)

    @cached_property
    def _literals(self) -> tuple[LiteralTable, np.ndarray, np.ndarray, np.ndarray]:
        """The literals of all patterns; the numbers of the rules that demand each or another, flat, where each begins and how many."""
        rules: dict[str, list[int]] = {}
        for number, named in enumerate(self.rules):
            for literal in _literals(named.rule) if named.rule.pattern else ():
                rules.setdefault(literal, []).append(number)
        counts = np.array([len(numbers) for numbers in rules.values()], np.int64)
        flat = np.array([number for numbers in rules.values() for number in numbers], np.int64)
        return literal_table(list(rules)), flat, np.cumsum(counts) - counts, counts

    @cached_property
    def _phrases(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys of all phrases (uint64, ascending) and the number of the rule of each; a phrase of two rules stands twice."""
        keys = [phrase_keys(named.rule) if named.rule.phrases else np.zeros(0, np.uint64) for named in self.rules]
        numbers = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        flat = np.concatenate([*keys, np.zeros(0, np.uint64)])
        order = np.lexsort((numbers, flat))
        return flat[order], numbers[order]


def applicable(packs: Sequence[Pack], lang: str | None, *, chosen: bool) -> tuple[Pack, ...]:
    """The packs for a document of this language: those for all and its own.

    Where the language is not known, all packs that the user has `chosen`; of those shipped the ones that can do little harm, as
    a word of the interface in one language is a word of the text in another (German "Art", Spanish "Compartir").
    """
    unknown = lang in (None, "und")
    return tuple(
        pack for pack in packs if pack.lang in (None, lang) or (unknown and (chosen or pack.serves_unknown))
    )  # fmt: skip


def _literals(rule: Rule) -> frozenset[str]:
    """Strings one of which every line that the rule's pattern matches holds; none where there are no such strings."""
    return _required("|".join(rule.pattern))


@cache
def _required(pattern: str) -> frozenset[str]:
    return required_literals(pattern) or frozenset()
