"""Bytes without the case of their letters, in place."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.byte_folding import fold_bytes, is_folded

LETTERS = "".join(map(chr, range(0x20, 0x530))) + "の新ọﬁ１"


@given(st.text(LETTERS))
def test_case_is_folded_where_it_is_said_to_be(text):
    """Upper and lower case of such a character are the same bytes, and as many as before."""
    assert len(fold_bytes(text)) == len(text.encode())
    for character in filter(is_folded, text):
        for case in (character.lower(), character.upper()):
            if len(case) == 1 and not case.isascii():
                assert fold_bytes(case) == fold_bytes(character)


def test_the_letters_of_the_packs_are_folded():
    """Latin with accents, Greek, Cyrillic; scripts without case too. Not where the other case has other bytes."""
    assert all(map(is_folded, "azßäøşğıłžΩσςДёїשبの新"))
    assert not any(map(is_folded, "İọẞ"))
    assert fold_bytes("ΑΣ") == fold_bytes("ας") != fold_bytes("αβ")


def test_letters_of_one_alphabet_stay_apart():
    """The search would find too much else."""
    for alphabet in (
        "abcdefghijklmnopqrstuvwxyz",
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїў",
        "αβγδεζηθικλμνξοπρστυφχψω",
        "àáâãäåæçèéêëìíîïñòóôõöøùúûüý",
    ):
        assert len({fold_bytes(letter) for letter in alphabet}) == len(alphabet)
