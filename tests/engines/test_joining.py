"""The way to a Ray cluster where there is none: told in a sentence, and nothing is written."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cluster import closed_port
from tests.runs import pipeline
from tests.support import REPO


def test_no_cluster_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, somebody else there, or no address at all: told within seconds, before anything is written."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: other.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), daemon=True).start()
        for address, told in (
            (f"127.0.0.1:{closed_port()}", "no Ray cluster at 127.0.0.1:"),
            (f"127.0.0.1:{other.getsockname()[1]}", "something else answers there"),
            ("ray://127.0.0.1:10001", "expected host:port of the head node"),
        ):
            begun = time.monotonic()
            said = pipeline("run", "seeds", "--output", tmp_path / "out", "--engine", "ray", "--address", address, code=2).stderr
            assert told in said
            assert time.monotonic() - begun < 15
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{closed_port()}")
    assert "no Ray cluster at 127.0.0.1:" in pipeline("run", "seeds", "--output", tmp_path / "out", "--engine", "ray", code=2).stderr
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    """Before anything is written."""
    code = "import sys; sys.modules['ray'] = None; from pipeline.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "seeds", "--output", str(tmp_path / "out"), "--engine", "ray"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPO)
    assert (done.returncode, "pip install 'corpus-pipeline[ray]'" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "out").exists()
