"""Pieces of files in stores: only what is asked for is transferred, and what fails on the way is tried again."""

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.arrays import gather, open_array, write_array
from pipeline.errors import TransferError
from pipeline.exchange import facts_of_range
from pipeline.files import open_ipc, write_ipc
from pipeline.neardup.verification import load_sets
from pipeline.storage import PieceFile, StoredArray, counted_retries, place, retries
from pipeline.storage.pieces import AHEAD_BYTES
from tests.runs import DEFAULT_STAGES, SMALL, make_corpus, run_file
from tests.storage.stores import FlakyStore, Store, fsspec, s3_store

ARRAY = np.arange(1_000_000, dtype=np.uint32)
TABLE = ARRAY[:40_000].reshape(500, 80)
FACTS = pa.schema([("key", pa.uint64()), ("said", pa.string())])


class CountingStore(FlakyStore):
    """Notes the sizes of what is asked for, and how often it was asked what there is."""

    sizes: ClassVar[list[int]] = []
    looks: ClassVar[list[str]] = []

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: object) -> bytes:
        self.sizes.append((end or 0) - (start or 0))
        return super().cat_file(path, start=start, end=end, **options)

    def info(self, path: str, **options: object) -> dict[str, object]:
        self.looks.append(path)
        found: dict[str, object] = super().info(path, **options)
        return found


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in a store that counts, and fails as it is told."""
    monkeypatch.setitem(import_module("fsspec.registry")._registry, "flaky", CountingStore)
    monkeypatch.setattr("pipeline.storage.writing._WRITABLE", ("flaky",))
    monkeypatch.setattr(retries, "WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(FlakyStore, "failures", [])
    transferred()
    yield place("flaky://bucket")
    CountingStore.store.clear()


def transferred() -> int:
    """Bytes since this was asked last."""
    total = sum(CountingStore.sizes)
    CountingStore.sizes.clear()
    CountingStore.looks.clear()
    return total


def facts(range_number: int, rows: int = 4_000) -> pa.RecordBatch:
    keys = np.arange(rows, dtype=np.uint64) + np.uint64(range_number << 60)
    return pa.RecordBatch.from_arrays([pa.array(keys), pa.array([f"range {range_number}"] * rows)], schema=FACTS)


def test_a_key_range_is_all_that_is_read_of_the_facts(folder: Path) -> None:
    """Of two files with sixteen ranges each: their footers, and one batch of each."""
    for shard in range(2):
        write_ipc(folder / f"facts-{shard:05d}.arrow", [facts(number) for number in range(16)], FACTS)
    transferred()
    found = facts_of_range(folder, 2, 5)
    assert found["said"].to_pylist() == ["range 5"] * 8_000
    assert len(CountingStore.looks) == 2
    assert len(CountingStore.sizes) == 4
    assert transferred() < 2 * (facts(5).nbytes + 1_000 + AHEAD_BYTES)


def test_columns_are_all_that_is_read_of_a_shard(folder: Path) -> None:
    """A narrow one beside one that is ten times as wide."""
    wide = pa.schema([("key", pa.uint64()), ("text", pa.large_string()), ("n", pa.int32())])
    batch = pa.RecordBatch.from_pydict({"key": range(5_000), "text": ["word " * 100] * 5_000, "n": range(5_000)}, schema=wide)
    write_ipc(folder / "shard.arrow", [batch, batch], wide)
    transferred()
    table = open_ipc(folder / "shard.arrow", ["n"]).read_all()
    assert table.column_names == ["n"]
    assert table["n"].to_pylist() == [*range(5_000)] * 2
    assert transferred() < 2 * 5_000 * 4 + 4 * AHEAD_BYTES


def test_an_array_is_asked_for_its_size_once(folder: Path) -> None:
    """However many of its pieces are read."""
    write_array(folder / "a.npy", ARRAY)
    transferred()
    array = open_array(folder / "a.npy")
    for first in range(0, 900_000, 100_000):
        assert array[first : first + 10_000].tolist() == ARRAY[first : first + 10_000].tolist()
    assert len(CountingStore.looks) == 1
    assert transferred() == 9 * 40_000 + AHEAD_BYTES


def test_pieces_close_together_are_one_request(folder: Path) -> None:
    """And those far apart are not bridged."""
    write_array(folder / "a.npy", ARRAY)
    transferred()
    starts = np.array([10, 5_000, 900_000, 900_010])
    held, places = gather(folder / "a.npy", starts, starts + 5)
    assert held[places].tolist() == starts.tolist()
    assert len(CountingStore.sizes) == 1 + 2
    assert transferred() < 3 * AHEAD_BYTES + 5_000 * 4


def test_an_array_of_which_most_is_asked_for_is_fetched_once(folder: Path) -> None:
    """By all tasks of a process together."""
    write_array(folder / "a.npy", ARRAY)
    starts = np.arange(0, 900_000, 10_000)
    for _ in range(3):
        held, places = gather(folder / "a.npy", starts, starts + 1)
        assert held[places].tolist() == starts.tolist()
    assert transferred() < ARRAY.nbytes + 4 * AHEAD_BYTES


def test_shingle_sets_are_read_from_a_store_as_from_a_folder(folder: Path, tmp_path: Path) -> None:
    """In the order asked for, which is not that of the files; some are empty."""
    where = np.array([[1, 0, 1, 0, 1], [900_000, 7, 20, 7, 500_000], [900_100, 3_000, 20, 3_000, 500_500]])
    for number in range(2):
        for parent in (folder, tmp_path):
            write_array(parent / f"sets-{number:05d}.npy", ARRAY + np.uint32(number))
    here, there = load_sets(tmp_path, where), load_sets(folder, where)
    assert all((a == b).all() for a, b in zip(here, there))
    expected = [ARRAY[start:stop] + np.uint32(number) for number, start, stop in where.T]
    assert (there[0] == np.concatenate(expected)).all()


@given(st.lists(st.tuples(st.integers(0, 499), st.integers(0, 499)), max_size=6), st.integers(0, 20_000))
def test_gathered_rows_are_those_of_the_array(pieces: list[tuple[int, int]], gap: int) -> None:
    """Whatever gap is bridged, with pieces that are empty, touch each other or come twice."""
    bounds = np.sort(np.array([*pieces, (0, 0)]), axis=0)
    starts, stops = bounds[:, 0], np.maximum(bounds[:, 0], bounds[:, 1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.storage.arrays._GAP_BYTES", gap)
        patch.setitem(import_module("fsspec.registry")._registry, "flaky", CountingStore)
        patch.setattr(FlakyStore, "failures", [])
        write_array(place("flaky://law/t.npy"), TABLE)
        held, places = StoredArray("flaky://law/t.npy").gather(starts, stops)
        assert all((held[at : at + b - a] == TABLE[a:b]).all() for at, a, b in zip(places, starts, stops))
        rows = np.sort(starts)
        assert (open_array(place("flaky://law/t.npy"))[rows] == TABLE[rows]).all()
    assert all(a <= b for a, b in pairwise(rows))


class ClientError(Exception):
    """As the clients of stores have them: no OSError."""


FAILURES = [ConnectionResetError("reset"), ClientError("slow down"), TimeoutError("timed out"), 1, 3_000]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("asked", ["batch", "columns", "slice", "rows", "gathered"])
def test_every_kind_of_piece_is_tried_again(folder: Path, asked: str, failure: Exception | int) -> None:
    """Each request for bytes fails once, or comes short: the same answer, and each try counted."""
    write_ipc(folder / "facts.arrow", [facts(number) for number in range(3)], FACTS)
    write_array(folder / "a.npy", ARRAY)
    read = {
        "batch": lambda: open_ipc(folder / "facts.arrow", by_ranges=True).get_batch(1)["key"].to_numpy(),
        "columns": lambda: open_ipc(folder / "facts.arrow", ["key"]).get_batch(1)["key"].to_numpy(),
        "slice": lambda: open_array(folder / "a.npy")[70_000:90_000],
        "rows": lambda: open_array(folder / "a.npy")[np.array([3, 4, 700_000])],
        "gathered": lambda: gather(folder / "a.npy", np.array([0, 500_000]), np.array([9, 520_000]))[0],
    }[asked]
    expected = read()
    transferred()
    read()
    requests = len(CountingStore.sizes)
    FlakyStore.failures = [failure, 0] * requests
    with counted_retries() as count:
        assert (read() == expected).all()
    assert count.total == requests
    FlakyStore.failures = [failure] * 9
    if isinstance(failure, Exception):
        with pytest.raises(TransferError, match="the transfer failed 4 times"):
            read()


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    """As of one in a folder."""
    for read in (lambda: open_ipc(folder / "no.arrow", by_ranges=True), lambda: open_array(folder / "no.npy")):
        with pytest.raises(FileNotFoundError):
            read()


@pytest.fixture(scope="module")
def s3() -> Iterator[Store]:
    with s3_store({}) as store:
        yield store


@pytest.mark.parametrize("stops", [[5_000] * 4, [-5.0, 0]])
def test_a_server_that_stops_in_the_middle_of_a_range_is_asked_again(
    s3: Store, monkeypatch: pytest.MonkeyPatch, stops: list[float]
) -> None:
    """Bodies that end before their time, and one that hangs for longer than the client waits: not a byte is lost."""
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": {"read_timeout": 2}})
    write_array(place(s3.url("a.npy")), ARRAY)
    file = PieceFile(s3.url("a.npy"))
    s3.stops.extend(stops)
    assert file.piece(100_000, 300_000) == ARRAY.tobytes()[100_000 - 128 : 300_000 - 128]
    assert s3.stops == []


@pytest.mark.gate
def test_what_a_run_transfers_of_its_work_is_bounded(folder: Path, tmp_path: Path) -> None:
    """All stages over 1,500 documents in four shards: sixteen passes over the shards, and a third as much for all else."""
    make_corpus(tmp_path / "corpus.jsonl", 1_500)
    portions = {**SMALL["input"], "shard_bytes": 700_000, "batch_bytes": 350_000}
    changes = {"input": portions, "stages": DEFAULT_STAGES, "output": {"path": str(folder / "out")}}
    transferred()
    result = pipeline.run(run_file(tmp_path, tmp_path / "corpus.jsonl", **changes), workers=1)
    assert transferred() < 24 * result.counts["text_bytes"]
