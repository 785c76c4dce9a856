"""The search for literals: the same lines as Python finds, in any case, in any script."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.literals import find_literals, literal_table
from pipeline.kernels.text import buffers

LITERALS = ["epa", "read more", "abonnez-vous à", "читайте", "相关新闻", "بیشتر بخوانید", "für ", "aaa", "(@a", "©x", "icp", "ап"]
TABLE = literal_table(LITERALS)


def found(lines: list[str]) -> set[tuple[int, int]]:
    """Pairs of line and literal."""
    offsets, data = buffers(pa.array(lines, pa.large_string()))
    at, literal = find_literals(offsets, data, np.arange(len(lines)), TABLE)
    return set(zip(at.tolist(), literal.tolist()))


@given(
    st.lists(st.text(st.sampled_from(list("aepREAD moreчитЧИ相关新闻ü")), max_size=12) | st.sampled_from(LITERALS), max_size=6)
)
def test_every_line_that_holds_a_literal_is_found(lines):
    """None is missed, and of literals in ASCII none is found where it does not stand."""
    holds = {(i, k) for i, line in enumerate(lines) for k, literal in enumerate(LITERALS) if literal in line.lower()}
    assert holds <= found(lines)
    assert {pair for pair in found(lines) if LITERALS[pair[1]].isascii()} <= holds


def test_case_does_not_matter():
    """Capitals, also outside ASCII."""
    assert {k for _, k in found([literal.upper() for literal in LITERALS])} == set(range(len(LITERALS)))


def test_a_literal_does_not_reach_over_the_end_of_a_line():
    """Neighbours in the buffer are other lines."""
    assert found(["read ", "more", "e", "pa"]) == set()


def test_more_matches_than_the_first_guess_holds():
    """The result grows."""
    assert len(find_literals(*buffers(pa.array(["aaa" * 5000], pa.large_string())), np.zeros(1, np.int64), TABLE)[0]) == 14_998
