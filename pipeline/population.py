"""Who is in a corpus: documents and characters by source and by language, kept and taken out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import sources_of

ALARM_SHARE = 0.3  # of a source's documents or characters taken out: more is seldom meant
SHOWN_SOURCES = 40
NO_SOURCE, NOT_TOLD = "(no source)", "not told"
_KEYS = ["source", "lang", "reason"]
_SUMS = ["documents", "characters", "edited"]
POPULATION = pa.schema([*((name, pa.string()) for name in _KEYS), *((name, pa.int64()) for name in _SUMS)])

Row = dict[str, Any]


def count_population(documents: pa.Table, edits: pa.Table) -> pa.Table:
    """POPULATION of a shard: documents, characters of their cleaned text, and characters edited away, by source, language and reason.

    `edits` has the columns row, removed, inserted and kind. Without a source the host of the URL stands for it. `reason` is "" for
    what was kept.
    """
    changes = edits.filter(pc.equal(edits["kind"], "edit"))
    net = pc.subtract(pc.utf8_length(changes["removed"]), pc.utf8_length(changes["inserted"])).to_numpy()
    edited = np.bincount(changes["row"].to_numpy(), net, documents.num_rows).astype(np.int64)
    counted = pa.table(
        {
            "source": pc.fill_null(sources_of(documents), NO_SOURCE),
            "lang": pc.fill_null(documents["lang"], NOT_TOLD),
            "reason": pc.fill_null(documents["drop_reason"], ""),
            "documents": pa.array(np.ones(documents.num_rows, np.int64)),
            "characters": pc.utf8_length(documents["text"]),
            "edited": pa.array(edited),
        }
    )
    return add_up([counted])


def count_removed(documents: pa.Table, edits: pa.Table) -> dict[str, dict[str, int]]:
    """Characters that each step took off the texts: language -> step number (as JSON has it) -> characters."""
    changes = edits.filter(pc.equal(edits["kind"], "edit"))
    lang = pc.fill_null(documents["lang"], NOT_TOLD).take(changes["row"])
    found = pa.table({"lang": lang, "step": changes["step"], "removed": pc.utf8_length(changes["removed"]).cast(pa.int64())})
    sums = found.group_by(["lang", "step"]).aggregate([("removed", "sum")]).to_pylist()
    return merge_removed({row["lang"]: {str(row["step"]): row["removed_sum"]}} for row in sums)


def merge_removed(shards: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """The sums of several `count_removed`."""
    merged: dict[str, Counter[str]] = {}
    for shard in shards:
        for lang, steps in shard.items():
            merged.setdefault(lang, Counter()).update(steps)
    return {lang: dict(sorted(steps.items())) for lang, steps in sorted(merged.items())}


def add_up(tables: Iterable[pa.Table]) -> pa.Table:
    """The sums of several tables, by source, language and reason in this order."""
    joined = pa.concat_tables([POPULATION.empty_table(), *(table.cast(POPULATION) for table in tables)])
    summed = joined.group_by(_KEYS, use_threads=False).aggregate([(name, "sum") for name in _SUMS])
    named = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    return named.select(POPULATION.names).cast(POPULATION).sort_by([(name, "ascending") for name in _KEYS])


def characters_by_reason(counted: pa.Table) -> dict[str, int]:
    """Characters of cleaned text by drop reason, "" for what was kept."""
    sums = counted.group_by("reason").aggregate([("characters", "sum")]).to_pylist()
    return {row["reason"]: row["characters_sum"] for row in sums}


def describe_population(counted: pa.Table, removed: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """What the manifest tells of a population: the sources that lost most and the largest ones, and all languages.

    `removed` are the characters that each step took off the texts: language -> step number -> characters.
    """
    sources = _rank(_totals(counted, "source"))
    languages = sorted(_totals(counted, "lang"), key=lambda row: (-row["documents"], row["lang"]))
    for row in languages:
        row["language"] = row.pop("lang")
        row["removed"] = removed.get(row["language"], {})
    return {
        "sources": sources[:SHOWN_SOURCES],
        "source_count": len(sources),
        "sources_over_alarm": sum(row["alarm"] for row in sources),
        "languages": languages,
    }


def _rank(rows: list[Row]) -> list[Row]:
    """Alarms first, then by documents; `alarm` where more than ALARM_SHARE of the documents or of the characters was taken out."""
    for row in rows:
        row["share"] = round(row["dropped"] / row["documents"], 4)
        row["characters_share"] = round(row["characters_removed"] / max(1, row["characters"]), 4)
        row["alarm"] = max(row["share"], row["characters_share"]) > ALARM_SHARE
    return sorted(rows, key=lambda row: (not row["alarm"], -row["documents"], row["source"]))


def _totals(counted: pa.Table, key: str) -> list[Row]:
    """For each value of a key: documents and those dropped, characters as they came (less what edits put in) and those that are gone."""
    totals: dict[str, Row] = {}
    grouped = counted.group_by([key, "reason"], use_threads=False).aggregate([(name, "sum") for name in _SUMS])
    for row in grouped.sort_by([(key, "ascending"), ("reason", "ascending")]).to_pylist():
        empty = {key: row[key], "documents": 0, "dropped": 0, "characters": 0, "characters_removed": 0, "reasons": {}}
        total = totals.setdefault(row[key], empty)
        total["documents"] += row["documents_sum"]
        total["characters"] += row["characters_sum"] + row["edited_sum"]
        total["characters_removed"] += row["edited_sum"]
        if row["reason"]:
            total["dropped"] += row["documents_sum"]
            total["characters_removed"] += row["characters_sum"]
            total["reasons"][row["reason"]] = row["documents_sum"]
    return list(totals.values())
