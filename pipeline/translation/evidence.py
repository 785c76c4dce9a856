"""What translated documents ask of the others, and the answers brought together by key.

First every shard leaves what its documents above the gate need (keys of phrases and of names; few). Then every shard is searched
for answers to these needs alone, so what travels is bounded by what is asked, not by the corpus. A phrase that is found in lower
case answers once a batch and is done with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.files import whole
from pipeline.kernels.cased_words import make_slots
from pipeline.kernels.names import find_names
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes
from pipeline.translation.names import judge_names
from pipeline.translation.phrases import Said, attestations, judge_phrase, wanted_keys

# Families kept for a verdict: with more than `min_families` can ask for, leaving out a document's own changes nothing.
MOST_FAMILIES = 9

PHRASE, NAME, VARIANT = 0, 1, 2

FACTS = pa.schema(
    [("key", pa.uint64()), ("kind", pa.int8()), ("form", pa.string()), ("family", pa.string()), ("doc_id", pa.string())]
)
EVIDENCE = pa.schema(
    [
        ("kind", pa.int8()),  # PHRASE or NAME
        ("key", pa.uint64()),
        ("variant", pa.string()),  # of a name
        ("form", pa.string()),  # how other families write it
        ("families", pa.list_(pa.string())),
        ("docs", pa.list_(pa.string())),  # one of each of these families
        ("count", pa.int64()),  # all families that write it so
    ]
)
NOTHING = pa.table({field.name: pa.array([], field.type) for field in EVIDENCE}, schema=EVIDENCE)

_NONE = np.zeros(0, np.uint64)
_NEVER = np.zeros(0, np.bool_)


@dataclass(frozen=True)
class Needs:
    """What translated documents ask: keys of phrases, and of names the sound key and the name's own key (shape (names, 2))."""

    phrases: np.ndarray
    names: np.ndarray

    def save(self, path: Path) -> None:
        with whole(path) as beside, open(beside, "wb") as stream:
            np.savez(stream, phrases=self.phrases, names=self.names)

    @staticmethod
    def load(path: Path) -> "Needs":
        with np.load(path) as arrays:
            return Needs(arrays["phrases"], arrays["names"])


def find_needs(text: pa.Array, rows: np.ndarray) -> Needs:
    """What these rows need."""
    offsets, data = buffers(text)
    return Needs(wanted_keys(text, rows), find_names(offsets, data, rows, *classes(), _NONE, _NONE, _NEVER)[1])


def join_needs(needs: Sequence[Needs]) -> Needs:
    """All of these together, sorted and distinct."""
    phrases = np.unique(np.concatenate([need.phrases for need in needs])) if needs else _NONE
    names = np.concatenate([need.names for need in needs]) if needs else _NONE.reshape(0, 2)
    return Needs(phrases, np.unique(names, axis=0) if len(names) else names)


def answer(
    text: pa.Array, families: pa.Array, docs: pa.Array, asking: np.ndarray, others: np.ndarray, needs: Needs
) -> pa.RecordBatch:
    """FACTS: the names of the rows that ask, and what the other rows show about what is needed."""
    offsets, data = buffers(text)
    keys, rows, forms = attestations(text, others, make_slots(needs.phrases))
    known = make_slots(np.ascontiguousarray(needs.names[:, 1]))
    tables = (make_slots(np.unique(needs.names[:, 0])), known, _spelled_one_way(needs.names, known))
    found = [(PHRASE, keys, rows, forms)]
    for kind, chosen, wanted in ((NAME, others, tables), (VARIANT, asking, (_NONE, _NONE, _NEVER))):
        places, pairs = find_names(offsets, data, chosen, *classes(), *wanted)
        found.append((kind, pairs[:, 0], places[:, 0], [bytes(data[a:b]).decode() for _, a, b in places.tolist()]))
    return pa.concat_batches([_facts(kind, keys, rows, forms, families, docs) for kind, keys, rows, forms in found])


def resolve(facts: pa.Table) -> pa.Table:
    """EVIDENCE of these facts, which hold all facts of each of their keys and are sorted by key."""
    verdicts = []
    for key, kinds in _by_key(facts):
        attested = judge_phrase(kinds[PHRASE], MOST_FAMILIES)
        if attested:
            verdicts.append({"kind": PHRASE, "key": key, **vars(attested)})
        for alias in judge_names(kinds[VARIANT], kinds[NAME], MOST_FAMILIES) if kinds[VARIANT] else ():
            verdicts.append({"kind": NAME, "key": key, **vars(alias)})
    return pa.Table.from_pylist(verdicts, schema=EVIDENCE)


def _by_key(facts: pa.Table) -> Iterator[tuple[int, dict[int, list[Said]]]]:
    """Facts as (form, family, document), by key and kind."""
    columns = zip(*(facts[name].to_pylist() for name in ("kind", "form", "family", "doc_id")), strict=True)
    for key, count in zip(*(part.tolist() for part in np.unique(facts["key"].to_numpy(), return_counts=True)), strict=True):
        kinds: dict[int, list[Said]] = {PHRASE: [], NAME: [], VARIANT: []}
        for kind, form, family, doc in islice(columns, count):
            kinds[kind].append((form, family, doc))
        yield key, kinds


def _facts(
    kind: int, keys: np.ndarray, rows: np.ndarray, forms: list[str | None], families: pa.Array, docs: pa.Array
) -> pa.RecordBatch:
    places = pa.array(rows)
    columns = [keys, np.full(len(keys), kind, np.int8), forms, families.take(places), docs.take(places)]
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, FACTS, strict=True)], schema=FACTS)


def _spelled_one_way(names: np.ndarray, known: np.ndarray) -> np.ndarray:
    """For each place of `known`, whether its sound key has no second spelling among the needs.

    To see such a name once is enough: all that it can learn is that it is written so elsewhere too.
    """
    sounds, counts = np.unique(names[:, 0], return_counts=True)
    single = names[np.isin(names[:, 0], sounds[counts == 1]), 1]
    once: np.ndarray = np.isin(known, single)
    return once
