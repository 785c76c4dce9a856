"""The line kernels against plain Python: spans, normalised form, endings, removal."""

import re
import unicodedata
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.kernels import line_characters
from pipeline.kernels.line_keys import LONG_BYTES
from pipeline.kernels.lines import (
    ELLIPSIS,
    TERMINAL,
    blank_lines,
    line_endings,
    line_forms,
    line_keys,
    line_spans,
    removal_spans,
)
from pipeline.kernels.text import buffers

MASK = (1 << 64) - 1
ASSIGNED = st.characters(exclude_categories=("Cs", "Cn"))
LINES = st.text(st.one_of(st.sampled_from(" \t|•:'’-.,0123456789٣Aaéßﬁ…½ıİςأيكـ\u200c\u0301中あฉันกิก가"), ASSIGNED), max_size=12)
TEXTS = st.lists(st.lists(LINES, max_size=5).map("\n".join), max_size=4)


def lines_of(texts: list[str]) -> tuple[np.ndarray, ...]:
    """The arguments that all kernels begin with."""
    offsets, data = buffers(pa.array(texts, pa.large_string()))
    return offsets, data, *line_spans(offsets, data)


def reference_tokens(line: str) -> list[str]:
    """The normalised tokens of a line, from `unicodedata` and with none of the kernel's tables or tricks."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", line).casefold())
    tokens, broken = [], True
    for c in folded:
        category, combining = unicodedata.category(c), unicodedata.combining(c)
        if c in "'’‘ʼ`ـ" or category == "Cf" or "\ufe00" <= c <= "\ufe0f" or 10 <= combining <= 36 or combining >= 200:
            continue
        if category[0] not in "LMN":
            broken = True
            continue
        c = {"ى": "ی", "ي": "ی", "ك": "ک"}.get(c, c)
        number = category == "Nd"
        if number and tokens and tokens[-1][-1] == "0":
            continue
        own = category[0] != "M" and own_token(c) and not number
        if broken or own or (tokens and own_token(tokens[-1][-1]) and tokens[-1][-1] != "0"):
            tokens.append("")
        tokens[-1] += "0" if number else c
        broken = False
    return tokens


def own_token(c: str) -> bool:
    """Whether a letter belongs to a script without spaces, by its Unicode name; letters of Shan and Khamti are not counted there."""
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC", "HALFWIDTH KATAKANA")
    return unicodedata.category(c)[0] in "LN" and unicodedata.name(c, "").startswith(scripts) and not "\ua9e0" <= c <= "\uaa7f"


def test_spans_are_those_of_split():
    """A text of n newlines has n + 1 lines, in a sliced array too."""
    texts = ["", "a", "a\n", "\n\n", "é\nb\n\nc"]
    array = pa.array(["before", *texts], pa.large_string()).slice(1)
    offsets, data = buffers(array)
    found = [(r, texts[r].encode()[a:b].decode()) for r, a, b in zip(*(x.tolist() for x in line_spans(offsets, data)))]
    assert found == [(r, line) for r, text in enumerate(texts) for line in text.split("\n")]


def test_spans_are_those_of_split_wherever_newlines_stand():
    """The bytes are read 64 at a time; no place among them is special, nor are the last ones."""
    texts = ["é" * (n % 3) + "a" * n + "\n" + "b" * (140 - n) + "\n" * (n % 5) for n in range(141)]
    _, _, rows, starts, stops = lines_of(texts)
    found = [(r, texts[r].encode()[a:b].decode()) for r, a, b in zip(rows.tolist(), starts.tolist(), stops.tolist())]
    assert found == [(r, line) for r, text in enumerate(texts) for line in text.split("\n")]


@given(st.lists(LINES.filter(lambda s: "\n" not in s), min_size=2, max_size=6))
@example(["ﬁ x", "FI X", "fi  x", "f-i x"])
@example(["0\uaa60", "0 \uaa60"])
@example(["١٢ تعليقا", "3 تعليقا", "أيضًا", "ايضا", "می‌خواهم", "ميخواهم"])
@settings(max_examples=300)
def test_keys_are_equal_where_normalised_forms_are(lines):
    """Two lines have one key exactly when the plain reference gives them the same tokens; and as many of them."""
    _, tokens = line_forms(*lines_of(lines))
    keys = line_keys(*lines_of(lines))
    forms = [reference_tokens(line) for line in lines]
    assert [len(form) for form in forms] == tokens.tolist()
    joined = [join(form) for form in forms]
    for i in range(len(lines)):
        assert (keys[i] == 0) == (not forms[i])
        for j in range(i):
            assert (keys[i] == keys[j]) == (joined[i] == joined[j]), (lines[i], lines[j])


def rough_tokens(line: bytes) -> int:
    """The first token, and those that begin at a byte between the first and the last: behind ASCII that is no letter or digit, or
    where a character of Han, kana, Thai, Lao or Tibetan begins."""
    in_word = [byte >= 0x80 or chr(byte).isalnum() for byte in line]
    own = [0xE3 <= byte <= 0xE9 or (byte == 0xE0 and after >= 0xB8) for byte, after in pairwise(line)]
    return 1 + sum((in_word[i] and not in_word[i - 1]) or own[i] for i in range(1, len(line) - 1))


@given(st.lists(st.sampled_from(["word", "a", " ", ", ", "3", "é", "漢字", "ไทย", "ខ", "а", "`{@[/:"]), min_size=1, max_size=70))
@settings(max_examples=100)
def test_long_lines_have_as_many_tokens_as_ascii_parts(pieces):
    """The bytes are read 64 at a time, the last ones twice, and none counts twice."""
    line = (2 * LONG_BYTES * "".join(pieces))[: LONG_BYTES + len(pieces)]
    _, tokens = line_forms(*lines_of(["before", line]))
    assert tokens.tolist() == [1, rough_tokens(line.encode())]


def join(tokens: list[str]) -> str:
    """Spaces stand only between tokens neither of which is a character of a script without spaces."""
    return re.sub(r"(?<=\S) (?=\S)", lambda m: "" if own_token(m.string[m.start() - 1]) or own_token(m.string[m.end()]) else " ",
                  " ".join(tokens))  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 Comments »", "• 12 comments"),
        ("Don’t miss", "DONT MISS:"),
        ("Published 2024-10-13 12:30", "published 1/2/2025"),
        ("相关 新闻", "【相关新闻】"),
        ("اقرأ أيضًا", "اقرا ايضا"),
        ("بیشتر بخوانید", "بيشتر بخوانید:"),
        ("ＡＤＶＥＲＴＩＳＥＭＥＮＴ", "advertisement"),
        ("e\u0301te\u0301", "ÉTÉ"),
    ],
)
def test_lines_that_a_reader_takes_for_one_share_a_key(one, other):
    """Case, digits, bullets, accents, full-width forms, apostrophes and harakat do not part two lines."""
    first, second = line_keys(*lines_of([one, other]))
    assert first == second


@pytest.mark.parametrize(("one", "other"), [("Related news", "Related new"), ("ab c", "a bc"), ("no 1", "no"), ("中国", "国中")])
def test_lines_that_say_different_things_have_different_keys(one, other):
    """Words, their order and the spaces between them count."""
    first, second = line_keys(*lines_of([one, other]))
    assert first != second


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("It is over.", TERMINAL),
        ("the return of the U.S.”", TERMINAL),
        ("sagte er.“ ", TERMINAL),
        ("会谈结束。", TERMINAL),
        ("会谈结束。」", TERMINAL),
        ("هل انتهى؟", TERMINAL),
        ("| a sentence. |", TERMINAL),
        ("(as he said.)", TERMINAL),
        ("to be ..", TERMINAL),
        ("the last…", ELLIPSIS),
        ("Donalda Tr... |", ELLIPSIS),
        ("cut [...]", ELLIPSIS),
        ("wait…”", TERMINAL),
        ("It is over." + 8 * " ", TERMINAL),
        ("he said.”" + 9 * " " + "| ", TERMINAL),
        ("the last…" + 16 * " ", ELLIPSIS),
        ("Focus on terrorist groups:", 0),
        ("The last." + 8 * " " + "words" + 8 * " ", 0),
        (24 * " ", 0),
        ("Founded (2020)", 0),
        ("", 0),
        (" | ", 0),
    ],
)
def test_endings(line, flag):
    """Quotes and brackets after a sentence end belong to it; an ellipsis counts only where nothing but a pipe follows."""
    assert line_endings(*lines_of([line])).tolist() == [flag]


@given(TEXTS)
@settings(max_examples=100)
def test_blank_is_what_isspace_says(texts):
    """White space is Python's, beyond ASCII too."""
    expected = [not line.strip() for text in texts for line in text.split("\n")]
    assert blank_lines(*lines_of(texts)).tolist() == expected


def remove(text: str, drop: list[bool]) -> tuple[str, list[tuple[int, int, int]]]:
    """What is left of the text, and (start, stop, line) of each span."""
    offsets, data, rows, starts, stops = lines_of([text])
    _, first, last, line = removal_spans(offsets, data, rows, starts, stops, np.array(drop))
    spans = list(zip(first.tolist(), last.tolist(), line.tolist()))
    raw, pieces, at = text.encode(), [], 0
    for a, b, _ in spans:
        assert at <= a < b
        pieces.append(raw[at:a])
        at = b
    return b"".join([*pieces, raw[at:]]).decode(), spans


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\nX\nb", "a\nb"),
        ("a\n\nX\n\nb", "a\n\nb"),
        ("a\nX\n\nb", "a\n\nb"),
        ("a\n\nX\nY\n\n\nX\nb", "a\n\n\nb"),
        ("\n\nX\n\na\n", "a\n"),
        ("a\n\nX\n\n", "a"),
        ("X\nX", ""),
        ("\n\na\nX\n \nb\n\n", "\n\na\n \nb\n\n"),
        ("\n\na\n\nb\n", "\n\na\n\nb\n"),
    ],
)
def test_removal_leaves_no_longer_run_of_blank_lines(text, left):
    """The longest run of blank lines in the gap stays; at an edge that a line was removed from, none does."""
    assert remove(text, [line in ("X", "Y") for line in text.split("\n")])[0] == left


@given(st.text(alphabet="aX \n", max_size=14))
@settings(max_examples=500)
def test_removal_keeps_every_other_line(text):
    """One span for each dropped line, holding it; the other non-blank lines stay; where nothing is dropped, nothing changes."""
    lines = text.split("\n")
    drop = ["X" in line for line in lines]
    left, spans = remove(text, drop)
    assert [line for _, _, line in spans] == [i for i, d in enumerate(drop) if d]
    assert all("X" in text[a:b] for a, b, _ in spans)
    assert [x for x in left.split("\n") if x.strip()] == [x for x, d in zip(lines, drop) if x.strip() and not d]
    assert longest_blank_run(left) <= longest_blank_run(text)
    if not any(drop):
        assert left == text
    if drop[0] or (any(drop) and not "".join(lines[: drop.index(True)]).strip()):
        assert not left or left.split("\n")[0].strip()


def longest_blank_run(text: str) -> int:
    """Blank lines that follow one another; a text of nothing is one blank line."""
    longest = run = 0
    for line in text.split("\n"):
        run = 0 if line.strip() else run + 1
        longest = max(longest, run)
    return max(longest, 1)


def test_shipped_table_is_what_unicodedata_gives():
    """Parity with this Python's `unicodedata`, where it is of the version that the table was built from."""
    with np.load(line_characters._PATH) as shipped:
        if str(shipped["unidata_version"]) != unicodedata.unidata_version:
            pytest.skip(f"built from Unicode {shipped['unidata_version']}, this Python has {unicodedata.unidata_version}")
        built = line_characters.build()
        assert all(np.array_equal(shipped[name], built[name]) for name in built)
