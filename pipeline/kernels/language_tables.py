"""The table of langdetect's profiles as the kernels want it; tools/make_language_profiles.py says what the file holds."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.kernels.language import CELL, WIDTH

_FILE = Path(__file__).parent.parent / "tables" / "language_profiles.npz"


class Profiles(NamedTuple):
    """The two tuples that `language.identify` takes, and the label of each language as a position in `label_names()`.

    Classes: uint16 by code point, and Vietnamese pairs (uint32). Scoring: trie cells (CELL), rows of scores (int16, row 0 for
    n-grams that no language knows), labels (uint8), first upper-case class. All arrays are read-only.
    """

    classes: tuple[np.ndarray, np.ndarray]
    scoring: tuple[np.ndarray, np.ndarray, np.ndarray, np.uint16]

    @property
    def labels(self) -> np.ndarray:
        return self.scoring[2]


@cache
def label_names() -> tuple[str, ...]:
    """The labels that `lang` can have, sorted: langdetect's 55, but `zh` for its zh-cn and zh-tw."""
    with np.load(_FILE) as table:
        return tuple(sorted({name.split("-")[0] for name in table["languages"].tolist()}))


def _zeros(rows: int) -> np.ndarray:
    """Scores of so many rows. Arrow begins them where a cache line begins, so that a row lies in two lines and not in three."""
    scores = np.frombuffer(pa.allocate_buffer(rows * WIDTH * 2), np.int16).reshape(rows, WIDTH)
    scores[:] = 0
    return scores


@cache
def load_profiles() -> Profiles:
    """The table, read once a process in about 30 ms: 8 MB of scores and 1 MB of trie."""
    with np.load(_FILE) as table:
        arrays = {name: table[name] for name in table.files}
    counts = arrays["counts"]
    scores = _zeros(len(counts) + 1)
    scores[np.repeat(np.arange(1, len(counts) + 1), counts), arrays["entry_language"]] = arrays["entry_score"]
    names = label_names()
    labels = np.array([names.index(name.split("-")[0]) for name in arrays["languages"].tolist()], np.uint8)
    cells = arrays["cells"].view(CELL).reshape(-1)
    for array in (scores, labels, cells, arrays["classes"], arrays["vietnamese"]):
        array.flags.writeable = False
    return Profiles((arrays["classes"], arrays["vietnamese"]), (cells, scores, labels, np.uint16(arrays["first_upper"])))
