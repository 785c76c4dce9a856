"""How candidate pairs are cut into tasks, and brought together from those of bands."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.files import write_array
from pipeline.neardup import verification
from pipeline.neardup.candidates import merge_pairs
from pipeline.neardup.verification import split_pairs

SIZES = np.array([0, 3, 10, 40, 7], np.int64)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40), st.integers(1, 50), st.integers(1, 9))
def test_ranges_of_pairs_are_cut_by_what_their_sets_hold(pairs: list[tuple[int, int]], most: int, at_once: int) -> None:
    """All pairs in order; each range begins where another multiple of the limit is passed, however many are looked at in one go."""
    by_place = np.array(pairs, np.uint32).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "SHINGLES_PER_TASK", most)
        patch.setattr(verification, "_PAIRS_AT_ONCE", at_once)
        ranges = split_pairs(by_place, SIZES)
    assert [place for _, first, stop in ranges for place in range(first, stop)] == list(range(len(pairs)))
    assert [number for number, *_ in ranges] == list(range(len(ranges)))
    held = np.cumsum(SIZES[by_place[0]] + SIZES[by_place[1]]) // most
    assert [len(set(held[first:stop])) for _, first, stop in ranges] == [1] * len(ranges)
    assert len(ranges) == len(set(held))


@given(st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=6))
def test_pairs_of_bands_are_merged(tmp_path_factory: pytest.TempPathFactory, bands: list[list[int]]) -> None:
    """Each once, ascending."""
    folder: Path = tmp_path_factory.mktemp("pairs")
    for number, band in enumerate(bands):
        write_array(folder / f"pairs-{number:05d}.npy", np.array(sorted(set(band)), np.uint64))
    found = merge_pairs(folder, [[number] for number in range(len(bands))])
    assert found.tolist() == sorted({pair for band in bands for pair in band})
