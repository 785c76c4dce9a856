"""`hf://` through the Hugging Face client, in a process of its own, since the client reads its settings when it is imported."""

import json
import os
import subprocess
import sys

import pytest

from tests.storage.hub import REPOSITORY, serving_hub

pytest.importorskip("huggingface_hub")

_SCRIPT = """
import json, sys, tempfile
from pathlib import Path
from pipeline.errors import UserError
from pipeline.files import open_ipc
from pipeline.readers import InputSpec, plan_input, read_task

def texts(url):
    try:
        plan = plan_input(InputSpec(url), None)
    except UserError as error:
        return str(error)
    with tempfile.TemporaryDirectory() as folder:
        results = [read_task(task, folder) for task in plan.tasks]
        return [text for r in results for name, _, _ in r["shards"] for text in open_ipc(Path(folder, name)).read_all()["text"].to_pylist()]

print(json.dumps([texts(url) for url in sys.argv[1:]]))
"""


def test_a_dataset_of_the_hub_is_read() -> None:
    """Whole, by pattern, and one file of it; a folder that is not there is an error."""
    files = {
        "README.md": b"# News",
        "data/a.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
        "data/deep/b.jsonl": b'{"text": "three"}\n',
    }
    urls = [f"hf://{REPOSITORY}{path}" for path in ("", "/data/*.jsonl", "/data/deep/b.jsonl", "/nowhere")]
    with serving_hub(files) as address:
        settings = {**os.environ, "HF_ENDPOINT": address, "HF_HUB_DISABLE_TELEMETRY": "1"}
        done = subprocess.run([sys.executable, "-c", _SCRIPT, *urls], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *found, missing = json.loads(done.stdout)
    assert found == [["one", "two", "three"], ["one", "two"], ["three"]]
    assert missing == f"hf://{REPOSITORY}/nowhere: no such file or folder; look at input.path"
