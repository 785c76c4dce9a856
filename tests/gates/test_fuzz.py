"""The long hunt: every reader on damaged files, every stage on hostile texts, by seeds. Prints the executions."""

from pathlib import Path

import pytest

from tests.hostile.fuzzing import fuzz

pytestmark = pytest.mark.gate

READER_RUNS, READER_EXECUTIONS = 4, 3_000
STAGE_RUNS, STAGE_EXECUTIONS = 3, 1_000


@pytest.mark.parametrize("seed", range(100, 100 + READER_RUNS))
def test_no_damaged_file_breaks_a_law(seed: int, tmp_path: Path) -> None:
    """Some forty sound files of all formats and compressions, each damaged anew; each is read twice."""
    found = fuzz("fuzz_readers", seed, READER_EXECUTIONS, tmp_path)
    assert sum(found["outcomes"].values()) == READER_EXECUTIONS
    assert len(found["formats"]) >= 20


@pytest.mark.parametrize("seed", range(100, 100 + STAGE_RUNS))
def test_no_hostile_text_breaks_a_law(seed: int, tmp_path: Path) -> None:
    """Strings by category, real lines, damage and wrong charsets, mixed anew."""
    found = fuzz("fuzz_stages", seed, STAGE_EXECUTIONS, tmp_path)
    assert sum(found["laws"].values()) == STAGE_EXECUTIONS
