"""How the rest of the corpus writes a phrase: what is asked, what answers, and what the answers come to (rule P).

A phrase of two or three words is capitalised in a translated document if the documents below the gate always capitalise it in
mid-sentence, in at least one family other than the document's own, and never write it otherwise. On seed 002 this repairs 7 of
14 errors of case and nothing else; without the gate it made 102 proposals on 1,949 lines of human text.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.kernels.phrases import find_phrases
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes

_EVERYTHING = np.zeros(0, np.uint64)

# What a document says of a phrase or a name: its form (None: not capitalised), the family, the document.
Said = tuple[str | None, str, str]


@dataclass(frozen=True)
class Attested:
    """How a phrase is written: its most frequent form, and the families that write it capitalised with a document of each.

    `families` are the first in order, one more than any document can need: whoever leaves out its own still sees enough.
    """

    form: str
    families: tuple[str, ...]
    docs: tuple[str, ...]
    count: int


def wanted_keys(text: pa.Array, rows: np.ndarray) -> np.ndarray:
    """Keys (uint64, as `find_phrases` has them, distinct) of the phrases in these rows that another document could show to be names."""
    offsets, data = buffers(text)
    return np.unique(find_phrases(offsets, data, rows, *classes(), _EVERYTHING)[1], axis=0)


def judge_phrase(forms: Iterable[Said], most_families: int) -> Attested | None:
    """What (form, family, document) of one phrase come to; None if any is not capitalised."""
    docs: dict[str, str] = {}
    by_form: dict[str, set[str]] = defaultdict(set)
    for form, family, doc in forms:
        if form is None:
            return None
        docs[family] = min(doc, docs.get(family, doc))
        by_form[form].add(family)
    if not docs:
        return None
    form = min(by_form, key=lambda f: (-len(by_form[f]), f))
    first = sorted(docs)[:most_families]
    return Attested(form, tuple(first), tuple(docs[family] for family in first), len(docs))
