"""The sections with evidence: what each rule changed, and which documents were taken for the same story."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pipeline.report.elements import Line, Share, shortened, table
from pipeline.report.marks import change, differences, escaped, number, visible
from pipeline.report.pictures import bars

Report = Mapping[str, Any]

_KINDS = {
    "edit": "",
    "proposal": '<span class="kind">proposal, not applied</span>',
    "flag": '<span class="kind">flag, not changed</span>',
}
_NAME = 160  # characters of a title, source or id: some feeds put the whole story there
_SIZES = [
    (2, 2, "2"),
    (3, 3, "3"),
    (4, 4, "4"),
    (5, 9, "5 to 9"),
    (10, 19, "10 to 19"),
    (20, 49, "20 to 49"),
    (50, 99, "50 to 99"),
]


def changes_section(report: Report) -> str:
    """Every rule with its count and real examples; the one of each step that did most is open."""
    steps: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for rule in report["rules"]:
        steps.setdefault((rule["step"], rule["stage"]), []).append(rule)
    if not steps:
        return "<p>No rule found anything to change.</p>"
    parts = ['<p class="soft">Each rule that found something, with real examples from this corpus. Open one to see them.</p>']
    parts.append(_filter({rule["kind"] for rule in report["rules"]}))
    for (_, stage), rules in steps.items():
        shown = "".join(_rule(rule, opened=place == 0) for place, rule in enumerate(rules))
        parts.append(f'<div class="step"><h3>{escaped(stage)}</h3>{shown}</div>')
    if report["repeated_lines"]:
        lines = [
            (Line(row["line"]), row["times"], shortened(row["source"] or "", 60), row["families"], Share(row["share"]))
            for row in report["repeated_lines"]
        ]
        parts += [
            "<h3>Lines learned from the corpus</h3>",
            '<p class="soft">A source repeats them, so no rule had to know them.</p>',
        ]
        parts.append(table(("line", "removed", "source", "stories", "of its stories"), lines))
        if report["learned_pack"]:
            pack = f'<pre tabindex="0">{escaped(report["learned_pack"])}</pre>'
            parts.append(
                f'<details class="edit"><summary><b>As a rule pack</b>, to look through and save</summary>{pack}</details>'
            )
    return "".join(parts)


def _filter(kinds: Collection[str]) -> str:
    """Shows the rules of one kind, by style alone: nothing in the page runs. There is none where all rules are of one kind."""
    if len(kinds) < 2:
        return ""
    choices = [("all", "everything"), *((kind, name) for kind, name in _FILTERS.items() if kind in kinds)]
    radios = "".join(
        f'<label><input type="radio" name="kind" id="only-{kind}"{" checked" if kind == "all" else ""}>{name}</label>'
        for kind, name in choices
    )
    return f'<fieldset class="filter"><legend>Show</legend>{radios}</fieldset>'


_FILTERS = {"edit": "changes", "proposal": "proposals", "flag": "flags"}


def _rule(rule: Mapping[str, Any], *, opened: bool) -> str:
    figures = "".join(
        f"<figure>{change(e['before'], e['removed'], e['inserted'], e['after'], kind=rule['kind'])}"
        f"<figcaption>{escaped(_origin(e))}{_evidence(e['evidence'])}</figcaption></figure>"
        for e in rule["examples"]
    )
    return (
        f'<details class="{rule["kind"]}"{" open" if opened else ""}><summary><b>{escaped(rule["rule"])}</b>{_KINDS[rule["kind"]]}'
        f'<span class="n">{number(rule["count"])} ×</span></summary>{figures or "<p>No example was kept.</p>"}</details>'
    )


def duplicates_section(report: Report) -> str:
    """Histograms, the largest clusters side by side, and the pairs nearest to the threshold."""
    if not report["similarities"]:
        return "<p>No document was dropped as a near-duplicate.</p>"
    similar = [(_bin(row), row["documents"], 0) for row in report["similarities"]]
    sizes = [(f"{name} documents", count, 0) for name, count in _size_bins(report["cluster_sizes"])]
    parts = [
        '<div class="two"><div><h3>How similar to the document that stayed</h3>',
        bars(similar, unit="dropped documents by similarity"),
        "</div><div><h3>How many documents are one story</h3>",
        bars(sizes, unit="clusters by size"),
        "</div></div><h3>Largest clusters</h3>",
        '<p class="soft">First the document that stayed, then the members least like it. Marked: words that the one that stayed does '
        "not have in that place.</p>",
    ]
    for place, cluster in enumerate(report["clusters"]):
        title = cluster["members"][0]["title"] or (cluster["members"][0]["beginning"] or cluster["cluster_id"]).strip()
        shown = len(cluster["members"])
        more = f"{number(cluster['size'])} documents" + (f", {shown} shown" if shown < cluster["size"] else "")
        parts.append(
            f"<details{' open' if place == 0 else ''}><summary><b>{escaped(shortened(title, 80))}</b>"
            f'<span class="n">{more}</span></summary>{_sides(cluster["members"])}</details>'
        )
    parts += ["<h3>Closest calls</h3>", '<p class="soft">Dropped with the least similarity: if these are right, all are.</p>']
    parts += [_sides(pair) for pair in report["closest_calls"]]
    return "".join(parts)


def _sides(members: Sequence[Mapping[str, Any]]) -> str:
    first = members[0]["beginning"] or ""
    stayed = members[0]["doc_id"]
    articles = "".join(_side(member, first, stayed) for member in members)
    return f'<div class="sides" tabindex="0" role="group" aria-label="documents side by side">{articles}</div>'


def _likeness(member: Mapping[str, Any], stayed: str) -> str:
    """How like it is, and which, where it was dropped for another one of the cluster than the one that is shown."""
    other = (
        "" if member["survivor_id"] == stayed else f" with {escaped(shortened(member['survivor_id'], _NAME))}, which stayed too"
    )
    return f"dropped, similarity {member['similarity']:.2f}{other}, containment {member['containment']:.2f}"


def _side(member: Mapping[str, Any], first: str, stayed: str) -> str:
    text = member["beginning"]
    if text is None:
        shown = '<span class="soft">The text is not in this output.</span>'
    else:
        shown = (visible(text) if member["kept"] else differences(text, first)) + (
            "…" if member["characters"] > len(text) else ""
        )
    verdict = "stayed" if member["kept"] else _likeness(member, stayed)
    where = ", ".join(
        shortened(str(value), _NAME) for value in (member["source"], member["published"], member["doc_id"]) if value
    )
    title = f"<strong>{escaped(shortened(member['title'], _NAME))}</strong>\n" if member["title"] else ""
    return (
        f'<article{" class=kept" if member["kept"] else ""}><h4>{verdict}</h4><div class="small soft">{escaped(where)}</div>'
        f'<div class="text">{title}{shown}</div></article>'
    )


def _origin(example: Mapping[str, Any]) -> str:
    return " · ".join(shortened(str(value), _NAME) for value in (example["source"], example["title"], example["doc_id"]) if value)


def _evidence(evidence: str | None) -> str:
    return f" · because: {escaped(shortened(evidence, 200))}" if evidence else ""


def _bin(row: Mapping[str, Any]) -> str:
    return "1.00 (same words)" if row["from"] == 1 else f"{row['from']:.2f} to {row['to']:.2f}"


def _size_bins(sizes: Iterable[Mapping[str, int]]) -> list[tuple[str, int]]:
    """Sizes 2, 3, 4, then ranges that grow."""
    bins: dict[str, int] = {}
    for row in sizes:
        name = next((name for low, high, name in _SIZES if low <= row["size"] <= high), "100 and more")
        bins[name] = bins.get(name, 0) + row["clusters"]
    return list(bins.items())
