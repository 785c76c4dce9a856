"""One field far over the limit: memory stays bounded, the field is in quarantine, and the records around it are read."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import compress
from tests.support import REPO

# Reads a file in a process of its own; the peak is over what the imports and one small file took.
_SCRIPT = """
import json, sys, tempfile
from pipeline.readers import InputSpec, plan_input, read_task
from pipeline.files import open_ipc
from pathlib import Path
from tests.peaks import forget_peak, peak

def read(path, **settings):
    with tempfile.TemporaryDirectory() as folder:
        results = [read_task(task, folder) for task in plan_input(InputSpec(path, **settings), None).tasks]
        rows = [row for result in results for name, _, _ in result["shards"] for row in open_ipc(Path(folder, name)).read_all().to_pylist()]
        failed = [row for result in results for name in result["quarantine"] for row in open_ipc(Path(folder, name)).read_all().to_pylist()]
    return [row["text"][:10] for row in rows], [[row["reason"], len(row["raw"])] for row in failed]

read(sys.argv[1])
before = forget_peak()
texts, failed = read(sys.argv[2], max_record_bytes=int(sys.argv[3]))
print(json.dumps({"texts": texts, "failed": failed, "grown": peak() - before}))
"""

MIB = 2**20


def pieces(before: bytes, unit: bytes, size: int, after: bytes) -> Iterator[bytes]:
    """A file in portions: what stands before, so many bytes of repeated units, what comes after."""
    yield before
    block = unit * (MIB // len(unit))
    for _ in range(size // len(block)):
        yield block
    yield after


FILES = {
    "a.jsonl": (b'{"text": "first"}\n{"text": "', b"word ", b'"}\n{"text": "last"}\n'),
    "a.csv": (b'text,n\nfirst,1\n"', b"word ", b'",2\nlast,3\n'),
    "b.csv": (b'text,n\nfirst,1\n"', b"one line of many, ", b'",2\nlast,3\n'),
    "a.txt": (b"", b"word ", b""),
    "a.html": (b"<html><body><p>", b"word ", b"</p></body></html>"),
}


def read_one(folder: Path, name: str, size: int, limit: int) -> dict[str, Any]:
    small = folder / f"small{name}"
    small.write_bytes(b"".join(pieces(*FILES[name][:2], 0, FILES[name][2])) or b"text")
    path = folder / name
    with open(path, "wb") as stream:
        stream.writelines(pieces(*FILES[name][:2], size, FILES[name][2]))
    command = [sys.executable, "-c", _SCRIPT, str(small), str(path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr
    path.unlink()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["a.html", "b.csv"])
def test_a_field_over_the_limit_costs_no_memory(tmp_path: Path, name: str) -> None:
    """100 MiB where 4 MiB are allowed: a few times the limit is held."""
    check(read_one(tmp_path, name, 100 * MIB, 4 * MIB), name, 12 * 4 * MIB)


@pytest.mark.gate
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_field_of_two_gigabytes_is_set_aside(tmp_path: Path, name: str) -> None:
    """With the default limit of 256 MiB."""
    check(read_one(tmp_path, name, 2 * 1024 * MIB, 256 * MIB), name, 4 * 256 * MIB)


def check(found: dict[str, Any], name: str, most: int) -> None:
    assert found["texts"] == (["first", "last"] if name in ("a.jsonl", "a.csv", "b.csv") else [])
    [[reason, raw]] = found["failed"]
    assert reason.startswith("too long (")
    assert raw <= MIB
    assert found["grown"] < most, f"{found['grown'] / MIB:.0f} MiB"


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    """100 MiB out of some kilobytes, between two records."""
    data = b'{"text": "first"}\n{"text": "' + b" " * (100 * MIB) + b'"}\n{"text": "last"}\n'
    small = tmp_path / "small.jsonl.gz"
    small.write_bytes(compress(b'{"text": "first"}\n', ".gz"))
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(compress(data, ".gz"))
    command = [sys.executable, "-c", _SCRIPT, str(small), str(path), str(4 * MIB)]
    check(
        json.loads(subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=True).stdout), "a.jsonl", 12 * 4 * MIB
    )
