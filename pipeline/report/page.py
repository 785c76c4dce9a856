"""The report as one HTML page: no script, nothing from a network, everything that comes from the corpus or the run file escaped."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pipeline.report.corpus_sections import (
    flow_section,
    how_section,
    languages_section,
    quarantine_section,
    sources_section,
    time_section,
)
from pipeline.report.evidence_sections import changes_section, duplicates_section
from pipeline.report.head import head
from pipeline.report.marks import escaped

# Even if escaping had a hole, nothing in the page could run or be fetched.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

Report = Mapping[str, Any]


def render_html(report: Report) -> str:
    """The page. A section without content says why it is empty."""
    sections = [
        ("flow", "Where it went", flow_section(report)),
        ("changes", "What was changed", changes_section(report)),
        ("duplicates", "Near-duplicates", duplicates_section(report)),
        ("sources", "Sources", sources_section(report)),
        ("languages", "Languages", languages_section(report)),
        ("quarantine", "Quarantine", quarantine_section(report)),
        ("time", "Time", time_section(report)),
        ("how", "How it was made", how_section(report)),
    ]
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{content}</section>'
        for name, title, content in sections
    )
    style = files("pipeline.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>Report: {escaped(report['input'])}</title><style>{style}</style></head>"
        f'<body><a class="skip" href="#flow">Skip to the report</a>{head(report)}'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav><main>{body}</main>'
        f"<footer>corpus-pipeline {escaped(report['version'])}. The same numbers for machines: report.json and manifest.json."
        "</footer></body></html>\n"
    )
