"""The dataset card: a README.md for the output, with the header that the Hugging Face hub and `datasets` read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CARD = "README.md"
MARK = "<!-- written by corpus-pipeline: `pipeline run --overwrite` removes this file as long as this line is in it -->"
_LANGUAGE_SHARE = 0.01  # of the documents kept; what is rarer may be a few wrong labels among 100,000
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")  # the hub's classes
_CONFIGS = ("documents", "dropped", "edits")  # the first is what `load_dataset` takes without a name

Report = Mapping[str, Any]


def render_card(report: Report, license_name: str | None = None) -> str:
    """The card of a report: header, how it was made, what was removed, the run file. Paths are cut to their last part."""
    counts = report["counts"]
    name = _last(report["run_file"]["output"]["path"])
    header = yaml.safe_dump(_header(report, name, license_name), sort_keys=False, allow_unicode=True)
    stages = " → ".join(f"`{next(iter(stage))}`" for stage in report["run_file"]["stages"])
    sections = {name: _without_folders(report["run_file"][name]) for name in ("input", "stages", "output")}
    run_file = yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", f"`{run_file}")))
    return f"""---
{header}---
{MARK}

# {_plain(name)}

{counts["kept"]:,} documents with {counts["characters_kept"]:,} characters, from {counts["records"]:,} records
of {_plain(_last(report["input"]))}: cleaned and deduplicated with corpus-pipeline {report["version"]}, {report["times"]["finished"][:10]}.

```python
from datasets import load_dataset

documents = load_dataset("this/folder", split="train")
dropped = load_dataset("this/folder", "dropped", split="train")  # with drop_reason, survivor_id and similarity
edits = load_dataset("this/folder", "edits", split="train")  # every change of text, from which the originals come back
```

## How it was made

{stages}

{fence}yaml
{run_file}{fence}

## What was removed

{_removal_table(report)}
"""


def is_card(path: Path) -> bool:
    """True for a card that a run wrote and nobody has made their own."""
    return path.name == CARD and path.is_file() and MARK in path.read_text(encoding="utf-8", errors="replace")


def _header(report: Report, name: str, license_name: str | None) -> dict[str, Any]:
    kept = report["counts"]["kept"]
    languages = {row["language"]: row["documents"] - row["dropped"] for row in report["languages"]}
    told = [code for code, count in languages.items() if code not in ("und", "not told") and count > _LANGUAGE_SHARE * kept]
    return {
        "pretty_name": name,
        **({"license": license_name} if license_name else {}),
        **({"language": told} if told else {}),
        **({"multilinguality": ["multilingual"]} if len(told) > 1 else {}),
        "size_categories": [_SIZES[max(0, len(str(kept)) - 3)]],
        "tags": ["corpus-pipeline", "deduplicated"],
        "configs": [
            {"config_name": kind, "data_files": [{"split": "train", "path": f"{kind}/part-*.parquet"}]}
            | ({"default": True} if kind == _CONFIGS[0] else {})
            for kind in _CONFIGS
        ],
    }


def _removal_table(report: Report) -> str:
    rows = ["| step | documents taken out | characters taken out of texts | characters put in |", "|---|--:|--:|--:|"]
    for row in report["flow"]:
        rows.append(
            f"| {row['name']} | {row['documents_lost']:,} | {row['characters_removed']:,} | {row['characters_added']:,} |"
        )
    counts = report["counts"]
    reasons = {**counts["dropped_by_reason"], **{f"quarantine, {why}": n for why, n in counts["quarantined_by_reason"].items()}}
    rows += ["", "| reason | documents |", "|---|--:|", *(f"| {_plain(why)} | {count:,} |" for why, count in reasons.items())]
    return "\n".join(rows)


def _without_folders(value: Any) -> Any:
    """The run file, or a part of it, with paths that tell nothing of the machine."""
    if isinstance(value, Mapping):
        return {key: _without_folders(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_folders(part) for part in value]
    return _last(value) if isinstance(value, str) else value


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: one line, what has a meaning there escaped."""
    return re.sub(r"([\\`*{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
