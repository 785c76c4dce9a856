"""Characters and texts that ftfy looks at twice, for Hypothesis and for bulk checks."""

import random

from ftfy.badness import MOJIBAKE_CATEGORIES
from hypothesis import strategies as st

# Characters that rules of ftfy name one by one, and what its other fixers look for.
NAMED = "ØÙŸŠ®°µ»ÃÂÎÐŒœ€™š¢£ž\xa0\xad©·–—´×²³à¹¼½¾√±∂†≠≤≥¥ø≈‚ÄìîïòôúûπâóäêвЂβāГўРСΒΓΞΟ"
PLAIN = " \n\tabcxyzXYZ.,?!;0&#<"
SCRIPTS = "中、。😀א\u05b8\u05bcا\u064e\u0651\u0653नफ\u093c\u094d\u0bbe\u0bc6か\u3099각\u1100\u1161\u11a8"
OTHERS = SCRIPTS + "\U00030001\U000e0067\U0001d173\u0301\u0323\u0338\u2028\u2029，Ａｶﾞ\u3000\ufeffﬁĲŉ\r\x0c\x1b\x7f\x00\x85"
PIECES = ["&amp;", "&lt;", "&#13;", "&#x2028;", "&#60;", "&nosuch;", "\r\n", "\x1b[1m", "Ã©", "â€™", "â€œ", "Ã ", " Â ", "\u200d"]


def _expanded(category: str) -> str:
    characters, i = "", 0
    while i < len(category):
        if category[i + 1 : i + 2] == "-" and i + 2 < len(category):
            characters += "".join(map(chr, range(ord(category[i]), ord(category[i + 2]) + 1)))
            i += 3
        else:
            characters += category[i]
            i += 1
    return characters


ALPHABET = sorted({*NAMED, *PLAIN, *OTHERS, *"".join(map(_expanded, MOJIBAKE_CATEGORIES.values()))})
_WEIGHTED = [*ALPHABET, *list(NAMED) * 5, *list(PLAIN) * 10, *list(OTHERS) * 3, *PIECES * 6]

GOOD = "Größe “quoted” – l’été, São Paulo; 他说：“好。” Это новость.\n"


def _garbled(encoding: str) -> str:
    return GOOD.encode().decode(encoding, "replace")


_WRONG = ["latin-1", "cp1252", "cp1251", "cp1250", "mac_roman", "cp437"]

damaged_texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(ALPHABET), st.sampled_from(PLAIN), st.sampled_from(PIECES)), max_size=30).map("".join),
    st.lists(st.sampled_from([GOOD, *map(_garbled, _WRONG), *PIECES]), max_size=6).map("".join),
    st.text(max_size=30),
)


def random_texts(count: int, most: int, seed: int) -> list[str]:
    """Texts of up to `most` pieces over the alphabet."""
    draw = random.Random(seed)
    return ["".join(draw.choices(_WEIGHTED, k=draw.randint(1, most))) for _ in range(count)]
