"""Whether the originals come back: the input of a finished run read once more, against its cleaned texts and their edits."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from pipeline.config import parse_config
from pipeline.edits import restore
from pipeline.files import open_parquet
from pipeline.job import Silent
from pipeline.report.output import parts
from pipeline.runner import run
from pipeline.verify import edits_of


def compare_originals(output: Path, input_path: str) -> Iterator[str]:
    """What of the input does not come back from a finished output, one sentence each; nothing if everything does.

    The input is read as the run's own settings say, with one stage that changes no text, into a temporary folder. For each document
    16 bytes and its id are held. Raises UserError.
    """
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    with TemporaryDirectory() as folder:
        settings = manifest["run_file"]["input"] | {"max_quarantined": 1.0}
        values = {"input": settings, "stages": ["identify_language"], "output": {"path": str(Path(folder) / "originals")}}
        config = parse_config(values, str(output / "manifest.json"), input_path=input_path)
        run(config, Silent(), limit=manifest["fingerprint"]["limit"])
        expected = dict(_digests(Path(folder) / "originals"))
    for doc_id, digest in _digests(output):
        known = expected.pop(doc_id, None)
        if known is None:
            yield f"{doc_id!r} is in the output, but not in {input_path}"
        elif known != digest:
            yield f"{doc_id!r}: its text with the edits undone is not that of {input_path}"
    for doc_id in expected:
        yield f"{doc_id!r} is in {input_path}, but not in the output"


def _digests(output: Path) -> Iterator[tuple[str, bytes]]:
    """Of each document of an output its id and a digest of its original; one part and its edits are held at a time."""
    for path in [*parts(output, "documents"), *parts(output, "dropped")]:
        table = pq.read_table(open_parquet(path), columns=["doc_id", "text"])
        edits = edits_of(output, table["doc_id"])
        for doc_id, text in zip(table["doc_id"].to_pylist(), table["text"]):
            original = restore(text.as_py(), edits.get(doc_id, []))
            yield doc_id, hashlib.blake2b(original.encode(), digest_size=16).digest()
