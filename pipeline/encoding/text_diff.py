"""Small differences between a text and its repaired version, in time linear in the text when the changes are local."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz.distance import Indel

# Pieces up to this many characters on both sides are compared exactly: 2048 x 2048 takes about 2 ms and 0.5 MB.
_MAX_EXACT = 2048

# What is compared first where texts begin to differ. An alignment counts as good if three quarters of the longer side agree up to
# its last run of at least this length: short lines that lost their carriage returns do (95 %), unrelated news does not (not even
# one in four pairs of windows of English or German has such a run at all, and 95 % of those agree in 46 % or less).
_WINDOW = 512
_MIN_RUN = 8

# A piece of old text that is looked for in the new one to find where the two run together again. Long enough to be rare in prose.
_ANCHOR = 24

_RUNS = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]+")


class Change(NamedTuple):
    """Characters [start, stop) of the old text give way to `inserted`."""

    start: int
    stop: int
    inserted: str


def diff(old: str, new: str) -> list[Change]:
    """Changes that turn `old` into `new`: sorted, apart from each other by at least two characters, none empty.

    Where the differing stretch is at most 2048 characters long in both texts, the characters removed and inserted are fewer than
    three times those of a minimal difference (which is found exactly; then changes one character apart are joined). Longer
    stretches are cut where 24 characters agree; that is small for local changes, though nothing is proven.
    """
    changes: list[Change] = []
    for change in _changes(old, new):
        last = changes[-1] if changes else None
        if last is not None and change.start - last.stop <= 1:
            between = old[last.stop : change.start]
            changes[-1] = Change(last.start, change.stop, last.inserted + between + change.inserted)
        else:
            changes.append(change)
    return changes


def _changes(old: str, new: str) -> Iterator[Change]:
    """The changes before joining, in order."""
    end = _common_suffix(old, new)
    old_stop, new_stop = len(old) - end, len(new) - end
    i = j = 0
    while True:
        common = _common_prefix(old, i, old_stop, new, j, new_stop)
        i, j = i + common, j + common
        if i == old_stop and j == new_stop:
            return
        next_i, next_j = _meet(old, i, old_stop, new, j, new_stop)
        yield from _piece(i, old[i:next_i], new[j:next_j])
        i, j = next_i, next_j


def _meet(old: str, i: int, old_stop: int, new: str, j: int, new_stop: int) -> tuple[int, int]:
    """Places after the differing ones from which the texts agree for a while; the ends when there are none."""
    if max(old_stop - i, new_stop - j) <= _MAX_EXACT:
        return old_stop, new_stop
    near = _meet_near(old[i : min(i + _WINDOW, old_stop)], new[j : min(j + _WINDOW, new_stop)])
    if near is not None:
        return i + near[0], j + near[1]
    return _meet_far(old, i, old_stop, new, j, new_stop)


def _meet_near(old: str, new: str) -> tuple[int, int] | None:
    """Where the last long run of an exact alignment begins, if the alignment up to there is a good one."""
    equal = [o for o in Indel.opcodes(old, new) if o.tag == "equal"]
    last = next((n for n in range(len(equal) - 1, -1, -1) if equal[n].src_end - equal[n].src_start >= _MIN_RUN), None)
    if last is None:
        return None
    matched = sum(o.src_end - o.src_start for o in equal[: last + 1])
    at = equal[last]
    return (at.src_start, at.dest_start) if 4 * matched >= 3 * max(at.src_end, at.dest_end) else None


def _meet_far(old: str, i: int, old_stop: int, new: str, j: int, new_stop: int) -> tuple[int, int]:
    """Where a piece of the old text at some distance stands in the new one.

    Distances double, and each is looked for in a window of the new text of eight times the distance, so the work is linear in
    the distance found.
    """
    distance = 32
    while i + distance + _ANCHOR <= old_stop:
        for offset in range(distance // 2, distance, max(distance // 8, 4)):
            probe = old[i + offset : i + offset + _ANCHOR]
            found = new.find(probe, j, min(j + 8 * distance, new_stop))
            if found >= 0 and probe.strip(probe[0]):
                return i + offset, found
        distance *= 2
    return old_stop, new_stop


def _piece(start: int, old: str, new: str) -> Iterator[Change]:
    """The changes of a stretch without an anchor inside; its beginnings differ."""
    common = _common_suffix(old, new)
    old, new = old[: len(old) - common], new[: len(new) - common]
    if not old or not new:
        yield Change(start, start + len(old), new)
    elif max(len(old), len(new)) <= _MAX_EXACT:
        for opcode in Indel.opcodes(old, new):
            if opcode.tag != "equal":
                yield Change(start + opcode.src_start, start + opcode.src_end, new[opcode.dest_start : opcode.dest_end])
    else:
        yield from _by_runs(start, old, new)


def _by_runs(start: int, old: str, new: str) -> Iterator[Change]:
    """Repaired mojibake keeps its ASCII: when all runs of ASCII agree, what lies between them is compared run by run."""
    old_runs, new_runs = _RUNS.findall(old), _RUNS.findall(new)
    if [run for run in old_runs if run.isascii()] != [run for run in new_runs if run.isascii()] or len(old_runs) != len(new_runs):
        yield Change(start, start + len(old), new)
        return
    for old_run, new_run in zip(old_runs, new_runs, strict=True):
        if old_run != new_run:
            yield Change(start, start + len(old_run), new_run)
        start += len(old_run)


def _common_prefix(old: str, i: int, old_stop: int, new: str, j: int, new_stop: int) -> int:
    """How many characters agree from `i` and `j` on; compares growing slices, then halves the one that differs."""
    most = min(old_stop - i, new_stop - j)
    common, step = 0, 16
    while common < most and step:
        size = min(step, most - common)
        if old[i + common : i + common + size] == new[j + common : j + common + size]:
            common += size
            step *= 2
        else:
            return common + _halve(old[i + common : i + common + size], new[j + common : j + common + size])
    return common


def _halve(a: str, b: str) -> int:
    """The length of the common beginning of two strings of one length that differ."""
    low, high = 0, len(a)
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _common_suffix(old: str, new: str) -> int:
    most = min(len(old), len(new))
    common, step = 0, 16
    while common < most:
        size = min(step, most - common)
        a, b = old[len(old) - common - size : len(old) - common], new[len(new) - common - size : len(new) - common]
        if a != b:
            return common + _halve(a[::-1], b[::-1])
        common += size
        step *= 2
    return common
