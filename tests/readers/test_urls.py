"""Inputs that are URLs: the same documents as from a local file, and what happens when the server does not play along."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from pipeline.config import RunConfig
from pipeline.errors import TransferError, UserError
from pipeline.job import Silent
from pipeline.readers import InputSpec, plan_input, read_task, unpack
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.storage import CHUNK_BYTES, retries
from tests.readers.reading import read, write_bytes, write_jsonl
from tests.readers.test_formats_agree import RECORDS, WRITERS
from tests.runs import parquet_bytes, run_file
from tests.storage.server import Served, serving
from tests.storage.stores import Store, memory_store, s3_store
from tests.support import SEEDS
from tests.test_logs import commands


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with memory_store({}) as empty:
        yield empty


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served({})) as server:
        yield server


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "WAITS", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("suffix", sorted(WRITERS))
@pytest.mark.parametrize("ranges", [True, False])
def test_every_format_is_read_from_a_web_server(served: Served, tmp_path: Path, suffix: str, ranges: bool) -> None:
    """The same documents as from the file, though the first transfer of it stops in the middle."""
    path = WRITERS[suffix](tmp_path / f"corpus.{suffix}", RECORDS)
    served.files, served.ranges = {path.name: path.read_bytes()}, ranges
    local = read(path)
    served.stops_after = [path.stat().st_size // 2]
    assert read(served.url(path.name)).documents == local.documents
    assert read(served.url(path.name), shard_bytes=5000).documents == local.documents


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_format_is_read_from_a_store(store: Store, tmp_path: Path, suffix: str) -> None:
    """As it is from a folder, also where it is cut into shards and ends after a limit."""
    path = WRITERS[suffix](tmp_path / f"corpus.{suffix}", RECORDS)
    store.write(f"{suffix}/{path.name}", path.read_bytes())
    url = store.url(suffix)
    assert read(url).documents == read(path).documents
    assert read(url, shard_bytes=5000).documents == read(path).documents
    assert read(url, limit=3).documents == read(path).documents[:3]


def test_what_is_tried_again_is_counted(served: Served) -> None:
    """Of what the tasks read."""
    served.files = {"a.txt": b"x" * 1_000_000}
    served.stops_after = [300_000, 300_000]
    assert read(served.url("a.txt")).corpus["retries"] == 2


def test_a_large_file_is_cut_without_being_read(served: Served) -> None:
    """The plan asks for its size and, for the columns, its beginning; the rest is for the tasks, each of which asks for its range."""
    served.files = {"a.jsonl": b'{"text": "some words"}\n' * 100_000}
    spec = InputSpec(served.url("a.jsonl"), shard_bytes=100_000)
    tasks = plan_input(spec, None).tasks
    assert len(tasks) == 23
    ranges = [wanted for _, wanted in served.requests if wanted not in ("bytes=0-0", "bytes=0-9")]
    assert ranges == ["bytes=0-33554431"]  # for the names of columns, let go after a chunk
    served.requests.clear()
    assert unpack("", tasks[7])["lines"] in (4347, 4348)
    end_of_last_line = f"bytes=800000-{800000 + CHUNK_BYTES - 1}"
    assert [wanted for _, wanted in served.requests] == ["bytes=699999-799999", end_of_last_line]


def test_a_parquet_file_that_cannot_be_had_is_no_broken_one(served: Served, tmp_path: Path) -> None:
    """A server that goes away ends the run with its address; it makes no quarantine of good rows."""
    for suffix in ("parquet", "arrow"):
        path = WRITERS[suffix](tmp_path / f"a.{suffix}", RECORDS)
        served.files, served.stops_after = {path.name: path.read_bytes()}, []
        [task] = plan_input(InputSpec(served.url(path.name)), None).tasks
        served.stops_after = [0] * 4
        with pytest.raises(TransferError, match=rf"a\.{suffix}: the transfer failed 4 times"):
            read_task(task, str(tmp_path))


def test_a_web_address_tells_its_format_by_its_path(served: Served) -> None:
    """Not by what follows it; what has none needs input.format."""
    served.files = {"a.jsonl": b'{"text": "one"}\n', "export": b'{"text": "two"}\n'}
    assert read(served.url("a.jsonl?signature=1")).column("doc_id") == ["a.jsonl#1"]
    with pytest.raises(UserError, match=r"/export: its name tells no format that we read; set input\.format"):
        read(served.url("export?format=.jsonl"))
    assert read(served.url("export"), format="jsonl").column("text") == ["two"]
    with pytest.raises(UserError, match="a web server cannot be asked what it holds; name one file"):
        read(served.url(""))


def test_a_memory_store_is_not_for_workers(store: Store, tmp_path: Path) -> None:
    """It is of one process: told, and not taken for an empty one."""
    code = f"""
import multiprocessing
from pipeline.readers.listing import list_files
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(list_files, ({store.url("a.txt")!r}, "auto"))
"""
    script = write_bytes(tmp_path / "script.py", code.encode())
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert "memory:// is of one process, and this is a worker; run with 1 worker" in done.stderr


def news_run(served: Served, folder: Path, output: str) -> RunConfig:
    """A run over a thousand documents that are served, in several shards; its output lies in the folder under that name."""
    path = write_jsonl(folder / "news.jsonl", [{"id": f"n{n}", "text": f"{n} {'word ' * 200}"} for n in range(1000)])
    served.files = {"news.jsonl": path.read_bytes()}
    values = {
        "input": {"path": served.url("news.jsonl"), "shard_bytes": 300_000},
        "stages": ["fix_encoding"],
        "output": {"path": str(folder / output)},
    }
    return parse_config(values, "test")


def test_a_run_goes_on_after_the_server_was_away(served: Served, tmp_path: Path) -> None:
    """What was read stays; back again, the same run gives the bytes of an undisturbed one."""
    config, undisturbed = (news_run(served, tmp_path, name) for name in ("out", "expected"))
    run(undisturbed, Silent(), workers=1)
    requests = sum(wanted != "bytes=0-0" for _, wanted in served.requests)

    served.stops_after = [10**9] * (requests - 1) + [1000] + [0] * 4
    with pytest.raises(TransferError, match=r"news\.jsonl: the transfer failed 4 times .*the same command goes on"):
        run(config, Silent(), workers=1)
    assert list((tmp_path / "out" / ".work" / "done" / "read").iterdir())
    served.stops_after = []
    result = run(config, Silent(), workers=1)
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(tmp_path / "expected")
    assert result.counts["records"] == 1000
    assert len(list((tmp_path / "out" / "documents").iterdir())) > 0


def test_a_login_that_runs_out_costs_no_finished_work(served: Served, tmp_path: Path) -> None:
    """A refusal in the middle is no mistake of the run file's either."""
    config, undisturbed = (news_run(served, tmp_path, name) for name in ("out", "expected"))
    run(undisturbed, Silent(), workers=1)
    served.refuses_after = 2 * len(served.requests) - 2
    with pytest.raises(TransferError, match="the server answers 403"):
        run(config, Silent(), workers=1)
    assert list((tmp_path / "out" / ".work" / "done" / "read").iterdir())
    served.refuses_after = None
    assert run(config, Silent(), workers=1).counts["records"] == 1000


def test_a_run_from_the_command_line_with_workers(served: Served, tmp_path: Path) -> None:
    """Each worker opens the address by itself; a missing one is a mistake of the call, and leaves no folder."""
    path = write_jsonl(tmp_path / "news.jsonl", [{"id": f"n{n}", "text": f"{n} {'word ' * 200}"} for n in range(600)])
    served.files = {"news.jsonl": path.read_bytes()}
    settings = {"path": served.url("news.jsonl"), "shard_bytes": 300_000}
    config, missing = str(run_file(tmp_path, path, input=settings, stages=["fix_encoding"])), tmp_path / "missing"
    (code, out, err), (missing_code, _, missing_err) = commands(
        ["run", config, "--workers", "2"], ["run", config, "--input", served.url("nowhere.jsonl"), "--output", str(missing)]
    )
    assert (code, "600 records: 600 kept" in out) == (0, True), err
    assert missing_code == 2
    assert "nowhere.jsonl: no such file or folder (404); look at input.path" in missing_err
    assert not missing.exists()


@pytest.mark.gate
def test_a_run_from_s3_with_workers_writes_the_bytes_of_a_local_one(tmp_path: Path) -> None:
    """The whole pipeline over a bucket, with two workers, and again over the folder of the same files."""
    texts = list(SEEDS.values())
    for number in range(40):
        records = [{"id": f"{number}-{n}", "text": f"{text}\nCopy {number} of it."} for n, text in enumerate(texts * 3)]
        write_jsonl(tmp_path / "news" / f"{number:02}.jsonl.zst", records)
    files = {f"news/{path.name}": path.read_bytes() for path in (tmp_path / "news").iterdir()}
    config = str(run_file(tmp_path, tmp_path / "news", input={"shard_bytes": 200_000}))
    with s3_store(files) as store:
        remote = ["run", config, "--input", store.url("news"), "--output", str(tmp_path / "remote"), "--workers", "2"]
        done = commands(remote, ["run", config, "--workers", "2"])
    assert [code for code, _, _ in done] == [0, 0], done
    assert parquet_bytes(tmp_path / "remote") == parquet_bytes(tmp_path / "out")


def test_what_a_url_carries_for_secrets_is_not_in_the_output(served: Served, tmp_path: Path) -> None:
    """Nor does a signature that has been renewed make another run of it."""
    path = write_jsonl(tmp_path / "news.jsonl", [{"text": "Some text."}, b"broken"])
    served.files = {"news.jsonl": path.read_bytes()}
    served.login = "me:sesame"
    url = served.url("news.jsonl").replace("://", "://me:sesame@")
    values = {"input": {"path": f"{url}?signature=sesame"}, "stages": ["fix_encoding"], "output": {"path": str(tmp_path / "out")}}
    with pytest.raises(UserError, match=r"newsx\.jsonl: no such file or folder \(404\)") as raised:
        run(parse_config({**values, "input": {"path": url.replace("news", "newsx")}}, "test"), Silent(), workers=1)
    assert "sesame" not in str(raised.value)
    run(parse_config(values, "test"), Silent(), workers=1)
    for file in (tmp_path / "out").rglob("*"):
        assert file.is_dir() or b"sesame" not in file.read_bytes(), file
    values["input"] = {"path": f"{url}?signature=renewed"}
    assert run(parse_config(values, "test"), Silent(), workers=1).unchanged


@pytest.mark.parametrize("name", ["größe.jsonl", "two words.jsonl", "a+b,(c)[1].jsonl", "50%25.jsonl", "国务院.jsonl"])
def test_names_that_are_not_ascii_are_asked_for_escaped(served: Served, name: str) -> None:
    """As a browser would; the ids have the name as it reads."""
    served.files = {unquote(name): b'{"text": "one"}\n'}
    assert read(served.url(name)).column("doc_id") == [f"{unquote(name)}#1"]


@pytest.mark.parametrize("url", ["http://[::1/a.jsonl", "http://host:port/a.jsonl", "https:///a.jsonl"])
def test_what_is_no_address_is_an_error(url: str) -> None:
    """Not a bug, and nothing to try again."""
    with pytest.raises(UserError, match="not a web address"):
        read(url)
