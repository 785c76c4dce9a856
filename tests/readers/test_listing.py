"""Which files are read, in which order, and what is said about the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.readers import InputSpec, describe_input, plan_input
from tests.readers.reading import read, write_bytes
from tests.support import REPO


def names(path: Path) -> list[str]:
    return [piece.name for task in plan_input(InputSpec(str(path)), None).tasks for piece in task.pieces]


def test_files_are_found_in_folders_below_and_sorted(tmp_path: Path) -> None:
    """By relative name, whatever order the file system gives."""
    for name in ("b.txt", "a/2.txt", "a/10.txt", "a.txt", "c/d/e.TXT"):
        write_bytes(tmp_path / name, b"text")
    assert names(tmp_path) == ["a.txt", "a/10.txt", "a/2.txt", "b.txt", "c/d/e.TXT"]


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """With the path as it was given."""
    with pytest.raises(UserError, match=r"nowhere: no such file or folder"):
        names(tmp_path / "nowhere")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """So is one with nothing that we read, which names what there is."""
    with pytest.raises(UserError, match="the folder is empty"):
        names(tmp_path)
    write_bytes(tmp_path / "page.doc", b"text")
    with pytest.raises(UserError, match=r"no file to read among 1 \(page\.doc: unknown format\)"):
        names(tmp_path)


def test_a_single_file_of_unknown_format_is_an_error(tmp_path: Path) -> None:
    """The way out is named."""
    with pytest.raises(UserError, match=r"page\.doc: its name tells no format that we read; set input\.format"):
        names(write_bytes(tmp_path / "page.doc", b"text"))


def test_files_of_unknown_format_are_skipped_and_listed(tmp_path: Path) -> None:
    """A README beside the data stops nothing and is not forgotten."""
    write_bytes(tmp_path / "a.txt", b"text")
    write_bytes(tmp_path / "sub" / "README.md", b"text")
    assert plan_input(InputSpec(str(tmp_path)), None).skipped == [("sub/README.md", "unknown format")]


def test_links_do_not_lead_out_of_the_folder_nor_round_in_it(tmp_path: Path) -> None:
    """A loop, a link to a folder or file elsewhere and a dangling one are harmless; one to a file inside is a file."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    write_bytes(inside / "a.txt", b"text")
    write_bytes(outside / "secret.txt", b"secret")
    (inside / "loop").symlink_to(inside)
    (inside / "folder").symlink_to(outside)
    (inside / "b.txt").symlink_to(outside / "secret.txt")
    (inside / "c.txt").symlink_to(inside / "nothing")
    (inside / "d.txt").symlink_to(inside / "a.txt")
    os.mkfifo(inside / "e.txt")
    plan = plan_input(InputSpec(str(inside)), None)
    assert names(inside) == ["a.txt", "d.txt"]
    assert plan.skipped == [
        ("b.txt", "a link out of the input folder, or to nothing"),
        ("c.txt", "a link out of the input folder, or to nothing"),
        ("e.txt", "not a regular file"),
    ]


def test_a_file_that_links_to_itself_is_skipped(tmp_path: Path) -> None:
    """A loop of one."""
    (tmp_path / "a.txt").symlink_to(tmp_path / "a.txt")
    write_bytes(tmp_path / "b.txt", b"text")
    assert names(tmp_path) == ["b.txt"]


def test_the_input_itself_may_be_a_link(tmp_path: Path) -> None:
    """The user named it."""
    write_bytes(tmp_path / "real" / "a.txt", b"text")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(tmp_path / "link") == ["a.txt"]


@pytest.mark.parametrize("unreadable", ["a.txt", "sub"])
def test_what_may_not_be_read_is_an_error(tmp_path: Path, unreadable: str) -> None:
    """Before any work is done; asked in a process without root's rights, which know no locked files."""
    tmp_path.chmod(0o755)
    write_bytes(tmp_path / "a.txt", b"text")
    write_bytes(tmp_path / "sub" / "b.txt", b"text")
    (tmp_path / unreadable).chmod(0)
    code = f"""
import os, sys
if os.getuid() == 0:
    os.chdir({str(tmp_path)!r})
    try:
        os.setgid(65534); os.setuid(65534)
    except OSError:
        sys.exit("no right to be nobody")
from pipeline.readers.listing import list_files
from pipeline.errors import UserError
try:
    list_files({"." if os.getuid() == 0 else str(tmp_path)!r}, "auto")
except UserError as error:
    print(error)
"""
    imports_first = "import pipeline.readers.listing, pipeline.errors\n" + code
    done = subprocess.run([sys.executable, "-c", imports_first], capture_output=True, text=True, cwd=REPO, check=False)
    (tmp_path / unreadable).chmod(0o755)
    if "no right to be nobody" in done.stderr:
        pytest.skip("this superuser may not become another user, as in some containers")
    assert done.stdout.strip().endswith(f"{unreadable}: cannot be read (Permission denied)")


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    """The id shows the byte."""
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "wb") as stream:
        stream.write(b"text")
    assert read(tmp_path).column("doc_id") == ["caf\\xe9.txt"]


def test_a_tilde_that_is_no_users_home_is_a_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell; word processors name their drafts so."""
    monkeypatch.chdir(tmp_path)
    write_bytes(tmp_path / "~$draft.txt", b"text")
    assert read(".").column("doc_id") == read("~$draft.txt").column("doc_id") == ["~$draft.txt"]
    with pytest.raises(UserError, match="~no such user/in: no such file or folder"):
        read("~no such user/in")


def test_the_fingerprint_tells_a_changed_file(tmp_path: Path) -> None:
    """Names, sizes, times and edges; it is plain JSON, and the same for the same files."""
    path = write_bytes(tmp_path / "a.txt", b"text")
    spec = InputSpec(str(tmp_path))
    before = plan_input(spec, None).fingerprint
    stamp = path.stat().st_mtime_ns
    assert before["files"]["a.txt"][:2] == [4, stamp]
    assert before == json.loads(json.dumps(before)) == plan_input(spec, None).fingerprint
    path.write_bytes(b"texts")
    assert before != plan_input(spec, None).fingerprint
    path.write_bytes(b"TEXT")
    os.utime(path, ns=(stamp, stamp))
    assert before != plan_input(spec, None).fingerprint


def test_small_files_share_a_task(tmp_path: Path) -> None:
    """As many as fill a shard; a file that fills one alone stays alone."""
    for number in range(10):
        write_bytes(tmp_path / f"{number}.txt", b"x" * (1000 if number == 7 else 100))
    plan = plan_input(InputSpec(str(tmp_path), shard_bytes=350), None)
    assert [[piece.name[0] for piece in task.pieces] for task in plan.tasks] == [
        list("012"),
        list("345"),
        ["6"],
        ["7"],
        list("89"),
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("*/*.txt", ["2020/b.txt", "2021/c.txt"]),
        ("202[1-9]/*.txt", ["2021/c.txt"]),
        ("**/*.txt", ["2020/b.txt", "2021/c.txt", "2021/deep/d.txt", "a.txt"]),
        ("2021/**/d.???", ["deep/d.txt"]),
        ("2021/**", ["c.txt", "deep/d.txt"]),
        ("**/c.txt", ["2021/c.txt"]),
    ],
)
def test_a_pattern_takes_the_files_that_match(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    """Names are relative to the first folder that is named without signs; hidden files and linked folders are passed over."""
    for name in ("a.txt", "2020/b.txt", "2021/c.txt", "2021/deep/d.txt", ".hidden/e.txt"):
        write_bytes(tmp_path / name, b"text")
    (tmp_path / "2021" / "loop").symlink_to(tmp_path)
    assert names(tmp_path / pattern) == expected


def test_a_pattern_that_nothing_matches_is_an_error(tmp_path: Path) -> None:
    """A path with such a sign that is there is that path."""
    with pytest.raises(UserError, match=r"no file matches; look at input\.path"):
        names(tmp_path / "*.txt")
    assert names(write_bytes(tmp_path / "[a].txt", b"text")) == ["[a].txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every folder")
def test_a_pattern_does_not_enter_folders_that_it_cannot_match(tmp_path: Path) -> None:
    """A closed folder beside the data is nobody's mistake."""
    write_bytes(tmp_path / "a.txt", b"text")
    (tmp_path / "closed").mkdir(mode=0o000)
    assert names(tmp_path / "*.txt") == ["a.txt"]


def test_what_will_be_read_is_told_before(tmp_path: Path) -> None:
    """Files and bytes by format, and some of what is passed over."""
    for name in ("a.txt", "b.txt", "c.jsonl", "x.md", "y.md", "z.md", "zz.md"):
        write_bytes(tmp_path / name, b"text")
    assert describe_input(InputSpec(str(tmp_path))) == [
        "jsonl: 1 file, 4 bytes",
        "text: 2 files, 8 bytes",
        "not read: x.md (unknown format)",
        "not read: y.md (unknown format)",
        "not read: z.md (unknown format)",
        "not read: 1 more",
    ]
