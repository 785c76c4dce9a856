"""From verdicts to spans: phrases and words in the form that other families write."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.edits import Span
from pipeline.kernels.attestations import NAME, PHRASE, WORD
from pipeline.kernels.key_tables import make_slots
from pipeline.kernels.phrases import find_phrases
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes, word_list
from pipeline.translation.names import distance
from pipeline.translation.words import LEAST_FAMILIES, Strange, Uses

_DOCS_TOLD = 3  # documents named as evidence

# "Islamic state", "ned Price" contradict themselves, so one other family is enough. A phrase wholly in lower case may as well be
# a description ("the opening ceremony", which one story of the WMT21 references writes with capitals): two families at least.
_FAMILIES_ALL_LOWER = 2

# Around a word that is capitalised there must be English, and no address: "en casa el Cinco de Mayo", "www clinton senate gov" (dots
# lost) and "http://leahy.example" are none of a name's business.
_AROUND_BYTES = 40
_FUNCTION_WORD = re.compile(
    rb"(?<![\w-])(?:the|and|of|to|for|that|with|by|was|is|are|were|from|his|her|their|have|has|had|said)(?![\w-])"
)
_ADDRESS = re.compile(rb"(?i)(?<![a-z])(?:https?|www|com|org|net|gov|edu|html?|pdf|mp3|cfm|php|aspx?)(?![a-z])|[@#_/\\=]")

# Text of programs has small letters of its own: "pip install rsa", a list of values, a changelog ("* debian: fix"). It shows in signs
# that prose does not use, lines that are set in, gaps within a line, and words that stand alone in quotes or brackets.
_CODE = re.compile(
    rb"[`<>{}|~]|[$%][a-z_({]|\(\)|[\[\]][\[(]|(?:^|[ (\[])--?[a-z]|\xe2[\x94\x95].|\n[ \t]+(?:[^\w\s]+ )?[a-z]|[a-z,;]  "
)
_VALUE_AFTER = re.compile(rb"(?:\n\W*|\b(?:install|import|feature) )$")
_OPENING, _CLOSING = (b'"', b"'", b"(", b"\xe2\x80\x9c", b"\xe2\x80\x98"), (b'"', b"'", b")", b"\xe2\x80\x9d", b"\xe2\x80\x99 ")

Verdict = Mapping[str, Any]


def repair_phrases(
    text: pa.Array, rows: np.ndarray, families: Mapping[int, str], verdicts: pa.Table, min_families: int
) -> Iterator[Span]:
    """Edits that give phrases of these rows the form that other families write. Longer phrases go first, then earlier ones."""
    known = {verdict["key"]: verdict for verdict in of_kind(verdicts, PHRASE)}
    offsets, data = buffers(text)
    found, keys = find_phrases(offsets, data, rows, *classes(), make_slots(np.array(list(known), np.uint64)))
    taken: set[int] = set()  # bytes of `data` that an edit has claimed
    for (row, start, stop), key in sorted(zip(found.tolist(), keys[:, 0].tolist(), strict=True), key=_longest_first):
        phrase, verdict = bytes(data[start:stop]).decode(), known[key]
        needed = min_families if phrase.lower() != phrase else max(min_families, _FAMILIES_ALL_LOWER)
        evidence = evidence_of(verdict, families[row], needed)
        if evidence and verdict["form"].lower() == phrase.lower() and taken.isdisjoint(range(start, stop)):
            taken.update(range(start, stop))
            yield smallest_span(row, start - int(offsets[row]), phrase, verdict["form"], "phrase_case", evidence)


def capitalise_words(
    text: pa.Array,
    strange: Strange,
    families: Mapping[int, str],
    verdicts: Mapping[int, Verdict],
    passed: frozenset[int],
    least: int,
) -> Iterator[Span]:
    """Edits that give words of these rows the form that other families write (rule W).

    `verdicts` are those of words, by key; `passed` are rows whose own words have not been counted as evidence.
    """
    offsets, data = buffers(text)
    own = Counter(zip(strange.rows.tolist(), strange.keys.tolist(), strict=True))
    columns = (strange.rows.tolist(), strange.starts.tolist(), strange.stops.tolist(), strange.keys.tolist())
    for row, start, stop, key in zip(*columns, strict=True):
        verdict, first = verdicts[key], int(offsets[row])
        word = bytes(data[first + start : first + stop]).decode()
        uses = Uses(verdict["lower"], verdict["capital"])
        evidence = evidence_of(verdict, families[row], max(least, LEAST_FAMILIES))
        before = bytes(data[max(first, first + start - _AROUND_BYTES) : first + start])
        after = bytes(data[first + stop : min(first + stop + _AROUND_BYTES, int(offsets[row + 1]))])
        agrees = verdict["form"].lower() == word and word.isascii() and word not in word_list("particles")
        if evidence and agrees and uses.is_name(0 if row in passed else own[row, key]) and _is_prose(before, after):
            yield smallest_span(row, start, word, verdict["form"], "word_case", evidence)


def _is_prose(before: bytes, after: bytes) -> bool:
    """Whether what stands around a word is English and neither an address nor of a program."""
    if not _FUNCTION_WORD.search(before + b" . " + after) or _ADDRESS.search(before + b" . " + after):
        return False
    if _CODE.search(before) or _CODE.search(after) or _VALUE_AFTER.search(before) or after.startswith(b":"):
        return False
    return not (before.endswith(_OPENING) and after.startswith(_CLOSING))


def of_kind(verdicts: pa.Table, kind: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = verdicts.filter(pc.equal(verdicts["kind"], kind)).to_pylist()
    return found


def _longest_first(item: tuple[list[int], int]) -> tuple[int, int, int]:
    (row, start, stop), _key = item
    return row, start - stop, start


def evidence_of(verdict: Verdict, family: str, min_families: int) -> str | None:
    """What other families show, as JSON: how many, documents of the first, and scores; None if they are fewer than `min_families`."""
    names = verdict["families"]
    others = [doc for name, doc in zip(names, verdict["docs"], strict=True) if name != family]
    if len(others) < min_families:
        return None
    told = {"form": verdict["form"], "families": verdict["count"] - (len(names) - len(others)), "docs": others[:_DOCS_TOLD]}
    if verdict["kind"] == WORD:
        told |= {"uses": {"lower": verdict["lower"], "capital": verdict["capital"]}}
    if verdict["kind"] == NAME:
        told |= distance(verdict["variant"], verdict["form"])
    return json.dumps(told, ensure_ascii=False)


def smallest_span(row: int, start: int, phrase: str, form: str, rule: str, evidence: str) -> Span:
    """The edit from phrase to form, without what both begin and end with."""
    shorter = min(len(phrase), len(form))
    first = next((i for i in range(shorter) if phrase[i] != form[i]), shorter)
    last = next((i for i in range(shorter - first) if phrase[-1 - i] != form[-1 - i]), shorter - first)
    begin = start + len(phrase[:first].encode())
    stop = start + len(phrase[: len(phrase) - last].encode())
    return Span(row, begin, stop, form[first : len(form) - last], rule, evidence=evidence)
