"""Text as HTML."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.marks import change, differences, escaped, visible

_ANY = st.text(st.characters(exclude_categories=()), max_size=60)


def text_of(html: str) -> str:
    """What is read when boxes for unseen characters and marks are taken off."""
    return unescape(re.sub(r"<[^>]*>", "", re.sub(r'<span class="ch"[^>]*>[^<]*</span>', "", html)))


@given(_ANY)
def test_escaped_text_holds_no_markup(text: str) -> None:
    """Whatever it is, it can stand in an element or an attribute, and as UTF-8."""
    html = escaped(text)
    assert not set(html) & set("<>\"'\x00")
    html.encode()


@given(
    st.text(st.characters(categories=["L", "N", "P"], include_characters="<>&\"' \n"), max_size=60), st.text("ab <&", max_size=30)
)
def test_marks_change_no_word(text: str, other: str) -> None:
    """The words read the same with and without them."""
    assert text_of(visible(text)) == text
    assert text_of(differences(text, other)) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("\r", ">CR<"), ("\xa0", ">NBSP<"), ("\u200b", ">ZWSP<"), ("\u202e", ">U+202E<"), ("\x85", ">U+0085<")]
)
def test_characters_without_a_shape_are_named(text: str, shown: str) -> None:
    """Or one would not see what was removed."""
    assert shown in visible(text)


@pytest.mark.parametrize("text", ["\u200d", "می\u200cخواهم", "a\tb\nc", "\u3000国"])
def test_characters_that_shape_others_are_left(text: str) -> None:
    """Joiners of letters and emoji, and the blanks of a script."""
    assert visible(text) == text


def test_a_proposal_does_not_look_like_a_change() -> None:
    """Nothing was deleted."""
    assert "<del>" in change("a ", "b", "c", "", kind="edit")
    assert "<del>" not in change("a ", "b", "c", "", kind="proposal")


def test_long_runs_of_line_feeds_are_counted() -> None:
    """Twenty empty lines are not shown as such."""
    assert "↵ × 20" in change("", "a" + "\n" * 20, "", "", kind="edit")
