"""Which lines of a batch the rules of some packs match: a dictionary of phrases, and RE2 for the few lines that pass a screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.boilerplate.lines import Lines
from pipeline.boilerplate.patterns import matching
from pipeline.boilerplate.rules import Pack, Rule, phrase_keys
from pipeline.boilerplate.screen_tables import ScreenTables
from pipeline.boilerplate.screens import screen_of
from pipeline.kernels.beginnings import find_beginnings
from pipeline.kernels.literals import find_literals, held_sets
from pipeline.kernels.text import buffers

ZONES = ("anywhere", "head", "tail", "tail_block")
ACTIONS = ("drop", "strip_prefix", "cut_tail", "cut_section", "cut_references", "cut_headlines", "tag")


class Hits(NamedTuple):
    """Matches: the line (ascending) and the number of the rule in the matcher of the line's document."""

    line: np.ndarray
    rule: np.ndarray

    @classmethod
    def join(cls, *parts: "Hits") -> "Hits":
        """All of the parts, by line, then rule, as each of them is."""
        some = [part for part in parts if len(part.line)]
        if len(some) < 2:
            return some[0] if some else cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        line, rule = (np.concatenate(columns) for columns in zip(*some))
        order = np.lexsort((rule, line))
        return cls(line[order], rule[order])

    def where(self, mask: np.ndarray) -> "Hits":
        """Those for which the mask is True."""
        return Hits(self.line[mask], self.rule[mask])


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

    @cached_property
    def zones(self) -> np.ndarray:
        """The zone of each rule, as its place in ZONES."""
        return np.array([ZONES.index(named.rule.zone) for named in self.rules], np.int64)

    @cached_property
    def actions(self) -> np.ndarray:
        """The action of each rule, as its place in ACTIONS."""
        return np.array([ACTIONS.index(named.rule.action) for named in self.rules], np.int64)

    def matching(self, lines: Lines, candidates: Hits) -> Hits:
        """Those of the candidates, by positions, that RE2 finds to match."""
        new = _first_of_equals(candidates.line)
        place = np.cumsum(new) - 1
        texts = lines.texts(candidates.line[new]).cast(pa.large_binary()).to_pylist()
        matched = np.zeros(len(candidates.line), np.bool_)
        by_rule = np.argsort(candidates.rule, kind="stable")
        for mine in np.split(by_rule, np.flatnonzero(np.diff(candidates.rule[by_rule])) + 1):
            if len(mine):
                regex = self.rules[candidates.rule[mine[0]]].rule.regex
                matched[mine] = matching(regex, [texts[i] for i in place[mine].tolist()])
        return candidates.where(matched)

    def phrase_hits(self, lines: Lines, at: np.ndarray) -> Hits:
        """Which of the lines at these positions are a phrase."""
        known, numbers = self._phrases
        first = np.searchsorted(known, lines.key[at])
        is_phrase = np.append(known, np.uint64(0))[first] == lines.key[at]
        at, first = at[is_phrase], first[is_phrase]
        sizes = np.searchsorted(known, lines.key[at], "right") - first
        line = np.repeat(at, sizes)
        rule = numbers[_ranges(first, sizes)]
        fits = self._fit(lines.tokens[line], rule)
        return Hits(line[fits], rule[fits])

    def candidates(self, lines: Lines, at: np.ndarray) -> Hits:
        """Which of the lines at these positions pass the screen of a rule's pattern, each pair of line and rule once."""
        offsets, data = buffers(lines.all_text)
        screens = self._screens
        at = at[lines.tokens[at] <= screens.max_tokens]
        number = lines.number[at]
        position = np.zeros(len(lines.all_text), np.int64)  # of a line by its number
        position[number] = at
        begun, rule = find_beginnings(offsets, data, number, screens.beginnings)
        parts = [(position[begun], rule)]
        holding, literal = find_literals(offsets, data, number, screens.literals)
        sizes = screens.counts[literal]
        parts.append((np.repeat(position[holding], sizes), screens.rules[_ranges(screens.firsts[literal], sizes)]))
        short = at[lines.tokens[at] <= screens.max_tokens_of_sets]
        held = held_sets(offsets, data, lines.number[short], screens.masks)
        for bit, rule_of_set in enumerate(screens.sets):
            having = short[(held >> np.uint64(bit) & np.uint64(1)) != 0]
            parts.append((having, np.full(len(having), rule_of_set)))
        for any_rule in screens.any_line:
            parts.append((short, np.full(len(short), any_rule)))
        line, rule = (np.concatenate(columns) for columns in zip(*parts))
        fits = self._fit(lines.tokens[line], rule)
        pairs = np.sort(line[fits] * len(self.rules) + rule[fits])
        return Hits(*np.divmod(pairs[_first_of_equals(pairs)], len(self.rules)))

    def _fit(self, tokens: np.ndarray, rule: np.ndarray) -> np.ndarray:
        """Whether the tokens of a line are as many as its rule wants."""
        low, high = self._limits
        fits: np.ndarray = (tokens >= low[rule]) & (tokens <= high[rule])
        return fits

    @cached_property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = zip(*((named.rule.min_tokens, named.rule.max_tokens) for named in self.rules))
        return np.array(low, np.int64), np.array(high, np.int64)

    @cached_property
    def _phrases(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys of all phrases (uint64, ascending) and the number of the rule of each; a phrase of two rules stands twice."""
        keys = [phrase_keys(named.rule) if named.rule.phrases else np.zeros(0, np.uint64) for named in self.rules]
        numbers = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        flat = np.concatenate([*keys, np.zeros(0, np.uint64)])
        order = np.lexsort((numbers, flat))
        return flat[order], numbers[order]

    @cached_property
    def _screens(self) -> ScreenTables:
        rules = [(number, named.rule) for number, named in enumerate(self.rules) if named.rule.pattern]
        screens = [screen_of("|".join(rule.pattern), anchored=rule.scope != "contains") for _, rule in rules]
        return ScreenTables.of([(number, rule.max_tokens, screen) for (number, rule), screen in zip(rules, screens)])


def applicable(packs: Sequence[Pack], lang: str | None, *, chosen: bool) -> tuple[Pack, ...]:
    """The packs for a document of this language: those for all and its own.

    Where the language is not known, all packs that the user has `chosen`; of those shipped the ones that can do little harm, as
    a word of the interface in one language is a word of the text in another (German "Art", Spanish "Compartir").
    """
    unknown = lang in (None, "und")
    return tuple(
        pack for pack in packs if pack.lang in (None, lang) or (unknown and (chosen or pack.serves_unknown))
    )  # fmt: skip


def _first_of_equals(ascending: np.ndarray) -> np.ndarray:
    """Boolean for each: whether the one before it is another."""
    return np.append(True, ascending[1:] != ascending[:-1])[: len(ascending)]


def _ranges(firsts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The numbers from each first on, as many as its size, one after another."""
    ends = np.cumsum(sizes)
    return np.repeat(firsts - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
