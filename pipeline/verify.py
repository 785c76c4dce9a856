"""Reads an output again and looks for a lie: files, counts, ids, edits, and every dropped document against its survivor."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.files import open_parquet, sha256_of
from pipeline.manifest import earlier_outputs
from pipeline.neardup import shingle_hashes
from pipeline.neardup.earlier import kept_sets
from pipeline.originals import check_originals
from pipeline.report.output import parts

_NEEDED = {"counts", "files", "fingerprint", "run_file"}  # of a manifest
_DROPPED_AT_ONCE = 2_000  # dropped documents compared with their survivors in one go: some 20 MB of text


def verify(output: Path, input_path: str | None = None) -> Iterator[str]:
    """What is wrong with a finished output, one sentence each; nothing if everything holds.

    Checks that the files are those of the manifest, byte for byte; that records = kept + dropped + quarantined; that ids are unique;
    that every edit fits the cleaned text, so that the original comes back, and is that of the input where one is given; and that
    every near-duplicate has a survivor with the similarity that is told, computed anew: one that was kept, here or in an earlier
    output that the run went `against`. Raises UserError for a folder that holds no finished run, and an input that cannot be read.
    """
    path = output / "manifest.json"
    if not path.exists():
        raise UserError(f"{output}: holds no manifest.json, so no finished run; name the output folder of one")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        yield f"manifest.json: cannot be read ({error})"
        return
    if not isinstance(manifest, dict) or not manifest.keys() >= _NEEDED:
        yield f"manifest.json: lacks some of {', '.join(sorted(_NEEDED))}"
        return
    wrong = list(_files(output, manifest))
    yield from wrong
    if not wrong:  # the rest reads the files
        yield from _counts(output, manifest)
        yield from _ids(output)
        yield from check_originals(output, manifest, input_path)
        yield from _survivors(output, _setting(manifest, "shingle_words", 5), earlier_outputs(manifest))


def _files(output: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {entry["file"]: entry for entry in manifest["files"]}
    for name in sorted({path.relative_to(output).as_posix() for path in output.rglob("*.parquet")} - set(listed)):
        yield f"{name}: is not in the manifest"
    for name, entry in listed.items():
        if not (output / name).exists():
            yield f"{name}: is missing"
            continue
        if sha256_of(output / name) != entry["sha256"]:
            yield f"{name}: its bytes are not those of the manifest (sha256)"


def _counts(output: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    counts, found = manifest["counts"], {}
    for kind, name in (("documents", "kept"), ("dropped", "dropped"), ("quarantine", "quarantined")):
        found[name] = sum(pq.read_metadata(open_parquet(path)).num_rows for path in parts(output, kind))
        if kind != "quarantine" and found[name] != counts[name]:
            yield f"{kind}/: {found[name]} rows, but the manifest counts {counts[name]}"
    if counts["records"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
        yield f"manifest.json: {counts['records']} records are not kept + dropped + quarantined"
    if found["quarantined"] != counts["quarantined"]:
        yield f"quarantine/: {found['quarantined']} rows, but the manifest counts {counts['quarantined']}"


def _ids(output: Path) -> Iterator[str]:
    seen: set[bytes] = set()
    for kind in ("documents", "dropped"):
        for path in parts(output, kind):
            for doc_id in pq.read_table(open_parquet(path), columns=["doc_id"])["doc_id"].to_pylist():
                short = hashlib.blake2b(doc_id.encode(), digest_size=16).digest()
                if short in seen:
                    yield f"{kind}/{path.name}: the id {doc_id!r} stands twice in the output"
                seen.add(short)


def _survivors(output: Path, shingle_words: int, earlier: list[str]) -> Iterator[str]:
    for path in parts(output, "dropped"):
        table = pq.read_table(open_parquet(path), columns=["doc_id", "text", "survivor_id", "similarity", "drop_reason"])
        rows = np.flatnonzero(table["drop_reason"].to_numpy() == "near_duplicate")
        for first in range(0, len(rows), _DROPPED_AT_ONCE):
            dropped = table.take(rows[first : first + _DROPPED_AT_ONCE]).to_pylist()
            survivors = _kept_sets(output, {row["survivor_id"] for row in dropped}, shingle_words, earlier)
            for row, own in zip(dropped, shingle_hashes([row["text"] for row in dropped], shingle_words)):
                found = [_similarity(own, other) for other in survivors.get(row["survivor_id"], [])]
                if not found:
                    yield f"dropped/{path.name}: {row['doc_id']!r} was dropped for {row['survivor_id']!r}, which is not kept"
                elif row["similarity"] not in found:
                    told = f"{row['doc_id']!r} and {row['survivor_id']!r} are {found[0]:.4f} alike, not {row['similarity']:.4f}"
                    yield f"dropped/{path.name}: {told}"


def _kept_sets(output: Path, ids: set[str], shingle_words: int, earlier: list[str]) -> dict[str, list[np.ndarray]]:
    """The shingle sets of kept documents with these ids: of this output, and of earlier ones, which may have the same ids."""
    found: dict[str, list[np.ndarray]] = {}
    for path in parts(output, "documents"):
        table = pq.read_table(open_parquet(path), columns=["doc_id", "text"])
        places = [row for row, doc_id in enumerate(table["doc_id"].to_pylist()) if doc_id in ids]
        taken = table.take(pa.array(places, pa.int64()))
        for doc_id, values in zip(taken["doc_id"].to_pylist(), shingle_hashes(taken["text"], shingle_words)):
            found.setdefault(doc_id, []).append(values)
    for other in earlier:
        for doc_id, values in kept_sets(other, ids):
            found.setdefault(doc_id, []).append(values)
    return found


def _similarity(a: np.ndarray, b: np.ndarray) -> float:
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / max(1, len(a) + len(b) - shared)


def _setting(manifest: Mapping[str, Any], name: str, default: int) -> int:
    """A setting of the run's near-duplicate stage."""
    for stage in manifest["run_file"]["stages"]:
        for settings in stage.values():
            if name in settings:
                return int(settings[name])
    return default
