"""What the client of the Hugging Face hub asks for a dataset's files, answered on loopback: `hf://` with the real client, no network."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

REPOSITORY = "datasets/me/news"


@contextmanager
def serving_hub(files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a hub with one dataset of these files."""

    def entry(name: str) -> dict[str, object]:
        return {"type": "file", "path": name, "size": len(files[name]), "oid": f"{len(files[name]):040}"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if re.fullmatch(rf"/api/{REPOSITORY}(/revision/main)?", path):
                self.answer(200, json.dumps({"id": "me/news", "sha": "a" * 40}).encode())
            elif found := re.fullmatch(rf"/api/{REPOSITORY}/tree/main(?:/(.*))?", path):
                inside = [name for name in files if name.startswith(f"{found[1]}/" if found[1] else "")]
                if "recursive=false" in query.lower():
                    inside = [name for name in inside if "/" not in name.removeprefix(found[1] or "").lstrip("/")]
                self.answer(200, json.dumps([entry(name) for name in inside]).encode())
            elif (found := re.fullmatch(rf"/{REPOSITORY}/resolve/main/(.*)", path)) and found[1] in files:
                first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
                self.answer(206, files[found[1]][int(first) : int(last) + 1])
            else:
                self.answer(404, b"{}")

        def do_POST(self) -> None:
            """Entries of the paths that the form names."""
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(200, json.dumps([entry(name) for name in form["paths"] if name in files]).encode())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 404:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
