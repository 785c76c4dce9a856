"""Facts that must meet, brought together by key: two maps through files, so that any engine can run them.

`extract`, mapped over shards, turns batches into facts with a 64-bit key; each shard's facts are cut into ranges of the key.
`resolve`, mapped over the ranges, sees every fact of its keys and returns verdicts. The ranges are many enough to bound memory,
and how many they are does not change the answer as long as `resolve` judges each key by itself.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.files import open_ipc, read_batches, write_ipc
from pipeline.schema import make_batch
from pipeline.stage import Corpus
from pipeline.storage import place

Extract = Callable[[pa.RecordBatch, int], pa.RecordBatch]
Resolve = Callable[[pa.Table], pa.Table]


# The facts of so many documents, about, are what a task of `resolve` holds: a press release of 2.8 kB has 88 bytes of them for
# repeated lines, so 0.4 GB, and as much again for each copy that sorting takes.
_DOCUMENTS_PER_RANGE = 1 << 22


def key_ranges(corpus: Corpus, least: int) -> int:
    """How many ranges to cut the keys of a corpus into: a power of two, `least` or as many as its size needs."""
    return max(least, 1 << (sum(corpus.rows) // _DOCUMENTS_PER_RANGE).bit_length())


def exchange(corpus: Corpus, extract: Extract, resolve: Resolve, *, ranges: int = 16) -> pa.Table:
    """All verdicts, in order of the key ranges.

    `extract(batch, first)` gets the number of the batch's first document and returns facts: a batch with a column `key` (uint64,
    well mixed in its top bits). `resolve(facts)` gets a table sorted by `key`, facts of one key in input order. Both must be
    picklable. `ranges` is a power of two.
    """
    if ranges < 1 or ranges & (ranges - 1):
        raise ValueError(f"ranges is {ranges}; a power of two was expected")
    items = [[str(path), first, number] for number, (path, first) in enumerate(zip(corpus.shards, corpus.first_rows()))]
    corpus.map("extract", partial(_extract_shard, extract, ranges, str(corpus.folder)), items)
    corpus.map("resolve", partial(_resolve_range, resolve, len(items), str(corpus.folder)), list(range(ranges)))
    parts = [open_ipc(corpus.folder / f"resolved-{number:05d}.arrow").read_all() for number in range(ranges)]
    return pa.concat_tables(parts)


def _extract_shard(extract: Extract, ranges: int, folder: str, item: list[int | str]) -> int:
    path, first, number = place(str(item[0])), int(item[1]), int(item[2])
    parts = []
    for batch in read_batches(path):
        parts.append(extract(batch, first))
        first += batch.num_rows
    if not parts:  # a shard without batches has facts of the same schema
        parts.append(extract(make_batch({"doc_id": [], "text": []}), first))
    facts = pa.Table.from_batches(parts).combine_chunks()
    keys = facts["key"].to_numpy()
    bucket = (keys >> np.uint64(64 - ranges.bit_length() + 1)).astype(np.int64) if ranges > 1 else np.zeros(len(keys), np.int64)
    order = np.argsort(bucket, kind="stable")
    ends = np.searchsorted(bucket[order], np.arange(ranges + 1))
    split = facts.take(pa.array(order)).combine_chunks()
    batches = [_one_batch(split.slice(ends[i], ends[i + 1] - ends[i])) for i in range(ranges)]
    return write_ipc(place(folder) / f"facts-{number:05d}.arrow", batches, facts.schema)


def facts_of_range(folder: Path, shards: int, number: int) -> pa.Table:
    """The facts of all shards in one key range, by key, those of one key in input order."""
    files = (folder / f"facts-{shard:05d}.arrow" for shard in range(shards))
    batches = [open_ipc(path, by_ranges=True).get_batch(number) for path in files]  # no file stays open
    facts = pa.Table.from_batches(batches).combine_chunks()
    order = np.argsort(facts["key"].to_numpy(), kind="stable")
    return facts.take(pa.array(order)).combine_chunks()


def _resolve_range(resolve: Resolve, shards: int, folder: str, number: int) -> int:
    verdicts = resolve(facts_of_range(place(folder), shards, number))
    return write_ipc(place(folder) / f"resolved-{number:05d}.arrow", verdicts.to_batches(), verdicts.schema)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
