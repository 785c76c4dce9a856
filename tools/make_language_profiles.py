"""Writes pipeline/tables/language_profiles.npz from the profile files of the installed langdetect.

    .venv/bin/python -m tools.make_language_profiles

Run it when langdetect's profiles change; tests/stages/test_identify_language.py holds the table against them. Arrays:

- `version` (one string: langdetect's), `languages` (langdetect's 55 labels, sorted).
- `classes` uint16, one per code point up to U+1FFFF: the character that langdetect normalises it to, as a class. Class 0 is
  never used, SPACE, OTHER (in no profile; everything past U+1FFFF too), then the characters of the profiles; classes
  from `first_upper` on are upper-case letters, the very last one standing for upper-case letters in no profile.
- `vietnamese` uint32, shape (pairs, 3): base letter, combining mark (code points), class of the composed letter.
- `cells` int32: the n-grams, commonest first, as the trie of double_array.py over classes.
- `counts` uint8: how many languages know each n-gram; `entry_language` uint8 and `entry_score` int16 list them in turn.
  A score is round(1024 * ln((p + 5e-5) / 5e-5)) for the n-gram's share p among those of its length in that language.
"""

import json
from importlib.metadata import version
from pathlib import Path

import langdetect
import numpy as np
from langdetect.utils.ngram import NGram

from pipeline.whole import whole
from tools.double_array import build_cells

CODE_POINTS = 0x20000
SPACE, OTHER, FIRST_CLASS = 1, 2, 3
SCORES_PER_NAT = 1024
SMOOTHING = 5e-5  # langdetect's ALPHA_DEFAULT / BASE_FREQ

Shares = dict[str, dict[str, float]]


def read_shares(folder: Path) -> Shares:
    """Language -> n-gram -> its share among the language's n-grams of that length, from langdetect's JSON files.

    Shares are of all the n-grams that langdetect counted, those that mislead included.
    """
    shares = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or not path.is_file():
            continue
        profile = json.loads(path.read_text(encoding="utf-8"))
        totals = profile["n_words"]
        language = profile["name"]
        counts = {gram: count for gram, count in profile["freq"].items() if not misleads(language, gram)}
        shares[language] = {gram: count / totals[len(gram) - 1] for gram, count in counts.items()}
    return shares


def misleads(language: str, gram: str) -> bool:
    """True for Chinese characters in the Korean profile: glosses of its encyclopedia, for which langdetect calls news in
    traditional Chinese Korean. Korean news is written without them."""
    return language == "ko" and any("\u4e00" <= char <= "\u9fff" for char in gram)


def reachable(gram: str) -> bool:
    """False for an n-gram that is never looked up: the Korean and Japanese profiles keep characters from before
    normalisation, and langdetect skips n-grams that end in two capitals."""
    two_capitals = len(gram) > 1 and gram[-2].isupper() and gram[-1].isupper()
    return not two_capitals and all(NGram.normalize(char) == char for char in gram)


def class_of_characters(grams: list[str]) -> tuple[dict[str, int], int, int]:
    """Class of each character of the n-grams; the first upper-case class; the class of the other upper-case letters."""
    chars = sorted({char for gram in grams for char in gram} - {" "})
    lower = [char for char in chars if not char.isupper()]
    upper = [char for char in chars if char.isupper()]
    classes = {char: FIRST_CLASS + i for i, char in enumerate(lower + upper)} | {" ": SPACE}
    other_upper = FIRST_CLASS + len(chars)
    return classes, FIRST_CLASS + len(lower), other_upper


def class_of_code_point(code_point: int, classes: dict[str, int], other_upper: int) -> int:
    if 0xD800 <= code_point < 0xE000:
        return OTHER
    char = NGram.normalize(chr(code_point))
    return classes.get(char, other_upper if char.isupper() else OTHER)


def score(share: float) -> int:
    return round(SCORES_PER_NAT * float(np.log1p(share / SMOOTHING)))


def make_tables(shares: Shares) -> dict[str, np.ndarray]:
    """The arrays of the module's docstring but for `version`."""
    languages = sorted(shares)
    everywhere: dict[str, float] = {}
    for of_language in shares.values():
        for gram, share in of_language.items():
            everywhere[gram] = everywhere.get(gram, 0.0) + share
    grams = sorted((gram for gram in everywhere if reachable(gram)), key=lambda gram: (-everywhere[gram], gram))
    classes, first_upper, other_upper = class_of_characters(grams)
    known = [[i for i, language in enumerate(languages) if gram in shares[language]] for gram in grams]
    entries = [(i, score(shares[languages[i]][gram])) for gram, ids in zip(grams, known) for i in ids]
    if 3 * max(value for _, value in entries) > np.iinfo(np.int16).max:
        raise ValueError("the scores of a character's three n-grams must add up within int16")
    pairs = [
        (ord(base), ord(mark), class_of_code_point(ord(NGram.NORMALIZED_VI_CHARS[m][b]), classes, other_upper))
        for m, mark in enumerate(NGram.DMARK_CLASS)
        for b, base in enumerate(NGram.TO_NORMALIZE_VI_CHARS)
    ]
    return {
        "languages": np.array(languages),
        "first_upper": np.array(first_upper, np.uint16),
        "classes": np.array([class_of_code_point(c, classes, other_upper) for c in range(CODE_POINTS)], np.uint16),
        "vietnamese": np.array(pairs, np.uint32),
        "cells": build_cells([tuple(classes[char] for char in gram) for gram in grams]),
        "counts": np.array([len(ids) for ids in known], np.uint8),
        "entry_language": np.array([i for i, _ in entries], np.uint8),
        "entry_score": np.array([value for _, value in entries], np.int16),
    }


def main() -> None:
    tables = make_tables(read_shares(Path(langdetect.__file__).parent / "profiles"))
    target = Path(__file__).parent.parent / "pipeline" / "tables" / "language_profiles.npz"
    with whole(target) as beside, open(beside, "wb") as stream:
        np.savez_compressed(stream, version=np.array(version("langdetect")), **tables)
    print(f"{target}: {target.stat().st_size} bytes, {len(tables['counts'])} n-grams, {len(tables['entry_score'])} entries")


if __name__ == "__main__":
    main()
