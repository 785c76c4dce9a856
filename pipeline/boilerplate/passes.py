"""One pass over the lines of a batch: match by language, find the zones, judge the documents that something was found in."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.boilerplate.documents import documents
from pipeline.boilerplate.judge import StructureRule, judge
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.match import ACTIONS, ZONES, Hits, NamedRule
from pipeline.boilerplate.matchers import Matchers
from pipeline.boilerplate.patterns import match_stop
from pipeline.boilerplate.removal import Removal
from pipeline.boilerplate.structure import structure_rows

_DROP, _STRIP_PREFIX, _TAG = (ACTIONS.index(action) for action in ("drop", "strip_prefix", "tag"))
_ANYWHERE = ZONES.index("anywhere")
_actions, _zones = attrgetter("actions"), attrgetter("zones")


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


def look(lines: Lines, matchers: Matchers) -> Known:
    """What is to know of these lines before any zone is."""
    hits, candidates = [], []
    for matcher, at in matchers.groups(lines.row):
        hits.append(matcher.phrase_hits(lines, at))
        candidates.append(matcher.candidates(lines, at))
    return Known(*(_by_number(Hits.join(*parts), lines) for parts in (hits, candidates)))


def one_pass(lines: Lines, known: Known, matchers: Matchers, cjk_rows: np.ndarray, titles: pa.Array) -> Found:
    """What one pass over these lines finds, at which `look` has looked.

    By row: `cjk_rows`, whether its language is written in Han, kana or Hangul, and `titles`, "" where none is known.
    """
    changed = np.zeros(len(titles), np.bool_)
    if len(lines.row) == 0:
        return Found(lines, Removal({}, {}, {}), changed, known)
    hits, zones, known = _in_zones(lines, known, matchers)
    lines, cut = _cut_prefixes(lines, hits, matchers)
    structure = structure_rows(lines, zones, titles, cjk_rows)
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
    matchers: Matchers,
    structure: Mapping[StructureRule, np.ndarray],
    titles: pa.Array,
) -> dict[int, str]:
    """Positions of the lines that go, with their rules. `structure` says which rows each structure rule may find something in."""
    worth = np.logical_or.reduce(list(structure.values()))
    worth[lines.row[hits.line]] = True
    gone: dict[int, str] = {}
    for row, first, document in documents(lines, zones, hits, matchers, titles, worth):
        for i, name in judge(document, [rule for rule, rows in structure.items() if rows[row]]).items():
            gone[first + i] = name
    return gone


def _in_zones(lines: Lines, known: Known, matchers: Matchers) -> tuple[Hits, Zones, Known]:
    """The hits of these lines, by their positions, that stand in the zones of their rules; the zones; what is known now."""
    known = _test(lines, known, _in_zone(lines, known.candidates, None, matchers), matchers)
    hits = _by_position(known.hits, lines)
    no_body, rows = np.zeros(len(lines.row), np.bool_), lines.row[hits.line]
    action, zone = (matchers.columns(column, rows, hits) for column in (_actions, _zones))
    no_body[hits.line[(action == _DROP) & (zone == _ANYWHERE)]] = True
    zones = Zones.of(lines, no_body)
    known = _test(lines, known, _in_zone(lines, known.candidates, zones, matchers), matchers)
    hits = _by_position(known.hits.where(_in_zone(lines, known.hits, zones, matchers)), lines)
    return hits, zones, known


def _test(lines: Lines, known: Known, wanted: np.ndarray, matchers: Matchers) -> Known:
    """With RE2's word on the candidates for which `wanted` is True, all of them among these lines."""
    pairs = _by_position(known.candidates.where(wanted), lines)
    groups = matchers.groups(lines.row[pairs.line])
    found = Hits.join(*(matcher.matching(lines, Hits(pairs.line[mine], pairs.rule[mine])) for matcher, mine in groups))
    return Known(Hits.join(known.hits, _by_number(found, lines)), known.candidates.where(~wanted))


def _in_zone(lines: Lines, pairs: Hits, zones: Zones | None, matchers: Matchers) -> np.ndarray:
    """Boolean per pair: whether its line is one of these and stands in the zone of its rule, of which None knows only "anywhere"."""
    at = np.searchsorted(lines.number, pairs.line)
    inside: np.ndarray = np.append(lines.number, -1)[at] == pairs.line
    here = np.flatnonzero(inside)
    zone = matchers.columns(_zones, lines.row[at[here]], pairs.where(here))
    if zones is None:
        inside[here] = zone == _ANYWHERE
    else:
        inside[here] = np.stack([zones.of_name(name) for name in ZONES])[zone, at[here]]
    return inside


def _by_number(hits: Hits, lines: Lines) -> Hits:
    """Hits by positions among these lines as hits by the lines' numbers."""
    return Hits(lines.number[hits.line], hits.rule)


def _by_position(hits: Hits, lines: Lines) -> Hits:
    """Hits by the lines' numbers as hits by positions, without those of other lines."""
    at = np.searchsorted(lines.number, hits.line)
    here = np.append(lines.number, -1)[at] == hits.line
    return Hits(at[here], hits.rule[here])


def _rules(lines: Lines, hits: Hits, matchers: Matchers, action: int) -> Iterator[tuple[int, NamedRule]]:
    """The hits of rules of this action, in order: the position of the line, the rule."""
    rows = lines.row[hits.line]
    mine = np.flatnonzero(matchers.columns(_actions, rows, hits) == action)
    triples = zip(*(column.tolist() for column in (hits.line[mine], rows[mine], hits.rule[mine])))
    return ((i, matchers.of(row).rules[number]) for i, row, number in triples)


def _cut_prefixes(lines: Lines, hits: Hits, matchers: Matchers) -> tuple[Lines, dict[int, str]]:
    """The lines with prefixes cut, and the rule for each line that was. A line loses one prefix a pass."""
    cut: dict[int, NamedRule] = {}
    for i, named in _rules(lines, hits, matchers, _STRIP_PREFIX):
        cut.setdefault(i, named)
    if not cut:
        return lines, {}
    whole = {i: lines.text(i) for i in cut}
    texts = [whole[i][match_stop(named.rule.regex, whole[i]) :] for i, named in cut.items()]
    return lines.without_prefixes(np.array(list(cut)), texts), {i: named.name for i, named in cut.items()}


def _tagged(lines: Lines, hits: Hits, matchers: Matchers) -> dict[int, str]:
    tagged: dict[int, str] = {}
    for i, named in _rules(lines, hits, matchers, _TAG):
        tagged.setdefault(int(lines.number[i]), named.name)
    return tagged
