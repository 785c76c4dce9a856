"""One document through every stage: what each changed in it and by which rule, and where it ended."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import RunConfig
from pipeline.edits import restore
from pipeline.errors import UserError
from pipeline.explanation import Change, Document, Explanation, StepView
from pipeline.manifest import earlier_outputs
from pipeline.report.output import find_documents, find_edits, read_columns
from pipeline.report.quarantine import stopped_documents
from pipeline.schema import SCHEMA, make_batch
from pipeline.stage import CorpusStage
from pipeline.storage import place

CONTEXT = 60  # characters on either side of a change
_OTHERS = 10  # members of its cluster that are named


def explain_row(document: Document, edits: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]) -> Explanation:
    """The way of a document with its edits through steps, as the manifest counts them (`step`, `name`, `dropped`)."""
    views = [
        StepView(step["step"], step["name"], _changes(document["text"], edits, step["step"]), _remarks(step, document))
        for step in steps
        if step["step"]
    ]
    return Explanation(document, views, _verdict(document))


def explain_document(output: Path, doc_id: str, config: RunConfig) -> Explanation:
    """The way of a document through a finished run, read from what the run wrote. Raises UserError where there is none."""
    path = output / "manifest.json"
    if not path.is_file():
        raise UserError(f"{output}: holds no finished run; start it with `pipeline run`, or explain a text with --text FILE")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    document = find_documents(output, [doc_id], SCHEMA.names).get(doc_id)
    if document is None:
        raise UserError(f"{output}: no document {doc_id!r}. {_in_quarantine(output, doc_id) or _nearest(output, doc_id)}")
    explained = explain_row(document, find_edits(output, [doc_id]).get(doc_id, []), manifest["stages"])
    survivor = _survivor(document, [output, *map(place, earlier_outputs(manifest))])
    notes = []
    if manifest["run_file_digest"] != config.digest():
        notes.append(f"{config.origin} is not the run file that {output} was made with; shown is what was done then")
    return dataclasses.replace(explained, survivor=survivor, resembling=_resembling(output, doc_id), notes=notes)


def explain_text(config: RunConfig, text: str, name: str) -> Explanation:
    """The way of a text that is in no corpus through the document stages; what needs a corpus is named and left out."""
    batch = make_batch({"doc_id": [name], "text": [text], "encoding": ["utf-8"]})
    steps, ledgers = [], []
    for number, named in enumerate(config.stages, 1):
        if isinstance(named.stage, CorpusStage):
            steps.append(StepView(number, named.name, [], ["left out: it judges a text by the rest of its corpus"]))
            continue
        before, (batch, edits) = batch, named.stage(batch)
        ledgers.append([{**edit, "step": number} for edit in edits.to_pylist()])
        step = {"name": named.name, "dropped": _new_reason(before, batch)}
        changes = _changes(batch["text"][0].as_py(), ledgers[-1], number)
        steps.append(StepView(number, named.name, changes, _remarks(step, batch.to_pylist()[0])))
    document = batch.to_pylist()[0]
    return Explanation(document, steps, _verdict(document))


def _changes(cleaned: str, edits: Sequence[Mapping[str, Any]], step: int) -> list[Change]:
    """The changes of one step, in order, from the text as it is after all the steps of `edits`."""
    own = sorted((e for e in edits if e["step"] == step), key=lambda e: (e["start"], len(e["removed"])))
    if not own:
        return []
    text = restore(cleaned, [dict(e) for e in edits if e["step"] >= step])
    return [_change(text, edit) for edit in own]


def _change(text: str, edit: Mapping[str, Any]) -> Change:
    start, end = edit["start"], edit["start"] + len(edit["removed"])
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    before = f"…{before}" if start > CONTEXT and "\n" not in before else before
    after = f"{after}…" if end + CONTEXT < len(text) and "\n" not in after else after
    return Change(edit["rule"], edit["kind"], before, edit["removed"], edit["inserted"], after, edit["evidence"])


def _remarks(step: Mapping[str, Any], document: Document) -> list[str]:
    """What a step said of the document without changing it. Which columns a stage fills is told here alone."""
    remarks = []
    if step["name"] == "identify_language" and document.get("lang"):
        remarks.append(f"language {document['lang']}, margin {document['lang_score']}")
    if step["name"] == "repair_translation" and document.get("mt_score"):
        remarks.append(f"machine-translation score {document['mt_score']}: {document['mt_evidence'] or '{}'}")
    reason = document.get("drop_reason")
    if reason is not None and reason in step["dropped"]:
        remarks.append(f"dropped: {reason}")
    return remarks


def _new_reason(before: pa.RecordBatch, after: pa.RecordBatch) -> dict[str, int]:
    reason = after["drop_reason"][0].as_py()
    return {reason: 1} if reason is not None and before["drop_reason"][0].as_py() is None else {}


def _verdict(document: Document) -> str:
    reason = document.get("drop_reason")
    if reason is None:
        return "kept"
    if document.get("survivor_id") is None:
        return f"dropped: {reason}"
    similarity, containment = document["similarity"], document["containment"]
    return f"dropped: {reason} of {document['survivor_id']}, similarity {similarity:.3f}, containment {containment:.3f}"


def _survivor(document: Document, outputs: Iterable[Path]) -> Document | None:
    """What a document was dropped for: the kept one of its survivor's id, in the first of these outputs that has one."""
    survivor_id: str | None = document.get("survivor_id")
    if survivor_id is None:
        return None
    for output in outputs:
        found = find_documents(output, [survivor_id]).get(survivor_id)
        if found is not None and found["kept"]:
            return found
    return None


def _resembling(output: Path, doc_id: str) -> list[tuple[str, float]]:
    """The documents that were dropped for this one, most similar first, with their similarities."""
    found: list[tuple[str, float]] = []
    for table in read_columns(output, "duplicates", ["doc_id", "survivor_id", "similarity"]):
        own = table.filter(pc.equal(table["survivor_id"], doc_id))
        found += zip(own["doc_id"].to_pylist(), own["similarity"].to_pylist())
        found = sorted(found, key=lambda member: (-member[1], member[0]))[:_OTHERS]
    return found


def _in_quarantine(output: Path, doc_id: str) -> str | None:
    for row in stopped_documents(output):
        if row["doc_id"] == doc_id:
            return f"It is in quarantine ({row['file']} {row['position']}): {row['reason']}"
    return None


def _nearest(output: Path, doc_id: str) -> str:
    """Ids that hold what was asked for, or else the first ones."""
    first: list[str] = []
    holding: list[str] = []
    for kind in ("documents", "dropped"):
        for table in read_columns(output, kind, ["doc_id"]):
            ids = table["doc_id"]
            first += ids[:3].to_pylist()
            holding += ids.filter(pc.match_substring(ids, doc_id))[:3].to_pylist()
    if holding:
        return f"Did you mean {' or '.join(map(repr, holding[:3]))}?"
    return f"There are ids such as {', '.join(map(repr, first[:3]))}."
