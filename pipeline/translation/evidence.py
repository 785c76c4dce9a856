"""What documents ask of the others, and the answers brought together by key.

First every shard leaves what it needs: keys of phrases and names of its documents above the gate, and of words in lower case that no
dictionary holds. Then every shard is searched for answers to these needs alone, so what travels is bounded by what is asked. A phrase
that is found in lower case answers once a batch and is done with; a word is counted, and tells of a few families a batch.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.edits import slices
from pipeline.files import open_ipc, version_of
from pipeline.kernels.attestations import NAME, PHRASE, WORD, Asked, find_told, make_asked
from pipeline.kernels.casing import LOWERED
from pipeline.kernels.names import find_names
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes
from pipeline.translation.names import judge_names
from pipeline.translation.phrases import Said, judge_phrase, wanted_keys
from pipeline.translation.words import LEAST_FAMILIES, MOST_WORDS, Strange, first_families, judge_word, sum_uses

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
        ("variant_families", pa.int64()),  # that write it, all above the gate
        ("form", pa.string()),  # how other families write it
        ("families", pa.list_(pa.string())),
        ("docs", pa.list_(pa.string())),  # one of each of these families
        ("count", pa.int64()),  # all families that write it so; of a word as many as are kept
        ("lower", pa.int64()),  # uses of a word
        ("capital", pa.int64()),
    ]
)
NOTHING = pa.table({field.name: pa.array([], field.type) for field in EVIDENCE}, schema=EVIDENCE)

# What documents ask about: phrases, names (`key` is the sound key, `own` the name's own), words (`lower`: how often documents below
# the gate write them small). `tail` is the key of the last two words of a phrase or name.
ASKED = pa.schema([("kind", pa.int8()), ("key", pa.uint64()), ("own", pa.uint64()), ("tail", pa.uint64()), ("lower", pa.int64())])


def ask(text: pa.Array, rows: np.ndarray, strange: Strange) -> pa.RecordBatch:
    """ASKED of these rows, which pass the gate, and of all that hold a strange word."""
    words, places = np.unique(strange.keys, return_inverse=True)
    lower = np.bincount(places[~np.isin(strange.rows, rows)], minlength=len(words))
    phrases, names = np.zeros((0, 2), np.uint64), np.zeros((0, 3), np.uint64)
    if len(rows):
        phrases, names = wanted_keys(text, rows), find_names(*buffers(text), rows, *classes())[1]
    sizes = [len(phrases), len(names), len(words)]
    columns = [
        np.repeat([PHRASE, NAME, WORD], sizes).astype(np.int8),
        np.concatenate([phrases[:, 0], names[:, 0], words]),
        np.concatenate([phrases[:, 0], names[:, 1], words]),
        np.concatenate([phrases[:, 1], names[:, 2], words]),
        np.concatenate([np.zeros(sizes[0] + sizes[1], np.int64), lower]),
    ]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=ASKED)


def join_asked(asked: Iterable[pa.RecordBatch]) -> pa.Table:
    """All of these together, distinct and in order of kind and key."""
    table = pa.Table.from_batches(asked, ASKED).group_by(["kind", "key", "own", "tail"]).aggregate([("lower", "sum")])
    table = table.rename_columns(ASKED.names).sort_by([("kind", "ascending"), ("key", "ascending"), ("own", "ascending")])
    words = int(pc.sum(pc.equal(table["kind"], WORD)).as_py() or 0)
    return table.slice(0, len(table) - max(0, words - MOST_WORDS))


@lru_cache(maxsize=2)
def _tables(path: Path, _version: int | str | None) -> Asked:
    kinds, keys, own, tails, _ = (column.to_numpy() for column in open_ipc(path).read_all().columns)
    phrases, names = kinds == PHRASE, kinds == NAME
    names = np.stack([keys[names], own[names], tails[names]], axis=1)
    return make_asked(np.stack([keys[phrases], tails[phrases]], axis=1), keys[kinds == WORD], names)


def read_asked(path: Path) -> Asked:
    """The tables of what is ASKED in this file; its version is part of what is remembered."""
    return _tables(path, version_of(path))


def answer(
    text: pa.Array, families: pa.Array, docs: pa.Array, asking: np.ndarray, others: np.ndarray, asked: Asked
) -> pa.RecordBatch:
    """FACTS: the names of the rows that ask, and what the other rows show about what is asked."""
    offsets, data = buffers(text)
    told, keys, uses = find_told(offsets, data, others, *classes(), asked)
    kept = np.r_[np.flatnonzero(told[:, 3] != WORD), first_families(told, keys, families, docs, MOST_FAMILIES)]
    told, keys = told[kept], keys[kept]
    small = (told[:, 3] == PHRASE) & (told[:, 4] == LOWERED)
    places, pairs = find_names(offsets, data, asking, *classes())
    return pa.concat_batches(
        [
            _facts(told[:, 3], keys, told, text, families, docs, small),
            _facts(np.full(len(places), VARIANT), pairs[:, 0], places, text, families, docs, np.zeros(len(places), np.bool_)),
            _counts(asked.words, uses),
        ]
    )


def resolve(path: Path, facts: pa.Table) -> pa.Table:
    """EVIDENCE of these facts, which hold all facts of each of their keys and are sorted by key, for what is ASKED in this file."""
    asked = open_ipc(path).read_all()
    asked = asked.filter(pc.equal(asked["kind"], WORD))
    counts = facts.filter(facts["family"].is_null())
    columns = (column.to_numpy() for column in (counts["key"], counts["capital"], asked["key"], asked["lower"]))
    uses = sum_uses(*columns)
    verdicts = []
    for key, kinds in _by_key(_open_questions(facts.filter(facts["family"].is_valid()), np.array(list(uses), np.uint64))):
        attested = judge_phrase(kinds[PHRASE], MOST_FAMILIES)
        if attested:
            verdicts.append({"kind": PHRASE, "key": key, **vars(attested)})
        for alias in judge_names(kinds[VARIANT], kinds[NAME], MOST_FAMILIES) if kinds[VARIANT] else ():
            verdicts.append({"kind": NAME, "key": key, **vars(alias)})
        word = judge_word(kinds[WORD], MOST_FAMILIES)
        if word:
            verdicts.append({"kind": WORD, "key": key, **vars(word), **vars(uses[key])})
    return pa.Table.from_pylist(verdicts, schema=EVIDENCE)


def _open_questions(told: pa.Table, words: np.ndarray) -> pa.Table:
    """What is told of keys about which a verdict is possible.

    That is phrases that nobody writes small, names of which two spellings are told, and those of `words` of which enough is told.
    """
    kinds, keys = told["kind"].to_numpy(), told["key"].to_numpy()
    small = keys[told["form"].is_null().to_numpy()]
    spelled = told.filter(pa.array((kinds == NAME) | (kinds == VARIANT))).group_by(["key", "form"]).aggregate([])
    names, spellings = np.unique(spelled["key"].to_numpy(), return_counts=True)
    found, count = np.unique(keys[kinds == WORD], return_counts=True)
    words = np.intersect1d(words, found[count >= LEAST_FAMILIES])
    kept = ((kinds == PHRASE) & ~np.isin(keys, small)) | ((kinds == WORD) & np.isin(keys, words))
    kept |= ((kinds == NAME) | (kinds == VARIANT)) & np.isin(keys, names[spellings > 1])
    return told.filter(pa.array(kept))


def _by_key(facts: pa.Table) -> Iterator[tuple[int, dict[int, list[Said]]]]:
    """Facts as (form, family, document), by key and kind."""
    columns = zip(*(facts[name].to_pylist() for name in ("kind", "form", "family", "doc_id")), strict=True)
    for key, count in zip(*(part.tolist() for part in np.unique(facts["key"].to_numpy(), return_counts=True)), strict=True):
        kinds: dict[int, list[Said]] = {PHRASE: [], NAME: [], VARIANT: [], WORD: []}
        for kind, form, family, doc in islice(columns, count):
            kinds[kind].append((form, family, doc))
        yield key, kinds


def _facts(
    kinds: np.ndarray, keys: np.ndarray, places: np.ndarray, text: pa.Array, families: pa.Array, docs: pa.Array, small: np.ndarray
) -> pa.RecordBatch:
    """FACTS told at `places` (row, start, stop in bytes of the buffer), with the form they have there unless it is `small`."""
    rows, first = places[:, 0], buffers(text)[0][places[:, 0]]
    forms = slices(text, rows, places[:, 1] - first, places[:, 2] - first)
    forms, chosen, none = pc.if_else(pa.array(small), None, forms), pa.array(rows), pa.nulls(len(keys))
    return _batch(keys, kinds, forms, families.take(chosen), docs.take(chosen), none)


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
