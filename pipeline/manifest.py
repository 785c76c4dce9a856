"""The manifest: what was run on what, with which versions, and what came of it. Only `times` depends on the clock."""

import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from platform import python_version
from typing import Any

from pipeline import __version__
from pipeline.config import RunConfig
from pipeline.schema import TOOK_TOO_LONG

# What can change the bytes of an output; all nodes of a cluster must have the same. A Parquet file has the same bytes only for one pyarrow.
LIBRARIES = ("pyarrow", "numpy", "numba", "ftfy", "langdetect", "datasketch", "chardet", "google-re2", "Metaphone", "rapidfuzz")


def make_manifest(
    config: RunConfig,
    fingerprint: Mapping[str, Any],
    read: Mapping[str, Any],
    totals: Mapping[str, Any],
    steps: list[dict[str, Any]],
    files: list[dict[str, Any]],
    *,
    seconds: float,
) -> dict[str, Any]:
    """The manifest as JSON values. `read` and `totals` are the counts of the readers and the writer, `steps` those of the stages.

    `totals["characters"]` are characters of cleaned text by drop reason, "" for what was kept, `totals["population"]` the sources and
    languages.
    """
    dropped: Counter[str] = Counter()
    for step in steps:
        dropped.update(step["dropped"])
    characters = dict(totals["characters"])
    clocks = {f"{step['step']} {step['name']}": _seconds(step) for step in steps}
    return {
        "fingerprint": dict(fingerprint),
        "run_file": config.recorded(),
        "run_file_digest": config.digest(),
        "versions": versions(),
        "counts": {
            "records": read["records"],
            "kept": totals["kept"],
            "dropped": totals["dropped"],
            "dropped_by_reason": dict(sorted(dropped.items())),
            "quarantined": read["quarantined"],
            "quarantined_by_reason": read["reasons"],
            "encodings": read["encodings"],
            "text_bytes": read["text_bytes"],
            "dates_not_read": read["undated"],
            "characters_kept": characters.pop("", 0),
            "characters_dropped_by_reason": dict(sorted(characters.items())),
        },
        "population": totals["population"],
        "stages": [_without_seconds(step) for step in steps],
        "files": files,
        "reproducible": not any(TOOK_TOO_LONG in kind for kind in read["reasons"]),
        "times": {
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(seconds, 3),
            "documents_per_second": round(read["records"] / seconds, 1),
            "transfers_tried_again": read["retries"],
            "stages": clocks,
        },
    }


def versions() -> dict[str, str]:
    """What decides the bytes of an output besides its run file and its input, by name."""
    return {"corpus-pipeline": __version__, "python": python_version(), **{name: _version(name) for name in LIBRARIES}}


_version = cache(version)  # a millisecond each: it reads a file and parses it as an e-mail


def input_digests(config: RunConfig) -> dict[str, str]:
    """sha256 of what the stages read besides documents, by name: rule packs, earlier signatures. Edited, it makes another run."""
    digests: dict[str, str] = {}
    for named in config.stages:
        digests |= getattr(named.stage, "input_digests", dict)()
    return digests


def earlier_outputs(manifest: Mapping[str, Any]) -> list[str]:
    """The outputs that a run compared its documents with (`against`), paths or URLs."""
    settings = [values for stage in manifest["run_file"]["stages"] for values in stage.values()]
    return [output for values in settings for output in values.get("against", ())]


def _seconds(step: Mapping[str, Any]) -> dict[str, float]:
    judged = step.get("summary", {}).get("seconds", 0.0)
    return {"in_workers": round(step["seconds"], 3)} | ({"judging": judged} if judged else {})


def _without_seconds(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in step.items() if key != "seconds"}
    if "summary" in kept:
        kept["summary"] = {key: value for key, value in kept["summary"].items() if key != "seconds"}
    return kept
