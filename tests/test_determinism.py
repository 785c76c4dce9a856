"""The same input and run file give the same bytes, whatever is around the run: workers, shards, seeds, locale, zone, folders, time."""

import itertools
import json
import math
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

import pipeline
from pipeline.files import open_ipc
from pipeline.translation.score import rates
from pipeline.translation.signals import SIGNALS
from tests.runs import COMMAND, DEFAULT_STAGES, SMALL, parquet_bytes, run_file
from tests.support import REPO, SCRATCH

# The Turkish one has other small and capital letters for I; where a locale is not installed, the system's own takes its place.
LOCALES = ["C", "tr_TR.UTF-8", "de_DE.UTF-8", "C.UTF-8"]
ZONES = ["Asia/Tokyo", "America/St_Johns", "UTC", "Pacific/Kiritimati"]

# What makes this machine look like an older one, or one with other libraries beneath: numpy's, Arrow's and libc's choice of vector
# code, the memory pool, threads of the linear algebra. numba compiles for a plain processor only with a cache of its own.
OLD_PROCESSOR = {
    "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name)),
    "ARROW_USER_SIMD_LEVEL": "NONE",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA",
    "OPENBLAS_CORETYPE": "Prescott",
}


def run_elsewhere(folder: Path, corpus: Path, workers: int, shard_bytes: int, **environment: str) -> Path:
    """A run from a folder of its own, with paths that start there; returns the output."""
    folder.mkdir()
    (folder / corpus.name).symlink_to(corpus)
    sizes = {"shard_bytes": shard_bytes, "batch_bytes": shard_bytes // 4}
    changes: dict[str, Any] = {**SMALL, "input": {**SMALL["input"], **sizes}}
    config = run_file(folder, Path(corpus.name), **{**changes, "output": {**SMALL["output"], "path": "result"}})
    command = [*COMMAND, "run", config.name, "--workers", str(workers)]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "result"


@pytest.mark.parametrize(
    ("workers", "shard_bytes", "surroundings"),
    [
        (
            5,
            100_000,
            {"PYTHONHASHSEED": "0", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "USER": "nobody", "HOME": "/", **OLD_PROCESSOR},
        ),
        (
            2,
            230_000,
            {"PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "America/St_Johns", "PYTHONUTF8": "0", "OMP_NUM_THREADS": "7"}
            | {"ARROW_DEFAULT_MEMORY_POOL": "system"},
        ),
        *(
            pytest.param(
                workers, shard_bytes, {"PYTHONHASHSEED": str(seed), "LC_ALL": locale, "TZ": zone}, marks=pytest.mark.gate
            )
            for (workers, shard_bytes), (seed, locale, zone) in zip(
                itertools.product((1, 2, 5), (60_000, 150_000, 10**9)), zip(range(1, 10), LOCALES * 3, ZONES[::-1] * 3)
            )
        ),
    ],
)
def test_bytes_depend_on_nothing_around_the_run(
    workers: int, shard_bytes: int, surroundings: dict[str, str], corpus: Path, reference: Path, tmp_path: Path
) -> None:
    """Data files are equal; manifest and report too, but for `times`, the two paths and how the input was cut."""
    out = run_elsewhere(tmp_path / "elsewhere", corpus, workers, shard_bytes, **surroundings)
    assert parquet_bytes(out) == parquet_bytes(reference)
    for name in ("manifest.json", "report.json"):
        found, expected = (
            _without_surroundings(json.loads((folder / name).read_text(encoding="utf-8"))) for folder in (out, reference)
        )
        assert found == expected


@pytest.mark.gate
def test_another_processor_writes_the_same_bytes(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """With kernels compiled for the plainest processor of the kind, and vector code off in the libraries beneath."""
    cache = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    out = run_elsewhere(tmp_path / "elsewhere", corpus, 2, 150_000, **cache, **OLD_PROCESSOR)
    assert any((tmp_path / "cache").rglob("*.nbc"))
    assert parquet_bytes(out) == parquet_bytes(reference)


@pytest.mark.gate
@pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="another host name takes a name space of its own"
)
def test_the_name_of_the_machine_is_in_no_data_file(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """A run on a machine of another name writes the same bytes."""
    renamed = ["unshare", "--uts", "sh", "-c", 'hostname another.example && exec "$@"', "sh", *COMMAND]
    config = run_file(tmp_path, corpus, **SMALL)
    subprocess.run([*renamed, "run", str(config), "--workers", "2"], cwd=REPO, capture_output=True, check=True)
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(reference)


def test_no_weight_hangs_on_the_last_bit_of_a_logarithm() -> None:
    """Libraries round logarithms differently in their last bit; rounded to thousandths, every weight is far from where that matters."""
    logarithms = [1000 * math.log(machine / human) for human, machine in map(rates, SIGNALS)]
    assert min(abs(value % 1 - 0.5) for value in logarithms) > 1e-6


def _without_surroundings(value: Any) -> Any:
    """JSON without the clock, the folders, the sizes of portions and the time of the input file."""
    if isinstance(value, dict):
        gone = ("times", "path", "shard_bytes", "batch_bytes", "run_file_digest", "output")
        own = {key: item for key, item in value.items() if key not in gone and not (key == "input" and isinstance(item, str))}
        return {key: _without_surroundings(item) for key, item in own.items()}
    return [_without_surroundings(item) for item in value] if isinstance(value, list) else value


def test_files_come_by_name_in_whatever_order_they_were_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Folders list their files in an order of their own, which is often that of making them."""
    base = Path(SCRATCH or tmp_path_factory.getbasetemp()) / f"orders-{os.getpid()}"
    texts = {f"{place}/{number:02}.txt": f"Story {number} of {place}. " * 30 for place in "ab" for number in range(6)}
    orders = [sorted(texts), sorted(texts, reverse=True), sorted(texts, key=lambda name: name[::-1])]
    results = []
    try:
        for number, order in enumerate(orders):
            folder = base / str(number)
            for name in order:
                (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "in" / name).write_text(texts[name], encoding="utf-8")
            values = {"input": {"path": str(folder / "in")}, "stages": DEFAULT_STAGES[:1] + DEFAULT_STAGES[-1:]}
            pipeline.run({**values, "output": {"path": str(folder / "out")}}, workers=1)
            results.append(parquet_bytes(folder / "out"))
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=True)
    assert results[1:] == results[:1] * 2


def test_nothing_of_the_machine_is_in_data_files(reference: Path) -> None:
    """Neither in values nor in the files' own notes: no path of the run, no name of the machine, nothing that Python's objects print."""
    names = [str(reference.parent), "object at 0x", "pytest-"]
    names += [socket.gethostname()] if len(socket.gethostname()) > 6 else []
    for name in parquet_bytes(reference):
        path = reference / name
        table = open_ipc(path).read_all() if path.suffix == ".arrow" else pq.read_table(path)
        notes = {} if path.suffix == ".arrow" else pq.read_metadata(path).metadata
        told = f"{table.schema.metadata} {notes} {table.to_pylist()}"
        assert [text for text in names if text in told] == [], name


def test_the_manifest_has_one_field_for_times(reference: Path) -> None:
    """All that comes of the clock is in `times`, so that two manifests can be compared without it."""
    manifest = json.loads((reference / "manifest.json").read_text(encoding="utf-8"))
    times = manifest.pop("times")
    assert {"finished", "seconds", "stages"} <= set(times)
    assert times["finished"][:10] not in json.dumps(manifest)
    words = {word for key in _keys(manifest) if key != "max_document_seconds" for word in key.split("_")}  # a setting
    assert words & {"time", "times", "seconds", "date", "clock", "started", "finished"} == set()


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in (key, *_keys(item))]
    return [found for item in value for found in _keys(item)] if isinstance(value, list) else []
