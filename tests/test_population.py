"""Documents and characters by source and language: as counted in shards, and as the manifest tells them."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.population import NO_SOURCE, NOT_TOLD, add_up, count_population, count_removed, describe_population, merge_removed
from pipeline.schema import sources_of
from pipeline.segment import SHARD_EDITS
from tests.support import batch_of


def shard(rows: list[dict[str, Any]], edits: list[tuple[int, int, str, str, str]] = []) -> tuple[pa.Table, pa.Table]:  # noqa: B006
    """Documents with these columns, and edits as (row, step, removed, inserted, kind)."""
    names = {name for row in rows for name in row} - {"text"}
    batch = batch_of([row.get("text", "text") for row in rows], **{name: [row.get(name) for row in rows] for name in names})
    made = [
        {
            "row": row,
            "step": step,
            "start": 0,
            "removed": removed,
            "inserted": inserted,
            "rule": "r",
            "kind": kind,
            "evidence": None,
        }
        for row, step, removed, inserted, kind in edits
    ]
    return pa.Table.from_batches([batch]), pa.Table.from_pylist(made, schema=SHARD_EDITS)


def described(*shards: tuple[pa.Table, pa.Table]) -> dict[str, Any]:
    """What the manifest tells of these shards."""
    removed = merge_removed(count_removed(*one) for one in shards)
    return describe_population(add_up(count_population(*one) for one in shards), removed)


def test_a_document_without_a_source_is_of_its_host() -> None:
    """Without the www; without either it is of no source."""
    rows = [
        {"url": "https://www.example.org/a"},
        {"url": "http://example.org:80/b"},
        {"url": "no address"},
        {"source": "example.org"},
    ]
    sources = described(shard(rows))["sources"]
    assert [(row["source"], row["documents"]) for row in sources] == [("example.org", 3), (NO_SOURCE, 1)]


def test_shards_leave_no_trace() -> None:
    """The same rows in one shard or in two tell the same."""
    rows = [
        {"source": "a", "lang": "en", "text": "ünö"},
        {"source": "b", "lang": "fr", "text": "b" * 9, "drop_reason": "language:fr"},
        {"source": "a", "lang": "en", "text": "abc", "drop_reason": "near_duplicate"},
    ]
    edits = [(0, 1, "xx", "y", "edit"), (1, 1, "zz", "", "flag"), (2, 3, "q", "", "edit")]
    apart = [shard(rows[:2], edits[:2]), shard(rows[2:], [(0, 3, "q", "", "edit")])]
    assert described(*apart) == described(*apart[::-1]) == described(shard(rows, edits))


def test_characters_are_code_points_before_and_after() -> None:
    """What came in is what is left and what edits took off; flags change nothing."""
    edits = [(0, 1, "éé", "e", "edit"), (0, 2, "seen", "", "flag"), (1, 2, "gone", "", "edit")]
    rows = [{"source": "a", "lang": "en", "text": "naïve"}, {"source": "a", "text": "no", "drop_reason": "empty"}]
    told = described(shard(rows, edits))
    [source] = told["sources"]
    assert (source["characters"], source["characters_removed"]) == (5 + 1 + 2 + 4, 1 + 2 + 4)
    assert source["reasons"] == {"empty": 1}
    assert {row["language"]: row["removed"] for row in told["languages"]} == {"en": {"1": 2}, NOT_TOLD: {"2": 4}}


@pytest.mark.parametrize(
    ("rows", "alarm"),
    [
        ([("x" * 70, None), ("x" * 31, "near_duplicate"), ("x" * 5, None), ("x" * 5, None)], False),
        ([("x" * 50, None), ("x" * 50, "near_duplicate"), ("x" * 5, None), ("x" * 5, None)], True),
        ([("x" * 99, None), ("x", "near_duplicate")], True),
        ([("x" * 7, None), ("x" * 3, "near_duplicate"), *[("", None)] * 8], False),
    ],
    ids=["little of both", "characters alone", "documents alone", "just 30 %"],
)
def test_more_than_30_percent_of_documents_or_of_characters_is_an_alarm(rows: list[tuple[str, str | None]], alarm: bool) -> None:
    """Of a source, not of a corpus."""
    told = described(shard([{"source": "a", "text": text, "drop_reason": reason} for text, reason in rows]))
    assert told["sources"][0]["alarm"] is alarm
    assert told["sources_over_alarm"] == int(alarm)


def test_all_sources_are_counted_where_few_are_shown() -> None:
    """First those with an alarm, then the largest."""
    rows = [{"source": f"s{n:03}"} for n in range(60) for _ in range(1 + n % 7)] + [
        {"source": "bad", "drop_reason": "near_duplicate"}
    ]
    told = described(shard(rows))
    assert told["source_count"] == 61
    assert len(told["sources"]) == 40
    assert told["sources"][0]["source"] == "bad"
    assert [row["documents"] for row in told["sources"][1:]] == sorted(
        (row["documents"] for row in told["sources"][1:]), reverse=True
    )


def test_host_of_a_url_is_one_source_however_it_is_written() -> None:
    """As for repeated lines: without login, port and www, in small letters; a source that is told goes before it."""
    urls = ["https://www.Example.org/a", "HTTPS://me@example.org:80/b", "example.org/c", None, "https://other.org/"]
    batch = batch_of([""] * 5, url=urls, source=[None] * 4 + ["Gazette"])
    assert sources_of(batch).to_pylist() == ["example.org", "example.org", None, None, "Gazette"]
