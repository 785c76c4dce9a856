"""What could not be read, by reason, with examples."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.report.output import read_columns
from pipeline.schema import stopped_rows

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


def stopped_documents(output: Path) -> Iterator[dict[str, Any]]:
    """The documents that a stage was stopped at by the clock: the columns that they were read with, and file, position and reason."""
    for table in read_columns(output, "quarantine", ["file", "position", "reason", "raw"]):
        stopped = stopped_rows(table.rename_columns({"reason": "drop_reason"}))
        for row in table.filter(pa.array(stopped)).to_pylist():
            yield json.loads(row.pop("raw")) | row
