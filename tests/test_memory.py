"""`engine.max_memory`: what is cut to fit, and what is refused."""

import re
from typing import Any

import pytest

from pipeline.config import MIB, RunConfig
from pipeline.errors import UnfinishedError, UserError
from pipeline.memory import check_documents, fit_memory
from pipeline.run_file import parse_config


def config(max_memory: int | None, stages: list[str] | None = None, **input: Any) -> RunConfig:
    values: dict[str, Any] = {
        "input": {"path": "in", **input},
        "stages": stages or ["fix_encoding"],
        "output": {"path": "out", "part_bytes": 32 * MIB},
        "engine": {"max_memory": max_memory},
    }
    return parse_config(values, "run.yaml")


def test_without_a_limit_nothing_changes() -> None:
    """As with one that holds everything."""
    for limit in (None, 8 * 2**30):
        given = config(limit)
        assert fit_memory(given) == given


def test_portions_are_cut_and_leave_no_trace_in_the_rest() -> None:
    """Shards and batches get smaller with the room that there is, never larger than they were set."""
    large, small = (fit_memory(config(limit, max_record_bytes=MIB)).input for limit in (1024 * MIB, 520 * MIB))
    assert 2 * MIB < small.batch_bytes < large.batch_bytes == 8 * MIB
    assert 8 * MIB < small.shard_bytes < large.shard_bytes == 64 * MIB
    assert (small.max_window, large.max_window) == (120 * MIB, 624 * MIB)
    set_lower = fit_memory(config(520 * MIB, max_record_bytes=MIB, shard_bytes=1000, batch_bytes=100)).input
    assert (set_lower.shard_bytes, set_lower.batch_bytes) == (1000, 100)


def test_a_longest_document_that_does_not_fit_is_refused() -> None:
    """It decides what goes to quarantine, so that it is for the user to set; either way out that is named is one."""
    with pytest.raises(UserError, match=r"do not hold what input\.max_record_bytes allows \(268435456\)") as raised:
        fit_memory(config(1024 * MIB))
    most, least = map(int, re.findall(r"at most (\d+), or engine\.max_memory to at least (\d+)", str(raised.value))[0])
    fit_memory(config(1024 * MIB, max_record_bytes=most))
    fit_memory(config(least))
    with pytest.raises(UserError):
        fit_memory(config(1024 * MIB, max_record_bytes=most + 1))


def test_a_part_that_does_not_fit_is_refused() -> None:
    """Parts are cut by bytes, and where decides their names and content."""
    given = config(410 * MIB, max_record_bytes=1000)
    with pytest.raises(UserError, match=r"run\.yaml: engine\.max_memory: .*what output\.part_bytes allows"):
        fit_memory(given)


@pytest.mark.parametrize(("stages", "refused"), [(["fix_encoding"], False), (["drop_near_duplicates"], True)])
def test_a_corpus_that_is_too_large_is_told_before_it_is_judged(stages: list[str], refused: bool) -> None:
    """By the documents that were read; where each is judged by itself their number is no matter."""
    given = config(1024 * MIB, stages, max_record_bytes=MIB)
    check_documents(given, 3_000_000)
    if refused:
        with pytest.raises(UnfinishedError, match=r"all 4000000 documents at once; set it to at least \d+"):
            check_documents(given, 4_000_000)
    else:
        check_documents(given, 4_000_000)
