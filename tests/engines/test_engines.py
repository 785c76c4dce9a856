"""One suite over all engines: order, failures, logs, and workers that are killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pipeline.engines.settings import EngineConfig, open_engine
from pipeline.errors import UnfinishedError, UserError
from pipeline.job import Job, Silent
from tests.cluster import LoopbackCluster, loopback_cluster
from tests.engines.work import break_off, die, fail, folder_here, square
from tests.runs import COMMAND, parquet_bytes, pipeline
from tests.support import REPO, batch_of, write_shards


@pytest.fixture(scope="module")
def cluster() -> Iterator[LoopbackCluster]:
    with loopback_cluster() as started, open_engine(EngineConfig("ray", started.address), None):
        yield started  # joined once: the engines of the tests find it so, and workers that are there


@pytest.fixture(params=["local", "ray"])
def config(request: pytest.FixtureRequest) -> EngineConfig:
    """An engine of each kind; the cluster is started when it is first needed."""
    if request.param == "local":
        return EngineConfig()
    return EngineConfig("ray", request.getfixturevalue("cluster").address)


def test_results_come_in_the_order_of_the_items(config: EngineConfig) -> None:
    """And each is reported once."""
    told: list[int] = []
    with open_engine(config, 2) as engine:
        assert engine.map(square, range(20), told.append) == [n * n for n in range(20)]
        assert engine.map(square, [], told.append) == []
    assert sorted(told) == [n * n for n in range(20)]


def test_the_first_exception_ends_the_map(config: EngineConfig) -> None:
    """It comes as it was raised, and the engine works on."""
    with open_engine(config, 2) as engine:
        with pytest.raises(UserError, match=r"^three$"):
            engine.map(fail, range(50), lambda result: None)
        assert engine.map(square, range(3), lambda result: None) == [0, 1, 4]


def test_an_error_of_ours_names_the_shard(config: EngineConfig, tmp_path: Path) -> None:
    """It ends the map as it was raised, and its traceback says over which documents."""
    [shard] = write_shards(tmp_path, [[batch_of(["one", "two"])]]).shards
    with open_engine(config, 2) as engine, pytest.raises(ValueError, match="broken") as caught:
        Job(tmp_path / "out", engine, Silent()).map("step", break_off, [[number, str(shard)] for number in range(8)])
    assert caught.value.__notes__ == [f"over {shard.name} (2 documents, 'd0' to 'd1')"]


def test_a_worker_killed_once_costs_nothing(config: EngineConfig, tmp_path: Path) -> None:
    """What was in hand is done again, and every item is reported once."""
    told: list[int] = []
    with open_engine(config, 2) as engine:
        assert engine.map(partial(die, tmp_path, 1), range(8), told.append) == [n * n for n in range(8)]
    assert sorted(told) == [n * n for n in range(8)]


def test_an_item_that_kills_its_workers_is_named(config: EngineConfig, tmp_path: Path) -> None:
    """In one sentence, and not the one that another worker had in hand; the engine works on."""
    (tmp_path / "kills").mkdir()
    with open_engine(config, 2) as engine:
        job = Job(tmp_path / "out", engine, Silent())
        with pytest.raises(
            UnfinishedError, match=r"^step: a worker was killed (twice|5 times).* over 3: out of memory\? Set input"
        ):
            job.map("step", partial(die, tmp_path / "kills", 99), range(8))
        assert engine.map(square, range(3), lambda result: None) == [0, 1, 4]


def test_node_that_is_gone_is_known(cluster: LoopbackCluster) -> None:
    """Work for it is not done elsewhere; what a function raises on a node that is there comes back."""
    added = cluster.add()
    try:
        with open_engine(EngineConfig("ray", cluster.address), None) as engine:
            assert engine.start_on(added.node_id, square, 3)()
            with pytest.raises(UserError, match=r"^three$"):
                engine.start_on(added.node_id, fail, 3)()
            begun = engine.start_on(added.node_id, time.sleep, 600)
    finally:
        cluster.remove(added)
    with open_engine(EngineConfig("ray", cluster.address), None) as engine:
        assert not begun()
        assert not engine.start_on(added.node_id, square, 3)()
        assert not engine.start_on("ab" * 28, square, 3)()


def test_functions_run_in_the_callers_folder(config: EngineConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that relative paths of a run file mean what they say."""
    monkeypatch.chdir(tmp_path)
    with open_engine(config, 2) as engine:
        assert set(engine.map(folder_here, range(4), lambda result: None)) == {str(tmp_path)}


def test_workers_log_as_their_caller_does(config: EngineConfig) -> None:
    """A warning from a worker is a line of the caller's form on its standard error; INFO of a library is none of a program's own."""
    code = f"""
import logging, operator
from functools import partial
from pipeline.engines.settings import EngineConfig, open_engine
from pipeline.logs import log_to_stderr
if __name__ == "__main__":
    log_to_stderr("json")
    with open_engine({config!r}, 2) as engine:
        engine.map(partial(operator.call, logging.getLogger("a.b").info), ["one", "two"], print)
        engine.map(partial(operator.call, logging.getLogger("a.b").debug), ["not this"] * 2, print)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    lines = done.stderr.splitlines()
    assert sorted(json.loads(line)["message"] for line in lines) == ["one", "two"]


def test_nothing_of_rays_own_is_said(cluster: LoopbackCluster, tmp_path: Path) -> None:
    """When a worker is killed: one line in the run's form, where Ray would print some in its own."""
    code = f"""
import time
from functools import partial
from pathlib import Path
from pipeline.engines.settings import EngineConfig, open_engine
from pipeline.logs import log_to_stderr
from tests.engines.work import die
log_to_stderr("json")
with open_engine({EngineConfig("ray", cluster.address)!r}, 2) as engine:
    engine.map(partial(die, Path({str(tmp_path)!r}), 1), range(4), lambda result: None)
    time.sleep(2)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    [told] = map(json.loads, done.stderr.splitlines())
    assert (told["level"], told["message"].partition(" (")[0]) == ("warning", "a worker was killed, its item is done again")
    assert done.stdout == ""


def run_on(cluster: LoopbackCluster, out: Path, *more: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The seeds cleaned on the cluster by a process of its own."""
    return pipeline("run", "seeds", "--output", out, "--engine", "ray", "--address", cluster.address, *more, code=code)


def test_run_on_a_cluster_is_the_run_on_one_machine(cluster: LoopbackCluster, seeds_output: Path, tmp_path: Path) -> None:
    """The same bytes, and the local engine sees that all is done; nothing of Ray's is said."""
    done = run_on(cluster, tmp_path / "out")
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(seeds_output)
    assert all(" INFO " in line for line in done.stderr.splitlines()), done.stderr
    assert "nothing to do" in pipeline("run", "seeds", "--output", tmp_path / "out").stdout


def test_another_ray_or_python_is_refused(cluster: LoopbackCluster, tmp_path: Path) -> None:
    """As the cluster tells its versions when a driver joins."""
    from ray._raylet import GcsClient

    client, key = GcsClient(address=cluster.address), (b"CLUSTER_METADATA", b"cluster")
    before = client.internal_kv_get(*key)
    client.internal_kv_put(key[0], json.dumps({**json.loads(before), "python_version": "3.9.1"}).encode(), True, key[1])
    try:
        said = run_on(cluster, tmp_path / "out", code=2).stderr
    finally:
        client.internal_kv_put(key[0], before, True, key[1])
    assert "Version mismatch" in said
    assert "3.9.1" in said
    assert not (tmp_path / "out").exists()


def test_folder_that_nodes_do_not_share(cluster: LoopbackCluster, tmp_path: Path) -> None:
    """A name that means another place there, as a disk of the driver's own does: found before any work."""
    folder = os.open(tmp_path, os.O_RDONLY)
    command = [
        *COMMAND,
        "run",
        "seeds",
        "--output",
        f"/proc/self/fd/{folder}/out",
        "--engine",
        "ray",
        "--address",
        cluster.address,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, pass_fds=[folder], check=False)
    os.close(folder)
    assert done.returncode == 2, done.stderr
    assert "engine: node 127.0.0.3: does not share the folder" in done.stderr
    assert not (tmp_path / "out").exists()


def test_node_without_the_package(cluster: LoopbackCluster, tmp_path: Path) -> None:
    """It is named, before any work."""
    hidden = 'import sys\nclass Hidden:\n    def find_spec(self, name, *_):\n        if name.split(".")[0] == "pipeline":\n'
    hidden += '            raise ModuleNotFoundError(f"No module named {name!r}")\nsys.meta_path.insert(0, Hidden())\n'
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    bare = cluster.add(env_vars={"PYTHONPATH": str(tmp_path)})
    try:
        said = run_on(cluster, tmp_path / "out", code=2).stderr
        config = EngineConfig("ray", cluster.address)  # it might as well have joined after the check
        with open_engine(config, None) as engine, pytest.raises(UnfinishedError, match=f"{bare.node_ip_address} cannot run"):
            engine.map(square, range(100), lambda result: None)
    finally:
        cluster.remove(bare)
    assert f"engine: node {bare.node_ip_address} cannot run this package" in said
    assert "No module named 'pipeline'" in said
    assert not (tmp_path / "out").exists()


def test_task_too_large_for_any_node(cluster: LoopbackCluster, tmp_path: Path) -> None:
    """It would wait for ever."""
    too_much = EngineConfig("ray", cluster.address, max_memory=2**60)
    with pytest.raises(UserError, match=r"set engine.max_memory lower"), open_engine(too_much, None):
        pass
