"""One pass over the lines of a batch: match by language, find the zones, judge the documents that something was found in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from pipeline.boilerplate.judge import Document, judge
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.match import Hits, Matcher, NamedRule
from pipeline.boilerplate.structure import structure_rows

_CJK_LANGUAGES = ("zh", "ja", "ko")
_ZONES = ("head", "tail", "tail_block")


@dataclass(frozen=True)
class Removal:
    """What goes from a batch, by the line's number among all lines."""

    dropped: dict[int, str]  # rule
    cut: dict[int, tuple[int, str]]  # bytes from the line's beginning, rule
    tagged: dict[int, str]  # stays, but is noted

    def then(self, later: "Removal") -> "Removal":
        """Both removals; of a line that is cut and later dropped, the drop."""
        dropped = self.dropped | later.dropped
        cut = {line: what for line, what in (self.cut | later.cut).items() if line not in dropped}
        tagged = {line: rule for line, rule in (self.tagged | later.tagged).items() if line not in dropped and line not in cut}
        return Removal(dropped, cut, tagged)

    def outside(self, rows: np.ndarray, row_of: np.ndarray) -> "Removal":
        """What goes from the other rows: `rows` is boolean per row, `row_of` the row of each line."""
        return Removal(
            {line: rule for line, rule in self.dropped.items() if not rows[row_of[line]]},
            {line: what for line, what in self.cut.items() if not rows[row_of[line]]},
            {line: rule for line, rule in self.tagged.items() if not rows[row_of[line]]},
        )


@dataclass(frozen=True)
class Matches:
    """What is known so far of rules and lines. A line's matches do not change from pass to pass, but for a line that was cut."""

    hits: Hits  # by the line's number among all lines
    candidates: Hits  # so too: lines that hold a literal of a rule
    tried: Mapping[str, np.ndarray]  # boolean for each number: whether the line was looked at for the patterns of this zone

    @classmethod
    def none(cls, lines: int) -> "Matches":
        """Nothing known of so many lines."""
        return cls(Hits.gather([]), Hits.gather([]), {zone: np.zeros(lines, np.bool_) for zone in (*_ZONES, "anywhere")})

    def look(self, lines: Lines, zone: str, at: np.ndarray, matchers: Sequence[Matcher]) -> "Matches":
        """With the matches of the lines at these positions: for the zone's patterns, with `anywhere` (the first) for all phrases too."""
        at = at[~self.tried[zone][lines.number[at]]]
        if len(at) == 0:
            return self
        found, held = [], []
        known = _among(self.candidates, lines)
        for matcher, mine in _by_matcher(lines.row[at], matchers):
            mine = at[mine]
            if zone == "anywhere":
                candidates = matcher.candidates(lines, mine)
                held.append((lines.number[candidates.line], candidates.rule))
                phrases = matcher.phrases(lines.key[mine], lines.tokens[mine])
                found.append((lines.number[mine[phrases.line]], phrases.rule))
            else:
                candidates = known
            hits = matcher.patterns(zone, lines, mine, candidates)
            found.append((lines.number[hits.line], hits.rule))
        tried = self.tried[zone].copy()
        tried[lines.number[at]] = True
        candidates = Hits.gather([self.candidates, *held])
        return Matches(Hits.gather([self.hits, *found]), candidates, {**self.tried, zone: tried})

    def forget(self, numbers: np.ndarray) -> "Matches":
        """Without what is known of these lines."""
        if len(numbers) == 0:
            return self
        tried = {zone: column.copy() for zone, column in self.tried.items()}
        for column in tried.values():
            column[numbers] = False
        return Matches(self.hits.without(numbers), self.candidates.without(numbers), tried)

    def among(self, lines: Lines) -> Hits:
        """The matches of these lines, by their positions."""
        return _among(self.hits, lines)


def _among(hits: Hits, lines: Lines) -> Hits:
    """Hits by the lines' numbers as hits by their positions, without those of other lines."""
    at = np.searchsorted(lines.number, hits.line)
    here = np.append(lines.number, -1)[at] == hits.line
    return Hits(at[here], hits.rule[here])


class Found(NamedTuple):
    """What a pass found: the lines that are left, what goes, the documents that changed (boolean per row), and all matches."""

    lines: Lines
    removal: Removal
    changed: np.ndarray
    matches: Matches


def one_pass(lines: Lines, matches: Matches, matchers: Sequence[Matcher], langs: Sequence[str | None]) -> Found:
    """What one pass finds. Matchers and languages are those of the rows."""
    changed = np.zeros(len(matchers), np.bool_)
    if len(lines.row) == 0:
        return Found(lines, Removal({}, {}, {}), changed, matches)
    hits, zones, matches = _find(lines, matches, matchers)
    lines, cut = _cut_prefixes(lines, hits, matchers)
    gone = _judge_documents(lines, zones, hits, matchers, np.array([lang in _CJK_LANGUAGES for lang in langs], np.bool_))
    changed[lines.row[list(gone)]] = True
    changed[lines.row[list(cut)]] = True
    removal = Removal(
        {int(lines.number[i]): name for i, name in gone.items()},
        {int(lines.number[i]): (int(lines.cut[i]), name) for i, name in cut.items()},
        _tagged(lines, hits, matchers),
    )
    left = np.ones(len(lines.row), np.bool_)
    left[list(gone)] = False
    return Found(lines.where(left), removal, changed, matches.forget(lines.number[list(cut)]))


def _judge_documents(
    lines: Lines, zones: Zones, hits: Hits, matchers: Sequence[Matcher], cjk_rows: np.ndarray
) -> dict[int, str]:
    """Positions of the lines that go, with their rules."""
    structure = structure_rows(lines, len(matchers), cjk_rows)
    worth = np.logical_or.reduce(list(structure.values()))
    worth[lines.row[hits.line]] = True
    gone: dict[int, str] = {}
    for row, first, stop in lines.documents(np.flatnonzero(worth)):
        document = _document(lines, zones, hits, matchers[row], first, stop)
        found = judge(document, [rule for rule, rows in structure.items() if rows[row]])
        gone |= {first + i: name for i, name in found.items()}
    return gone


def _find(lines: Lines, matches: Matches, matchers: Sequence[Matcher]) -> tuple[Hits, Zones, Matches]:
    """The matches in the zones of their rules, the zones, and all matches known now."""
    matches = matches.look(lines, "anywhere", np.arange(len(lines.row)), matchers)
    hits = matches.among(lines)
    rules = [matchers[row].rules[number].rule for row, number in zip(lines.row[hits.line].tolist(), hits.rule.tolist())]
    no_body = np.zeros(len(lines.row), np.bool_)
    no_body[hits.line[[rule.action == "drop" and rule.zone == "anywhere" for rule in rules]]] = True
    zones = Zones.of(lines, no_body)
    for zone in _ZONES:
        matches = matches.look(lines, zone, np.flatnonzero(zones.of_name(zone)), matchers)
    hits = matches.among(lines)
    rules = [matchers[row].rules[number].rule for row, number in zip(lines.row[hits.line].tolist(), hits.rule.tolist())]
    inside = [rule.zone == "anywhere" or bool(zones.of_name(rule.zone)[i]) for i, rule in zip(hits.line.tolist(), rules)]
    return Hits(hits.line[inside], hits.rule[inside]), zones, matches


def _by_matcher(rows: np.ndarray, matchers: Sequence[Matcher]) -> list[tuple[Matcher, np.ndarray]]:
    """Each matcher with the positions in `rows` that it is for."""
    distinct = list(dict.fromkeys(matchers))
    numbers = {matcher: number for number, matcher in enumerate(distinct)}
    which = np.array([numbers[matcher] for matcher in matchers])[rows]
    return [(matcher, np.flatnonzero(which == number)) for number, matcher in enumerate(distinct)]


def _cut_prefixes(lines: Lines, hits: Hits, matchers: Sequence[Matcher]) -> tuple[Lines, dict[int, str]]:
    """The lines with prefixes cut, and the rule for each line that was. A line loses one prefix a pass."""
    cut: dict[int, NamedRule] = {}
    for i, number in zip(hits.line.tolist(), hits.rule.tolist()):
        named = matchers[lines.row[i]].rules[number]
        if named.rule.action == "strip_prefix":
            cut.setdefault(i, named)
    if not cut:
        return lines, {}
    texts = [
        pc.replace_substring_regex(lines.texts(np.array([i])), named.rule.regex, "", max_replacements=1)[0].as_py()
        for i, named in cut.items()
    ]
    return lines.without_prefixes(np.array(list(cut)), texts), {i: named.name for i, named in cut.items()}


def _document(lines: Lines, zones: Zones, hits: Hits, matcher: Matcher, first: int, stop: int) -> Document:
    """The document that the lines [first, stop) are."""
    low, high = np.searchsorted(hits.line, [first, stop])
    by_line: dict[int, list[NamedRule]] = {}
    for line, rule in zip(hits.line[low:high].tolist(), hits.rule[low:high].tolist()):
        by_line.setdefault(line - first, []).append(matcher.rules[rule])
    part = slice(first, stop)
    return Document(
        key=lines.key[part].tolist(),
        tokens=lines.tokens[part].tolist(),
        ending=lines.ending[part].tolist(),
        head=zones.head[part].tolist(),
        after_body=zones.after_body[part].tolist(),
        hits=by_line,
        text=lambda i: lines.text(first + i),
    )


def _tagged(lines: Lines, hits: Hits, matchers: Sequence[Matcher]) -> dict[int, str]:
    tagged: dict[int, str] = {}
    for i, number in zip(hits.line.tolist(), hits.rule.tolist()):
        named = matchers[lines.row[i]].rules[number]
        if named.rule.action == "tag":
            tagged.setdefault(int(lines.number[i]), named.name)
    return tagged
