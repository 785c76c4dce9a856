"""Ids that occur twice, under each policy."""

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.files import write_ipc
from pipeline.readers import DuplicateId, InputSpec, find_duplicate_ids, plan_input
from pipeline.readers.ids import ORIGINS, id_hashes
from pipeline.schema import SCHEMA, make_batch
from tests.readers.reading import read, write_jsonl, write_parquet


def corpus(tmp_path: Path, ids: list[str]) -> Path:
    """Documents with these ids in two files."""
    records = [{"doc_id": doc_id, "text": f"text {number}"} for number, doc_id in enumerate(ids)]
    half = len(ids) // 2
    write_jsonl(tmp_path / "a.jsonl", records[:half])
    write_parquet(tmp_path / "b.parquet", records[half:])
    return tmp_path


@pytest.mark.parametrize("shard_bytes", [1, 15, 1000])
def test_error_names_the_first_three_and_where_they_are(tmp_path: Path, shard_bytes: int) -> None:
    """By first occurrence in the input, with file and place."""
    path = corpus(tmp_path, ["x", "y", "w", "z", "z", "x", "y", "v", "w", "x"])
    with pytest.raises(UserError) as caught:
        read(path, shard_bytes=shard_bytes)
    assert str(caught.value) == (
        "input: 4 ids occur more than once: 'x' (a.jsonl line 1, b.parquet row 1, b.parquet row 5), "
        "'y' (a.jsonl line 2, b.parquet row 2), 'w' (a.jsonl line 3, b.parquet row 4) and 1 more; "
        "set input.on_duplicate_id to number or quarantine, or input.columns.doc_id to another column"
    )


@pytest.mark.parametrize("shard_bytes", [1, 15, 1000])
def test_number_passes_over_ids_that_are_taken(tmp_path: Path, shard_bytes: int) -> None:
    """The first keeps its id; the others get the next number that is free in the whole input."""
    path = corpus(tmp_path, ["x", "x", "x#3", "x", "x#2", "x#2", "y", "x"])
    reading = read(path, policy="number", shard_bytes=shard_bytes)
    assert reading.column("doc_id") == ["x", "x#4", "x#3", "x#5", "x#2", "x#2#2", "y", "x#6"]
    assert reading.column("text") == [f"text {number}" for number in range(8)]


@pytest.mark.parametrize("shard_bytes", [1, 15, 1000])
def test_quarantine_keeps_the_first(tmp_path: Path, shard_bytes: int) -> None:
    """The others are failures with their columns; a shard may end up without documents."""
    reading = read(corpus(tmp_path, ["x", "y", "x", "x"]), policy="quarantine", shard_bytes=shard_bytes)
    assert reading.column("doc_id") == ["x", "y"]
    assert reading.reasons == [("row 1", "duplicate id ('x' came before)"), ("row 2", "duplicate id ('x' came before)")]
    assert reading.quarantine[0]["raw"] == b'{"doc_id":"x","encoding":"utf-8","text":"text 2"}'
    assert (reading.corpus["text_bytes"], reading.corpus["reasons"], reading.corpus["encodings"]) == (
        12,
        {"duplicate id": 2},
        {"utf-8": 2},
    )


def test_a_made_id_that_meets_a_given_one_is_a_duplicate(tmp_path: Path) -> None:
    """`file#2` may be somebody's id."""
    path = write_jsonl(tmp_path / "a.jsonl", [{"doc_id": "a.jsonl#2", "text": "a"}, {"text": "b"}])
    with pytest.raises(UserError, match=r"1 id occurs more than once: 'a\.jsonl#2' \(a\.jsonl line 1, a\.jsonl line 2\); set"):
        read(path)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["a", "b", "a#2", "a#3", "b#2", "a#2#2"]), min_size=1, max_size=12), st.integers(1, 60))
def test_ids_are_unique_and_the_same_however_the_input_is_cut(tmp_path: Path, ids: list[str], shard_bytes: int) -> None:
    """Under both policies; quarantine keeps exactly the distinct ids, number keeps all documents."""
    path = corpus(tmp_path, ids)
    numbered = read(path, policy="number")
    assert len(set(numbered.column("doc_id"))) == len(ids)
    assert all(new == old or new.startswith(f"{old}#") for new, old in zip(numbered.column("doc_id"), ids))
    assert numbered.documents == read(path, policy="number", shard_bytes=shard_bytes).documents
    kept = read(path, policy="quarantine", shard_bytes=shard_bytes)
    assert kept.column("doc_id") == list(dict.fromkeys(ids))
    assert [f["raw"] for f in kept.quarantine] == [f["raw"] for f in read(path, policy="quarantine").quarantine]


def test_ids_that_share_a_hash_alone_are_no_duplicates(tmp_path: Path) -> None:
    """Hashes only point; the ids themselves are compared."""
    origins = pa.RecordBatch.from_pylist([{"hash": 7, "file": "a", "position": "line 1"}] * 3, schema=ORIGINS)
    write_ipc(tmp_path / "ids-0.arrow", [origins], ORIGINS)
    write_ipc(tmp_path / "shard-0.arrow", [make_batch({"doc_id": ["a", "b", "a"], "text": ["", "", ""]})], SCHEMA)
    assert find_duplicate_ids(tmp_path, ["shard-0.arrow"]) == [DuplicateId("a", ((0, 0), (0, 2)))]


def test_hashes_of_ids_are_pinned() -> None:
    """Two machines must agree on them, and so must two releases."""
    assert id_hashes(pa.array(["", "doc", "文"])).tolist() == [0, 12197893784845590174, 15526241568297761627]


def test_tasks_pickle(tmp_path: Path) -> None:
    """They travel to workers."""
    tasks = plan_input(InputSpec(str(corpus(tmp_path, ["x", "y"]))), None).tasks
    assert pickle.loads(pickle.dumps(tasks)) == tasks
