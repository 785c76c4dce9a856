"""The report of a run, for people: `report.json` and `report.html`, made from a finished output and its manifest.

`make` folds the counts and takes examples; `page` shows them. Nothing here changes what the pipeline wrote.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.files import write_json, write_text
from pipeline.report.make import make_report
from pipeline.report.page import render_html

__all__ = ["make_report", "render_html", "report_again", "write_report"]


def write_report(output: Path, manifest: Mapping[str, Any]) -> None:
    """Writes `report.json` and `report.html` from the output's Parquet files; the manifest need not be written yet."""
    report = make_report(json.loads(json.dumps(manifest, sort_keys=True)), output)  # as it will be read back
    write_json(output / "report.json", report)
    write_text(output / "report.html", render_html(report))


def report_again(output: Path) -> None:
    """The same from a finished output alone. Raises UserError where there is none."""
    path = output / "manifest.json"
    if not path.is_file():
        raise UserError(f"{output}: no manifest.json; the folder of a finished run was expected")
    write_report(output, json.loads(path.read_text(encoding="utf-8")))
