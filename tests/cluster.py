"""A real Ray cluster on this machine: a head without CPUs and nodes of one CPU, on loopback addresses of their own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runs import PATIENCE, wait_until

pytest.importorskip("ray", reason="Ray cannot be installed here (it is in requirements-dev.lock where it can)")
# Whatever memory this machine has free just now: the least object store that Ray takes is 75 MiB, and tasks ask for 1.5 GiB each.
_ROOM = {"object_store_memory": 80 * 2**20, "memory": 8 * 2**30}
# No worker is killed because the machine's memory is full of what others do, nor given up because it starts slowly.
_CALM = {"RAY_memory_monitor_refresh_ms": "0", "RAY_worker_register_timeout_seconds": str(PATIENCE)}


class LoopbackCluster:
    """Started and ended by the test that uses it; nodes are 127.0.0.3 and up.

    Not 127.0.0.1: Ray takes that for another address of the machine, and then waits for itself.
    """

    def __init__(self, cluster: Any) -> None:
        self._cluster, self._last = cluster, 2
        self.address: str = cluster.address
        self.nodes: list[Any] = []

    def add(self, *, cpus: int = 1, **settings: Any) -> Any:
        """A node at the next address. From the main thread only: Ray sets signal handlers meanwhile."""
        self._last += 1
        settings = {"node_ip_address": f"127.0.0.{self._last}", **_ROOM, **settings}
        self.nodes.append(self._cluster.add_node(num_cpus=cpus, wait=False, **settings))
        self._cluster._wait_for_node(self.nodes[-1], PATIENCE)  # by itself it would wait for 30 s
        return self.nodes[-1]

    def remove(self, node: Any) -> None:
        """Without grace: SIGKILL to all that runs there."""
        self.nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)


@contextmanager
def loopback_cluster(nodes: int = 2) -> Iterator[LoopbackCluster]:
    """A cluster with so many nodes of one CPU. Ends every process that it started, and leaves no file."""
    from ray.cluster_utils import Cluster

    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            pytest.skip("this system has no 127.0.0.2, so nodes of a cluster cannot have addresses of their own")
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # short: the sockets in it have names of 107 characters at most
    before = dict(os.environ)
    os.environ |= {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0", **_CALM}
    cluster: Any = None
    try:
        head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": "127.0.0.2", **_ROOM}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        ours = LoopbackCluster(cluster)
        for _ in range(nodes):
            ours.add()
        yield ours
    finally:
        started = _descendants(os.getpid(), folder)
        if cluster is not None:
            cluster.shutdown()
        _end(started)
        os.environ.clear()
        os.environ |= before
        wait_until(lambda: _removed(folder))


def _descendants(parent: int, folder: str) -> set[int]:
    """The processes of this cluster: those with its folder on their command line that this process started, and what they started."""
    shown = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [(int(pid), int(above), args) for pid, above, args in (line.split(None, 2) for line in shown)]
    found = {pid for pid, above, args in rows if above == parent and folder in args}
    while more := {pid for pid, above, _ in rows if above in found} - found:
        found |= more
    return found


def _end(processes: set[int]) -> None:
    """Waits until they have ended, and after some seconds kills those that have not."""
    deadline = time.monotonic() + 10
    while alive := [pid for pid in processes if _runs(pid)]:
        if time.monotonic() > deadline:
            for pid in alive:
                with suppress(ProcessLookupError):  # it has ended just now
                    os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not any(map(_runs, processes)))
        time.sleep(0.05)


def _removed(folder: str) -> bool:
    """False where a process that is about to end has written a file meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not os.path.exists(folder)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def closed_port() -> Iterator[str]:
    """An address of this machine where nobody listens, and nobody else can as long as it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"
