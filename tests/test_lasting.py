"""Work on nodes that are lost with what they had not synced: done again, to the same bytes."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.local import LocalEngine
from pipeline.errors import UnfinishedError
from pipeline.files import write_ipc, write_json
from pipeline.job import Job, Silent
from pipeline.lasting import Unsynced
from pipeline.run_file import parse_stages
from pipeline.schema import SCHEMA, make_batch
from pipeline.segments import run_segments
from pipeline.stages import STAGES
from pipeline.whole import left_unsynced, whole
from tests.support import SEEDS


class Nodes(LocalEngine):
    """This process as nodes that take turns.

    They are lost before they sync the first `losses` batches of each map: what is in those is emptied then, names stay.
    """

    spread = True

    def __init__(self, *names: str, losses: int = 0) -> None:
        super().__init__(1)
        self._names, self._losses, self._turn = list(names), losses, 0
        self.lost: Counter[str] = Counter()  # batches of each map

    def node(self) -> str:  # type: ignore[override]
        """The next in turn."""
        self._turn += 1
        return self._names[self._turn % len(self._names)]

    def start_on(self, node: str, function: Callable[[Any], Any], item: Any) -> Callable[[], bool]:
        """See `Engine.start_on`."""
        folder, marks = item
        if node in self._names and self.lost[folder] >= self._losses:
            return super().start_on("", function, item)
        self.lost[folder] += 1
        for number, mark in marks.items():
            for path in (Path(folder) / f"{number:05d}.json", *map(Path, json.loads(mark)["wrote"])):
                path.write_bytes(b"")
        return lambda: False


def clean_seeds(folder: Path, engine: LocalEngine) -> dict[str, bytes]:
    """The last shards and all edits of the seeds in four shards, taken through all stages."""
    job = Job(folder, engine, Silent())
    shards = []
    for number in range(4):
        texts = [text for text in SEEDS.values() for _ in range(number % 2 + 1)]
        shards.append(str(job.work / "read" / f"shard-{number:05d}.arrow"))
        batch = make_batch({"doc_id": [f"{number}-{place}" for place in range(len(texts))], "text": texts})
        write_ipc(Path(shards[-1]), [batch], SCHEMA)
    with engine, job.checkpoints:
        done = run_segments(job, parse_stages(list(STAGES), "test"), shards)
    paths = [*done.shards, *(path for paths in done.edits for path in paths)]
    return {str(Path(path).relative_to(job.work)): Path(path).read_bytes() for path in paths}


def test_nodes_lost_in_every_map_change_no_byte(tmp_path: Path) -> None:
    """Two of them, each with all that it had not synced; what they did is done again."""
    engine = Nodes("a", "b", "c", losses=2)
    assert clean_seeds(tmp_path / "nodes", engine) == clean_seeds(tmp_path / "here", LocalEngine(1))
    assert len(engine.lost) > 15
    assert set(engine.lost.values()) == {2}


def leave(path: str) -> str:
    """Work of an item; says which."""
    write_json(Path(path), {"of": path})
    return path


def job_on(folder: Path, engine: LocalEngine) -> tuple[Job, list[str]]:
    """A job, and the files that its items are to write."""
    job = Job(folder, engine, Silent())
    return job, [str(job.work / "data" / f"{number}.json") for number in range(6)]


def interrupted(folder: Path) -> None:
    """A map on nodes a and b whose driver was killed when four of its six items were done and none was synced."""

    def work(path: str) -> str:
        if path.endswith("4.json"):
            raise KeyboardInterrupt
        return leave(path)

    job, paths = job_on(folder, Nodes("a", "b"))
    with pytest.raises(KeyboardInterrupt):
        job.map("step", work, paths)


@pytest.mark.parametrize(
    ("engine", "again"),
    [
        (Nodes("a", "b"), "45"),
        (Nodes("b"), "1345"),
        (Nodes("c"), "012345"),
        (LocalEngine(1), "012345"),
    ],
)
def test_after_another_start_work_counts_that_its_node_can_sync(engine: LocalEngine, again: str, tmp_path: Path) -> None:
    """What is left to do is done, and what nodes did that are gone; also when the run goes on on one machine."""
    interrupted(tmp_path)
    job, paths = job_on(tmp_path, engine)
    done: list[str] = []

    def work(path: str) -> str:
        done.append(Path(path).stem)
        return leave(path)

    assert job.map("step", work, paths) == paths
    assert sorted(done) == list(again)
    assert [json.loads(Path(path).read_text()) for path in paths] == [{"of": path} for path in paths]
    assert job.map("step", work, paths) == paths  # now it lasts, whoever asks
    assert len(done) == len(again)


def test_what_was_synced_outlives_every_node_and_its_marks(tmp_path: Path) -> None:
    """The notes of batches are enough, for any engine."""
    job, paths = job_on(tmp_path, Nodes("a", "b"))
    job.map("step", leave, paths)
    for mark in (job.work / "done" / "step").glob("[0-9]*.json"):
        mark.write_bytes(b"")
    for engine in (Nodes("c"), LocalEngine(1)):
        assert job_on(tmp_path, engine)[0].map("step", leave, paths) == paths


def test_files_are_synced_before_the_note_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the driver writes at once; on one machine checkpoints see to all of it."""
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink().name.partition(".")[0])
    )
    for engine, expected in ((Nodes("a"), ["0", "1", "", "data", "done", "step", "synced-00000", "step"]), (LocalEngine(1), [])):
        job, paths = job_on(tmp_path / type(engine).__name__, engine)
        job.map("step", leave, paths[:2])
        assert synced == expected
        synced.clear()
        job.once("all", lambda job=job: leave(str(job.work / "driver.arrow")))  # type: ignore[misc]
        assert [name for name in synced if name in ("driver", "all")] == (["driver", "all"] if engine.spread else [])
        synced.clear()


def test_a_file_that_is_trusted_by_its_name_is_synced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those that a packed file is unpacked into, of which an item that is done again writes only what is not there."""
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink().name.partition(".")[0])
    )
    for name, trusted in (("a", False), ("b", True)):
        with left_unsynced(True) as noted, whole(tmp_path / ".work" / name, trusted=trusted) as beside:
            beside.touch()
        assert (name in synced, bool(noted)) == (trusted, not trusted)


def test_node_after_node_lost_ends_the_run_in_a_sentence(tmp_path: Path) -> None:
    """Five times the same item; what others did is kept."""
    job, paths = job_on(tmp_path, Nodes("a", "b", losses=99))
    with pytest.raises(UnfinishedError, match=r"^step: nodes were lost 5 times before they synced .*0\.json; start again$"):
        job.map("step", leave, paths)


def test_a_long_map_is_synced_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a lost node takes a minute's work with it, and not a map's."""
    monkeypatch.setattr("pipeline.lasting._WAIT_SECONDS", 0)
    engine = Nodes("a")
    job, paths = job_on(tmp_path, engine)
    seen: list[int] = []
    job.map("step", lambda path: (seen.append(len(list((job.work / "done" / "step").glob("synced-*")))), leave(path))[1], paths)
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_sync_that_fails_is_told(tmp_path: Path) -> None:
    """Not taken for a lost node."""
    (tmp_path / ".work").mkdir()
    unsynced = Unsynced(Nodes("a"), tmp_path / ".work")
    unsynced.add("a", 0, json.dumps({"wrote": [str(tmp_path / ".work" / ("x" * 300))]}))
    with pytest.raises(OSError, match="too long"):
        unsynced.sync()
