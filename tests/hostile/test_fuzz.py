"""A short hunt with damaged files and hostile texts; the long one is a gate."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.hostile.fuzz_readers import bytes_in_use
from tests.hostile.fuzzing import MAX_GROWN, fuzz


def test_damaged_files_are_read_or_set_aside(tmp_path: Path) -> None:
    """Every reader: no crash, no hang, no growth, nothing vanishes, the same twice."""
    found = fuzz("fuzz_readers", 7, 150, tmp_path, seconds=300)
    assert set(found["outcomes"]) == {"documents", "some", "none", "refused"}


def test_hostile_texts_keep_the_laws(tmp_path: Path) -> None:
    """Every stage: same rows, boundaries do not matter, edits restore, a second pass changes nothing."""
    found = fuzz("fuzz_stages", 7, 50, tmp_path, seconds=300)
    assert len({name.split()[0] for name in found["laws"]}) == 6


@pytest.mark.parametrize("kept", [lambda: bytes(10_000), lambda: [object() for _ in range(200)], lambda: pa.array(range(1250))])
def test_a_leak_would_be_seen(kept: Callable[[], object]) -> None:
    """Of malloc's, of Python's and of Arrow's memory: ten kilobytes an execution, a thousand times."""
    before, held = bytes_in_use(), [kept() for _ in range(1000)]
    assert bytes_in_use() - before > MAX_GROWN
    assert len(held) == 1000
