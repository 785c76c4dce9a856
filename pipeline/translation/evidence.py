"""What documents ask of the others, and the answers brought together by key.

First every shard leaves what it needs: keys of phrases and names of its documents above the gate, and of words in lower case that no
dictionary holds. Then every shard is searched for answers to these needs alone, so what travels is bounded by what is asked. A phrase
that is found in lower case answers once a batch and is done with; a word is counted, and tells of a few families a batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import whole
from pipeline.kernels.attestations import NAME, PHRASE, WORD, Asked, find_told, make_asked
from pipeline.kernels.casing import LOWERED
from pipeline.kernels.names import find_names
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes
from pipeline.translation.names import judge_names
from pipeline.translation.phrases import Said, judge_phrase, wanted_keys
from pipeline.translation.words import MOST_WORDS, Strange, first_families, judge_word, sum_uses

# Families kept for a verdict: with more than `min_families` can ask for, leaving out a document's own changes nothing.
MOST_FAMILIES = 9

VARIANT = 3  # the name as a document that asks writes it; else what is told is a PHRASE, NAME or WORD

FACTS = pa.schema(
    [
        ("key", pa.uint64()),
        ("kind", pa.int8()),
        ("form", pa.string()),
        ("family", pa.string()),  # null: counts of a word, of many documents
        ("doc_id", pa.string()),
        ("capital", pa.int64()),
    ]
)
EVIDENCE = pa.schema(
    [
        ("kind", pa.int8()),  # PHRASE, NAME or WORD
        ("key", pa.uint64()),
        ("variant", pa.string()),  # of a name
        ("form", pa.string()),  # how other families write it
        ("families", pa.list_(pa.string())),
        ("docs", pa.list_(pa.string())),  # one of each of these families
        ("count", pa.int64()),  # all families that write it so; of a word as many as are kept
        ("lower", pa.int64()),  # uses of a word
        ("capital", pa.int64()),
    ]
)
NOTHING = pa.table({field.name: pa.array([], field.type) for field in EVIDENCE}, schema=EVIDENCE)

_NONE = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class Needs:
    """What documents ask: keys of phrases; of names the sound key and the name's own key, shape (names, 2); keys of words."""

    phrases: np.ndarray
    names: np.ndarray
    words: np.ndarray
    lower: np.ndarray  # of each word, how often documents below the gate write it small

    def save(self, path: Path) -> None:
        with whole(path) as beside, open(beside, "wb") as stream:
            np.savez(stream, **vars(self))

    @staticmethod
    def load(path: Path) -> "Needs":
        with np.load(path) as arrays:
            return Needs(arrays["phrases"], arrays["names"], arrays["words"], arrays["lower"])


def find_needs(text: pa.Array, rows: np.ndarray, strange: Strange) -> Needs:
    """What these rows need, which pass the gate, and what all need that hold a strange word."""
    offsets, data = buffers(text)
    words, places = np.unique(strange.keys, return_inverse=True)
    lower = np.bincount(places[~np.isin(strange.rows, rows)], minlength=len(words))
    return Needs(wanted_keys(text, rows), find_names(offsets, data, rows, *classes())[1], words, lower)


def join_needs(needs: Sequence[Needs]) -> Needs:
    """All of these together, sorted and distinct."""
    phrases = np.unique(np.concatenate([_NONE, *(need.phrases for need in needs)]))
    names = np.unique(np.concatenate([_NONE.reshape(0, 2), *(need.names for need in needs)]), axis=0)
    words, places = np.unique(np.concatenate([_NONE, *(need.words for need in needs)]), return_inverse=True)
    lower = np.zeros(len(words), np.int64)
    np.add.at(lower, places, np.concatenate([lower[:0], *(need.lower for need in needs)]))
    return Needs(phrases, names, words[:MOST_WORDS], lower[:MOST_WORDS])


@lru_cache(maxsize=2)
def _asked(path: Path, _written: int) -> Asked:
    needs = Needs.load(path)
    return make_asked(needs.phrases, needs.words, needs.names)


def read_asked(path: Path) -> Asked:
    """The tables of the needs in this file; the file's time is part of what is remembered."""
    return _asked(path, path.stat().st_mtime_ns)


def answer(
    text: pa.Array, families: pa.Array, docs: pa.Array, asking: np.ndarray, others: np.ndarray, asked: Asked
) -> pa.RecordBatch:
    """FACTS: the names of the rows that ask, and what the other rows show about what is asked."""
    offsets, data = buffers(text)
    told, keys, uses = find_told(offsets, data, others, *classes(), asked)
    kept = np.r_[np.flatnonzero(told[:, 3] != WORD), first_families(told, keys, families, docs, MOST_FAMILIES)]
    told, keys = told[kept], keys[kept]
    forms = [
        None if state == LOWERED and kind == PHRASE else bytes(data[start:stop]).decode()
        for _, start, stop, kind, state in told.tolist()
    ]
    places, pairs = find_names(offsets, data, asking, *classes())
    variants = [bytes(data[start:stop]).decode() for _, start, stop in places.tolist()]
    return pa.concat_batches(
        [
            _facts(told[:, 3], keys, told[:, 0], forms, families, docs),
            _facts(np.full(len(places), VARIANT), pairs[:, 0], places[:, 0], variants, families, docs),
            _counts(asked.words, uses),
        ]
    )


def resolve(path: Path, facts: pa.Table) -> pa.Table:
    """EVIDENCE of these facts, which hold all facts of each of their keys and are sorted by key, for the needs in this file."""
    counts, needs = facts.filter(facts["family"].is_null()), Needs.load(path)
    uses = sum_uses(counts["key"].to_numpy(), counts["capital"].to_numpy(), needs.words, needs.lower)
    told = facts.filter(facts["family"].is_valid())
    words = pc.equal(told["kind"], WORD)
    asked = pa.array(np.array(list(uses), np.uint64))
    verdicts = []
    for key, kinds in _by_key(told.filter(pc.or_(pc.invert(words), pc.is_in(told["key"], asked)))):
        attested = judge_phrase(kinds[PHRASE], MOST_FAMILIES)
        if attested:
            verdicts.append({"kind": PHRASE, "key": key, **vars(attested)})
        for alias in judge_names(kinds[VARIANT], kinds[NAME], MOST_FAMILIES) if kinds[VARIANT] else ():
            verdicts.append({"kind": NAME, "key": key, **vars(alias)})
        word = judge_word(kinds[WORD], MOST_FAMILIES)
        if word:
            verdicts.append({"kind": WORD, "key": key, **vars(word), **vars(uses[key])})
    return pa.Table.from_pylist(verdicts, schema=EVIDENCE)


def _by_key(facts: pa.Table) -> Iterator[tuple[int, dict[int, list[Said]]]]:
    """Facts as (form, family, document), by key and kind."""
    columns = zip(*(facts[name].to_pylist() for name in ("kind", "form", "family", "doc_id")), strict=True)
    for key, count in zip(*(part.tolist() for part in np.unique(facts["key"].to_numpy(), return_counts=True)), strict=True):
        kinds: dict[int, list[Said]] = {PHRASE: [], NAME: [], VARIANT: [], WORD: []}
        for kind, form, family, doc in islice(columns, count):
            kinds[kind].append((form, family, doc))
        yield key, kinds


def _facts(
    kinds: np.ndarray, keys: np.ndarray, rows: np.ndarray, forms: list[str | None] | list[str], families: pa.Array, docs: pa.Array
) -> pa.RecordBatch:
    places, none = pa.array(rows), pa.nulls(len(keys))
    return _batch(keys, kinds, forms, families.take(places), docs.take(places), none)


def _counts(words: np.ndarray, uses: np.ndarray) -> pa.RecordBatch:
    """How often each of these words is capitalised, for those that are."""
    used = np.flatnonzero(uses)
    none = pa.nulls(len(used))
    return _batch(words[used], np.full(len(used), WORD), none, none, none, uses[used])


def _batch(*columns: Any) -> pa.RecordBatch:
    arrays = [
        column.cast(field.type) if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(columns, FACTS, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=FACTS)
