"""What a signature was made with: token rules, scheme, seed, sizes. Signatures of different rules must never be compared."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

# Raised whenever the same text would give other shingle hashes: tokens, table of characters, or hash functions.
TOKEN_RULES = 1
SCHEME = "affine32"

TokenTable = tuple[np.ndarray, np.ndarray, np.ndarray]
_TABLE = Path(__file__).parents[1] / "tables" / "tokens.npz"


@dataclass(frozen=True)
class SignatureRules:
    """The settings that two signatures must share to be comparable."""

    num_perm: int = 128
    seed: int = 1
    shingle_words: int = 5

    @property
    def name(self) -> str:
        """One name for all of them, fit for a folder: `affine32-tokens1-perm128-seed1-words5`."""
        return f"{SCHEME}-tokens{TOKEN_RULES}-perm{self.num_perm}-seed{self.seed}-words{self.shingle_words}"


@cache
def token_table() -> TokenTable:
    """The shipped character table as the kernels take it: pages, entries, expansions (read-only)."""
    with np.load(_TABLE) as arrays:
        pages, entries, expansions = arrays["pages"], arrays["entries"], arrays["expansions"]
    for array in (pages, entries, expansions):
        array.flags.writeable = False
    return pages, entries, expansions


def unicode_version() -> str:
    """The version of Unicode that the character table was made from."""
    with np.load(_TABLE) as arrays:
        return str(arrays["unicode"])
