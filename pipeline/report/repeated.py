"""The lines that were learned from the corpus itself because a source repeats them: candidates for a rule pack."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.output import read_columns

RULE = "repeated_line"
SHOWN_LINES = 20
_COUNTED = 100_000  # distinct lines held while counting; later new ones are passed over
_SHOWN_CHARACTERS = 200
_PHRASE_CHARACTERS = 120  # of a phrase in a pack; what is longer is a notice, and better a pattern


def count_repeated_lines(output: Path) -> list[dict[str, Any]]:
    """The most removed lines: {"line", "times", "families", "share", "source"}.

    `families` and `share` are those of the source in which the line has most families; `source` is null where only the URL told it.
    """
    counts: Counter[str] = Counter()
    best: dict[str, tuple[int, float, str]] = {}  # families, share, document
    for table in read_columns(output, "edits", ["doc_id", "rule", "kind", "removed", "evidence"]):
        found = table.filter(pc.and_(pc.equal(table["rule"], RULE), pc.equal(table["kind"], "edit")))
        lines = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(found["removed"]), 0, _SHOWN_CHARACTERS)
        told = found.select(["doc_id", "rule", "evidence"]).append_column("line", lines)
        for entry in told.group_by(["line", "evidence"]).aggregate([("doc_id", "min"), ("rule", "count")]).to_pylist():
            line, evidence = entry["line"], json.loads(entry["evidence"])
            if line in counts or len(counts) < _COUNTED:
                counts[line] += entry["rule_count"]
                best[line] = max(best.get(line, (0, 0.0, "")), (evidence["families"], evidence["share"], entry["doc_id_min"]))
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:SHOWN_LINES]
    sources = _sources(output, [best[line][2] for line, _ in ranked])
    return [
        {"line": line, "times": times, "families": best[line][0], "share": best[line][1], "source": sources.get(best[line][2])}
        for line, times in ranked
    ]


def _sources(output: Path, ids: Sequence[str]) -> dict[str, str | None]:
    """The sources of these documents, by id."""
    found: dict[str, str | None] = {}
    for kind in ("documents", "dropped"):
        for table in read_columns(output, kind, ["doc_id", "source"]):
            here = table.filter(pc.is_in(table["doc_id"], value_set=pa.array(sorted(set(ids)), pa.string())))
            found |= dict(zip(here["doc_id"].to_pylist(), here["source"].to_pylist()))
    return found


def learned_pack(lines: Sequence[dict[str, Any]]) -> str:
    """The lines as a rule pack in YAML, to be looked through; "" where there is none that would do as a phrase."""
    phrases = [row["line"] for row in lines if "\n" not in row["line"] and len(row["line"]) <= _PHRASE_CHARACTERS]
    phrases = [phrase for phrase in phrases if any(character.isalpha() for character in phrase)]
    if not phrases:
        return ""
    listed = [f"      - {json.dumps(phrase, ensure_ascii=False)}" for phrase in phrases]
    return "\n".join(
        [
            "pack: learned",
            "lang: null",
            "rules:",
            "  - id: learned",
            "    family: template",
            "    zone: anywhere",
            "    max_tokens: 60",
            "    why: Lines that stand in many stories of one source.",
            "    phrases:",
            *listed,
            f"    strips: [{json.dumps(phrases[0], ensure_ascii=False)}]",
            '    keeps: ["A line that looks like one of them and is to stay."]',
            "",
        ]
    )
