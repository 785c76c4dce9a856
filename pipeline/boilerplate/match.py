"""Which lines of a batch the rules of some packs match: a dictionary of phrases, and RE2 behind a screen of literals."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.packs import Pack, Rule, phrase_keys, rule_mask
from pipeline.boilerplate.literals import required_literals


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

    def patterns(self, zone: str, text: pa.Array, keys: np.ndarray, tokens: np.ndarray) -> Hits:
        """Lines that a pattern of this zone's rules matches."""
        mine = [(n, named.rule) for n, named in enumerate(self.rules) if named.rule.pattern and named.rule.zone == zone]
        screened = _screen([rule for _, rule in mine if _literals(rule)], text, tokens)
        parts = []
        for number, rule in mine:
            among = screened if _literals(rule) else np.arange(len(tokens))
            near = among[(tokens[among] >= rule.min_tokens) & (tokens[among] <= rule.max_tokens)]
            if rule.scope == "contains":  # not tied to the line's beginning, so RE2 would read all of each
                near = near[_holds_literal(text.take(pa.array(near)), _literals(rule))]
            if len(near):  # RE2 would read the pattern for nothing
                line = near[rule_mask(rule, text.take(pa.array(near)), keys[near], tokens[near])]
                parts.append((line, np.full(len(line), number)))
        return Hits.gather(parts)

    @cached_property
    def _phrases(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys of all phrases (uint64, ascending) and the number of the rule of each; a phrase of two rules stands twice."""
        keys = [phrase_keys(named.rule) if named.rule.phrases else np.zeros(0, np.uint64) for named in self.rules]
        numbers = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        flat = np.concatenate([*keys, np.zeros(0, np.uint64)])
        order = np.lexsort((numbers, flat))
        return flat[order], numbers[order]


def applicable(packs: Sequence[Pack], lang: str | None) -> tuple[Pack, ...]:
    """The packs for a document of this language: those for all, its own, and each of them where the language is not known."""
    return tuple(pack for pack in packs if pack.lang is None or lang in (None, "und", pack.lang))


def _screen(rules: Sequence[Rule], text: pa.Array, tokens: np.ndarray) -> np.ndarray:
    """Lines that hold a literal of one of the rules, among those short enough for one."""
    near = np.flatnonzero(tokens <= max((rule.max_tokens for rule in rules), default=-1))
    literals = frozenset[str]().union(*map(_literals, rules))
    screened: np.ndarray = near[_holds_literal(text.take(pa.array(near)), literals)] if literals else near[:0]
    return screened


def _holds_literal(text: pa.Array, literals: frozenset[str]) -> np.ndarray:
    """Boolean per line: whether it holds one of the literals, in any case; True everywhere where there are none."""
    if not literals or len(text) == 0:
        return np.ones(len(text), np.bool_)
    hit = pc.match_substring_regex(text, f"(?i:{'|'.join(map(re.escape, sorted(literals)))})")
    mask: np.ndarray = hit.to_numpy(zero_copy_only=False)
    return mask


def _literals(rule: Rule) -> frozenset[str]:
    """Strings one of which every line that the rule's pattern matches holds; none where there are no such strings."""
    return _required("|".join(rule.pattern))


@cache
def _required(pattern: str) -> frozenset[str]:
    return required_literals(pattern) or frozenset()
