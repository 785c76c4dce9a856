"""The sections on the corpus as a whole: its way through the steps, sources, languages, quarantine, time, and how it was made."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.report.elements import Share, shortened, table
from pipeline.report.marks import escaped, number
from pipeline.report.pictures import bars, river

Report = Mapping[str, Any]


def flow_section(report: Report) -> str:
    """Documents and characters by step: a river that loses water where something was taken out."""
    rows = report["flow"]
    documents, characters = rows[0]["documents_in"], rows[0]["characters_in"]
    cells = ['<div class="head"></div><div class="head">documents</div><div class="head">characters</div>']
    for row in rows:
        off = f'<span class="off">− {number(row["documents_lost"])}</span>' if row["documents_lost"] else ""
        texts = '<p class="soft">not counted</p>'
        if characters is not None:
            gone = row["characters_removed"] + row["characters_lost_with_documents"]
            told = " ".join(
                [f"<span>{number(row['characters_in'])}</span>"]
                + ([f'<span class="off">− {number(gone)}</span>'] if gone else [])
                + ([f"<span>+ {number(row['characters_added'])}</span>"] if row["characters_added"] else [])
            )
            texts = river(row["characters_in"], row["characters_out"], characters) + f"<p>{told}</p>"
        step = f'<span class="soft small">step {row["step"]}</span>' if row["step"] else ""
        cells.append(
            f'<div class="name"><b>{escaped(row["name"])}</b>{step}</div>'
            f'<div class="bar">{river(row["documents_in"], row["documents_out"], documents)}'
            f"<p><span>{number(row['documents_in'])}</span> {off}</p></div>"
            f'<div class="bar">{texts}</div>'
        )
    counts = report["counts"]
    kept = counts.get("characters_kept")
    cells.append(
        f'<div class="name"><b>kept</b></div><div class="bar">{river(counts["kept"], counts["kept"], documents)}'
        f"<p><span>{number(counts['kept'])}</span></p></div>"
        f'<div class="bar">{"" if kept is None else river(kept, kept, characters) + f"<p><span>{number(kept)}</span></p>"}</div>'
    )
    reasons = [
        *counts["dropped_by_reason"].items(),
        *((f"quarantine: {r}", n) for r, n in counts["quarantined_by_reason"].items()),
    ]
    why = (
        "<h3>Why documents were taken out</h3>" + bars([(r, n, n) for r, n in reasons], unit="documents by reason")
        if reasons
        else ""
    )
    undated = counts.get("dates_not_read")
    if undated:
        why += f"<p>{number(undated)} documents have a date that could not be read; it stands in <b>meta</b> as it was.</p>"
    return f'<p class="soft">What reached each step, and what it took out.</p><div class="flow">{"".join(cells)}</div>{why}'


def sources_section(report: Report) -> str:
    """Sources with the shares of their documents and characters that are gone; over 30 % is an alarm."""
    rows = report["sources"]
    if len(rows) == 1 and report["source_count"] == 1:
        return f"<p>All documents are of one source: {escaped(shortened(rows[0]['source'], 160))}.</p>"
    names = ("source", "documents", "dropped", "share", "characters", "gone", "share", "why")
    shown = [
        (
            shortened(row["source"], 160),
            *(row["documents"], row["dropped"], Share(row["share"])),
            *(row["characters"], row["characters_removed"], Share(row["characters_share"])),
            _reasons(row["reasons"]),
        )
        for row in rows
    ]
    alarms = [place for place, row in enumerate(rows) if row["alarm"]]
    hidden = report["source_count"] - len(rows)
    return (
        '<p class="soft">First those that lost more than 30 % of their documents or characters (marked), then by size. Characters are '
        "gone with dropped documents or by edits of those that stay.</p>"
        + table(names, shown, alarms=alarms)
        + (f'<p class="soft">{number(hidden)} more sources are not shown.</p>' if hidden else "")
    )


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason}: {number(count)}" for reason, count in counts.items())


_BOILERPLATE = ("strip_boilerplate", "strip_repeated_lines")


def languages_section(report: Report) -> str:
    """Documents by language, and the boilerplate that was taken off them."""
    rows = report["languages"]
    if [row["language"] for row in rows] in ([], ["not told"]):
        return "<p>Languages were not told apart in this run.</p>"
    documents = bars(
        [(row["language"], row["documents"], row["dropped"]) for row in rows], unit="documents by language", part="dropped"
    )
    steps = {str(step["step"]) for step in report["stages"] if step["name"] in _BOILERPLATE}
    if not steps:
        return documents
    taken = [(row, sum(count for step, count in row["removed"].items() if step in steps)) for row in rows]
    shown = [(row["language"], row["characters"], off, Share(off / max(1, row["characters"]))) for row, off in taken]
    return f"{documents}<h3>Boilerplate by language</h3>" + table(
        ("language", "characters", "boilerplate taken off", "share"), shown
    )


def quarantine_section(report: Report) -> str:
    """Records that could not be read."""
    if not report["quarantine"]:
        return "<p>Every record could be read.</p>"
    parts = []
    for entry in report["quarantine"]:
        rows = [(e["file"], e["position"], e["reason"]) for e in entry["examples"]]
        parts.append(
            f"<h3>{escaped(entry['reason'])}: {number(entry['records'])}</h3>" + table(("file", "place", "reason"), rows)
        )
    return "".join(parts)


def time_section(report: Report) -> str:
    """What took how long."""
    times = report["times"]
    rows = [(name, round(1000 * sum(clocks.values())), 0) for name, clocks in sorted(times["stages"].items(), key=_step)]
    return (
        f"<p>{number(report['counts']['records'])} records in {times['seconds']:,.1f} s: {times['documents_per_second']:,.0f} a second. "
        "By step, in milliseconds of the workers together:</p>" + bars(rows, unit="milliseconds by step")
    )


def _step(clock: tuple[str, Any]) -> int:
    return int(clock[0].partition(" ")[0])


def how_section(report: Report) -> str:
    """The run file with its defaults, and versions."""
    run_file = json.dumps(report["run_file"], indent=2, ensure_ascii=False, sort_keys=True)
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report["versions"].items()))
    return (
        f"<p>{escaped(versions)}. Digest of the run file: {escaped(report['run_file_digest'][:16])}…</p>"
        f'<details><summary><b>The run file, defaults filled in</b></summary><pre tabindex="0">{escaped(run_file)}</pre></details>'
    )
