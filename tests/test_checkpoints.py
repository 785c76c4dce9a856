"""Work that outlives the machine, and work that does not."""

import json
import threading
from pathlib import Path

import pytest

from pipeline.checkpoints import Checkpoints, boot_id, roll_back
from pipeline.files import write_json
from pipeline.output_folder import open_output
from pipeline.whole import whole


def test_what_is_not_in_the_last_checkpoint_is_removed(tmp_path: Path) -> None:
    """Steps that were finished when it was taken stay with their files; later ones go."""
    write_json(tmp_path / "run.json", {})
    write_json(tmp_path / "read" / "shard-0.json", {})
    for name in ("read/00000.json", "ids.json", "segment-0.json"):
        write_json(tmp_path / "done" / name, {})
    write_json(tmp_path / "segment-0" / "shard-0.json", {})
    write_json(tmp_path / "shared" / "signatures" / "before.json", {})
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.take(lambda: None)
    write_json(tmp_path / "done" / "segment-1.json", {})
    write_json(tmp_path / "segment-1" / "shard-0.json", {})
    write_json(tmp_path / "verdicts-1" / "verdicts.json", {})
    write_json(tmp_path / "shared" / "signatures" / "after.json", {})
    roll_back(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    expected = [
        "checkpoint.json",
        "done/ids.json",
        "done/read/00000.json",
        "done/segment-0.json",
        "read/shard-0.json",
        "run.json",
    ]
    assert left == [*expected, "segment-0/shard-0.json", "shared/signatures/before.json"]


def test_without_a_checkpoint_nothing_is_left(tmp_path: Path) -> None:
    """Only the note of what run it is."""
    write_json(tmp_path / "run.json", {})
    write_json(tmp_path / "read" / "shard-0.json", {})
    write_json(tmp_path / "done" / "read" / "00000.json", {})
    roll_back(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.json")] == ["run.json"]


def test_inputs_are_removed_only_after_the_checkpoint_is_written(tmp_path: Path) -> None:
    """What `then` removes is not needed by the state that the note describes."""
    write_json(tmp_path / "done" / "segment-0.json", {})
    seen: list[object] = []
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.take(lambda: seen.append(json.loads((tmp_path / "checkpoint.json").read_text())))
    assert seen == [{"finished": ["read", "segment-0.json"], "shared": []}]
    assert not [thread for thread in threading.enumerate() if thread.name == "checkpoint"]


def test_a_failure_in_the_background_is_raised(tmp_path: Path) -> None:
    """At the next checkpoint or at the end."""

    def fail() -> None:
        raise PermissionError("shard-0.arrow")

    (tmp_path / "done").mkdir()
    with pytest.raises(PermissionError), Checkpoints(tmp_path) as checkpoints:
        checkpoints.take(fail)


def test_boot_id_is_the_same_until_the_next_start() -> None:
    """Two calls agree."""
    assert boot_id() == boot_id()


def test_work_of_a_cluster_does_not_depend_on_where_its_driver_starts(tmp_path: Path) -> None:
    """What its workers wrote lasts; what a run on this machine then adds does not, until it is synced."""
    start, mark = tmp_path / ".work" / "run.json", tmp_path / ".work" / "done" / "read" / "00000.json"

    def go_on(*, spread: bool) -> bool:
        assert open_output(tmp_path, {}, overwrite=False, spread=spread) is None
        return mark.exists()

    assert not go_on(spread=True)
    write_json(mark, {})
    assert go_on(spread=True)
    assert json.loads(start.read_text())["boot"] is None
    assert go_on(spread=False)
    assert json.loads(start.read_text())["boot"] == boot_id()
    write_json(start, json.loads(start.read_text()) | {"boot": "of another machine"})
    assert not go_on(spread=True)


def test_two_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    """Processes of two machines may have one number: as when a node that was given up comes back, and its item is done twice."""
    with whole(tmp_path / "a") as one, whole(tmp_path / "a") as other:
        one.write_text("1")
        other.write_text("2")
    assert (tmp_path / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
