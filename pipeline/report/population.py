"""Who is in the output: documents by source and by language, kept and dropped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.output import read_columns

ALARM_SHARE = 0.3  # of a source's documents dropped: more is seldom meant
SHOWN_SOURCES = 40
NO_SOURCE, OTHERS = "(no source)", "(other sources)"
_COUNTED = 100_000  # distinct sources held while counting: where each document names its own, later ones are put together

Counts = dict[str, dict[str, int]]  # by source or language: reason ("kept" for what stayed) -> documents


def count_documents(output: Path) -> tuple[Counts, Counts]:
    """Documents by source and by language, each by what became of them. Without a source the host of the URL stands for it."""
    sources: Counts = {}
    languages: Counts = {}
    for kind in ("documents", "dropped"):
        columns = ["source", "url", "lang"] + (["drop_reason"] if kind == "dropped" else [])
        for table in read_columns(output, kind, columns):
            reason = table["drop_reason"] if kind == "dropped" else pa.array(["kept"] * table.num_rows, pa.string())
            _add(sources, _source(table), reason)
            _add(languages, pc.fill_null(table["lang"], "not told"), reason)
    return sources, languages


def rank_sources(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The sources that lost the largest shares, and then the largest ones; `alarm` where more than ALARM_SHARE was dropped."""
    rows = []
    for source, reasons in counts.items():
        total = sum(reasons.values())
        dropped = total - reasons.get("kept", 0)
        by_reason = {reason: count for reason, count in sorted(reasons.items()) if reason != "kept"}
        share = dropped / total
        rows.append(
            {
                "source": source,
                "documents": total,
                "dropped": dropped,
                "share": round(share, 4),
                "alarm": share > ALARM_SHARE,
                "reasons": by_reason,
            }
        )
    return sorted(rows, key=lambda row: (not row["alarm"], -row["documents"], row["source"]))


def rank_languages(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Languages by documents, with those that were dropped."""
    rows = [
        {"language": name, "documents": sum(reasons.values()), "dropped": sum(reasons.values()) - reasons.get("kept", 0)}
        for name, reasons in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row["documents"], row["language"]))


def _source(table: pa.Table) -> pa.ChunkedArray:
    source = table["source"]
    if source.null_count:
        host = pc.struct_field(pc.extract_regex(table["url"], r"^[a-zA-Z][a-zA-Z0-9+.-]*://(?:www\.)?(?P<host>[^/?#:]+)"), "host")
        source = pc.coalesce(source, host, pa.scalar(NO_SOURCE))
    return source


def _add(counts: Counts, keys: pa.ChunkedArray, reasons: pa.Array | pa.ChunkedArray) -> None:
    grouped = pa.table({"key": keys, "reason": reasons}).group_by(["key", "reason"], use_threads=False).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        key = row["key"] if row["key"] in counts or len(counts) < _COUNTED else OTHERS
        by_reason = counts.setdefault(key, {})
        by_reason[row["reason"]] = by_reason.get(row["reason"], 0) + row["count_all"]
