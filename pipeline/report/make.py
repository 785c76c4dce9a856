"""The report as values: folded from the manifest's counts and what the output's tables hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.report.duplicates import count_similarities, describe_member, find_clusters, find_members
from pipeline.report.examples import ledger_of, pick_edits, wanted_documents, with_context
from pipeline.report.flow import make_flow
from pipeline.report.output import find_documents, find_in_shards
from pipeline.report.quarantine import describe_quarantine
from pipeline.report.repeated import count_repeated_lines, learned_pack


def make_report(manifest: Mapping[str, Any], output: Path, shards: Sequence[Path] = ()) -> dict[str, Any]:
    """What `report.json` holds. Of the same output it is always the same, but for `times`.

    Memory is bounded: tables are read in portions, texts only of the documents that are shown: from the shards of the run while they
    are there, which is quicker.
    """
    examples = pick_edits(output)
    repeated = count_repeated_lines(output)
    sizes, clusters = find_clusters(output)
    members, calls = find_members(output, clusters)
    shown = {member["doc_id"] for group in members.values() for member in group} | {cluster for _, cluster in clusters}
    shown |= {call[key] for call in calls for key in ("doc_id", "survivor_id")}
    wanted = shown | wanted_documents(examples)
    documents = find_in_shards(shards, wanted) if shards else find_documents(output, wanted)
    ledger = ledger_of(output, wanted_documents(examples))
    return {
        "input": manifest["run_file"]["input"]["path"],
        "version": manifest["versions"]["corpus-pipeline"],
        "run_file": manifest["run_file"],
        "run_file_digest": manifest["run_file_digest"],
        "versions": manifest["versions"],
        "counts": manifest["counts"],
        "flow": make_flow(manifest),
        "stages": manifest["stages"],
        "rules": [
            {**rule, "examples": with_context(examples.get((rule["step"], rule["rule"], rule["kind"]), []), documents, ledger)}
            for rule in _rules(manifest)
        ],
        "repeated_lines": repeated,
        "learned_pack": learned_pack(repeated),
        "similarities": count_similarities(output),
        "cluster_sizes": [{"size": size, "clusters": count} for size, count in sizes.items()],
        "clusters": [
            {"cluster_id": cluster, "size": size, "members": _side_by_side(cluster, members[cluster], documents)}
            for size, cluster in clusters
        ],
        "closest_calls": [_side_by_side(call["survivor_id"], [call], documents) for call in calls],
        **manifest["population"],
        "quarantine": describe_quarantine(output),
        "times": manifest["times"],
    }


def _rules(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every rule that found something: {"step", "stage", "rule", "kind", "count"}, by step and count."""
    rows = [
        {"step": step["step"], "stage": step["name"], "rule": rule, "kind": kind, "count": count}
        for step in manifest["stages"]
        for rule, kinds in step["rules"].items()
        for kind, count in kinds.items()
    ]
    return sorted(
        rows, key=lambda row: (row["step"], ("edit", "proposal", "flag").index(row["kind"]), -row["count"], row["rule"])
    )


def _side_by_side(
    kept: str, dropped: Sequence[Mapping[str, Any]], documents: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A document that stayed, and behind it those that went."""
    went = [{key: value for key, value in member.items() if key != "cluster_id"} for member in dropped]
    return [
        describe_member(kept, documents, kept=True),
        *(describe_member(documents=documents, kept=False, **one) for one in went),
    ]
