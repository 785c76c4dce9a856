"""The shipped table of characters is what its tool makes, and is small."""

import importlib.util
import unicodedata

import numpy as np
import pytest

from pipeline.neardup.rules import token_table, unicode_version
from tests.support import REPO

TOOL = REPO / "tools" / "make_unicode_table.py"


@pytest.mark.skipif(unicodedata.unidata_version != unicode_version(), reason="this Python has another version of Unicode")
def test_table_is_what_the_tool_makes() -> None:
    """Rebuilt from this Python's unicodedata, it is the same, array by array."""
    spec = importlib.util.spec_from_file_location("make_unicode_table", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    built = tool.build()
    for made, shipped in zip((built["pages"], built["entries"], built["expansions"]), token_table()):
        assert made.dtype == shipped.dtype
        assert np.array_equal(made, shipped)


def test_table_is_small() -> None:
    """Below 200 kB in the package, and in the second-level cache when loaded."""
    assert (REPO / "pipeline" / "tables" / "tokens.npz").stat().st_size < 200_000
    assert sum(array.nbytes for array in token_table()) < 200_000
