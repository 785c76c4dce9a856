"""The report of a run: what came in, where it went, and which rules did it; folded from the counts in the manifest."""

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
table { border-collapse: collapse; margin: 0 0 2rem; display: block; overflow-x: auto }
th, td { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid #ccc }
td.n { text-align: right; font-variant-numeric: tabular-nums }
"""


def make_report(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The counts that people look at first: records, stages, rules by count, throughput."""
    rules = [
        {"step": step["step"], "stage": step["name"], "rule": rule, **kinds} for step in manifest["stages"] for rule, kinds in step["rules"].items()
    ]
    return {
        "counts": manifest["counts"],
        "stages": manifest["stages"],
        "rules": sorted(rules, key=lambda row: (-sum(row.get(kind, 0) for kind in ("edit", "proposal", "flag")), row["step"], row["rule"])),
        "times": manifest["times"],
    }


def render_html(report: Mapping[str, Any]) -> str:
    """One self-contained page; everything that comes from the corpus or the run file is escaped."""
    counts = report["counts"]
    lines = [("records", counts["records"]), ("kept", counts["kept"]), ("dropped", counts["dropped"])]
    lines += [(f"dropped: {reason}", count) for reason, count in counts["dropped_by_reason"].items()]
    lines += [("in quarantine", counts["quarantined"])]
    lines += [(f"in quarantine: {reason}", count) for reason, count in counts["quarantined_by_reason"].items()]
    stages = [
        (s["step"] or "", s["name"], s["documents_changed"], s["characters_removed"], s["characters_inserted"], sum(s["dropped"].values()))
        for s in report["stages"]
    ]
    rules = [(r["stage"], r["rule"], r.get("edit", 0), r.get("proposal", 0), r.get("flag", 0)) for r in report["rules"]]
    stage_names = ("step", "stage", "documents changed", "characters removed", "characters added", "documents dropped")
    body = [
        "<h1>What happened to this corpus</h1>",
        f"<p>Finished {escape(str(report['times']['finished']))}, {report['times']['documents_per_second']:,} documents a second.</p>",
        "<h2>Where every record went</h2>",
        _table(("", "documents"), lines),
        "<h2>What each stage did</h2>",
        _table(stage_names, stages),
        "<h2>Rules by count</h2>",
        _table(("stage", "rule", "edits", "proposals", "flags"), rules) if rules else "<p>No rule found anything to change.</p>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Report</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _table(names: tuple[str, ...], rows: list[Any]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return f"<table><tr>{head}</tr>{''.join('<tr>' + ''.join(_cell(value) for value in row) + '</tr>' for row in rows)}</table>"


def _cell(value: Any) -> str:
    return f'<td class="n">{value:,}</td>' if isinstance(value, int) else f"<td>{escape(str(value))}</td>"
