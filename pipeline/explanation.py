"""What there is to tell of one document: each step's changes, and where it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A change of text, a proposal or a flag, with the words around it as they were in its step's input."""

    rule: str
    kind: str
    before: str
    removed: str
    inserted: str
    after: str
    evidence: str | None

    def line(self) -> str:
        """Rule and words, without those around."""
        kind = "" if self.kind == "edit" else f" ({self.kind}, text unchanged)"
        inserted = f" -> {self.inserted!r}" if self.inserted or self.kind == "edit" else ""
        return f"{self.rule}{kind}: {self.removed!r}{inserted}"


@dataclass(frozen=True)
class StepView:
    """What one step did: its changes, and remarks on other columns or on why it did not judge this document."""

    number: int
    name: str
    changes: Sequence[Change]
    remarks: Sequence[str]


@dataclass(frozen=True)
class Explanation:
    """A document's way. `survivor` is the document that it was dropped for, `resembling` those that were dropped for it."""

    document: Document
    steps: Sequence[StepView]
    verdict: str
    survivor: Document | None = None
    resembling: Sequence[tuple[str, float]] = ()
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        from pipeline.notebook import explanation_html  # which knows what an explanation is

        return explanation_html(self)

    def lines(self) -> list[str]:
        """Every change and remark in a line with its step, and last what became of the document."""
        told = []
        for step in self.steps:
            told += [f"{step.name}: {change.line()}" for change in step.changes]
            told += [f"{step.name}: {remark}" for remark in step.remarks]
        return [*told, self.verdict]
