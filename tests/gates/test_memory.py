"""What a run takes in memory: with documents of one byte to 50 MB, and by the size of the corpus."""

import json
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runs import DEFAULT_STAGES, parquet_bytes
from tests.support import REPO, SEEDS

pytestmark = pytest.mark.gate

MIB = 2**20
LARGEST = 260 * 10**6  # bytes of the largest document that is tried
SCRIPT = """
import json, sys, pipeline
result = pipeline.run(json.loads(sys.argv[1]), workers=2)
peaks = dict(result.peak_rss_bytes)
print(json.dumps({"driver": peaks.pop(0), "worker": max(peaks.values()), "counts": result.counts}))
"""
SENTENCES = [s for text in SEEDS.values() for line in text.splitlines() for s in line.split(". ") if s]


def run_apart(values: dict[str, Any]) -> dict[str, Any]:
    """The largest resident sets of the driver and of a worker, and the counts, of a run in a process of its own.

    Linux counts the largest set of the process that starts another as the other's too; so a shell, which is small, starts it.
    """
    command = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", SCRIPT, json.dumps(values)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text_of(size: int, draw: random.Random) -> str:
    """Sentences of the seeds, with a word of its own after each, cut at so many bytes."""
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(f"{draw.choice(SENTENCES)} {draw.getrandbits(32):x}.")
        length += len(parts[-1].encode()) + 1
    return "\n".join(parts).encode()[:size].decode(errors="ignore")


def news(count: int) -> Iterator[str]:
    """Texts of some 700 bytes in words of their own, every tenth a copy of one before it with a few words more."""
    draw = random.Random(4)
    words = [f"{draw.choice(SENTENCES).split()[0].lower()}{draw.getrandbits(14):x}" for _ in range(20_000)]
    made: deque[str] = deque(maxlen=1000)
    for number in range(count):
        text = ". ".join(" ".join(draw.choices(words, k=14)) for _ in range(5))
        made.append(draw.choice(made) + " " + " ".join(draw.choices(words, k=9)) if number % 10 == 9 else text)
        yield made[-1]


def write(path: Path, texts: Iterator[str]) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for number, text in enumerate(texts):
            out.write(json.dumps({"id": f"doc-{number}", "text": text, "source": f"s{number % 7}"}, ensure_ascii=False) + "\n")
    return path


def test_max_memory_is_kept_with_documents_of_one_byte_to_fifty_megabytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker takes no more than it may, all documents come through, and what is longer than allowed is in quarantine."""
    draw = random.Random(2)

    def texts() -> Iterator[str]:
        yield from (draw.choice("abcdefgh") for _ in range(200_000))
        for size in (10, 1000, 10**5, 10**6, 10**7):
            yield from (text_of(size, draw) for _ in range(4))
        yield text_of(5 * 10**7, draw)
        yield text_of(5 * 10**7, draw).replace("\n", " ")
        yield "x" * (6 * 10**7)

    limit = 1400 * MIB
    values = {
        "input": {"path": str(write(tmp_path / "a.jsonl", texts())), "max_record_bytes": 55 * 10**6, "max_quarantined": 1.0},
        "stages": DEFAULT_STAGES,
        "output": {"path": str(tmp_path / "out")},
        "engine": {"max_memory": limit},
    }
    found = run_apart(values)
    with capsys.disabled():
        print(f"\nworker {found['worker'] / MIB:.0f} MiB, driver {found['driver'] / MIB:.0f} MiB, may take {limit / MIB:.0f} MiB")  # noqa: T201
    assert found["worker"] <= limit
    assert found["driver"] <= limit
    assert (found["counts"]["records"], found["counts"]["quarantined"]) == (200_000 + 20 + 3, 1)


def test_a_low_limit_is_kept_and_changes_no_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Smaller shards and batches than without one, and the same files."""
    path = write(tmp_path / "a.jsonl", news(50_000))
    limit, taken = 550 * MIB, {}
    for given in (limit, None):
        values = {
            "input": {"path": str(path), "max_record_bytes": MIB},
            "stages": DEFAULT_STAGES,
            "output": {"path": str(tmp_path / f"out-{given}"), "part_bytes": 32 * MIB},
            "engine": {"max_memory": given},
        }
        taken[given] = run_apart(values)["worker"]
    with capsys.disabled():
        told = ", ".join(f"{given and given / MIB} MiB: {peak / MIB:.0f} MiB" for given, peak in taken.items())
        print(f"\nworkers that may take {told}")  # noqa: T201
    assert taken[limit] <= limit
    assert parquet_bytes(tmp_path / f"out-{limit}") == parquet_bytes(tmp_path / "out-None")


def test_memory_grows_by_the_bytes_a_document_that_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three sizes of corpus, portions small beside them all: a linear fit over documents, for the driver and the largest worker."""
    sizes, taken = [20_000, 60_000, 180_000], []
    for size in sizes:
        path = write(tmp_path / "a.jsonl", news(size))
        values = {
            "input": {"path": str(path), "shard_bytes": 4 * MIB, "batch_bytes": MIB},
            "stages": DEFAULT_STAGES,
            "output": {"path": str(tmp_path / f"out-{size}"), "part_bytes": 4 * MIB},
        }
        taken.append(run_apart(values))
    with capsys.disabled():
        for who, most in (("driver", 400), ("worker", 400)):
            peaks = np.array([found[who] for found in taken])
            slope, start = np.polyfit(sizes, peaks, 1)
            left = np.abs(peaks - (slope * np.array(sizes) + start)).max()
            told = ", ".join(f"{size}: {peak / MIB:.0f} MiB" for size, peak in zip(sizes, peaks))
            print(f"\n{who}: {told}; {start / MIB:.0f} MiB + {slope:.0f} bytes a document, off by {left / MIB:.0f} MiB")  # noqa: T201
            assert slope <= most


def test_the_largest_document_goes_through_all_stages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Just under the default limit of a record, 256 MiB; beside a short one, so that there is something to compare it with."""
    text = text_of(LARGEST, random.Random(3))
    path = write(tmp_path / "a.jsonl", iter([text, text_of(1000, random.Random(5))]))
    values = {"input": {"path": str(path)}, "stages": DEFAULT_STAGES, "output": {"path": str(tmp_path / "out")}}
    found = run_apart(values)
    peak = max(found["driver"], found["worker"])
    with capsys.disabled():
        print(f"\na document of {len(text.encode()) / 10**6:.0f} MB: {peak / 2**30:.2f} GiB, {peak / LARGEST:.1f} bytes a byte")  # noqa: T201
    assert found["counts"]["kept"] == 2
    assert peak <= 400 * MIB + 20 * LARGEST
