"""What could not be read, by reason, with examples."""

from pathlib import Path
from typing import Any

from pipeline.report.output import read_columns

SHOWN_EXAMPLES = 3


def describe_quarantine(output: Path) -> list[dict[str, Any]]:
    """Reasons by count, each with its first examples: file, position, reason with particulars."""
    kinds: dict[str, dict[str, Any]] = {}
    for table in read_columns(output, "quarantine", ["file", "position", "reason"]):
        for row in table.to_pylist():
            kind = row["reason"].partition(" (")[0]
            entry = kinds.setdefault(kind, {"reason": kind, "records": 0, "examples": []})
            entry["records"] += 1
            if len(entry["examples"]) < SHOWN_EXAMPLES:
                entry["examples"].append(row)
    return sorted(kinds.values(), key=lambda entry: (-entry["records"], entry["reason"]))
