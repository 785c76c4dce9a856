"""The lines that were learned from the corpus itself because a source repeats them, by how often they were taken off."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipeline.report.output import read_columns

RULE = "repeated_line"
SHOWN_LINES = 20
_COUNTED = 100_000  # distinct lines held while counting; later new ones are passed over
_SHOWN_CHARACTERS = 200


def count_repeated_lines(output: Path) -> list[dict[str, Any]]:
    """The most removed lines: {"line", "times"}."""
    counts: Counter[str] = Counter()
    for table in read_columns(output, "edits", ["rule", "kind", "removed"]):
        found = table.filter(pc.and_(pc.equal(table["rule"], RULE), pc.equal(table["kind"], "edit")))
        lines = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(found["removed"]), 0, _SHOWN_CHARACTERS)
        for entry in pc.value_counts(lines).to_pylist():
            if entry["values"] in counts or len(counts) < _COUNTED:
                counts[entry["values"]] += entry["counts"]
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [{"line": line, "times": times} for line, times in ranked[:SHOWN_LINES]]
