"""Reads damaged files for a while, in a process of its own, which may crash: `python -m tests.hostile.fuzz_readers SEED EXECUTIONS FOLDER`.

Prints one JSON object with counts. When a law breaks it ends with a traceback, and the file that was read lies in FOLDER.
"""

import ctypes
import gc
import json
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
from justext.core import classify_paragraphs
from trafilatura.external import jt_stoplist_init

from pipeline.errors import UserError
from pipeline.readers.lines import is_blank
from tests.hostile.mutate import mutated
from tests.hostile.sound import sound_files
from tests.readers.reading import Reading, read

MAX_SECONDS = 60.0  # of CPU for a file of some kilobytes; the slowest seen take 0.1
_MEMORY = 6 * 2**30  # of address space: what asks for more raises, instead of starving the machine
_SMALL = {"max_record_bytes": 3000, "batch_bytes": 1000, "shard_bytes": 3000}

# Beginnings of files that are not lines of UTF-8: wide encodings and compressed streams.
_NOT_PLAIN = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\x1f\x8b", b"BZ", b"\x28\xb5", b"\xfd7")
_SKIPPABLE = b"*M\x18"


def main(seed: int, executions: int, folder: Path) -> None:
    limit_memory()
    draw = random.Random(seed)
    sound = list(sound_files())
    outcomes: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    slowest, early = (0.0, ""), 0
    for name, data in sound:
        check(folder / name, data, {})
    # 25 MB of stop words, kept from the first page on that wants them, and that may come late.
    classify_paragraphs([], jt_stoplist_init())
    for number in range(executions):
        name, data = draw.choice(sound)
        if draw.random() < 0.1:
            data = data[: draw.randint(0, len(data))] + draw.choice(sound)[1]
        settings = draw.choice(({}, {}, _SMALL))
        started = time.process_time()
        outcomes[check(folder / name, mutated(data, draw), settings)] += 1
        slowest = max(slowest, (time.process_time() - started, name))
        assert slowest[0] < MAX_SECONDS, f"{name} took {slowest[0]:.1f} s"
        formats[name.partition(".")[2]] += 1
        if number == executions // 4:
            early = bytes_in_use()
    grown = bytes_in_use() - early
    found = {"executions": executions, "outcomes": outcomes, "formats": formats, "slowest": slowest, "grown": grown}
    sys.stdout.write(json.dumps(found) + "\n")


def check(path: Path, data: bytes, settings: dict[str, int]) -> str:
    """Reads the file twice. Returns what became of it; raises for anything but a result that adds up or the user's error."""
    path.write_bytes(data)
    first, second = outcome(path, settings), outcome(path, settings)
    assert rows(first) == rows(second), "the same input gave two results"
    if isinstance(first, str):
        assert len(first) < 5_000, "an error of many pages"
        return "refused"
    if path.suffix == ".jsonl" and not data.startswith(_NOT_PLAIN) and data[1:4] != _SKIPPABLE:
        assert first.corpus["records"] == sum(not is_blank(line) for line in data.split(b"\n")), "a line has vanished"
    path.unlink()
    return "documents" if first.documents and not first.quarantine else "some" if first.documents else "none"


def outcome(path: Path, settings: dict[str, int]) -> Reading | str:
    try:
        return read(path, policy="number", **settings)
    except UserError as error:
        return str(error)


def rows(found: Reading | str) -> object:
    return found if isinstance(found, str) else (found.documents, found.quarantine)


def limit_memory() -> None:
    """From now on this process gets no more than so much."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


class _Mallinfo(ctypes.Structure):
    """What glibc's mallinfo2 returns."""

    _fields_ = [(f"field{number}", ctypes.c_size_t) for number in range(10)]


def bytes_in_use() -> int:
    """Of malloc, of Arrow's pool and of Python's own blocks (at 64 bytes each), without what lies free between them.

    A leak is seen in a thousandth of what the resident set swings by: that goes up with the largest file so far.
    """
    gc.collect()
    used: int = pa.total_allocated_bytes() + 64 * sys.getallocatedblocks()
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:  # another library than glibc
        return used
    mallinfo.restype = _Mallinfo
    told = mallinfo()
    return used + int(told.field4 + told.field7)  # mapped by themselves, and in the heap


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
