"""Packed files become work files: the same records, whatever was there before."""

import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.readers import InputSpec, plan_input, unpack
from tests.readers.reading import compress, read, write_bytes, write_jsonl

CSV_LINES = [
    b"1,plain",
    b'2,"quoted, with a comma"',
    b'3,"over',
    b'two lines"',
    b'4,"closed" badly',
    b'5,6" wide',
    b"",
    b"  ",
    b"only one",
    b"6,three,fields",
    b"7,caf\xe9 latin",
    b"8," + b"x" * 150,
    b'"9","a ""word"""',
    b"10,carriage\rreturn",
    b"\r",
]
UNREADABLE = [b"", b"", b"11,\x00\x81\x8d\xff\xfe", b"12," + b"y" * 300]


def lines_of(count: int) -> list[bytes]:
    """Records that pack three to one, with blank and broken lines between them."""
    draw = random.Random(3)
    words = [f"{draw.getrandbits(24):x}" for _ in range(300)]
    lines = [json.dumps({"text": " ".join(draw.choices(words, k=400)), "n": n}).encode() for n in range(count)]
    lines[7], lines[11], lines[count // 2] = b"", b'{"text": ', b"\xff\xfe not text \x00"
    return lines


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_a_packed_file_becomes_tasks_as_a_plain_one_does(suffix: str, tmp_path: Path) -> None:
    """Documents, ids, positions and what fails are those of the plain file, and of one that is read in one go."""
    plain = read(write_jsonl(tmp_path / "plain" / "a.jsonl", lines_of(500)))
    path = write_jsonl(tmp_path / f"a.jsonl{suffix}", lines_of(500))
    whole, cut = read(path), read(path, shard_bytes=200_000)
    assert (plain.tasks, whole.tasks) == (1, 1)
    assert cut.tasks >= 4
    assert (cut.documents, cut.quarantine) == (whole.documents, whole.quarantine)
    assert cut.column("text") == plain.column("text")
    assert cut.reasons == plain.reasons


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32-be"])
def test_a_wide_file_becomes_tasks_and_keeps_its_label(encoding: str, tmp_path: Path) -> None:
    """It is no UTF-8, and cannot be cut by bytes; documents tell what it was."""
    text = "\ufeff" + "".join(json.dumps({"text": f"Größe {n} " + "x" * 3000}) + "\n" for n in range(300))
    reading = read(write_bytes(tmp_path / "a.jsonl", text.encode(encoding)), shard_bytes=200_000)
    assert reading.tasks > 1
    assert set(reading.column("encoding")) == {encoding}
    assert reading.column("doc_id") == [f"a.jsonl#{n}" for n in range(1, 301)]


@pytest.mark.parametrize("shard_bytes", [100_000, 300_000])
@pytest.mark.parametrize(("suffix", "cut_off"), [("", False), (".gz", False), (".gz", True)])
def test_what_cannot_be_read_is_the_same_however_it_is_cut(shard_bytes: int, suffix: str, cut_off: bool, tmp_path: Path) -> None:
    """Lines over the limit, one behind the other too, of many shards or of nothing but spaces; and the place where a stream breaks."""
    lines = lines_of(400)
    lines[20] = lines[21] = lines[-1] = b'{"text": "%s"}' % (b"y" * 9000)
    if not cut_off:
        lines[23], lines[25], lines[27] = b" " * 400_000, b" " * 7000, b"z" * 700_000
    packed = compress(b"\n".join(lines), suffix)
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed[: len(packed) * 2 // 3] if cut_off else packed)
    whole, cut = (read(path, max_record_bytes=8000, **portions) for portions in ({}, {"shard_bytes": shard_bytes}))
    assert (cut.documents, cut.quarantine) == (whole.documents, whole.quarantine)
    assert cut.tasks > 1
    reasons = [reason.split(" (")[0] for _, reason in cut.reasons]
    assert reasons.count("too long") == (2 if cut_off else 5)
    assert reasons.count("cut off") == cut_off


def test_a_work_file_that_is_noted_is_not_written_again(tmp_path: Path) -> None:
    """A process that was killed left some of them; the others are made, and the pieces are the same."""
    path = write_jsonl(tmp_path / "a.jsonl.gz", lines_of(400))
    [task] = plan_input(InputSpec(str(path), shard_bytes=200_000), None).tasks
    folder = tmp_path / "unpacked"
    made = unpack(str(folder), task)
    files = {file: file.read_bytes() for file in sorted(folder.glob("*.jsonl"))}
    notes = sorted(folder.glob("*.json"))
    assert len(files) == len(made["pieces"]) == len(notes) + 1 >= 4
    stamps = {file: file.stat().st_mtime_ns for file in files}
    for lost in (*list(files)[2:], *notes[2:]):
        lost.unlink()
    assert unpack(str(folder), task) == made == json.loads(json.dumps(made))
    assert {file: file.read_bytes() for file in folder.glob("*.jsonl")} == files
    assert {file: file.stat().st_mtime_ns for file in list(files)[:2]} == {file: stamps[file] for file in list(files)[:2]}


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(CSV_LINES), min_size=3, max_size=25),
    st.sampled_from(["a.csv", "a.tsv", "a.csv.bz2", "a.jsonl.gz"]),
    st.integers(1, 100),
    st.integers(0, 9),
    st.booleans(),
)
@example([b"1,plain", b'3,"over', b"1,plain", b'4,"closed" badly', b"1,plain"], "a.csv", 5, 1, True)
@example([b"1,\rplain", b"2,plain\r", b"3,no line feed\rbehind this"], "a.csv", 1, 2, False)
def test_rows_are_the_same_wherever_unpacking_was_killed(
    tmp_path: Path, lines: list[bytes], name: str, shard_bytes: int, kept: int, marked: bool
) -> None:
    """With so many notes kept, and with a byte order mark or without: the pieces are those of an unpacking that went through."""
    shutil.rmtree(tmp_path / "unpacked", ignore_errors=True)
    first = b"\xef\xbb\xbf" * marked + (b"id,text\n" if "csv" in name else b"id\ttext\n" if "tsv" in name else b'{"text": "x"}\n')
    path = write_bytes(tmp_path / name, first + b"\n".join(lines).replace(b",", b"\t" if "tsv" in name else b","))
    [task] = plan_input(InputSpec(str(path), shard_bytes=shard_bytes, max_record_bytes=200), None).tasks
    if not task.packed:
        return
    folder = tmp_path / "unpacked"
    made = unpack(str(folder), task)
    files = {file: file.read_bytes() for file in folder.glob("*.[jct]s[ov]*")} if folder.exists() else {}
    for number, note in enumerate(sorted(folder.glob("*.json"))):
        if number >= kept:
            note.unlink()
    assert unpack(str(folder), task) == made
    assert {file: file.read_bytes() for file in files if file.suffix != ".json"} == {
        file: data for file, data in files.items() if file.suffix != ".json"
    }


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(CSV_LINES), max_size=25),
    st.sampled_from(UNREADABLE),
    st.sampled_from(["a.csv", "a.tsv", "a.csv.gz", "a.csv.zst"]),
    st.integers(1, 120),
    st.booleans(),
)
@example([b"1,plain", b'3,"over', b"1,plain", b'4,"closed" badly', b"1,plain"], b"", "a.csv", 5, True)
@example([b'3,"over', b"  ", b"8," + b"x" * 150, b"8," + b"x" * 150], b"", "a.csv", 1, False)
def test_rows_are_the_same_however_a_file_is_cut(
    tmp_path: Path, lines: list[bytes], last: bytes, name: str, shard_bytes: int, ends: bool
) -> None:
    """Quotes that span lines, that are not closed or stand where none may, blank lines, what is no UTF-8, and what is too long."""
    for old in tmp_path.iterdir():
        old.unlink()
    data = b"\n".join([b"id,text", *lines, last]) + b"\n" * ends
    write_bytes(tmp_path / name, data.replace(b",", b"\t") if "tsv" in name else data)
    wanted: dict[str, Any] = {"path": tmp_path, "policy": "number", "max_record_bytes": 200}
    whole, cut = read(**wanted), read(**wanted, shard_bytes=shard_bytes)
    assert (cut.documents, cut.quarantine) == (whole.documents, whole.quarantine)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.xz"])
def test_a_large_csv_becomes_tasks(name: str, tmp_path: Path) -> None:
    """Each with the header above its rows, and lines and records numbered as in the file."""
    rows = [b'%d,"story %d\n\nwith ""quotes"" %s"' % (n, n, b"x" * 50) for n in range(200)]
    rows[50], rows[120] = b"ragged", b'120,"unclosed'
    path = write_bytes(tmp_path / name, b"n,text\n" + b"\n".join(rows))
    whole, cut = read(path), read(path, shard_bytes=1000)
    assert (whole.tasks, len(whole.documents)) == (1, 198)
    assert cut.tasks >= 5
    assert (cut.documents, cut.quarantine) == (whole.documents, whole.quarantine)
    assert cut.column("doc_id")[-1] == f"{name}#200"


def test_fields_are_no_longer_than_they_may_be_in_a_process_that_reads_its_first_csv(tmp_path: Path) -> None:
    """Python's own limit of a field is 131,072 characters: past it a document of many lines became as many rows."""
    text = "\n".join(["a line of words, many"] * 8000)
    path = write_bytes(tmp_path / "a.csv", b"text,n\n" + b"".join(b'"%s",%d\n' % (text.encode(), n) for n in range(9)))
    before = csv.field_size_limit(131_072)
    try:
        [task] = plan_input(InputSpec(str(path), shard_bytes=300_000), None).tasks
        pieces = unpack(str(tmp_path / "unpacked"), task)["pieces"]
    finally:
        csv.field_size_limit(before)
    assert [piece["first_record"] for piece in pieces] == [1, 3, 5, 7, 9]
    assert read(path, shard_bytes=300_000).column("text") == [text] * 9


@pytest.mark.parametrize(
    ("mebibytes", "shard_bytes", "tasks"), [(3, 2**26, 1), (5, 2**26, 2), (33, 2**26, 8), (33, 2**21, 17), (65, 2**23, 9)]
)
def test_an_input_of_a_few_shards_is_cut_into_eight(mebibytes: int, shard_bytes: int, tasks: int, tmp_path: Path) -> None:
    """Of four mebibytes at least, and never larger than was asked for: so that all workers have something to do."""
    path = write_bytes(tmp_path / "a.jsonl", (b'{"text": "%s"}\n' % (b"x" * 1011)) * 1024 * mebibytes)
    plan = plan_input(InputSpec(str(path), shard_bytes=shard_bytes), None)
    assert len(plan.tasks) == tasks
    sizes = [piece.size for task in plan.tasks for piece in task.pieces]
    assert sum(sizes) == path.stat().st_size
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("limit", "shard_bytes"), [(3, 1000), (None, 10**9)])
def test_what_needs_no_unpacking_is_read_as_it_is(limit: int | None, shard_bytes: int, tmp_path: Path) -> None:
    """The first few records, and a file of no more than a shard."""
    path = write_jsonl(tmp_path / "a.jsonl.gz", lines_of(400))
    tasks: list[Any] = plan_input(InputSpec(str(path), shard_bytes=shard_bytes), limit).tasks
    assert [task.packed for task in tasks] == [False]
