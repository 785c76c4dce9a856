"""The report of a run, for people: `report.json`, `report.html` and the dataset card, made from a finished output and its manifest.

`make` folds the counts and takes examples; `page` and `card` show them. Nothing here changes what the pipeline wrote.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.files import write_json, write_text
from pipeline.report.card import CARD, is_card, render_card
from pipeline.report.make import make_report
from pipeline.report.page import render_html
from pipeline.result import open_result

__all__ = ["CARD", "make_report", "render_html", "report_again", "write_report"]


def write_report(
    output: Path,
    manifest: Mapping[str, Any],
    *,
    shards: Sequence[Path] = (),
    card: bool = False,
    license_name: str | None = None,
) -> None:
    """Writes `report.json` and `report.html` from the output's Parquet files; the manifest need not be written yet.

    With `card`, or where the run file asks for one, also the dataset card; a README.md of somebody else's stays.
    """
    report = make_report(json.loads(json.dumps(manifest, sort_keys=True)), output, shards)  # as it will be read back
    write_json(output / "report.json", report)
    write_text(output / "report.html", render_html(report))
    wanted = manifest["run_file"]["output"]
    path = output / CARD
    if (card or wanted["dataset_card"]) and (is_card(path) or not path.exists()):
        write_text(path, render_card(report, license_name or wanted["license"]))


def report_again(output: Path, *, card: bool = False, license_name: str | None = None) -> None:
    """The same from a finished output alone. Raises UserError where there is none, and where a card would take another file's place."""
    if card and (output / CARD).exists() and not is_card(output / CARD):
        raise UserError(f"{output / CARD}: no dataset card that a run wrote; move it away")
    write_report(output, open_result(output).manifest, card=card, license_name=license_name)
