"""Texts after the stages, as values for a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.edits import restore
from pipeline.explain import explain_row
from pipeline.explanation import Explanation


@dataclass(frozen=True)
class Cleaned:
    """One row for each text, in the order of the texts, also for those that a stage dropped.

    `documents` holds all columns of `pipeline.SCHEMA`, `edits` every change, as in the folder `edits/` of a run, `stages` the counts of
    each step, as in its manifest. The lists below are made from them.
    """

    documents: pa.Table
    edits: pa.Table
    stages: Sequence[Mapping[str, Any]]

    def __len__(self) -> int:
        return int(self.documents.num_rows)

    def __repr__(self) -> str:
        return f"Cleaned({len(self)} texts, {len(self.kept)} kept, {self.edits.num_rows} edits)"

    @property
    def texts(self) -> list[str]:
        """All texts, cleaned, also those that a stage dropped."""
        return self._column("text")

    @property
    def kept(self) -> list[str]:
        """The cleaned texts that no stage dropped."""
        kept: list[str] = self.documents.filter(pc.is_null(self.documents["drop_reason"]))["text"].to_pylist()
        return kept

    @property
    def drop_reasons(self) -> list[str | None]:
        """What each text was dropped for; None where it was kept."""
        return self._column("drop_reason")

    @property
    def languages(self) -> list[str | None]:
        """ISO 639-1 labels, `und` where undetermined; None where no stage looked."""
        return self._column("lang")

    @property
    def flags(self) -> list[list[str]]:
        """What was seen and left as it was, text by text."""
        return [flags or [] for flags in self._column("flags")]

    def original(self, place: int) -> str:
        """The text as it came, restored from its edits."""
        document, edits = self._row(place)
        return restore(document["text"], edits)

    def explain(self, place: int) -> Explanation:
        """The way of a text through the stages: each change with its rule and the words around it, and where it ended."""
        return explain_row(*self._row(place), self.stages)

    def why(self, place: int) -> list[str]:
        """The same in short: a line for each change and remark, and last what became of the text.

        >>> import pipeline
        >>> pipeline.clean(["Itâ€™s a long way to Tipperary."], ["fix_encoding"]).why(0)
        ["fix_encoding: encoding/mojibake: 'â€™' -> '’'", 'kept']
        """
        return self.explain(place).lines()

    def _column(self, name: str) -> list[Any]:
        values: list[Any] = self.documents[name].to_pylist()
        return values

    def _row(self, place: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A document and its edits. Raises IndexError."""
        place = range(len(self))[place]
        document = self.documents.slice(place, 1).to_pylist()[0]
        return document, self.edits.filter(pc.equal(self.edits["doc_id"], document["doc_id"])).to_pylist()
