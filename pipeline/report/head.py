"""The head of the page: the whole run in two sentences and one bar, and what to look at first."""

from collections.abc import Mapping
from typing import Any

from pipeline.report.elements import percent, shortened
from pipeline.report.marks import escaped, number
from pipeline.report.pictures import shares

Report = Mapping[str, Any]

_CLASSES = {"near-duplicates": "lost", "other languages": "tongue"}


def head(report: Report) -> str:
    """Title, story, fates of the records, alarm, input and time."""
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
    fates = [
        ("kept", counts["kept"], "river"),
        *((name, count, _CLASSES.get(name, "other")) for name, count in reasons),
        *quarantine,
    ]
    told = f"{escaped(report['input'])}, {_size(counts['text_bytes'])} of text, finished {escaped(_minute(times['finished']))}"
    return (
        f"<header><div><h1>What happened to {escaped(shortened(_last_name(report['input'])))}</h1>"
        f'<p class="story">{_story(report)}</p>{shares(fates)}{alarm}'
        f'<p class="soft">{told} '
        f"after {times['seconds']:,.1f} s: {times['documents_per_second']:,.0f} records a second.</p></div></header>"
    )


def _story(report: Report) -> str:
    """The whole run in two sentences."""
    counts, flow = report["counts"], report["flow"]
    stayed = escaped(percent(counts["kept"], counts["records"]))
    kept = f"<b>{number(counts['kept'])}</b> of {number(counts['records'])} records are the clean corpus ({stayed})."
    removed = sum(row["characters_removed"] for row in flow)
    if not removed:
        return f"{kept} Nothing was taken out of the texts."
    first = max(flow, key=lambda row: int(row["characters_removed"]))
    changed = max(step["documents_changed"] for step in report["stages"])
    whole = flow[0]["characters_in"]
    share = "" if whole is None else f" ({escaped(percent(removed, whole))})"
    most = f", most of them by {escaped(first['name'])}" if removed < 2 * first["characters_removed"] else ""
    told = f"characters{share} were taken out of the texts{most}; a step changed up to {number(changed)} documents."
    return f"{kept} <b>{number(removed)}</b> {told}"


def _fates(reasons: Mapping[str, int]) -> dict[str, int]:
    """What documents were dropped for, in words, the languages together."""
    fates: dict[str, int] = {}
    for reason, count in reasons.items():
        name = {"near_duplicate": "near-duplicates", "empty": "empty"}.get(reason, reason)
        name = "other languages" if reason.startswith("language:") else name
        fates[name] = fates.get(name, 0) + count
    return fates


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC"


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path
