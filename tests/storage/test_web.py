"""Files on a real web server on loopback, which fails in the ways that servers fail."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.errors import TransferError, UserError
from pipeline.storage import counted_retries, first_bytes, open_seekable, read_range, remote_status, retries
from tests.readers.reading import write_parquet
from tests.storage.server import Served, serving

DATA = bytes(range(256)) * 4096  # 1 MiB: several chunks


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served({"a.bin": DATA, "empty.bin": b""})) as server:
        yield server


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as there are, without the waiting."""
    monkeypatch.setattr(retries, "WAITS", (0.0, 0.0, 0.0))


def whole(url: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(read_range(url, start, stop))


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 10), (300_000, 300_007), (1_000_000, None), (5, 5), (2**20, None)])
def test_any_range_can_be_read(served: Served, ranges: bool, tells_length: bool, start: int, stop: int | None) -> None:
    """Also from a server that knows no ranges, or does not tell how long a file is."""
    served.ranges, served.tells_length = ranges, tells_length
    assert whole(served.url("a.bin"), start, stop) == DATA[start:stop]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("tells_length", [True, False])
def test_size_and_version_are_known_beforehand(served: Served, ranges: bool, tells_length: bool) -> None:
    """The version is the server's word where it tells the size, else a digest of what it sends."""
    served.ranges, served.tells_length = ranges, tells_length
    status = remote_status(served.url("a.bin"))
    assert status is not None
    assert (status.size, status.ranges) == (len(DATA), ranges)
    assert str(status.version).startswith('"1"' if ranges or tells_length else "sha256:")
    empty = remote_status(served.url("empty.bin"))
    assert empty is not None
    assert empty.size == 0
    assert whole(served.url("empty.bin")) == b""


def test_a_missing_file_is_told_at_once(served: Served) -> None:
    """404 is no matter of waiting; the address is in the message, and what it carries for passwords is not."""
    with pytest.raises(UserError, match=r"/nowhere\.bin: no such file or folder \(404\); look at input\.path$"):
        whole(served.url("nowhere.bin?signature=secret"))
    assert len(served.requests) == 1


@pytest.mark.parametrize("code", [401, 403])
def test_a_refusal_is_told_at_once(served: Served, code: int) -> None:
    """With the server's own number."""
    served.failures = [code]
    with pytest.raises(UserError, match=f"the server answers {code}"):
        whole(served.url("a.bin"))
    assert len(served.requests) == 1


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_failure_that_passes_is_tried_again_and_counted(served: Served, code: int) -> None:
    """Twice an error, then the file."""
    served.failures = [code, code]
    with counted_retries() as count:
        assert whole(served.url("a.bin")) == DATA
    assert count.total == 2


def test_a_failure_that_stays_is_given_up(served: Served) -> None:
    """After four tries; the message says that nothing is lost by it."""
    served.failures = [503] * 10
    with pytest.raises(TransferError, match=r"failed 4 times \(the server answers 503 .*the same command goes on"):
        whole(served.url("a.bin"))
    assert len(served.requests) == 4


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_stops_goes_on_where_it_was(served: Served, ranges: bool) -> None:
    """A body shorter than announced is never the end of the file; what came through is not asked for again."""
    served.ranges, served.stops_after = ranges, [700_000, 200_000]
    with counted_retries() as count:
        assert whole(served.url("a.bin")) == DATA
    assert count.total == 2
    assert [wanted for _, wanted in served.requests] == [None, "bytes=700000-", f"bytes={900_000 if ranges else 700_000}-"]


def test_a_transfer_that_always_stops_is_given_up(served: Served) -> None:
    """When no byte more comes through."""
    served.stops_after = [1000, *[0] * 10]
    with pytest.raises(TransferError, match=r"the transfer stopped after 0 of \d+ bytes"):
        whole(served.url("a.bin"))


def test_a_file_that_is_replaced_while_it_is_read_is_told(served: Served) -> None:
    """Half of the old and half of the new would be neither."""
    chunks = read_range(served.url("a.bin"))
    served.stops_after = [300_000]
    next(chunks)
    served.etag = '"2"'
    with pytest.raises(UserError, match="was replaced while it was read"):
        list(chunks)


def test_nobody_at_the_address() -> None:
    """A closed port may be a server that restarts: it is tried again, then named."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/a.jsonl"
        with pytest.raises(
            TransferError, match=r"http://127\.0\.0\.1:\d+/a\.jsonl: the transfer failed 4 times \(Connection refused\)"
        ):
            first_bytes(url, 10)


def test_tries_are_spaced(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits are real."""
    monkeypatch.setattr(retries, "WAITS", (0.05, 0.1))
    served.failures = [500, 500]
    start = time.perf_counter()
    assert whole(served.url("a.bin")) == DATA
    assert time.perf_counter() - start >= 0.15


@pytest.mark.parametrize("ranges", [True, False])
def test_formats_that_seek_can_do_so(served: Served, tmp_path: Path, ranges: bool) -> None:
    """By ranges, or over a temporary copy; a failure on the way makes no difference."""
    path = write_parquet(tmp_path / "a.parquet", [{"text": f"{number:0100}"} for number in range(500)], row_group_size=100)
    served.files["a.parquet"], served.ranges = path.read_bytes(), ranges
    served.stops_after = [10]
    with open_seekable(served.url("a.parquet")) as stream:
        assert pq.read_table(stream) == pq.read_table(path)
        stream.seek(-4, 2)
        assert stream.read() == b"PAR1"


def test_a_name_and_password_in_the_address_are_sent(served: Served) -> None:
    """As browsers do; without them the server refuses."""
    served.login = "me:p@ss"
    assert whole(served.url("a.bin").replace("://", "://me:p%40ss@")) == DATA
    with pytest.raises(UserError, match="the server answers 401"):
        whole(served.url("a.bin"))


def test_a_server_that_falls_silent_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as a failure that may pass."""
    monkeypatch.setattr("pipeline.storage.web._TIMEOUT_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(TransferError, match="timed out"):
            whole(f"http://127.0.0.1:{silent.getsockname()[1]}/a.bin")
