"""The way to a Ray cluster where there is none: told in a sentence, and nothing is written."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import closed_port
from tests.runs import pipeline
from tests.support import REPO

JOIN = """
import sys
from pipeline.engines.settings import EngineConfig, open_engine
from pipeline.errors import UserError
for address in sys.argv[1:]:
    try:
        with open_engine(EngineConfig("ray", address or None), None):
            print("joined")
    except UserError as error:
        print(error)
"""


@pytest.fixture
def closed() -> Iterator[str]:
    with closed_port() as address:
        yield address


def test_no_cluster_at_the_address(closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, somebody else there, no address at all, nobody where RAY_ADDRESS says: told before Ray is asked, who takes minutes."""
    monkeypatch.setenv("RAY_ADDRESS", closed)
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: other.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), daemon=True).start()
        addresses = [closed, f"127.0.0.1:{other.getsockname()[1]}", "ray://127.0.0.1:10001", ""]
        done = subprocess.run([sys.executable, "-c", JOIN, *addresses], capture_output=True, text=True, check=True, cwd=REPO)
    nobody, somebody, none, of_environment = done.stdout.splitlines()
    assert f"no Ray cluster at {addresses[0]}" in nobody
    assert f"no Ray cluster at {addresses[1]} (something else answers there)" in somebody
    assert "expected host:port of the head node" in none
    assert of_environment == nobody


def test_run_without_a_cluster_writes_nothing(closed: str, tmp_path: Path) -> None:
    """And removes nothing: with --overwrite an earlier result is there still."""
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    command = ("run", "seeds", "--output", tmp_path, "--engine", "ray", "--address", closed, "--overwrite")
    assert f"no Ray cluster at {closed}" in pipeline(*command, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_finished_run_needs_no_cluster(closed: str, seeds_output: Path) -> None:
    """It answers as it would on one machine."""
    said = pipeline("run", "seeds", "--output", seeds_output, "--engine", "ray", "--address", closed).stdout
    assert "nothing to do" in said


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    """Before anything is written."""
    code = "import sys; sys.modules['ray'] = None; from pipeline.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "seeds", "--output", str(tmp_path / "out"), "--engine", "ray"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPO)
    assert (done.returncode, "pip install 'corpus-pipeline[ray]'" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "out").exists()
