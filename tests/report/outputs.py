"""A small corpus that tries to break out of the page, and a run over it."""

import json
from pathlib import Path
from typing import Any

from pipeline.job import Silent
from pipeline.run_file import parse_config
from pipeline.runner import run

SCRIPT = "<script>alert(1)</script>"
STAGES: list[Any] = [
    "fix_encoding",
    {"identify_language": {"keep": ["en"], "per_line": True}},
    "strip_boilerplate",
    {"strip_repeated_lines": {"min_families": 2}},
    "drop_near_duplicates",
]


_PLACES = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gum", "Hazel", "Ivy", "Juniper", "Katsura", "Larch", "Maple"]
_DEEDS = ["opened a library", "closed two schools", "paid the firemen", "rebuilt the harbour wall", "heard from angry farmers"]


def story(number: int) -> str:
    """A story of its own, long enough to be told as English."""
    place, other = _PLACES[number], _PLACES[number - 1]
    deeds = _DEEDS[number % 5 :] + _DEEDS[: number % 5]
    return "\n".join(
        f"The town of {place} {deed} in the {when} while people from {other} watched." for deed, when in zip(deeds, _WHEN)
    )


_WHEN = ("early morning", "late spring", "week before the vote", "year of the flood", "hours after the storm")


def hostile_records() -> list[dict[str, Any]]:
    """Stories with markup in every field, a template line, mojibake, one in French, and copies of the first."""
    line = f'Call our newsroom {SCRIPT} at "any" time & subscribe'
    evil = f'"><img src=x onerror=alert(2)> {SCRIPT}'
    records = [
        {
            "id": f"doc-{n}",
            "text": f"{story(n)}\n{line}",
            "source": f"good{n % 2}.example",
            "title": f"Story {n}",
            "date": "2021-10-10",
        }
        for n in range(8)
    ]
    hostile = f"{story(12)}\nHe said it wasnâ€™t {SCRIPT} or {evil}.\n{line}"
    records.append({"id": f"id{SCRIPT}", "text": hostile, "source": f"bad{SCRIPT}", "title": f"Title {evil}", "date": None})
    copy = {**records[-1], "title": evil}
    records += [{**copy, "id": f"copy-{n}", "text": f"{hostile}\nAnd one more thing {n}."} for n in range(3)]
    french = "Le conseil municipal a voté hier soir le projet de pont, malgré les protestations des habitants du quartier. " * 3
    records[0]["text"] = f"{french.strip()}\n{records[0]['text']}"  # a flag: lines in two languages
    records.append({"id": "fr", "text": french, "source": "good0.example", "title": "Le pont", "date": None})
    return records


def run_over(folder: Path, records: list[dict[str, Any]], broken: str = "") -> Path:
    """The output of a run over these records as JSON Lines, with a broken line behind them."""
    (folder / "in").mkdir(parents=True)
    lines = [json.dumps(record) for record in records] + ([broken] if broken else [])
    (folder / "in" / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = {"doc_id": "id", "published": "date"}
    values = {
        "input": {"path": str(folder / "in"), "columns": columns},
        "stages": STAGES,
        "output": {"path": str(folder / "out")},
    }
    run(parse_config(values, "test.yaml"), Silent(), workers=1)
    return folder / "out"
