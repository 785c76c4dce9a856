"""Real examples of each rule, the same ones for the same output, with the words around them as they were at that step."""

import heapq
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.edits import restore
from pipeline.report.output import find_edits, read_columns

SHOWN_EXAMPLES = 3
CONTEXT = 90  # characters on either side
_SHOWN_CHANGE = 400  # of what was removed or inserted; the middle of more is left out
_CANDIDATES = 12  # kept per rule, from which three that differ are taken
_LONG_TEXT = 200_000  # characters: around a change in a longer document nothing is shown

Edit = dict[str, Any]


def pick_edits(output: Path) -> dict[tuple[int, str, str], list[Edit]]:
    """For each (step, rule, kind) up to SHOWN_EXAMPLES edits of different documents, if there are any that change different words.

    Documents are taken by the hash of their ids: a sample that is neither the first source in the alphabet nor left to chance.
    """
    candidates: dict[tuple[int, str, str], list[tuple[bytes, str, Edit]]] = {}
    for table in read_columns(output, "edits", ["doc_id", "step", "start", "removed", "inserted", "rule", "kind", "evidence"]):
        for row in _one_a_document(table):
            key = (row["step"], row["rule"], row["kind"])
            kept = candidates.setdefault(key, [])
            entry = (blake2b(row["doc_id"].encode(), digest_size=8).digest(), row["doc_id"], row)
            if len(kept) < 4 * _CANDIDATES:
                kept.append(entry)
            else:
                candidates[key] = [*heapq.nsmallest(_CANDIDATES, kept, key=lambda e: e[:2]), entry]
    return {
        key: _differing([edit for *_, edit in sorted(found, key=lambda e: e[:2])]) for key, found in sorted(candidates.items())
    }


def with_context(
    edits: Sequence[Edit], documents: Mapping[str, Mapping[str, Any]], ledger: Mapping[str, list[Edit]]
) -> list[Edit]:
    """The edits as they are shown: `before`, `removed`, `inserted`, `after`. Without the document's text there is no context."""
    return [_shown(edit, documents.get(edit["doc_id"]), ledger.get(edit["doc_id"], [])) for edit in edits]


def wanted_documents(examples: Mapping[Any, Sequence[Edit]]) -> set[str]:
    """The ids of the documents from which the examples are."""
    return {edit["doc_id"] for edits in examples.values() for edit in edits}


def ledger_of(output: Path, ids: set[str]) -> dict[str, list[Edit]]:
    """All edits of these documents."""
    return find_edits(output, ids)


def _one_a_document(table: pa.Table) -> list[Edit]:
    """The first edit of each document by each rule in this portion."""
    numbered = table.append_column("row", pa.array(np.arange(table.num_rows)))
    first = numbered.group_by(["doc_id", "step", "rule", "kind"]).aggregate([("row", "min")])
    rows: list[Edit] = table.take(first["row_min"]).to_pylist()
    return rows


def _differing(edits: Sequence[Edit]) -> list[Edit]:
    """Three of different documents: first those that differ in what they changed, then others, which differ in the words around."""
    chosen: dict[str, Edit] = {}
    changes: set[tuple[str, str]] = set()
    for edit in edits:
        change = (edit["removed"].strip().casefold(), edit["inserted"])
        if edit["doc_id"] not in chosen and change not in changes:
            chosen[edit["doc_id"]] = edit
            changes.add(change)
    for edit in edits:
        chosen.setdefault(edit["doc_id"], edit)
    return list(chosen.values())[:SHOWN_EXAMPLES]


def _shown(edit: Edit, document: Mapping[str, Any] | None, ledger: Sequence[Edit]) -> Edit:
    before = after = ""
    if document is not None and len(document["text"]) <= _LONG_TEXT:
        text = restore(document["text"], [e for e in ledger if e["step"] >= edit["step"]])
        end = edit["start"] + len(edit["removed"])
        before = ("…" if edit["start"] > CONTEXT else "") + text[max(0, edit["start"] - CONTEXT) : edit["start"]]
        after = text[end : end + CONTEXT] + ("…" if end + CONTEXT < len(text) else "")
    return {
        "doc_id": edit["doc_id"],
        "title": None if document is None else document["title"],
        "source": None if document is None else document["source"],
        "before": before,
        "removed": _shortened(edit["removed"]),
        "inserted": _shortened(edit["inserted"]),
        "after": after,
        "evidence": edit["evidence"],
    }


def _shortened(text: str) -> str:
    if len(text) <= _SHOWN_CHANGE:
        return text
    half = _SHOWN_CHANGE // 2
    return f"{text[:half]} […{len(text) - 2 * half:,} characters…] {text[-half:]}"
