"""Output and work folder in object stores: the bytes of a local run, whole or absent, whatever happens on the way."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.cli import app
from pipeline.errors import TransferError, UserError
from pipeline.exits import guarded
from pipeline.files import write_json
from pipeline.lock import LOCK, locked
from pipeline.output_folder import open_output
from pipeline.storage import place, retries, scratch_file, upload
from pipeline.verify import verify
from pipeline.whole import whole
from tests.kills import Child
from tests.runs import DEFAULT_STAGES, SMALL, make_corpus, parquet_bytes, run_file, wait_until
from tests.runs import pipeline as command
from tests.storage.stores import FlakyWrites, Store, fsspec, memory_store, own_name, s3_store
from tests.support import REPO

STAGES: list[Any] = [{"strip_repeated_lines": {"keep_counts": True}} if "lines" in name else name for name in DEFAULT_STAGES]
REPORTS = ("report.html", "report.json", "manifest.json")


# On S3 a run of the seeds makes a thousand requests, each some ten milliseconds of the server that runs in this process.
slow_on_s3 = pytest.mark.parametrize("store", ["memory", pytest.param("s3", marks=pytest.mark.gate)], indirect=True)


def values(output: str | Path, stages: list[Any] = STAGES, **more: str) -> dict[str, Any]:
    """The seeds, with everything that an output can hold."""
    return {"input": {"path": str(REPO / "seeds")}, "stages": stages, "output": {"path": str(output), **more}}


def data_bytes(folder: Path) -> dict[str, bytes]:
    """What an output holds besides what is told of it, by name."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*") if path.name not in REPORTS}
    return {name: data for name, data in found.items() if LOCK not in name}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> pipeline.RunResult:
    return pipeline.run(values(tmp_path_factory.mktemp("local") / "out"), workers=1)


@pytest.fixture(scope="module")
def s3() -> Iterator[Store]:
    with s3_store({}) as store:
        yield store


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest, s3: Store) -> Iterator[Store]:
    if request.param == "s3":
        yield s3
        return
    with memory_store({}) as empty:
        yield empty


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store that fails as it is told."""
    monkeypatch.setitem(import_module("fsspec.registry")._registry, "gs", FlakyWrites)
    monkeypatch.setattr(retries, "WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(FlakyWrites, "failures", [])
    FlakyWrites.store.clear()
    return "gs://bucket/out"


def test_a_whole_run_in_a_store_writes_the_bytes_of_a_local_one(store: Store, local: pipeline.RunResult, tmp_path: Path) -> None:
    """Output and work folder; then all that reads an output, by its URL, and the same run again."""
    url = store.url(f"{own_name(tmp_path)}/out")
    result = pipeline.run(values(url), workers=1)
    assert data_bytes(result.output) == data_bytes(local.output)
    assert sorted(path.name for path in result.output.iterdir()) == sorted(path.name for path in local.output.iterdir())
    assert list(verify(result.output)) == []
    opened = pipeline.open_result(url)
    assert opened.counts == result.counts == local.counts
    assert opened.documents.to_table().equals(local.documents.to_table())
    assert opened.duplicates.count_rows() == 2
    told = json.loads((result.output / "report.json").read_text())
    assert {**told, **_places(local)} == {**json.loads((local.output / "report.json").read_text()), **_places(local)}
    assert pipeline.run(values(url), workers=1).unchanged


def _places(result: pipeline.RunResult) -> dict[str, Any]:
    told = json.loads((result.output / "report.json").read_text())
    return {name: told[name] for name in ("run_file", "times", "seconds", "started", "finished") if name in told}


@pytest.mark.gate
def test_commands_take_a_url(s3: Store, local: pipeline.RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """run, explain, report and verify, the run with two workers; what is missing from the output is a lie like any other."""
    url, config = s3.url(f"{own_name(tmp_path)}/out"), tmp_path / "run.yaml"
    config.write_text(json.dumps(values(url)))
    command("run", config, "--workers", "2")
    assert data_bytes(place(url)) == data_bytes(local.output)
    before = (place(url) / "report.html").read_bytes()
    (place(url) / "report.html").unlink()
    dropped = local.dropped.to_table()["doc_id"][0].as_py()
    for arguments in (["report", url], ["explain", str(config), "--doc", dropped], ["verify", url]):
        assert guarded(lambda arguments=arguments: app(arguments, standalone_mode=False)) == 0
    shown = capsys.readouterr().out
    assert f"written: {url}/report.html" in shown
    assert "near_duplicate" in shown
    assert f"{url}: everything holds" in shown
    assert (place(url) / "report.html").read_bytes() == before
    (place(url) / "duplicates.parquet").unlink()
    guarded(lambda: app(["verify", url], standalone_mode=False))
    assert "duplicates.parquet: is missing" in capsys.readouterr().err


@slow_on_s3
def test_a_later_run_goes_by_outputs_in_a_store(store: Store, local: pipeline.RunResult, tmp_path: Path) -> None:
    """Their signatures and line counts: with the bytes that a run by the local ones writes."""
    url = store.url(f"{own_name(tmp_path)}/before")
    pipeline.run(values(url), workers=1)
    written = []
    for number, earlier in enumerate((url, str(local.output))):
        stages = [
            "fix_encoding",
            {"strip_repeated_lines": {"counts": [earlier]}},
            {"drop_near_duplicates": {"against": [earlier]}},
        ]
        result = pipeline.run(values(tmp_path / str(number), stages), workers=1)
        assert result.counts["kept"] == 0
        assert list(verify(result.output)) == []
        written.append(data_bytes(result.output))
    assert written[0] == written[1]


@slow_on_s3
@pytest.mark.parametrize("apart", ["output", "work"])
def test_output_and_work_may_lie_apart(store: Store, local: pipeline.RunResult, tmp_path: Path, apart: str) -> None:
    """A fast disk beside an output in a store, or the other way round; nothing of the work is left."""
    here, there = tmp_path / "here", store.url(f"{own_name(tmp_path)}/there")
    output, work = (here, there) if apart == "work" else (there, here)
    result = pipeline.run(values(output, work=str(work)), workers=1)
    assert data_bytes(result.output) == data_bytes(local.output)
    assert not [path for path in place(str(work)).rglob("*") if path.is_file()]
    assert (tmp_path / "here").exists()


def test_a_file_url_is_a_folder(local: pipeline.RunResult, tmp_path: Path) -> None:
    """Of this machine, with its escapes."""
    result = pipeline.run(values(f"file://{tmp_path}/my%20out"), workers=1)
    assert result.output == tmp_path / "my out"
    assert data_bytes(tmp_path / "my out") == data_bytes(local.output)


def _kill_at_work(config: Path, items: int, wait: float) -> None:
    """Starts the run and sends SIGKILL to all its processes when so many items are done and one is in hand."""
    child = Child(config)
    wait_until(lambda: (child.items >= items and child.left > 0) or child.process.poll() is not None)
    time.sleep(wait)
    if child.process.poll() is None:
        child.kill("all")
    else:
        child.end()


@pytest.mark.gate
@pytest.mark.parametrize(("documents", "kills"), [(40, 1), (400, 12)], ids=["once", "often"])
def test_a_killed_run_in_a_store_goes_on_to_the_same_bytes(documents: int, kills: int, s3: Store, tmp_path: Path) -> None:
    """SIGKILL of all its processes at work on S3, the same command again: no byte differs, no item is lost, nothing is left over."""
    make_corpus(tmp_path / "corpus.jsonl", documents)
    small = {**SMALL, "input": {**SMALL["input"], "shard_bytes": 20_000 * documents // 40}}
    (tmp_path / "local").mkdir()
    command("run", run_file(tmp_path / "local", tmp_path / "corpus.jsonl", **small), "--workers", "1")
    reference = parquet_bytes(tmp_path / "local" / "out")
    url, draw = s3.url(f"{own_name(tmp_path)}/out"), random.Random(documents)
    config = run_file(tmp_path, tmp_path / "corpus.jsonl", **{**small, "output": {**SMALL["output"], "path": url}})
    for _ in range(kills):
        _kill_at_work(config, draw.randint(1, 4), draw.random())
    command("run", config, "--workers", "2")
    assert {name: (place(url) / name).read_bytes() for name in reference} == reference
    assert not (place(url) / ".work").exists()
    assert not (place(url) / LOCK).exists()
    assert list(verify(place(url))) == []


def test_one_run_at_a_time_in_a_store(store: Store, tmp_path: Path) -> None:
    """The second on this machine is told whose process it is; one on another machine, also how to go on when that is gone."""
    output = place(store.url(f"{own_name(tmp_path)}/out"))
    with locked(output):
        held = json.loads((output / LOCK).read_text())
        assert held["pid"] == os.getpid()
        with pytest.raises(UserError, match=rf"process {os.getpid()}, begun .* is writing here"), locked(output):
            pass
    assert not (output / LOCK).exists()
    write_json(output / LOCK, {**held, "machine": "another", "host": "far.example", "token": "other"})
    told = rf"process {os.getpid()} on far\.example, begun 2.*remove .*/\.lock and start again"
    with pytest.raises(UserError, match=told), locked(output):
        pass
    assert json.loads((output / LOCK).read_text())["token"] == "other"


def test_the_lock_of_a_killed_run_is_recognised(store: Store, tmp_path: Path) -> None:
    """On the machine where it ran, which knows that it is gone."""
    output = place(store.url(f"{own_name(tmp_path)}/out"))
    with locked(output):
        left = json.loads((output / LOCK).read_text())
    write_json(output / LOCK, {**left, "pid": 1, "token": "of the killed one"})
    with locked(output):
        assert json.loads((output / LOCK).read_text())["pid"] == os.getpid()
    assert not (output / LOCK).exists()


def test_a_store_that_fails_for_the_moment_is_tried_again(flaky: str, local: pipeline.RunResult) -> None:
    """The run goes on, and the report tells how often."""
    FlakyWrites.failures = [*[None] * 20, ConnectionResetError("reset"), OSError("slow down"), *[None] * 30, TimeoutError()]
    result = pipeline.run(values(flaky), workers=1)
    assert not FlakyWrites.failures
    assert data_bytes(result.output) == data_bytes(local.output)
    assert result.manifest["times"]["transfers_tried_again"] == 3


def test_a_store_that_stays_away_ends_the_run_which_then_goes_on(flaky: str, local: pipeline.RunResult) -> None:
    """With the address; what is finished is kept, and what was tried again before is still counted."""
    FlakyWrites.failures = [*[None] * 40, *[ConnectionResetError("reset")] * 4]
    with pytest.raises(TransferError, match=rf"{flaky}/.*: the transfer failed 4 times \(reset\).*the same command goes on"):
        pipeline.run(values(flaky), workers=1)
    assert not (place(flaky) / "manifest.json").exists()
    finished = [path.name for path in (place(flaky) / ".work" / "done").iterdir()]
    assert "segment-0.json" in finished
    result = pipeline.run(values(flaky), workers=1)
    assert data_bytes(result.output) == data_bytes(local.output)


def test_nothing_is_visible_of_an_upload_that_stops_in_the_middle(s3: Store, tmp_path: Path) -> None:
    """The third part of a large file is refused: no object, and no part of one left behind."""
    path = place(s3.url(f"{own_name(tmp_path)}/large.bin"))
    s3.refused.append("partNumber=3")
    try:
        with pytest.raises(TransferError, match="access denied"), whole(path) as beside:
            beside.write_bytes(bytes(34 * 2**20))
    finally:
        s3.refused.clear()
    assert not path.exists()
    assert _uploads(path.parent) == []
    with whole(path) as beside:
        beside.write_bytes(b"new" * (11 * 2**20))
    assert path.read_bytes() == b"new" * (11 * 2**20)


def test_what_fails_while_it_is_made_is_not_uploaded(store: Store, tmp_path: Path) -> None:
    """What was there before stays."""
    path = place(store.url(f"{own_name(tmp_path)}/a.json"))
    write_json(path, "before")
    with pytest.raises(FileNotFoundError), whole(path) as beside:
        beside.write_bytes(b"half" + (tmp_path / "nowhere").read_bytes())
    assert path.read_text() == '"before"\n'


def _uploads(folder: Any) -> list[str]:
    system, path = fsspec.core.url_to_fs(str(folder))
    bucket, _, prefix = path.partition("/")
    return [upload["Key"] for upload in system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix).get("Uploads", [])]


def test_uploads_of_killed_runs_are_swept(s3: Store, tmp_path: Path) -> None:
    """Those into this output and its work folder; not what others upload beside it."""
    output = place(s3.url(f"{own_name(tmp_path)}/out"))
    system, _ = fsspec.core.url_to_fs(str(output))
    for name in ("out/documents/part-00000.parquet", "out/.work/read/shard-0.arrow", "out-of-somebody-else/a.bin"):
        key = f"{own_name(tmp_path)}/{name}"
        begun = system.call_s3("create_multipart_upload", Bucket="bucket", Key=key)
        part = {"Bucket": "bucket", "Key": key, "UploadId": begun["UploadId"], "PartNumber": 1, "Body": b"half"}
        system.call_s3("upload_part", **part)
    assert open_output(output, {}, overwrite=False) is None
    assert _uploads(output.parent) == [f"{own_name(tmp_path)}/out-of-somebody-else/a.bin"]
    assert not (output / "documents").exists()


def test_files_of_killed_processes_are_swept_from_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the next that needs one; those in use, and those that are just being made, stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lines = ["import os", "from pipeline.storage import scratch_file", "with scratch_file() as path:"]
    script = "\n".join([*lines, "    path.write_text('half')", "    os.kill(os.getpid(), 9)"])
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False, cwd=REPO)
    [left] = [path for path in tmp_path.rglob("*") if path.is_file()]
    with scratch_file() as used:
        os.utime(used, (0, 0))
        assert left.exists()
        os.utime(left, (0, 0))
        with scratch_file():
            assert used.exists()
            assert not left.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("https://example.org/out", "nothing is written to https://; name a folder, or a URL of s3"),
        ("hf://datasets/me/out", "nothing is written to hf://"),
        ("s3://no-such-bucket/out", "s3://no-such-bucket/out/.lock: there is no such bucket; make it, or name another path"),
    ],
)
def test_where_nothing_can_be_written_is_told_at_once(s3: Store, output: str, told: str) -> None:
    """Before anything is read."""
    with pytest.raises(UserError, match=told.replace(".", r"\.")):
        pipeline.run(values(output), workers=1)


def test_memory_is_of_one_process(tmp_path: Path) -> None:
    """With workers it cannot be shared: an error, not a lost output."""
    make_corpus(tmp_path / "corpus.jsonl", 30)
    with memory_store({}) as store:
        small = {**SMALL, "input": {**SMALL["input"], "shard_bytes": 5_000}, "output": {"path": store.url("out")}}
        with pytest.raises(UserError, match="memory:// is of one process"):
            pipeline.run(run_file(tmp_path, tmp_path / "corpus.jsonl", **small), workers=2)


def test_upload_replaces_what_was_there(store: Store, tmp_path: Path) -> None:
    """In one step."""
    (tmp_path / "a").write_bytes(b"one")
    for data in (b"one", b"other"):
        (tmp_path / "a").write_bytes(data)
        upload(tmp_path / "a", store.url("replaced/a"))
        assert place(store.url("replaced/a")).read_bytes() == data
