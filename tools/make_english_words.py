"""Writes pipeline/tables/english_words.npz: the filter of English words in lower case that `repair_translation` asks.

    python -m tools.make_english_words en_US.dic en_CA.dic en_AU.dic web2.txt

Hunspell dictionaries (a `.dic` beside its `.aff`) are expanded; other files hold a word a line. The table that is shipped was made from
the dictionaries en_US, en_CA and en_AU of 2019.10.06, which come from SCOWL (its licence is in the table's `source`), and from web2, the
words of Webster's second edition of 1934, now in the public domain.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.kernels.cased_words import word_keys
from pipeline.kernels.key_tables import make_filter

PLACES = 1 << 22  # 512 kB: stays in the second-level cache; a word that is no word passes for one in 7 % of cases
TABLE = Path(__file__).parents[1] / "pipeline" / "tables" / "english_words.npz"
SOURCE = (
    "Derived from SCOWL, Copyright 2000-2019 by Kevin Atkinson: permission to use, copy, modify, distribute and sell these word lists, "
    "the associated scripts, the output created from the scripts, and its documentation for any purpose is granted without fee, provided "
    "that this copyright notice and permission notice appear; no representations about the suitability for any purpose; provided as is, "
    "without express or implied warranty. And from web2 (public domain)."
)

Affix = tuple[str, str, re.Pattern[str]]


def expand(path: Path) -> Iterator[str]:
    """All forms of a Hunspell dictionary: stems with their suffixes, and both with their prefixes."""
    prefixes, suffixes = read_affixes(path.with_suffix(".aff"))
    for line in path.read_text("utf-8").splitlines()[1:]:
        stem, _, flags = line.strip().partition("/")
        forms = [stem]
        for strip, add, condition in (affix for flag in flags for affix in suffixes.get(flag, ())):
            if condition.search(stem) and stem.endswith(strip):
                forms.append(stem[: len(stem) - len(strip)] + add)
        yield from forms
        yield from (add + form for flag in flags for _, add, _ in prefixes.get(flag, ()) for form in forms)


def read_affixes(path: Path) -> tuple[dict[str, list[Affix]], dict[str, list[Affix]]]:
    """The rules of an `.aff` file by flag: prefixes and suffixes as what to strip, what to add, and when."""
    rules: dict[str, dict[str, list[Affix]]] = {"PFX": {}, "SFX": {}}
    for parts in (line.split() for line in path.read_text("utf-8").splitlines()):
        if len(parts) >= 5 and parts[0] in rules:
            kind, flag, strip, add, condition = parts[:5]
            affix = ("" if strip == "0" else strip, add.partition("/")[0], re.compile(f"{condition}$"))
            rules[kind].setdefault(flag, []).append(affix)
    return rules["PFX"], rules["SFX"]


def main() -> None:
    words: set[str] = set()
    for path in map(Path, sys.argv[1:]):
        words.update(expand(path) if path.suffix == ".dic" else path.read_text("utf-8").split())
    lower = sorted(word for word in words if re.fullmatch(r"[a-zà-ÿ]{2,}", word))
    bits = make_filter(np.unique(word_keys(lower)), PLACES)
    np.savez_compressed(TABLE, bits=bits, words=len(lower), source=SOURCE)


if __name__ == "__main__":
    main()
