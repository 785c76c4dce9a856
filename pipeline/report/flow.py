"""What came in and what became of it, step by step."""

from collections.abc import Mapping
from typing import Any


def make_flow(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for reading and one for each step: documents and characters that reached it, were taken off, and went on.

    Characters are those of documents still in the corpus. A reason that several steps give is shared out by documents. Without
    the writer's count of characters (`counts.characters_*`) their numbers are None.
    """
    counts = manifest["counts"]
    documents = counts["kept"] + counts["dropped"]
    lost = dict(counts.get("characters_dropped_by_reason", {}))
    characters = counts.get("characters_kept")
    if characters is not None:
        edited = sum(step["characters_removed"] - step["characters_inserted"] for step in manifest["stages"])
        characters += sum(lost.values()) + edited
    flow = [_row(0, "read", counts["records"], counts["quarantined"], characters, 0, 0, 0)]
    for step in manifest["stages"]:
        dropped = sum(step["dropped"].values())
        if not dropped and not step["rules"] and not step["step"]:
            continue  # find_families changes nothing
        gone = sum(
            lost.get(reason, 0) * n // max(1, counts["dropped_by_reason"][reason]) for reason, n in step["dropped"].items()
        )
        removed, added = step["characters_removed"], step["characters_inserted"]
        flow.append(_row(step["step"], step["name"], documents, dropped, characters, removed, added, gone))
        documents -= dropped
        characters = None if characters is None else characters - removed + added - gone
    return flow


def _row(
    step: int, name: str, documents: int, lost: int, characters: int | None, removed: int, added: int, dropped_with: int
) -> dict[str, Any]:
    out = None if characters is None else characters - removed + added - dropped_with
    return {
        "step": step,
        "name": name,
        "documents_in": documents,
        "documents_lost": lost,
        "documents_out": documents - lost,
        "characters_in": characters,
        "characters_removed": removed,
        "characters_added": added,
        "characters_lost_with_documents": dropped_with,
        "characters_out": out,
    }
