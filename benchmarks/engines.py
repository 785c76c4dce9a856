"""What Ray costs over the local engine on the same two cores: CPU seconds of all processes, start-up apart.

    engines.py [DOCS.jsonl[.zst]] [--documents 100000] [--rounds 3]

Both engines run the default stages over the same documents, the local one with two workers, Ray on a cluster of this machine: a head
without CPUs and two nodes of one CPU. What a run of 300 documents takes is subtracted for each: imports, kernels, workers, rule packs.
CPU seconds are those of the driver, its workers and, with Ray, all processes of the cluster, looked up in /proc ten times a second
until they end. Rounds take turns. Records are {id, text, …}; a file with fewer than wanted is gone through again under new ids.
Without a file, documents are made from shuffled sentences of the seeds: smaller and more alike than real text.
"""

import argparse
import ctypes
import io
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.end_to_end import STAGES, make_documents  # noqa: E402
from tests.cluster import loopback_cluster  # noqa: E402

WARM_UP = 300
SUBREAPER = 36  # of prctl: processes whose parent ends stay below this one
TICKS = os.sysconf("SC_CLK_TCK")


class CpuSeconds:
    """Of all processes below this one, while the block lasts; `total` is there behind it. Of those only that are new if `new`."""

    def __init__(self, *, new: bool):
        self._new = new

    def __enter__(self):
        self._ended, self._used, self._before = threading.Event(), {}, self._look()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._used |= self._look()
        counted = self._used.keys() - (self._before.keys() if self._new else ())
        self.total = sum(self._used[process] - self._before.get(process, 0) for process in counted) / TICKS

    def _watch(self):
        while not self._ended.wait(0.1):
            self._used |= self._look()

    def _look(self) -> dict[tuple[int, str], int]:
        """Ticks by process id and start."""
        found = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                except OSError:  # it has ended
                    continue
                found[int(entry.name)] = (int(fields[1]), fields[19], int(fields[11]) + int(fields[12]))
        below = {os.getpid()}
        while more := {pid for pid, (parent, *_) in found.items() if parent in below} - below:
            below |= more
        return {(pid, found[pid][1]): found[pid][2] for pid in below - {os.getpid()} if pid in found}


def take(docs: Path | None, count: int, path: Path) -> None:
    """Writes so many documents."""
    if docs is None:
        make_documents(path, count)
        return
    with path.open("w", encoding="utf-8") as out:
        for number, record in enumerate(itertools.islice(itertools.cycle(records(docs)), count)):
            out.write(json.dumps({**record, "id": str(number)}) + "\n")


def records(docs: Path):
    with open(docs, "rb") as raw:
        stream = raw
        if docs.suffix == ".zst":
            import zstandard

            stream = zstandard.ZstdDecompressor().stream_reader(raw)
        yield from map(json.loads, io.TextIOWrapper(stream, "utf-8"))


def measure(docs: Path, source: str, folder: Path, engine: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of a run."""
    columns = {"doc_id": "id", **({"source": source} if source else {})}
    shards = {"shard_bytes": 16 * 2**20}  # so that both engines have enough to hand out
    values = {
        "input": {"path": str(docs), "columns": columns, **shards},
        "stages": STAGES,
        "output": {"path": str(folder / "out")},
    }
    config = folder / "run.yaml"
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    script = "from pipeline.cli import main; main()"
    command = [sys.executable, "-c", script, "run", str(config), "--overwrite", *engine]
    start = time.perf_counter()
    with CpuSeconds(new="ray" not in engine) as used:  # a cluster that idles costs the local engine nothing
        subprocess.run(command, check=True, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)  # workers of a driver that is gone end too
    return used.total, time.perf_counter() - start - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path, nargs="?")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", default="", help="the column that names the source")
    chosen = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    with tempfile.TemporaryDirectory() as name, loopback_cluster() as cluster:
        folder = Path(name)
        take(chosen.docs, WARM_UP, folder / "few.jsonl")
        take(chosen.docs, chosen.documents, folder / "many.jsonl")
        engines = {"local": ["--workers", "2"], "ray": ["--engine", "ray", "--address", cluster.address]}
        started = {kind: measure(folder / "few.jsonl", chosen.source, folder, engine) for kind, engine in engines.items()}
        for kind, (cpu, wall) in started.items():
            print(json.dumps({"engine": kind, "documents": WARM_UP, "cpu_seconds": round(cpu, 2), "seconds": round(wall, 2)}))
        ratios = []
        for _ in range(chosen.rounds):
            cpu = {}
            for kind, engine in engines.items():
                used, wall = measure(folder / "many.jsonl", chosen.source, folder, engine)
                cpu[kind] = used - started[kind][0]
                shown = {
                    "engine": kind,
                    "documents": chosen.documents,
                    "cpu_seconds": round(cpu[kind], 2),
                    "seconds": round(wall, 2),
                }
                print(json.dumps(shown))
            ratios.append(cpu["ray"] / cpu["local"])
            print(json.dumps({"ray_over_local": round(ratios[-1], 3)}))
        print(json.dumps({"ray_over_local_median": round(statistics.median(ratios), 3), "rounds": len(ratios)}))


if __name__ == "__main__":
    main()
