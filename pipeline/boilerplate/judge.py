"""What goes from one document in one pass: the rules in their zones, the block at its end, the structure rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.boilerplate.match import NamedRule


@dataclass(frozen=True)
class Document:
    """The non-blank lines of a document as one pass sees them; columns have one entry a line."""

    key: Sequence[int]
    tokens: Sequence[int]
    ending: Sequence[int]
    head: Sequence[bool]
    after_body: Sequence[bool]
    hits: Mapping[int, Sequence[NamedRule]]  # matches in whose zone the line stands; how far a tail block reaches is not settled
    text: Callable[[int], str]


StructureRule = Callable[[Document], dict[int, str]]


def judge(document: Document, structure: Sequence[StructureRule]) -> dict[int, str]:
    """Positions of the lines that go, with the name of the rule that takes each; of several the first in the packs' order."""
    gone: dict[int, str] = {}
    for i, rules in document.hits.items():
        for named in rules:
            if named.rule.action == "drop" and named.rule.zone != "tail_block":
                gone.setdefault(i, named.name)
            elif named.rule.action == "cut_tail" and document.after_body[i]:
                for k in range(i, len(document.key)):
                    gone.setdefault(k, named.name)
    _peel_tail(document, gone)
    for rule in structure:
        for i, name in rule(document).items():
            gone.setdefault(i, name)
    return gone


def _peel_tail(document: Document, gone: dict[int, str]) -> None:
    """Adds the lines above the end that a `tail_block` rule matches, as long as all below them go too."""
    for i in range(len(document.key) - 1, -1, -1):
        if i in gone:
            continue
        rules = document.hits.get(i, ())
        name = next((n.name for n in rules if n.rule.zone == "tail_block" and n.rule.action == "drop"), None)
        if name is None:
            return
        gone[i] = name
