"""What may be removed in an output folder, and whose unfinished work a run may take over."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.errors import UserError
from pipeline.files import write_json
from pipeline.output_folder import open_output
from pipeline.readers import refuse_shared_folders
from pipeline.whole import WORK
from tests.support import REPO

STAGES = ["fix_encoding"]


def values(source: Path, output: Path, stages: list[Any] | None = None) -> dict[str, Any]:
    return {"input": {"path": str(source)}, "stages": stages or STAGES, "output": {"path": str(output)}}


@pytest.mark.parametrize(
    "name",
    [
        "documents/thesis.txt",
        "documents/drafts/one.parquet",
        "edits/film.mov",
        "signatures/mine.arrow",
        "quarantine/part-1.parquet",
    ],
)
def test_overwriting_removes_nothing_that_no_run_wrote(name: str, tmp_path: Path) -> None:
    """A folder `documents` is nothing rare: where it holds other files than a run writes, the run stops before it removes any."""
    ours, theirs = tmp_path / "documents" / "part-00000.parquet", tmp_path / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    ours.parent.mkdir(exist_ok=True)
    ours.write_text("of a run")
    write_json(tmp_path / "manifest.json", {"fingerprint": {}})
    with pytest.raises(UserError, match=rf"holds '{'/'.join(name.split('/')[:2])}', which no run wrote"):
        open_output(tmp_path, {}, overwrite=True)
    assert theirs.read_text() == "mine"
    assert ours.exists()
    assert (tmp_path / "manifest.json").exists()


def test_overwriting_removes_what_runs_leave(tmp_path: Path) -> None:
    """Results, half-written files of killed runs, work."""
    for name in (
        "documents/part-00000.parquet",
        "documents/part-123456.parquet",
        "signatures/part-00000.arrow",
        f"{WORK}/read/x.arrow",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "documents" / "part-00001.parquet.17.tmp").write_text("x")
    assert open_output(tmp_path, {}, overwrite=True) is None
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["run.json"]


@pytest.mark.parametrize("name", ["documents/part-00007.parquet", f"{WORK}/done/read/00000.json"])
def test_what_cannot_be_removed_is_not_mixed_with_a_new_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that stay would be read with the new ones, marks that stay be taken for finished work: the run stops."""
    left = tmp_path / name
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(UserError, match="cannot be removed"):
        open_output(tmp_path, {}, overwrite=True)
    assert not (tmp_path / WORK / "run.json").exists()


def test_work_that_is_being_removed_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle, some marks are left without their data: the run that they were of does not take them up."""
    assert open_output(tmp_path, {"limit": 1}, overwrite=False) is None
    mark = tmp_path / WORK / "done" / "read" / "00000.json"
    write_json(mark, {})

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            open_output(tmp_path, {"limit": 2}, overwrite=True)
    assert mark.exists()
    assert open_output(tmp_path, {"limit": 1}, overwrite=False) is None
    assert not mark.exists()


def test_a_manifest_of_another_program_is_no_result(tmp_path: Path) -> None:
    """It is told in a sentence, and stays."""
    for text in ('{"name": "my web app"}', "[]", "not JSON"):
        (tmp_path / "manifest.json").write_text(text)
        for overwrite in (False, True):
            with pytest.raises(UserError, match=r"manifest\.json: no run wrote it"):
                open_output(tmp_path, {}, overwrite=overwrite)
        assert (tmp_path / "manifest.json").read_text() == text


@pytest.mark.parametrize("path", ["documents", "documents/part-00000.parquet", "documents/*.parquet", "."])
def test_a_corpus_is_not_cleaned_into_its_own_folder(path: str, tmp_path: Path) -> None:
    """With --overwrite the run would remove its own input before it reads it."""
    out = tmp_path / "out"
    pipeline.run(values(REPO / "seeds", out), workers=1)
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    with pytest.raises(UserError, match="name another path"):
        pipeline.run(values(out / path, out), workers=1, overwrite=True)
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("stage", ["drop_near_duplicates: against", "strip_repeated_lines: counts"])
def test_a_run_does_not_overwrite_what_it_goes_by(stage: str, tmp_path: Path) -> None:
    """Signatures and line counts of an earlier output are read long after the output folder is made ready."""
    out = tmp_path / "out"
    stages: list[Any] = ["fix_encoding", {"strip_repeated_lines": {"keep_counts": True}}, "drop_near_duplicates"]
    pipeline.run(values(REPO / "seeds", out, stages), workers=1)
    name, setting = stage.split(": ")
    with pytest.raises(UserError, match=f"{setting}.*name another path"):
        pipeline.run(values(REPO / "seeds", out, ["fix_encoding", {name: {setting: [str(out)]}}]), workers=1, overwrite=True)
    assert pipeline.open_result(out).counts["kept"] == 4


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("s3://bucket/out/documents", "s3://bucket/out"),
        ("s3://bucket", "s3://bucket/out"),
        ("s3://bucket/out/*.csv", "s3://bucket/out/"),
    ],
)
def test_input_and_output_lie_apart_in_a_store_too(source: str, output: str) -> None:
    """One within the other is refused before the store is asked for anything."""
    with pytest.raises(UserError, match="name another path"):
        refuse_shared_folders(source, output)


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("s3://bucket/in", "s3://bucket/out"),
        ("s3://bucket/out-1", "s3://bucket/out"),
        ("s3://one", "s3://two"),
        ("https://a.example/out/x.csv", "out"),
    ],
)
def test_neighbours_are_no_shared_folders(source: str, output: str) -> None:
    """A name that begins alike is another folder."""
    refuse_shared_folders(source, output)


def reading(path: str) -> dict[str, Any]:
    """As much of a run's fingerprint as tells where it reads."""
    return {"run_file": {"input": {"path": path, "format": "auto"}, "stages": []}, "limit": None}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("in", "in/"),
        ("in/", "in"),
        ("./in", "in"),
        ("in//news/*.csv", "./in/news/*.csv"),
        ("/data/in", "file:///data/in/"),
        ("~/in", "~/in/"),
        ("s3://bucket/in/", "s3://bucket/in"),
        ("-", "-"),
    ],
)
def test_an_input_by_another_form_of_its_path_is_the_same(before: str, now: str, tmp_path: Path) -> None:
    """A shell completes the name of a folder with a slash; what earlier runs left as it was written is met too."""
    write_json(tmp_path / "manifest.json", {"fingerprint": reading(before)})
    assert open_output(tmp_path, reading(now), overwrite=False) == {"fingerprint": reading(before)}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("in", "in2"),
        ("in", "/in"),
        ("link/../in", "in"),
        ("in", "in/*"),
        ("s3://bucket/in", "s3://bucket/IN"),
        ("s3://bucket/a//b", "s3://bucket/a/b"),
        ("https://a.example/in", "in"),
    ],
)
def test_an_input_by_another_path_is_refused(before: str, now: str, tmp_path: Path) -> None:
    """What only looks alike may be another folder, or another object of a store."""
    write_json(tmp_path / "manifest.json", {"fingerprint": reading(before)})
    with pytest.raises(UserError, match=r"changed since: run_file\.input\.path\)"):
        open_output(tmp_path, reading(now), overwrite=False)


def test_the_same_command_with_a_slash_has_nothing_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest keeps the path as it was written first."""
    monkeypatch.chdir(REPO)
    for source in ("seeds/", "./seeds", "seeds"):
        given = {"input": {"path": source}, "stages": STAGES, "output": {"path": str(tmp_path / "out")}}
        result = pipeline.run(given, workers=1)
        assert result.unchanged == (source != "seeds/")
        assert result.manifest["fingerprint"]["run_file"]["input"]["path"] == "seeds/"


def interrupted(source: Path, output: Path, where: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], pipeline.RunResult]:
    """The run that goes on with one which was stopped when all was read; called with `where` for its working folder."""
    monkeypatch.chdir(where)

    class Stop:
        def start(self, name: str, total: int) -> None:
            if name == "measure":
                raise KeyboardInterrupt

        def advance(self) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(values(source, output), workers=1, progress=Stop())
    return lambda: pipeline.run(values(source, output), workers=1)


def test_work_is_taken_up_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler begins elsewhere than a shell: the same output by another relative path is the same run."""
    (tmp_path / "elsewhere").mkdir()
    interrupted(REPO / "seeds", Path("out"), tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = pipeline.run(values(REPO / "seeds", Path("../out")), workers=1)
    monkeypatch.chdir(tmp_path)
    assert result.documents.count_rows() == 5


def test_work_in_a_folder_that_was_moved_is_not_mixed_with_anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is finished names its files by their paths: where the folder lay there may be the work of another run by now."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("Another text altogether.")
    out, moved = tmp_path / "out", tmp_path / "moved"
    interrupted(REPO / "seeds", out, tmp_path, monkeypatch)
    out.rename(moved)
    interrupted(other, out, tmp_path, monkeypatch)
    with pytest.raises(UserError, match=f"moved.*was begun as {out}.*--overwrite"):
        pipeline.run(values(REPO / "seeds", moved), workers=1)
    shutil.rmtree(out)
    moved.rename(out)
    assert pipeline.run(values(REPO / "seeds", out), workers=1).documents.count_rows() == 5
