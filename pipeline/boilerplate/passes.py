"""One pass over the lines of a batch: match by language, find the zones, judge the documents that something was found in."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.boilerplate.judge import Document, StructureRule, judge
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.match import ZONES, Hits, Matcher, NamedRule
from pipeline.boilerplate.patterns import match_stop
from pipeline.boilerplate.removal import Removal
from pipeline.boilerplate.structure import structure_rows

_CJK_LANGUAGES = ("zh", "ja", "ko")


class Known(NamedTuple):
    """What is known of rules and lines, by the line's number among all lines. It does not change but for a line that is cut."""

    hits: Hits
    candidates: Hits  # passed the screen of a rule in whose zone they have not stood yet; RE2 has not seen them

    def without(self, numbers: np.ndarray) -> "Known":
        """What is known of other lines."""
        return Known(*(part.where(~np.isin(part.line, numbers)) for part in self))


class Found(NamedTuple):
    """What a pass found: the lines that are left, what goes, the documents that changed (boolean per row), what is known now."""

    lines: Lines
    removal: Removal
    changed: np.ndarray
    known: Known


def look(lines: Lines, matchers: Sequence[Matcher]) -> Known:
    """What is to know of these lines before any zone is. Matchers are those of the rows."""
    hits, candidates = [], []
    for matcher, at in _by_matcher(lines.row, matchers):
        hits.append(matcher.phrase_hits(lines, at))
        candidates.append(matcher.candidates(lines, at))
    return Known(*(_by_number(Hits.join(*parts), lines) for parts in (hits, candidates)))


def one_pass(lines: Lines, known: Known, matchers: Sequence[Matcher], langs: Sequence[str | None], titles: pa.Array) -> Found:
    """What one pass over these lines finds, at which `look` has looked. Matchers, languages and titles ("" where none is known) are those
    of the rows."""
    changed = np.zeros(len(matchers), np.bool_)
    if len(lines.row) == 0:
        return Found(lines, Removal({}, {}, {}), changed, known)
    hits, zones, known = _in_zones(lines, known, matchers)
    lines, cut = _cut_prefixes(lines, hits, matchers)
    structure = structure_rows(lines, zones, titles, np.array([lang in _CJK_LANGUAGES for lang in langs], np.bool_))
    gone = _judge_documents(lines, zones, hits, matchers, structure, titles)
    changed[lines.row[list(gone)]] = True
    changed[lines.row[list(cut)]] = True
    removal = Removal(
        {int(lines.number[i]): name for i, name in gone.items()},
        {int(lines.number[i]): (int(lines.cut[i]), name) for i, name in cut.items()},
        _tagged(lines, hits, matchers),
    )
    new = np.zeros(len(lines.row), np.bool_)
    new[list(cut)] = True
    left = np.ones(len(lines.row), np.bool_)
    left[list(gone)] = False
    if cut:
        again = look(lines.where(new & left), matchers)
        known = Known(*(Hits.join(*parts) for parts in zip(known.without(lines.number[new]), again)))
    return Found(lines.where(left), removal, changed, known)


def _judge_documents(
    lines: Lines,
    zones: Zones,
    hits: Hits,
    matchers: Sequence[Matcher],
    structure: Mapping[StructureRule, np.ndarray],
    titles: pa.Array,
) -> dict[int, str]:
    """Positions of the lines that go, with their rules. `structure` says which rows each structure rule may find something in."""
    worth = np.logical_or.reduce(list(structure.values()))
    worth[lines.row[hits.line]] = True
    gone: dict[int, str] = {}
    for row, first, stop in lines.documents(np.flatnonzero(worth)):
        document = _document(lines, zones, hits, matchers[row], first, stop, str(titles[row].as_py()))
        found = judge(document, [rule for rule, rows in structure.items() if rows[row]])
        gone |= {first + i: name for i, name in found.items()}
    return gone


def _in_zones(lines: Lines, known: Known, matchers: Sequence[Matcher]) -> tuple[Hits, Zones, Known]:
    """The hits of these lines, by their positions, that stand in the zones of their rules; the zones; what is known now."""
    known = _test(lines, known, _in_zone(lines, known.candidates, None, matchers), matchers)
    hits = _by_position(known.hits, lines)
    rules = [matchers[row].rules[number].rule for row, number in zip(lines.row[hits.line].tolist(), hits.rule.tolist())]
    no_body = np.zeros(len(lines.row), np.bool_)
    no_body[hits.line[[rule.action == "drop" and rule.zone == "anywhere" for rule in rules]]] = True
    zones = Zones.of(lines, no_body)
    known = _test(lines, known, _in_zone(lines, known.candidates, zones, matchers), matchers)
    hits = _by_position(known.hits.where(_in_zone(lines, known.hits, zones, matchers)), lines)
    return hits, zones, known


def _test(lines: Lines, known: Known, wanted: np.ndarray, matchers: Sequence[Matcher]) -> Known:
    """With RE2's word on the candidates for which `wanted` is True, all of them among these lines."""
    pairs = _by_position(known.candidates.where(wanted), lines)
    groups = _by_matcher(lines.row[pairs.line], matchers)
    found = Hits.join(*(matcher.matching(lines, Hits(pairs.line[mine], pairs.rule[mine])) for matcher, mine in groups))
    return Known(Hits.join(known.hits, _by_number(found, lines)), known.candidates.where(~wanted))


def _in_zone(lines: Lines, pairs: Hits, zones: Zones | None, matchers: Sequence[Matcher]) -> np.ndarray:
    """Boolean per pair: whether its line is one of these and stands in the zone of its rule, of which None knows only "anywhere"."""
    at = np.searchsorted(lines.number, pairs.line)
    inside: np.ndarray = np.append(lines.number, -1)[at] == pairs.line
    here = np.flatnonzero(inside)
    anywhere = [np.full(len(lines.row), zone == "anywhere") for zone in ZONES]
    columns = np.stack(anywhere if zones is None else [zones.of_name(zone) for zone in ZONES])
    for matcher, mine in _by_matcher(lines.row[at[here]], matchers):
        chosen = here[mine]
        inside[chosen] = columns[matcher.zones[pairs.rule[chosen]], at[chosen]]
    return inside


def _by_number(hits: Hits, lines: Lines) -> Hits:
    """Hits by positions among these lines as hits by the lines' numbers."""
    return Hits(lines.number[hits.line], hits.rule)


def _by_position(hits: Hits, lines: Lines) -> Hits:
    """Hits by the lines' numbers as hits by positions, without those of other lines."""
    at = np.searchsorted(lines.number, hits.line)
    here = np.append(lines.number, -1)[at] == hits.line
    return Hits(at[here], hits.rule[here])


def _by_matcher(rows: np.ndarray, matchers: Sequence[Matcher]) -> list[tuple[Matcher, np.ndarray]]:
    """Each matcher with the positions in `rows` that it is for."""
    distinct = list(dict.fromkeys(matchers))
    if len(distinct) == 1:
        return [(distinct[0], np.arange(len(rows)))]
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
    whole = {i: lines.text(i) for i in cut}
    texts = [whole[i][match_stop(named.rule.regex, whole[i]) :] for i, named in cut.items()]
    return lines.without_prefixes(np.array(list(cut)), texts), {i: named.name for i, named in cut.items()}


def _document(lines: Lines, zones: Zones, hits: Hits, matcher: Matcher, first: int, stop: int, title: str) -> Document:
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
        title=title,
    )


def _tagged(lines: Lines, hits: Hits, matchers: Sequence[Matcher]) -> dict[int, str]:
    tagged: dict[int, str] = {}
    for i, number in zip(hits.line.tolist(), hits.rule.tolist()):
        named = matchers[lines.row[i]].rules[number]
        if named.rule.action == "tag":
            tagged.setdefault(int(lines.number[i]), named.name)
    return tagged
