"""The command line in processes of their own, and a corpus that has something for every stage."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.support import REPO, SEEDS

COMMAND = [sys.executable, "-c", "from pipeline.cli import main; main()"]
# Seconds after which a process is taken for hung: many times what anything here takes, also on a slow machine that has other work.
PATIENCE = 900
DEFAULT_STAGES = ["fix_encoding", "identify_language", "strip_boilerplate"]
DEFAULT_STAGES += ["strip_repeated_lines", "repair_translation", "drop_near_duplicates"]
ENGLISH_ONLY: list[Any] = [
    {"identify_language": {"keep": ["en"]}} if name == "identify_language" else name for name in DEFAULT_STAGES
]


def pipeline(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own and checks its exit code."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=REPO, timeout=PATIENCE, check=False
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def run_file(folder: Path, source: Path, **changes: Any) -> Path:
    """A run file over `source` with the default stages; keyword arguments replace parts of its sections."""
    values: dict[str, Any] = {"input": {"path": str(source)}, "stages": DEFAULT_STAGES, "output": {"path": str(folder / "out")}}
    for name, value in changes.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    """All rows of a kind of output, in order."""
    return [row for path in sorted((folder / kind).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def parquet_bytes(folder: Path) -> dict[str, bytes]:
    """Every Parquet file of an output, by its name there, and the signatures."""
    found = sorted([*folder.rglob("*.parquet"), *folder.glob("signatures/*")])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def make_corpus(path: Path, count: int) -> None:
    """Documents of seed sentences, seeded: some alike, some damaged, some not English, some broken records."""
    sentences = [s for text in SEEDS.values() for line in text.splitlines() for s in line.split(". ") if s]
    draw = random.Random(7)
    made: list[str] = []
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            text = ". ".join(draw.choices(sentences, k=draw.randint(3, 25)))
            if made and number % 5 == 0:
                text = draw.choice(made) + " " + draw.choice(sentences)
            if number % 7 == 0:
                text = text.replace("’", "â€™") + "\nRelated News"
            if number % 50 == 3:
                text = "Ceci est une phrase en français, et en voici une autre, tout aussi française que la première."
            made.append(text)
            record = {"id": f"doc-{number}", "text": text, "source": f"s{number % 3}", "n": number}
            out.write(json.dumps(record) + "\n")
            if number % 97 == 11:
                out.write('{"id": "broken\n')


SMALL: dict[str, Any] = {
    "input": {"shard_bytes": 100_000, "batch_bytes": 30_000, "columns": {"doc_id": "id"}, "max_quarantined": 0.1},
    "stages": ENGLISH_ONLY,
    "output": {"part_bytes": 250_000},
}


def children(parent: int) -> list[int]:
    """Process ids."""
    shown = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(pid) for pid, above in map(str.split, shown) if int(above) == parent]


def group_members(group: int) -> list[str]:
    """Command lines of the processes of a process group that still run."""
    shown = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(None, 2) for line in shown]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


def wait_until(true: Callable[[], bool]) -> None:
    """Asks every few milliseconds. Fails when it seems to be in vain."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
