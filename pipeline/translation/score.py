"""The weight of evidence that a text was machine-translated: hits of the signals, weighed by how rare they are in human text."""

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.kernels import odd_marks as place
from pipeline.kernels.anchors import Anchors, make_anchors
from pipeline.kernels.text import buffers
from pipeline.kernels.translation_signals import REPEATED_SENTENCE, scan_words
from pipeline.translation.lexicon import english_words
from pipeline.translation.signals import SIGNALS, SMALL_AFTER_COMMA, Signal
from pipeline.translation.words import Strange

SEGMENT_BYTES = 207  # of the segments that rates are counted in: 403,336 bytes of human translation in 1,948 segments
LEAST_RATE = 0.17  # half a hit in the 2,967 segments of the smallest human set: what "none seen" is worth
# Hits of one signal are no independent witnesses: a writer's habit, a date that a story turns on. So many count in 6 kB.
HABIT_HITS, HABIT_BYTES = 3, 6000
_NOTHING = re.compile(b"(?!)")
_WINDOW_BYTES = 64  # how far behind its anchor a pattern looks


@dataclass(frozen=True)
class Hits:
    """Where signals were found, by row and place: rows, indices into SIGNALS, and bytes counted from the row's beginning."""

    rows: np.ndarray
    signals: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


class Found(NamedTuple):
    """What one pass over a text finds."""

    hits: Hits
    repeats: np.ndarray  # sentences that repeat the one before: row, start, stop (bytes from the row's beginning)
    strange: Strange


def rates(signal: Signal) -> tuple[float, float]:
    """Hits per thousand segments of human and of machine text.

    Human is the kind of human text that shows it most, so that neither people who translate nor people who write pass for machines;
    machine is the geometric middle of the range: translators differ more than tenfold, and the high end is often a single one. A
    mark that people who translate leave as often weighs nothing, and is told of all the same.
    """
    human = max(signal.english, signal.translated, signal.press, LEAST_RATE)
    return human, max(human, math.sqrt(max(signal.machine_low, LEAST_RATE) * signal.machine_high))


@cache
def weights() -> tuple[np.ndarray, float]:
    """What one hit weighs for each signal (int32, thousandths of a nat), and what a kB without hits weighs against (thousandths).

    Hits are taken as Poisson with the two rates, so n hits in a text of s segments weigh
    n log(machine/human) - s (machine - human).
    """
    pairs = np.array([rates(signal) for signal in SIGNALS])
    hit = np.rint(1000 * np.log(pairs[:, 1] / pairs[:, 0])).astype(np.int32)
    return hit, math.fsum((pairs[:, 1] - pairs[:, 0]).tolist()) / SEGMENT_BYTES  # on no processor another last bit


def scan(text: pa.Array, rows: np.ndarray) -> Found:
    """What one pass over these rows (int64, ascending) of a large_string array without nulls finds."""
    offsets, data = buffers(text)
    places, words, keys = scan_words(offsets, data, rows, _anchors(), english_words())
    starts = offsets[words[:, 0]]
    again = places[:, 1] == REPEATED_SENTENCE
    repeats = places[again][:, [0, 2, 3]]
    repeats[:, 1:] -= offsets[repeats[:, :1]]
    strange = Strange(words[:, 0], words[:, 1] - starts, words[:, 2] - starts, keys)
    return Found(_look_closer(offsets, data, places[~again]), repeats, strange)


def _look_closer(offsets: np.ndarray, data: np.ndarray, places: np.ndarray) -> Hits:
    """The hits among places of the scan: those that it has decided, and those at which the signal's pattern matches."""
    view = data.data
    found: list[tuple[int, int, int, int]] = []
    seen, patterns = (-1, -1, -1), [signal.pattern or _NOTHING for signal in SIGNALS]
    signals, decided = _signal_of()[places[:, 1]], _decided()[places[:, 1]]
    rows, _, begins, anchors, _ = places[~decided].T
    stops = np.minimum(offsets[rows + 1], anchors + _WINDOW_BYTES)
    columns = (column.tolist() for column in (rows, signals[~decided], offsets[rows], stops, begins, anchors))
    for row, index, first, stop, begin, anchor in zip(*columns, strict=True):
        # The view begins with the row: a pattern that looks behind must not see the row before.
        match = _match_at(patterns[index], view[first:stop], begin - first, anchor - first)
        if match and (row, index, match.start()) != seen:
            seen = (row, index, match.start())
            found.append((row, index, match.start(), match.end()))
    rows, _, _, starts, stops = places[decided].T
    sure = [rows, signals[decided], starts - offsets[rows], stops - offsets[rows]]
    return Hits(*np.concatenate([np.array(found, np.int64).reshape(-1, 4).T, sure], axis=1))


def score(hits: Hits, lengths: np.ndarray) -> np.ndarray:
    """Thousandths of a nat (int32) for each row, from the hits and the rows' lengths in bytes. 3000 is twenty to one."""
    counts = count_hits(hits, len(lengths))
    per_hit, per_byte = weights()
    most = HABIT_HITS * (1 + lengths // HABIT_BYTES)
    evidence: np.ndarray = np.minimum(counts, most[:, None]) @ per_hit.astype(np.int64)
    return (evidence - np.rint(per_byte * lengths).astype(np.int64)).astype(np.int32)


def count_hits(hits: Hits, rows: int) -> np.ndarray:
    """Hits by row and signal, int64."""
    places = hits.rows * len(SIGNALS) + hits.signals
    counts: np.ndarray = np.bincount(places, minlength=rows * len(SIGNALS)).reshape(rows, len(SIGNALS))
    return counts


def evidence_json(hits: Hits, rows: int) -> pa.Array:
    """For each row a JSON object of the signals found and how often."""
    index, counts = np.zeros(rows, np.int64), count_hits(hits, rows)
    found = np.unique(hits.rows)
    counts = counts[found].astype(np.uint16)  # the scan finds `MOST_PLACES` in a text at most
    distinct: dict[bytes, int] = {}
    index[found] = [1 + distinct.setdefault(row.tobytes(), len(distinct)) for row in counts]
    objects = np.frombuffer(b"".join(distinct), np.uint16).reshape(-1, len(SIGNALS))
    names = [signal.name for signal in SIGNALS]
    values = [{name: count for name, count in zip(names, row, strict=True) if count} for row in objects.tolist()]
    texts = [json.dumps(value, sort_keys=True) for value in ({}, *values)]
    return pa.array(texts, pa.string()).take(pa.array(index))


def _match_at(pattern: re.Pattern[bytes], view: memoryview, begin: int, anchor: int) -> re.Match[bytes] | None:
    """The match that holds the byte at `anchor`, of those from `begin` on."""
    for match in pattern.finditer(view, begin):
        if match.end() > anchor:
            return match if match.start() <= anchor else None
    return None


@cache
def _signal_of() -> np.ndarray:
    """By kind of place the signal that it belongs to."""
    signals = np.arange(place.FIRST_WORD + len(SIGNALS)) - place.FIRST_WORD
    for i, signal in enumerate(SIGNALS):
        if isinstance(signal.anchors, int):
            signals[signal.anchors] = i
    return signals


@cache
def _decided() -> np.ndarray:
    """By kind of place whether the scan has decided that it is a hit."""
    return np.array([SIGNALS[i].pattern is None for i in _signal_of()])


@cache
def _anchors() -> Anchors:
    """The anchor words as the scan wants them."""
    anchors = dict.fromkeys(("st", "nd", "rd", "th"), place.ORDINAL)
    for i, signal in enumerate(SIGNALS):
        anchors |= dict.fromkeys(() if isinstance(signal.anchors, int) else signal.anchors, place.FIRST_WORD + i)
    return make_anchors(anchors, SMALL_AFTER_COMMA)
