"""A short hunt with damaged files and hostile texts; the long one is a gate."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.fuzzing import MAX_GROWN, fuzz
from tests.runs import PATIENCE
from tests.support import REPO


def test_damaged_files_are_read_or_set_aside(tmp_path: Path) -> None:
    """Every reader: no crash, no hang, no growth, nothing vanishes, the same twice."""
    found = fuzz("fuzz_readers", 7, 150, tmp_path)
    assert set(found["outcomes"]) == {"documents", "some", "none", "refused"}


def test_hostile_texts_keep_the_laws(tmp_path: Path) -> None:
    """Every stage: same rows, boundaries do not matter, edits restore, a second pass changes nothing."""
    found = fuzz("fuzz_stages", 7, 50, tmp_path)
    assert len({name.split()[0] for name in found["laws"]}) == 6


@pytest.mark.parametrize("kept", ["bytes(10_000)", "[object() for _ in range(200)]", "pa.array(range(1250))"])
def test_a_leak_would_be_seen(kept: str) -> None:
    """Of malloc's, of Python's and of Arrow's memory: ten kilobytes an execution, a thousand times, in a process of its own."""
    program = f"""
import pyarrow as pa
from tests.hostile.fuzz_readers import bytes_in_use
before = bytes_in_use()
held = [{kept} for _ in range(1000)]
print(bytes_in_use() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPO, timeout=PATIENCE, check=True)
    assert int(done.stdout) > MAX_GROWN
