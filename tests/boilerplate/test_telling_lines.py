"""Words, letters and digits of lines that tell something, counted in two ways."""

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.boilerplate.telling_lines import _ascii_counts, _counts


@given(st.text(st.characters(max_codepoint=0x7F), max_size=60))
@example("Contact: Dan O'Hara, 202/224-8078; Sid_Smith (208) 342-7985.")
@example("\x1c[`{@/:\x7f a1b2\tc\x0b\x0cd")
def test_counts_of_ascii_are_those_of_the_expressions(line: str) -> None:
    """The short way for ASCII counts what RE2 finds."""
    assert _ascii_counts(line) == _counts(line)


def test_letters_beyond_ascii_are_counted() -> None:
    """Marks belong to the word and are no letters; digits of all scripts count."""
    assert _counts("Zu\u0301rich, १७ मई 2024") == (2, 8, 6)
