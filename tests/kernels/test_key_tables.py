"""Filters of keys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.key_tables import holds, make_filter, make_slots, without

PLACES = 1 << 8  # so few that keys are neighbours; a key's place are bits 32 and up
KEYS = st.lists(st.builds(lambda place, rest: place << 32 | rest, st.integers(0, PLACES - 1), st.integers(1, 9)), max_size=50)


@given(KEYS, KEYS)
def test_filter_without_keys_passes_none_of_them_and_all_that_share_no_bit(kept, left_out):
    """What is left out never passes; what is kept passes unless one that is left out has its bit."""
    kept, left_out = np.array(kept, np.uint64), np.array(left_out, np.uint64)
    bits = make_filter(np.concatenate([kept, left_out]), PLACES)
    before = bits.copy()
    fewer = without(bits, left_out)
    assert not holds(fewer, left_out).any()
    shared = holds(make_filter(left_out, PLACES), kept)
    assert holds(fewer, kept).tolist() == (~shared).tolist()
    assert np.array_equal(bits, before)


def test_table_of_keys_may_be_given_with_its_empty_slots():
    """The slots of a table are left out as its keys are."""
    keys = np.arange(1, 20, dtype=np.uint64) << np.uint64(33)
    assert not holds(without(make_filter(keys, PLACES), make_slots(keys)), keys).any()
