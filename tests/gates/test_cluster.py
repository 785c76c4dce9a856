"""Whole runs on a real Ray cluster of two nodes that lose nodes and their driver: no byte differs from a run on one machine.

20,000 documents: senate press releases where CORPUS_DEV_DATA names a folder with them, else made from sentences of the seeds.
"""

import io
import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pipeline.lasting import synced_marks
from tests.cluster import LoopbackCluster, loopback_cluster
from tests.kills import Child
from tests.runs import SMALL, make_corpus, parquet_bytes, pipeline, run_file, wait_until
from tests.storage.stores import fsspec, s3_store
from tests.support import SEEDS

pytestmark = pytest.mark.gate

DOCUMENTS = 20_000
SEGMENTS = 5
SENATE = Path(os.environ.get("CORPUS_DEV_DATA", ".")) / "near-duplicates-dev" / "senate.jsonl.zst"
COLUMNS = {"doc_id": "id", "source": "senator" if SENATE.exists() else "source"}
SHARDS: dict[str, Any] = {
    "input": {**SMALL["input"], "columns": COLUMNS, "shard_bytes": 3_000_000, "batch_bytes": 500_000},
    "stages": SMALL["stages"],
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "documents.jsonl"
    if not SENATE.exists():
        make_corpus(path, DOCUMENTS)
        return path
    with open(SENATE, "rb") as packed, path.open("w", encoding="utf-8") as out:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), "utf-8")
        out.writelines(itertools.islice(stream, DOCUMENTS))
    return path


@pytest.fixture(scope="module")
def local(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of a run on this machine."""
    folder = tmp_path_factory.mktemp("local")
    pipeline("run", run_file(folder, documents, **SHARDS), "--workers", "2")
    return parquet_bytes(folder / "out")


@pytest.fixture
def cluster() -> Iterator[LoopbackCluster]:
    with loopback_cluster() as started:
        yield started


def in_segment(child: Child, number: int) -> bool:
    """Some of its shards are done and some are not."""
    return child.step.startswith(f"segment-{number} ") and 0 < child.left < child.all


def cut_power(cluster: LoopbackCluster, work: Path) -> int:
    """SIGKILL to all of a node; what it has finished and not synced is empty then. Returns how many files that are."""
    node = cluster.nodes[0]
    cluster.remove(node)
    emptied = 0
    for folder in filter(Path.is_dir, (work / "done").iterdir()):
        synced = synced_marks(folder.iterdir())
        for path in folder.glob("[0-9]*.json"):
            mark = json.loads(path.read_text(encoding="utf-8") or "{}")
            if int(path.stem) not in synced and mark.get("node") == node.node_id:
                for file in filter(Path.exists, [path, *map(Path, mark["wrote"])]):
                    os.truncate(file, 0)
                    emptied += 1
    return emptied


def test_nodes_are_lost_in_every_segment(
    cluster: LoopbackCluster, documents: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """With what they had not synced, while shards are in hand, and a new node for each: the run goes on to the same bytes."""
    child = Child(run_file(tmp_path, documents, **SHARDS), "--engine", "ray", "--address", cluster.address)
    emptied = 0
    for number in range(SEGMENTS):
        wait_until(lambda number=number: in_segment(child, number) or child.process.poll() is not None)  # type: ignore[misc]
        assert child.process.poll() is None, "".join(child.told)
        child.process.send_signal(signal.SIGSTOP)  # it must not get through the next segment while a node starts
        emptied += cut_power(cluster, tmp_path / "out" / ".work")
        cluster.add()
        child.process.send_signal(signal.SIGCONT)
    assert child.end() == 0, "".join(child.told)
    assert emptied > SEGMENTS
    assert sum("done again" in line for line in child.told) >= SEGMENTS
    assert parquet_bytes(tmp_path / "out") == local
    pipeline("verify", tmp_path / "out")


def test_driver_is_killed_and_started_again(
    cluster: LoopbackCluster, documents: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    """In the middle of a segment, and again in a barrier: what was finished is not done twice, and no byte differs."""
    config, done = run_file(tmp_path, documents, **SHARDS), tmp_path / "out" / ".work" / "done"
    ray = ("--engine", "ray", "--address", cluster.address)
    finished: dict[Path, int] = {}
    for place in ("segment-1 ", "drop_near_duplicates 4 extract"):
        child = Child(config, *ray)
        wait_until(lambda: (child.step.startswith(place) and 0 < child.left < child.all) or child.process.poll() is not None)  # noqa: B023
        assert child.process.poll() is None, "".join(child.told)
        child.process.kill()
        child.end()
        found = {path: path.stat().st_mtime_ns for path in done.rglob("*.json")}
        assert found.items() >= finished.items()
        finished = found
    last = Child(config, *ray)
    wait_until(lambda: last.step.startswith("measure") or last.process.poll() is not None)
    last.process.send_signal(signal.SIGSTOP)  # before it removes its work folder
    again = {path: path.stat().st_mtime_ns for path in finished if path.exists()}
    last.process.send_signal(signal.SIGCONT)
    assert last.end() == 0, "".join(last.told)
    assert again == finished
    assert parquet_bytes(tmp_path / "out") == local


def test_a_run_changes_engines(cluster: LoopbackCluster, documents: Path, local: dict[str, bytes], tmp_path: Path) -> None:
    """Begun on the cluster, gone on with on one machine."""
    config = run_file(tmp_path, documents, **SHARDS)
    child = Child(config, "--engine", "ray", "--address", cluster.address)
    wait_until(lambda: in_segment(child, 2) or child.process.poll() is not None)
    child.process.send_signal(signal.SIGTERM)
    assert child.end() == 128 + signal.SIGTERM, "".join(child.told)
    on_one = Child(config)
    assert on_one.end() == 0, "".join(on_one.told)
    assert not any('"step": "segment-1' in line and '"shard_done"' in line for line in on_one.told)
    assert parquet_bytes(tmp_path / "out") == local


def test_input_work_and_output_in_a_store(seeds_output: Path, tmp_path: Path) -> None:
    """S3 for all three, so that nodes share nothing else: the bytes of a run on one machine, and the lock is gone."""
    with s3_store({f"in/{name}": text.encode() for name, text in SEEDS.items()}) as store, loopback_cluster() as cluster:
        config = run_file(tmp_path, Path("unused"), input={"path": store.url("in")}, output={"path": store.url("out")})
        pipeline("run", config, "--engine", "ray", "--address", cluster.address)
        pipeline("verify", store.url("out"))
        store_files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        store_files.get(store.url("out"), str(tmp_path / "got"), recursive=True)
    assert parquet_bytes(tmp_path / "got") == parquet_bytes(seeds_output)
    assert not list((tmp_path / "got").rglob(".*"))
