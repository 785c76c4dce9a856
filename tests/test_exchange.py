"""Facts brought together by key: how many ranges the keys are cut into changes nothing but the size of a task."""

from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.exchange import exchange, key_ranges
from tests.support import batch_of, write_shards

FACTS = pa.schema([("key", pa.uint64()), ("document", pa.int64())])
SHARDS = [["b a", "c"], [], ["a", "d a e", ""], ["f b"]]


def words(batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """A fact for each word: its hash, and the number of its document."""
    found = [(word, first + row) for row, text in enumerate(batch["text"].to_pylist()) for word in text.split()]
    keys = [int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little") for word, _ in found]
    return pa.RecordBatch.from_arrays([pa.array(keys, pa.uint64()), pa.array([d for _, d in found], pa.int64())], schema=FACTS)


def first_and_last(facts: pa.Table) -> pa.Table:
    """For each key the first and the last document that has it."""
    return facts.group_by("key", use_threads=False).aggregate([("document", "first"), ("document", "last")])


@pytest.mark.parametrize("ranges", [1, 2, 16, 256])
def test_ranges_leave_no_trace(ranges: int, tmp_path: Path) -> None:
    """By key, and of one key in the order of the input, over empty shards and empty ranges."""
    corpus = write_shards(tmp_path, [[batch_of(texts)] if texts else [] for texts in SHARDS])
    found = exchange(corpus, words, first_and_last, ranges=ranges).to_pylist()
    assert [row["key"] for row in found] == sorted(row["key"] for row in found)
    documents = sorted((row["document_first"], row["document_last"]) for row in found)
    assert documents == [(0, 3), (0, 5), (1, 1), (3, 3), (3, 3), (5, 5)]


def test_ranges_grow_with_the_corpus(tmp_path: Path) -> None:
    """So that what a task holds does not; always a power of two."""
    corpus = write_shards(tmp_path, [])
    sizes = [0, 10**6, 10**7, 10**8, 10**9]
    assert [key_ranges(replace(corpus, rows=[rows]), 4) for rows in sizes] == [4, 4, 4, 32, 256]
