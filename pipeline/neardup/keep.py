"""Which document of a cluster stays: one rule, or several of which each breaks the ties of those before."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.text import buffers, count_code_points

Rule = Literal["longest", "newest", "oldest", "first", "lowest_mt_score"]


@dataclass(frozen=True)
class PreferredSources:
    """`{sources: [a, b]}`: documents of source a before those of b, before those of all others."""

    sources: tuple[str, ...]


Keep = Rule | PreferredSources | tuple[Rule | PreferredSources, ...]

_LAST = np.iinfo(np.int64).max


def keep_rules(keep: Keep) -> tuple[Rule | PreferredSources, ...]:
    """The rules in their order."""
    return keep if isinstance(keep, tuple) else (keep,)


def keep_keys(batch: pa.RecordBatch, keep: Keep, first: int) -> list[np.ndarray]:
    """An integer (int64) for each document and rule, lowest for the one to keep; what is unknown comes last.

    `first` is the place of the batch's first document in the corpus.
    """
    return [_keys(batch, rule, first) for rule in keep_rules(keep)]


def _keys(batch: pa.RecordBatch, rule: Rule | PreferredSources, first: int) -> np.ndarray:
    if rule == "first":
        return np.arange(first, first + batch.num_rows, dtype=np.int64)
    if rule == "longest":
        return -np.asarray(count_code_points(*buffers(batch["text"])))
    if isinstance(rule, PreferredSources):
        return _filled(pc.index_in(batch["source"], pa.array(rule.sources, pa.string())))
    if rule == "lowest_mt_score":
        return _filled(batch["mt_score"])
    published = batch["published"].cast(pa.int64())
    return _filled(pc.negate(published) if rule == "newest" else published)


def _filled(values: pa.Array) -> np.ndarray:
    keys: np.ndarray = pc.fill_null(values.cast(pa.int64()), _LAST).to_numpy(zero_copy_only=False)
    return keys


def rank(members: pa.Table, fixed: np.ndarray) -> np.ndarray:
    """The place of each member in the keep order (uint32): the fixed, then by the columns `keep_0`, `keep_1` …, ties by doc_id."""
    names = ["free", *(name for name in members.column_names if name.startswith("keep_")), "doc_id"]
    keyed = members.append_column("free", pa.array((~fixed).astype(np.int8)))
    order = pc.sort_indices(keyed, sort_keys=[(name, "ascending") for name in names]).to_numpy()
    places = np.empty(len(order), np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    return places
