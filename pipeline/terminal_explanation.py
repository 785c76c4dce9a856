"""One document on a terminal: each step's changes in their lines, then its end, with its survivor side by side."""

import difflib
import re
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from pipeline.explanation import Change, Explanation

_SIDE_CHARACTERS = 3000  # of two documents side by side


def print_explanation(explanation: Explanation) -> None:
    """A document's way: each step's changes as [-removed-] and {+inserted+}, in colour on a terminal, then its end."""
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    document = explanation.document
    where = ", ".join(str(document[name]) for name in ("source", "title", "url") if document.get(name))
    console.print(Text.assemble((_visible(document["doc_id"]), "bold"), _visible(f"  {where}" if where else "")))
    for note in explanation.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    for step in explanation.steps:
        changed = f"{len(step.changes)} found" if step.changes else "" if step.remarks else "nothing to change"
        said = ", ".join(part for part in (changed, *step.remarks) if part)
        console.print(Text.assemble((f"\nstep {step.number} {step.name}", "bold"), f": {_visible(said)}"))
        for change in step.changes:
            console.print(_change_text(change))
    console.print(
        Text.assemble("\n", (_visible(explanation.verdict), "bold green" if explanation.verdict == "kept" else "bold red"))
    )
    if document.get("flags"):
        console.print(Text(f"flags: {', '.join(document['flags'])}"))
    for doc_id, similarity in explanation.resembling:
        console.print(Text(f"  {_visible(doc_id)} was dropped for it, similarity {similarity:.3f}"))
    if explanation.survivor is not None:
        _print_side_by_side(console, explanation.survivor, document)


def _change_text(change: Change) -> Text:
    """Rule, evidence, and the change in its line."""
    kind = "" if change.kind == "edit" else f" ({change.kind}, text unchanged)"
    text = Text.assemble(("  " + change.rule, "cyan"), kind, (_visible(f"  {change.evidence or ''}").rstrip(), "dim"), "\n    ")
    removed, inserted = (_visible(part).replace("\n", "\n    ") for part in (change.removed, change.inserted))
    text.append(_visible(change.before.rpartition("\n")[2]), "dim")
    if removed:
        text.append(f"[-{removed}-]" if change.kind == "edit" else removed, "red strike" if change.kind == "edit" else "yellow")
    if inserted:
        text.append(f"{{+{inserted}+}}", "green" if change.kind == "edit" else "yellow")
    text.append(_visible(change.after.partition("\n")[0]), "dim")
    return text


def _visible(text: str) -> str:
    """Control characters, which would steer the terminal, as pictures or numbers; line feeds and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"<U+{ord(c):04X}>" for c in text)


def _print_side_by_side(console: Console, survivor: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Both texts in two columns, words that the other does not have in colour."""
    heads = [
        Column(Text(_visible(f"{verdict}: {side['doc_id']}"))) for verdict, side in (("stayed", survivor), ("dropped", document))
    ]
    table = Table(*heads, expand=True)
    texts = [_visible(side["text"][:_SIDE_CHARACTERS]) for side in (survivor, document)]
    table.add_row(_marked(texts[0], texts[1]), _marked(texts[1], texts[0]))
    console.print(table, soft_wrap=False)
    if max(len(survivor["text"]), len(document["text"])) > _SIDE_CHARACTERS:
        console.print(Text(f"shown are the first {_SIDE_CHARACTERS} characters of each", style="dim"))


def _marked(text: str, other: str) -> Text:
    """The text with the words in colour that stand differently in the other."""
    ours, theirs = re.findall(r"\s+|\S+", text), re.findall(r"\s+|\S+", other)
    marked, at = Text(), 0
    for start, _, size in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        marked.append("".join(ours[at:start]), "bold yellow")
        marked.append("".join(ours[start : start + size]))
        at = start + size
    return marked
