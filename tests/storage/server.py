"""A real web server on loopback that misbehaves on request: no ranges, no length, errors that pass, transfers that stop."""

import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import unquote


@dataclass
class Served:
    """Files by path, and how the server is to behave. `requests` are the paths and ranges that were asked for."""

    files: dict[str, bytes]
    ranges: bool = True
    tells_length: bool = True
    etag: str | None = '"1"'
    refuses_after: int | None = None  # requests; then 403 to all
    login: str | None = None  # "name:password" that must come with each request
    failures: list[int] = field(default_factory=list)  # answers to give first, instead of the file
    stops_after: list[int] = field(default_factory=list)  # of the next whole answers: bytes until the connection breaks
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """The server at work on a free port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            served.requests.append((self.path, wanted))
            data = served.files.get(unquote(self.path.partition("?")[0]).lstrip("/"))
            status = served.failures.pop(0) if served.failures else 200 if data is not None else 404
            if served.refuses_after is not None and len(served.requests) > served.refuses_after:
                status = 403
            if (
                served.login is not None
                and self.headers.get("Authorization") != f"Basic {b64encode(served.login.encode()).decode()}"
            ):
                status = 401
            if data is None or status != 200:
                self.send_error(status)
                return
            first, last = 0, len(data) - 1
            if wanted and served.ranges:
                begin, _, end = wanted.removeprefix("bytes=").partition("-")
                first, last = int(begin), min(int(end or last), last)
                if first > last:
                    self.send_error(416)
                    return
            body = data[first : last + 1]
            self.send_response(206 if wanted and served.ranges else 200)
            if wanted and served.ranges:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            if served.etag:
                self.send_header("ETag", served.etag)
            if served.tells_length:
                self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if served.stops_after and wanted != "bytes=0-0":
                body = body[: served.stops_after.pop(0)]
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with patch.dict(os.environ, {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}):
            yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
