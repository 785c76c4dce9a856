"""Places of ones and of flagged items, as kernels list them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.machine_words import BLOCK
from pipeline.kernels.places import PLACES_AT_ONCE, list_flagged


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2, 255]), max_size=200), st.integers(0, 255))
def test_lists_what_is_flagged_and_nothing_else(flags, behind):
    """The numbers come in order, whatever the flag is, wherever blocks begin and whatever lay behind the flags."""
    padded = np.array(flags + [behind] * BLOCK, np.uint8)
    out = np.full(len(flags) + PLACES_AT_ONCE, -1, np.int64)
    count = list_flagged(padded, len(flags), out)
    assert out[:count].tolist() == np.flatnonzero(flags).tolist()


def test_lists_every_item_of_a_block_that_is_all_flagged():
    """All sixty-four places of a mask are written, in runs of PLACES_AT_ONCE, and room for one more run is enough."""
    flags, out = np.ones(3 * BLOCK, np.uint8), np.empty(2 * BLOCK + PLACES_AT_ONCE, np.int64)
    assert list_flagged(flags, 2 * BLOCK, out) == 2 * BLOCK
    assert out[: 2 * BLOCK].tolist() == list(range(2 * BLOCK))
