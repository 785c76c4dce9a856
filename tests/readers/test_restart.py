"""Reading that begins within a packed stream: the same bytes and errors as from its beginning, of which little is read again."""

import bz2
import json
import lzma
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.files import open_ipc
from pipeline.readers import InputSpec, plan_input, read_task, streams, unpack, unpacked_tasks
from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.bzip2_blocks import find_mark
from pipeline.readers.compression import decompress
from pipeline.readers.gzip_members import block_starts
from pipeline.readers.restart import BEGINNING, RestartPoint, RestartPoints
from pipeline.storage import CHUNK_BYTES
from tests.readers.reading import read
from tests.runs import wait_until
from tests.support import REPO

COMPRESSIONS = [("gzip", ".gz"), ("bzip2", ".bz2"), ("zstd", ".zst"), ("xz", ".xz")]
MARK, END = bytes.fromhex("314159265359"), bytes.fromhex("177245385090")  # of a bzip2 block, and of the last one's end


def words(count: int, seed: int = 7) -> bytes:
    """Text of so many bytes that packs two to one."""
    return random.Random(seed).randbytes(count // 2).hex().encode()


def packed(data: bytes, suffix: str, parts: int = 1) -> bytes:
    """In so many members, frames or streams; with blocks as small as they come."""
    frame = zstandard.ZstdCompressor(1, write_checksum=True).compress
    packs: dict[str, Callable[[bytes], bytes]] = {
        ".gz": _gzip,
        ".bz2": partial(bz2.compress, compresslevel=1),
        ".zst": frame,
        ".xz": _xz,
    }
    pack = packs[suffix]
    step = -(-len(data) // parts)
    return b"".join(pack(data[at : at + step]) for at in range(0, len(data), step))


def _gzip(data: bytes) -> bytes:
    member = zlib.compressobj(1, wbits=31, memLevel=4)
    return member.compress(data) + member.flush()


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


def chunks(data: bytes, start: int = 0) -> Iterator[bytes]:
    """From a byte on, cut where those from the beginning are."""
    ends = [start, *(at for at in range(0, len(data), CHUNK_BYTES) if at > start), len(data)]
    return (data[begin:end] for begin, end in pairwise(ends))


def outcome(
    data: bytes, compression: str, begin: RestartPoint = BEGINNING, points: RestartPoints | None = None
) -> tuple[bytes, str]:
    """All bytes that come out, and why no more do."""
    out: list[bytes] = []
    try:
        out.extend(decompress(chunks(data, begin.packed), compression, begin=begin, points=points))  # type: ignore[arg-type]
    except BrokenStreamError as error:
        return b"".join(out), str(error)
    return b"".join(out), ""


class Noted(RestartPoints):
    """Keeps every point."""

    def __init__(self, spacing: int) -> None:
        super().__init__(spacing)
        self.all: list[RestartPoint] = []

    def add(self, point: RestartPoint) -> None:
        super().add(point)
        self.all.append(point)


@pytest.mark.parametrize(("compression", "suffix"), COMPRESSIONS)
@pytest.mark.parametrize("damage", ["none", "cut off", "checksum", "within"])
def test_a_stream_goes_on_at_each_point(compression: str, suffix: str, damage: str) -> None:
    """The bytes that were not yet there, and the same error at the same place."""
    data = packed(words(1_600_000), suffix, 6 if suffix in (".zst", ".xz") else 1)
    place = {"checksum": -6, "within": -len(data) // 10}.get(damage)
    if place is not None:
        data = data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :]
    data = data[:-1000] if damage == "cut off" else data
    points = Noted(200_000)
    whole, error = outcome(data, compression, points=points)
    assert (damage == "none") == (error == "")
    assert len(points.all) >= 2
    assert outcome(data, compression) == (whole, error)
    for point in points.all[:: max(1, len(points.all) // 2)]:
        assert outcome(data, compression, point) == (whole[point.unpacked :], error)
    again = Noted(1)
    assert outcome(data, compression, points.all[0], again) == (whole[points.all[0].unpacked :], error)
    assert outcome(data, compression, again.all[-1]) == (whole[again.all[-1].unpacked :], error)


@pytest.mark.parametrize(("level", "window"), [(1, 15), (6, 15), (9, 9)])
def test_a_member_can_be_entered_whoever_packed_it(level: int, window: int) -> None:
    """A point every few hundred kilobytes, with a small window too; zlib's level decides only how good the codes are."""
    member = zlib.compressobj(level, wbits=16 + window)
    text = words(3_000_000)
    data = member.compress(text) + member.flush()
    points = Noted(1)
    assert outcome(data, "gzip", points=points) == (text, "")
    assert len(points.all) >= 2
    assert outcome(data, "gzip", points.all[-1]) == (text[points.all[-1].unpacked :], "")


@pytest.mark.parametrize(
    "data", [random.Random(1).randbytes(400_000), b"x" * 400_000, bytes(400_000), b"", b"short", words(400_000)]
)
def test_bytes_that_are_no_deflate_have_few_places_that_look_like_a_block(data: bytes) -> None:
    """Those are tried out, so that none is taken; but each costs."""
    assert len(list(block_starts(data))) <= 2


def test_a_member_without_blocks_of_its_own_codes_has_no_point() -> None:
    """Stored text, as gzip leaves what does not pack."""
    member = zlib.compressobj(0, wbits=31)
    points = Noted(1)
    data = member.compress(words(1_000_000)) + member.flush()
    assert outcome(data, "gzip", points=points) == (words(1_000_000), "")
    assert not any(point.state for point in points.all)


@given(st.lists(st.sampled_from([b"\x31\x41", MARK, MARK[:5], END, b"\0", b"\xff"]), max_size=6), st.integers(0, 7))
def test_marks_of_blocks_are_found_at_every_bit(parts: list[bytes], shift: int) -> None:
    """The first at or behind a bit, among what nearly is one."""
    data = (int.from_bytes(b"\x01" + b"".join(parts)) << shift).to_bytes(len(b"".join(parts)) + 2)
    bits = "".join(f"{byte:08b}" for byte in data)
    marks = [f"{int.from_bytes(mark):048b}" for mark in (MARK, END)]
    for start in (0, 3, 9, 17):
        found = [at for mark in marks if (at := bits.find(mark, start)) >= 0]
        assert find_mark(data, start) == min(found, default=None)


def test_a_mark_within_a_block_is_text() -> None:
    """Behind the two numbers that begin each block anything may stand: here the mark, where the origin and the symbols are told."""
    data = bz2.compress(words(50_000), 1)
    broken = data[:40] + MARK + data[46:]
    assert outcome(data, "bzip2") == (words(50_000), "")
    assert outcome(broken, "bzip2") == (b"", "broken bzip2 stream (Invalid data stream)")


def test_a_bzip2_stream_with_a_block_too_few_is_broken() -> None:
    """Each of its blocks is sound: only the checksum of all tells."""
    data = packed(words(500_000), ".bz2")
    second, third = (find_mark(data, 8 * at) for at in (5, 60_000))
    assert second is not None
    assert third is not None
    bits = f"{int.from_bytes(data):0{8 * len(data)}b}"
    fewer = bits[:second] + bits[third:]
    made = int(fewer, 2) << (-len(fewer) % 8)
    whole, error = outcome(made.to_bytes(-(-len(fewer) // 8)), "bzip2")
    assert error == "broken bzip2 stream (Invalid data stream)"
    assert len(whole) < 500_000


class Counted:
    """Counts what is read of a file, and from where."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes, self.starts, self._read = 0, [0], streams.read_range
        monkeypatch.setattr(streams, "read_range", self)

    def __call__(self, path: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        self.starts.append(start)
        for chunk in self._read(path, start, stop):
            self.bytes += len(chunk)
            yield chunk


def write_input(path: Path) -> Path:
    """Some 4 MB of records, blank and broken lines among them, packed in members or frames where one cannot be entered."""
    draw, rows = random.Random(4), []
    for number in range(2000):
        text = draw.randbytes(1000).hex().encode()
        rows.append(b'%d,"%s\n%s"' % (number, text[:90], text) if ".csv" in path.name else b'{"text": "%s"}' % text)
    rows[9], rows[1300], rows[1900] = b"", b"broken", b"too, many, fields"
    data = b"id,text\n" * (".csv" in path.name) + b"\n".join(rows)
    path.write_bytes(data if path.suffix == ".csv" else packed(data, path.suffix, 8 if path.suffix in (".zst", ".xz") else 1))
    return path


NAMES = ["a.jsonl.gz", "a.jsonl.bz2", "a.jsonl.zst", "a.jsonl.xz", "a.csv.gz", "a.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_unpacking_goes_on_near_where_it_was(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two thirds most is not read again, though of so small a file a chunk is much, and the records are those of the whole."""
    path, folder = write_input(tmp_path / name), tmp_path / "unpacked"
    [task] = plan_input(InputSpec(str(path), shard_bytes=500_000), None).tasks
    counted = Counted(monkeypatch)
    all_pieces, whole_bytes = unpack(str(folder), task), counted.bytes
    notes = sorted(folder.glob("*.json"))
    assert len(notes) == len(all_pieces["pieces"]) - 1 >= 4
    left = len(notes) * 2 // 3
    for file in folder.iterdir():
        if int(file.stem.partition("-")[2]) >= left:
            file.unlink()
    stamps = {file: file.stat().st_mtime_ns for file in folder.iterdir() if file.suffix != ".json"}
    counted.bytes, counted.starts = 0, [0]
    pieces = unpack(str(folder), task)
    assert counted.bytes < whole_bytes * 0.75
    assert max(counted.starts) > path.stat().st_size * 0.3
    assert {file: file.stat().st_mtime_ns for file in stamps} == stamps
    results = [read_task(task, str(tmp_path / "read")) for task in unpacked_tasks([task], [pieces])]
    whole = read(path, policy="number")
    assert sum(result["rows"] for result in results) == len(whole.documents) >= 1990
    assert sum(result["quarantined"] for result in results) == len(whole.quarantine)


UNPACK = """
import sys
from pipeline.files import open_ipc
from pipeline.readers import InputSpec, plan_input, unpack
[task] = plan_input(InputSpec(sys.argv[1], shard_bytes=400_000), None).tasks
unpack(sys.argv[2], task)
"""


@pytest.mark.gate
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.bz2", "a.csv.gz"])
def test_unpacking_killed_again_and_again_goes_on(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each try finishes a work file or more and is killed at a seeded moment after that; what is noted never goes, no byte differs."""
    path, folder, draw = write_input(tmp_path / name), tmp_path / "unpacked", random.Random(3)
    kills, starts = 0, []
    while True:
        noted = len(list(folder.glob("*.json")))
        child = subprocess.Popen([sys.executable, "-c", UNPACK, str(path), str(folder)], cwd=REPO)
        wait_until(lambda: len(list(folder.glob("*.json"))) > noted or child.poll() is not None)  # noqa: B023 - called here
        time.sleep(draw.random() * 0.02)
        child.send_signal(signal.SIGKILL)
        if child.wait() == 0:
            break
        kills += 1
        left = sorted(folder.glob("*.json"))
        assert len(left) > noted
        starts.append(json.loads(left[-1].read_text(encoding="utf-8"))["next"]["restart"]["packed"])
    with capsys.disabled():
        print(f"\n{name}: {kills} kills; went on at bytes {starts} of {path.stat().st_size}")  # noqa: T201 - what a gate is run for
    assert starts == sorted(starts)
    [task] = plan_input(InputSpec(str(path), shard_bytes=400_000), None).tasks
    pieces = unpack(str(folder), task)
    results = [read_task(task, str(tmp_path / "read")) for task in unpacked_tasks([task], [pieces])]
    whole = read(path, policy="number")
    shards = [tmp_path / "read" / shard for result in results for shard, _, _ in result["shards"]]
    assert [row for shard in shards for row in open_ipc(shard).read_all().to_pylist()] == whole.documents
