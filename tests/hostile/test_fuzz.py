"""A short hunt with damaged files and hostile texts; the long one is a gate."""

from pathlib import Path

from tests.hostile.fuzzing import fuzz


def test_damaged_files_are_read_or_set_aside(tmp_path: Path) -> None:
    """Every reader: no crash, no hang, no growth, nothing vanishes, the same twice."""
    found = fuzz("fuzz_readers", 7, 150, tmp_path, seconds=300)
    assert set(found["outcomes"]) == {"documents", "some", "none", "refused"}


def test_hostile_texts_keep_the_laws(tmp_path: Path) -> None:
    """Every stage: same rows, boundaries do not matter, edits restore, a second pass changes nothing."""
    found = fuzz("fuzz_stages", 7, 50, tmp_path, seconds=300)
    assert len({name.split()[0] for name in found["laws"]}) == 6
