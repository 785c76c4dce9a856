"""The word lists of `lexicon.yaml` as the stage and its kernels want them."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from pipeline.kernels.cased_words import make_classes, word_keys
from pipeline.kernels.casing import ARTICLE, FUNCTION, JOINING, PARTICLE, ROLE, TITLE
from pipeline.kernels.key_tables import holds


@cache
def word_list(name: str) -> frozenset[str]:
    """The words of one list, in lower case."""
    return frozenset(_lists()[name].split())


@cache
def classes() -> tuple[np.ndarray, np.ndarray]:
    """The classes of words that the casing kernels ask for, as `cased_words.make_classes` gives them."""
    names = {FUNCTION: "function_words", PARTICLE: "particles", TITLE: "titles", ROLE: "role_nouns"}
    return make_classes(
        {
            ARTICLE: ["a", "an"],
            JOINING: ["and", "for", "of"],
            **{number: sorted(word_list(name)) for number, name in names.items()},
        }
    )


@cache
def english_words() -> np.ndarray:
    """A filter (`key_tables.make_filter`) of 250,000 English words in lower case; of other words it lets 6 % pass.

    From SCOWL and Webster's second edition; `tools/make_english_words.py` made it.
    """
    with np.load(str(files("pipeline").joinpath("tables", "english_words.npz"))) as table:
        bits: np.ndarray = table["bits"]
    bits.flags.writeable = False
    return bits


@lru_cache(maxsize=65536)
def is_english(word: str) -> bool:
    """Whether a word in lower case is one of `english_words`, or one of the others that pass."""
    return bool(holds(english_words(), word_keys([word]))[0])


@cache
def pinyin() -> re.Pattern[str]:
    """Matches words that are wholly syllables of Mandarin in pinyin, in lower case: "zhang", "yongshu"; not "muttaqi"."""
    syllables = (f"{initial}(?:{'|'.join(finals.split())})" for initial, finals in _lists()["pinyin"].items())
    return re.compile(f"(?:{'|'.join(syllables)})+")


@cache
def _lists() -> dict[str, Any]:
    lists: dict[str, Any] = yaml.safe_load(files("pipeline.translation").joinpath("lexicon.yaml").read_text("utf-8"))
    return lists
