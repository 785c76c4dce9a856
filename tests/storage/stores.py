"""Stores filled with files: fsspec's memory, and moto's S3 server on a free port of loopback."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import pytest

fsspec = pytest.importorskip("fsspec")


@dataclass(frozen=True)
class Store:
    """`root` is the URL that the names are under. S3 answers 403 to requests whose method, path and query hold one of `refused`.

    `stops`: of the next ranges that S3 gives, the bytes after which it breaks the connection; below zero the seconds that it hangs.
    """

    root: str
    write: Callable[[str, bytes], None]
    refused: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"{self.root}/{name}"


def own_name(folder: Path) -> str:
    """A name for what this test, whose folder it is, has in a store. No other on this machine has it: the lock of a run there is a
    file of the machine, which tests in other processes or checkouts would hold too."""
    return "-".join(folder.parts[-3:])


@contextmanager
def memory_store(files: Mapping[str, bytes]) -> Iterator[Store]:
    system = fsspec.filesystem("memory")

    def write(name: str, data: bytes) -> None:
        system.pipe_file(f"/bucket/{name}", data)

    for name, data in files.items():
        write(name, data)
    yield Store("memory://bucket", write)
    if system.exists("/bucket"):
        system.rm("/bucket", recursive=True)


@contextmanager
def s3_store(files: Mapping[str, bytes]) -> Iterator[Store]:
    """Skips where moto is not installed. Its address and keys are in the environment, as a user's are, for child processes too."""
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    import boto3
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a line for each request, also past pytest's own capture
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    refused: list[str] = []
    stops: list[float] = []
    answer = server._server.app

    def app(request: dict[str, Any], start: Callable[..., Any]) -> Any:
        asked = f"{request['REQUEST_METHOD']} {request['PATH_INFO']}?{request['QUERY_STRING']}"
        if any(part in asked for part in refused):
            request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
            start("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        body = answer(request, start)
        return cut_short(b"".join(body), stops.pop(0)) if stops and "HTTP_RANGE" in request else body

    def cut_short(body: bytes, count: float) -> Iterator[bytes]:
        yield body[: max(0, int(count))]
        time.sleep(max(0, -count))
        raise ConnectionAbortedError("as it was told")

    server._server.app = app
    address = f"http://{host}:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict(os.environ, {**keys, "AWS_ENDPOINT_URL": address, "AWS_EC2_METADATA_DISABLED": "true"}):
        client = boto3.client("s3", endpoint_url=address)
        client.create_bucket(Bucket="bucket")

        def write(name: str, data: bytes) -> None:
            client.put_object(Bucket="bucket", Key=name, Body=data)

        for name, data in files.items():
            write(name, data)
        try:
            yield Store("s3://bucket", write, refused, stops)
        finally:
            fsspec.get_filesystem_class("s3").clear_instance_cache()
            server.stop()


class FlakyStore(fsspec.get_filesystem_class("memory")):  # type: ignore[misc]
    """A store in memory that fails: `failures` are what the next requests for bytes do instead, an error or a number of bytes too few."""

    protocol = "flaky"
    store: ClassVar[dict[str, Any]] = {}
    failures: ClassVar[list[Exception | int]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("flaky://", "memory://")))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        failure = self.failures.pop(0) if self.failures else 0
        if isinstance(failure, Exception):
            raise failure
        data: bytes = super().cat_file(path, start=start, end=end, **options)
        return data[: len(data) - failure]


class FlakyWrites(fsspec.get_filesystem_class("memory")):  # type: ignore[misc]
    """A store in memory that calls itself Google's: `failures` are the errors of the next requests that put an object, None for none."""

    protocol = "gs"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    failures: ClassVar[list[Exception | None]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("gs://", "memory://")))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        super().pipe_file(path, value, mode=mode, **options)
