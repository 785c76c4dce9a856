"""Spellings of one name: rule A, which says when two names are spellings of one, and the aliases that a corpus shows by it.

Rule A joined 43 of 43 strong pairs by hand-reading, and none provably wrong on 32,388 lines of English news without any
restriction to one event. It does join people whose names sound alike, so an alias is proposed; `respell` says when it is more.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from metaphone import doublemetaphone
from rapidfuzz.distance import Levenshtein

from pipeline.translation.lexicon import is_english, pinyin, word_list
from pipeline.translation.phrases import Said

MOST_EDITS, MOST_EDITS_PERCENT = 2, 34  # of the longer word: "Shahin", "Shaheen" are 2 of 7; "Rojo", "Roggio" 3 of 6

# Digraphs first, in this order; then letters. Transliterations differ in them: Khan and Kan, Muttaqi and Mottaki.
_SKELETON = (
    ("kh", "k"), ("gh", "g"), ("ph", "f"), ("sh", "s"), ("zh", "j"), ("ch", "c"), ("th", "t"), ("dh", "d"), ("ck", "k"),
    ("q", "k"), ("x", "s"), ("z", "s"), ("v", "w"), ("c", "k"), ("gi", "j"),
)  # fmt: skip


@dataclass(frozen=True)
class Alias:
    """A spelling found in translated documents, and the one that other families use."""

    variant: str
    variant_families: int  # that write the variant, all above the gate
    form: str
    families: tuple[str, ...]
    docs: tuple[str, ...]
    count: int


# Letters in a word of a name ("Venkatanarasimharajuvaripeta" has 28). What compares words takes time that grows with the square of their
# length, and whether one is pinyin, twice as long with each "xian" in it: of 32 of them, an hour.
_LONGEST = 40


def is_variant(left: str, right: str) -> bool:
    """Whether two names are spellings of one by rule A and its exclusions.

    As many words, at least two; every word that differs sounds alike (double metaphone), has the same skeleton of consonants, and
    differs in at most 2 letters and 34 % of the longer. Not if the words that differ are all pinyin, if the name is a
    place's, if a word that differs is a given name on both sides or an English word on both sides ("Theatre", "Theater"), or if of
    two words one is a country and its people.

    >>> is_variant("Amir Khan Mottaki", "Amir Khan Muttaqi"), is_variant("Youjiang River", "Wujiang River")
    (True, False)
    """
    a, b = left.casefold().split(), right.casefold().split()
    differing = [(x, y) for x, y in zip(a, b, strict=False) if x != y]
    if len(a) != len(b) or len(a) < 2 or not differing or a[-1] in word_list("place_heads"):
        return False
    if max(len(word) for pair in differing for word in pair) > _LONGEST:
        return False
    if all(pinyin().fullmatch(x) and pinyin().fullmatch(y) for x, y in differing):
        return False
    given = word_list("given_names")
    if any((x in given and y in given) or (is_english(x) and is_english(y)) for x, y in differing):
        return False
    if len(a) == 2 and _is_demonym(*differing[0]):  # not "Hospital Israeli Albert Einstein", of which enough is the same
        return False
    return all(_sounds_alike(x, y) for x, y in differing)


def _is_demonym(left: str, right: str) -> bool:
    """Whether one is a country and the other its people: "Qatar", "Qatari"; "Germany", "German"."""
    shorter, longer = sorted((left, right), key=len)
    return longer in (f"{shorter}i", f"{shorter}y")


def _sounds_alike(left: str, right: str) -> bool:
    edits = Levenshtein.distance(left, right)
    if edits > MOST_EDITS or 100 * edits > MOST_EDITS_PERCENT * max(len(left), len(right)):
        return False
    return skeleton(left) == skeleton(right) and _metaphone(left) == _metaphone(right)


@lru_cache(maxsize=65536)
def _metaphone(word: str) -> str:
    """The primary code of double metaphone (Philips 2000) of the word's letters: other signs would make the package say a letter twice."""
    return str(doublemetaphone(_letters(word))[0])


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """The consonants of a word as transliterations agree on them, its first letter kept if a vowel.

    >>> skeleton("muttaqi"), skeleton("mottaki"), skeleton("balsi"), skeleton("barshi")
    ('mtk', 'mtk', 'bls', 'brs')
    """
    text = _letters(word.casefold())
    for found, written in _SKELETON:
        text = text.replace(found, written)
    consonants = re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiouhyw]", "", text))
    return (text[0] if text[:1] in tuple("aeiou") else "") + consonants


def _letters(word: str) -> str:
    """The letters of a word without their accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if c.isalpha())


# Of spellings under one sound key, at 7 microseconds each. A key of a thousand spellings singles out nobody, and to compare them all would
# take time that grows with the square of what somebody has put into a corpus.
_MOST_PAIRS = 250_000


def judge_names(variants: Iterable[Said], attested: Iterable[Said], most_families: int) -> list[Alias]:
    """Aliases among names of one sound key, given as (form, family, document): from translated documents and from others.

    A variant is written so in no other document, stands beside its canonical form in none, and has one best canonical form:
    that of most families, with no equal.
    """
    found = _docs_by_form(variants)
    known = _docs_by_form(attested)
    if len(found) * len(known) > _MOST_PAIRS:
        return []
    folded = {form.casefold() for form in known}
    aliases = []
    for variant in sorted(found):
        if variant.casefold() in folded:
            continue
        beside = {doc for _, doc in found[variant]}
        candidates = [(form, known[form]) for form in sorted(known) if is_variant(variant, form)]
        candidates = [(form, docs) for form, docs in candidates if not beside & {doc for _, doc in found.get(form, ())}]
        best = _unique_best(candidates)
        if best:
            own = len({family for family, _ in found[variant]})
            aliases.append(_alias(variant, own, *best, most_families))
    return aliases


def _docs_by_form(names: Iterable[Said]) -> dict[str, set[tuple[str, str]]]:
    docs: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for form, family, doc in names:
        docs[form or ""].add((family, doc))
    return docs


def _unique_best(candidates: list[tuple[str, set[tuple[str, str]]]]) -> tuple[str, set[tuple[str, str]]] | None:
    counts = [len({family for family, _ in docs}) for _, docs in candidates]
    if not counts or counts.count(max(counts)) > 1:
        return None
    return candidates[counts.index(max(counts))]


def _alias(variant: str, own: int, canonical: str, docs: set[tuple[str, str]], most_families: int) -> Alias:
    first = dict(sorted(docs, reverse=True))  # the smallest document of each family
    families = sorted(first)[:most_families]
    return Alias(variant, own, canonical, tuple(families), tuple(first[family] for family in families), len(first))


def distance(variant: str, form: str) -> dict[str, int]:
    """How far apart two spellings are, case aside: `letters` that differ (Levenshtein), `similarity` in thousandths of the longer."""
    letters = Levenshtein.distance(variant.casefold(), form.casefold())
    return {"letters": letters, "similarity": 1000 - round(1000 * letters / max(len(variant), len(form)))}
