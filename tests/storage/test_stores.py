"""Object stores through fsspec: memory://, and S3 by a real server on loopback."""

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.errors import TransferError, UserError
from pipeline.readers import InputSpec, plan_input
from pipeline.storage import counted_retries, first_bytes, is_url, open_seekable, read_range, remote_files, remote_status, retries
from tests.storage.stores import FlakyStore, Store, memory_store, s3_store

fsspec = pytest.importorskip("fsspec")

FILES = {
    "news/2020/a.jsonl": b'{"text": "one"}\n',
    "news/2021/b.jsonl": b'{"text": "two"}\n{"text": "three"}\n',
    "news/2021/.hidden.jsonl": b"no",
    "news/README.md": b"about",
    "other/c.txt": b"text",
    "empty.txt": b"",
}


@pytest.fixture(scope="module", params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with memory_store(FILES) if request.param == "memory" else s3_store(FILES) as filled:
        yield filled


def names(url: str) -> list[str]:
    return [piece.name for task in plan_input(InputSpec(url), None).tasks for piece in task.pieces]


def test_a_file_is_read_whole_and_in_part(store: Store) -> None:
    """As a local one; past its end there is nothing."""
    url = store.url("news/2021/b.jsonl")
    assert b"".join(read_range(url)) == FILES["news/2021/b.jsonl"]
    assert first_bytes(url, 5, 10) == FILES["news/2021/b.jsonl"][10:15]
    assert first_bytes(url, 10, 10**6) == b""
    assert b"".join(read_range(store.url("empty.txt"))) == b""
    with open_seekable(url) as stream:
        stream.seek(-3, 2)
        assert stream.read() == b'"}\n'


def test_large_files_come_in_blocks(store: Store) -> None:
    """More than one request's worth, and not a byte lost between."""
    data = bytes(range(251)) * 80_000
    store.write("large.bin", data)
    assert b"".join(read_range(store.url("large.bin"))) == data
    assert b"".join(read_range(store.url("large.bin"), 9_000_000, 19_000_000)) == data[9_000_000:19_000_000]


def test_folders_and_patterns_are_listed_as_local_ones(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """By relative name, without hidden files; what is not read is told."""
    with caplog.at_level(logging.WARNING):
        assert names(store.url("news")) == names(store.url("news/")) == ["2020/a.jsonl", "2021/b.jsonl"]
    assert "README.md: unknown format" in caplog.text
    assert names(store.url("news/*/*.jsonl")) == ["2020/a.jsonl", "2021/b.jsonl"]
    assert names(store.url("**/*.txt")) == ["empty.txt", "other/c.txt"]
    assert names(store.url("news/202[1-9]/b.*")) == ["2021/b.jsonl"]
    assert names(store.url("other/c.txt")) == ["c.txt"]


def test_what_is_not_there_is_an_error(store: Store) -> None:
    """With the address."""
    with pytest.raises(UserError, match=r"nowhere: no such file or folder; look at input\.path"):
        names(store.url("nowhere"))
    with pytest.raises(UserError, match=r"x\.parquet: no such file or folder"):
        open_seekable(store.url("x.parquet"))
    with pytest.raises(UserError, match=r"no file matches; look at input\.path"):
        names(store.url("news/*.csv"))


def test_the_fingerprint_tells_a_changed_file(store: Store) -> None:
    """The same size with other bytes is another input."""
    store.write("changing/a.txt", b"before")
    url = store.url("changing/a.txt")
    before = plan_input(InputSpec(url), None).fingerprint
    assert before == plan_input(InputSpec(url), None).fingerprint
    store.write("changing/a.txt", b"behind")
    assert before != plan_input(InputSpec(url), None).fingerprint
    assert [[name, status.size] for name, status in remote_files(store.url("changing"))] == [["a.txt", 6]]


def test_a_folder_is_no_file(store: Store) -> None:
    """It has no size and no version."""
    assert remote_status(store.url("news")) is None


def test_a_missing_package_is_named_with_its_extra() -> None:
    """What to install, word by word; asked in a process that has none of them."""
    wanted = [(f"{scheme}://bucket/a.jsonl", scheme) for scheme in ("s3", "gs", "az")] + [("hf://datasets/me/news/a.jsonl", "hf")]
    code = f"""
import sys
from pipeline.errors import TransferError, UserError
from pipeline.readers.listing import list_files
sys.modules |= dict.fromkeys(["s3fs", "gcsfs", "adlfs", "huggingface_hub"])
for url in {[*(url for url, _ in wanted), "memory://a"]}:
    sys.modules |= dict.fromkeys(["fsspec", "fsspec.core"]) if url == "memory://a" else {{}}
    try:
        list_files(url, "auto")
    except UserError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needs = "needs a package that is not installed: pip install"
    expected = [f"{url}: {url.partition(':')[0]}:// {needs} 'corpus-pipeline[{extra}]'" for url, extra in wanted]
    assert done.stdout.splitlines() == [*expected, f"memory://a: memory:// {needs} fsspec"]


class ClientError(Exception):
    """As the clients of stores have them: no OSError."""


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a file of 20 MB in a store that fails as it is told."""
    fsspec.register_implementation("flaky", FlakyStore, clobber=True)
    monkeypatch.setattr(retries, "WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(FlakyStore, "failures", [])
    fsspec.filesystem("flaky").pipe_file("/a.bin", LARGE)
    return "flaky://a.bin"


LARGE = bytes(range(200)) * 100_000


@pytest.mark.parametrize(
    "failure", [ConnectionResetError("reset"), ClientError("slow down"), TimeoutError("timed out"), 1, 7_000_000]
)
def test_a_transfer_that_fails_goes_on_where_it_was(flaky: str, failure: Exception | int) -> None:
    """An error in the second block, or a block that comes short: not a byte is lost or read twice."""
    FlakyStore.failures = [0, failure, failure]
    with counted_retries() as count:
        assert b"".join(read_range(flaky)) == LARGE
    assert count.total == 2


def test_a_transfer_that_keeps_failing_is_given_up(flaky: str) -> None:
    """With the address and the last error, as one for which finished work is kept."""
    FlakyStore.failures = [0, *[ClientError("slow down")] * 4]
    with pytest.raises(TransferError, match=r"flaky://a\.bin: the transfer failed 4 times \(ClientError: slow down\)"):
        list(read_range(flaky))


def test_what_is_not_allowed_is_told_at_once(flaky: str) -> None:
    """Trying again would not mend it."""
    FlakyStore.failures = [PermissionError("Access Denied"), 0]
    with pytest.raises(UserError, match=r"flaky://a\.bin: access denied \(Access Denied\); look at your credentials"):
        list(read_range(flaky))
    assert FlakyStore.failures == [0]


class ServiceError(Exception):
    """As Azure's client has them: no OSError, with the status of the answer."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(("status", "told"), [(403, "access denied"), (401, "access denied"), (404, "no such file or folder")])
def test_a_clear_answer_is_not_asked_for_again(flaky: str, status: int, told: str) -> None:
    """By its status, where the client's error has one."""
    FlakyStore.failures = [ServiceError(status), 0]
    with pytest.raises(UserError, match=rf"flaky://a\.bin: {told}"):
        list(read_range(flaky))
    assert FlakyStore.failures == [0]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_in_trouble_is_asked_again(flaky: str, status: int) -> None:
    """It may be well a little later."""
    FlakyStore.failures = [ServiceError(status), 0]
    with counted_retries() as count:
        assert b"".join(read_range(flaky)) == LARGE
    assert count.total == 1


def test_a_file_that_is_replaced_between_two_tries_is_told(flaky: str) -> None:
    """Half of the old and half of the new would be neither."""
    FlakyStore.failures = [0, ConnectionResetError("reset")]
    chunks = read_range(flaky)
    next(chunks)
    fsspec.filesystem("flaky").pipe_file("/a.bin", LARGE[::-1])
    with pytest.raises(UserError, match="was replaced while it was read"):
        list(chunks)


def test_an_unknown_scheme_is_an_error() -> None:
    """A slip of the pen is no file of this machine."""
    with pytest.raises(UserError, match="s4://bucket/a: Protocol not known: s4"):
        names("s4://bucket/a")


def test_file_urls_are_local_paths() -> None:
    """They need no package and no other code."""
    assert not is_url("file:///tmp/a.jsonl")
    with pytest.raises(UserError, match=r"^/nowhere/a b: no such file or folder"):
        names("file:///nowhere/a%20b")
