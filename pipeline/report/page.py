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
from pipeline.report.elements import percent, shortened
from pipeline.report.evidence_sections import changes_section, duplicates_section
from pipeline.report.marks import escaped, number
from pipeline.report.pictures import shares

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
        f'<body><a class="skip" href="#flow">Skip to the report</a>{_header(report)}'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav><main>{body}</main>'
        f"<footer>corpus-pipeline {escaped(report['version'])}. The same numbers for machines: report.json and manifest.json."
        "</footer></body></html>\n"
    )


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _header(report: Report) -> str:
    counts, times = report["counts"], report["times"]
    over = report["sources_over_alarm"]
    alarm = ""
    if over:
        noun = "source has" if over == 1 else "sources have"
        alarm = (
            f'<p class="alarm" role="note"><strong>{number(over)} {noun} lost more than 30 % of the documents or characters.</strong> '
            '<a href="#sources">See which, and why.</a></p>'
        )
    quarantine = [("could not be read", counts["quarantined"], "broken")]
    reasons = sorted(_fates(counts["dropped_by_reason"]).items(), key=lambda entry: -entry[1])
    fates = [("kept", counts["kept"], "river"), *((name, count, _CLASSES.get(name, "other")) for name, count in reasons), *quarantine]
    return (
        f"<header><div><h1>What happened to {escaped(shortened(_last_name(report['input'])))}</h1>"
        f'<p class="story">{_story(report)}</p>{shares(fates)}{alarm}'
        f'<p class="soft">{escaped(report["input"])}, {_size(counts["text_bytes"])} of text, finished {escaped(times["finished"])} '
        f"after {times['seconds']:,.1f} s: {times['documents_per_second']:,.0f} records a second.</p></div></header>"
    )


_CLASSES = {"near-duplicates": "lost", "other languages": "tongue"}


def _fates(reasons: Mapping[str, int]) -> dict[str, int]:
    """What documents were dropped for, in words, the languages together."""
    fates: dict[str, int] = {}
    for reason, count in reasons.items():
        name = {"near_duplicate": "near-duplicates", "empty": "empty"}.get(reason, reason)
        name = "other languages" if reason.startswith("language:") else name
        fates[name] = fates.get(name, 0) + count
    return fates


def _story(report: Report) -> str:
    """The whole run in two sentences."""
    counts, flow = report["counts"], report["flow"]
    stayed = escaped(percent(counts["kept"], counts["records"]))
    kept = f"<b>{number(counts['kept'])}</b> of {number(counts['records'])} records are the clean corpus ({stayed})."
    removed = sum(row["characters_removed"] for row in flow)
    if not removed:
        return f"{kept} No text was changed."
    steps = sorted((row for row in flow if row["characters_removed"]), key=lambda row: -row["characters_removed"])
    changed = max(step["documents_changed"] for step in report["stages"])
    whole = flow[0]["characters_in"]
    share = "" if whole is None else f" ({escaped(percent(removed, whole))})"
    most = f", most of them by {escaped(steps[0]['name'])}" if len(steps) > 1 else ""
    told = f"characters{share} were taken out of the texts{most}; a step changed up to {number(changed)} documents."
    return f"{kept} <b>{number(removed)}</b> {told}"
