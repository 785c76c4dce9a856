"""Near-duplicates to look at: how similar, how many together, the largest clusters and the closest calls."""

import heapq
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.report.output import read_columns

SHOWN_CLUSTERS, SHOWN_MEMBERS, SHOWN_CALLS = 5, 4, 3
BEGINNING = 700  # characters of a member that are shown
_BIN = 20  # bins in [0, 1) of similarity; what is exactly 1 has a bin of its own

Member = dict[str, Any]


def count_similarities(output: Path) -> list[dict[str, Any]]:
    """Dropped documents by exact similarity with their survivor: {"from", "to", "documents"}, from the first filled bin on."""
    counts = np.zeros(_BIN + 1, np.int64)
    for table in read_columns(output, "duplicates", ["similarity"]):
        values = table["similarity"].drop_null().to_numpy()
        counts += np.bincount(np.clip((values * _BIN + 1e-9).astype(np.int64), 0, _BIN), minlength=_BIN + 1)
    if not counts.any():
        return []
    first = int(np.flatnonzero(counts)[0])
    return [{"from": i / _BIN, "to": min(1.0, (i + 1) / _BIN), "documents": int(counts[i])} for i in range(first, _BIN + 1)]


def find_clusters(output: Path) -> tuple[dict[int, int], list[tuple[int, str]]]:
    """Clusters by size, and the largest ones (size, id), largest first. A cluster is counted where its own survivor stands."""
    sizes: Counter[int] = Counter()
    largest: list[tuple[int, str]] = []
    for table in read_columns(output, "documents", ["doc_id", "cluster_id", "cluster_size"]):
        own = table.filter(pc.and_(pc.greater(table["cluster_size"], 1), pc.equal(table["doc_id"], table["cluster_id"])))
        for entry in pc.value_counts(own["cluster_size"]).to_pylist():
            sizes[entry["values"]] += entry["counts"]
        found = zip(own["cluster_size"].to_pylist(), own["cluster_id"].to_pylist())
        largest = heapq.nsmallest(SHOWN_CLUSTERS, [*largest, *found], key=lambda cluster: (-cluster[0], cluster[1]))
    return dict(sorted(sizes.items())), largest


def find_members(output: Path, clusters: list[tuple[int, str]]) -> tuple[dict[str, list[Member]], list[Member]]:
    """The members of these clusters by cluster that resemble their survivor least, and those of all clusters that do."""
    members: dict[str, list[Member]] = {cluster: [] for _, cluster in clusters}
    calls: list[Member] = []
    columns = ["doc_id", "cluster_id", "survivor_id", "similarity", "containment"]
    for table in read_columns(output, "duplicates", columns):
        dropped = table.filter(pc.is_valid(table["similarity"]))
        calls = _least([*calls, *_lowest(dropped)], SHOWN_CALLS)
        for _, cluster in clusters:
            found = dropped.filter(pc.equal(dropped["cluster_id"], cluster))
            members[cluster] = _least([*members[cluster], *_lowest(found)], SHOWN_MEMBERS)
    return members, calls


def describe_member(doc_id: str, documents: Mapping[str, Mapping[str, Any]], **more: Any) -> Member:
    """What is shown of a document: where it is from and how it begins; `beginning` None if its text was not read."""
    document = documents.get(doc_id, {})
    text = document.get("text")
    published = document.get("published")
    return {
        "doc_id": doc_id,
        "source": document.get("source") or document.get("url"),
        "title": document.get("title"),
        "published": published.date().isoformat() if published is not None else None,
        "beginning": None if text is None else text[:BEGINNING],
        "characters": None if text is None else len(text),
        **more,
    }


def _lowest(table: Any) -> list[Member]:
    """The rows of lowest similarity, by a partial sort."""
    if table.num_rows > 64:
        table = table.take(pc.select_k_unstable(table, 64, sort_keys=[("similarity", "ascending"), ("doc_id", "ascending")]))
    rows: list[Member] = table.to_pylist()
    return rows


def _least(members: list[Member], count: int) -> list[Member]:
    return heapq.nsmallest(count, members, key=lambda member: (member["similarity"], member["doc_id"]))
