"""What a run left behind, as values: where it lies, its counts, and its tables, opened when they are asked for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.storage import StorePath, open_store, place

if TYPE_CHECKING:
    import pyarrow.dataset


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    The tables are `pyarrow.dataset.Dataset`, opened but not read: `result.documents.head(5)`, `.to_table(columns=[...])`,
    `.count_rows()`; DuckDB and Polars take them as they are. `unchanged` is True when the output was there already and nothing was done.
    """

    output: Path
    manifest: dict[str, Any]
    seconds: float
    peak_rss_bytes: dict[int, int]  # by process id
    unchanged: bool = False

    def __repr__(self) -> str:
        told = ", ".join(f"{self.counts[name]:,} {name}" for name in ("records", "kept", "dropped", "quarantined"))
        return f"RunResult({str(self.output)!r}: {told})"

    @property
    def counts(self) -> dict[str, Any]:
        """Documents read, kept, dropped by reason, quarantined by reason."""
        counts: dict[str, Any] = self.manifest["counts"]
        return counts

    @property
    def too_many_quarantined(self) -> bool:
        """True when the share of records in quarantine is over the run file's `max_quarantined`."""
        limit = self.manifest["run_file"]["input"]["max_quarantined"]
        return bool(self.counts["quarantined"] > limit * max(1, self.counts["records"]))

    @property
    def paths(self) -> dict[str, Path]:
        """Where everything lies: the folders of Parquet parts, `duplicates`, `manifest` and the `report` to open in a browser."""
        names = ("documents", "dropped", "edits", "quarantine", "duplicates.parquet", "manifest.json", "report.html")
        return {name.partition(".")[0]: self.output / name for name in names}

    @property
    def documents(self) -> "pyarrow.dataset.Dataset":
        """The clean corpus, in input order."""
        return self._table("documents")

    @property
    def dropped(self) -> "pyarrow.dataset.Dataset":
        """What was taken out, with `drop_reason` and, for near-duplicates, `survivor_id` and `similarity`."""
        return self._table("dropped")

    @property
    def edits(self) -> "pyarrow.dataset.Dataset":
        """Every change of text, for `pipeline.restore`."""
        return self._table("edits")

    @property
    def duplicates(self) -> "pyarrow.dataset.Dataset":
        """Every member of every cluster of near-duplicates."""
        return self._table("duplicates.parquet")

    @property
    def quarantine(self) -> "pyarrow.dataset.Dataset":
        """Records that could not be read: file, position, reason, raw bytes."""
        return self._table("quarantine")

    def _table(self, name: str) -> "pyarrow.dataset.Dataset":
        import pyarrow.dataset

        path = self.output / name
        if isinstance(path, StorePath):
            system, inside = open_store(str(path))
            return pyarrow.dataset.dataset(inside, format="parquet", filesystem=system)
        return pyarrow.dataset.dataset(path, format="parquet")


def open_result(path: str | Path) -> RunResult:
    """The result of a run that was finished before, by whatever means, from its output folder. Raises UserError where there is none."""
    output = path if isinstance(path, Path) else place(path)
    manifest = output / "manifest.json"
    if not manifest.is_file():
        raise UserError(f"{path}: no manifest.json; the folder of a finished run was expected")
    try:
        values = json.loads(manifest.read_text(encoding="utf-8"))
        return RunResult(output, values, values["times"]["seconds"], {}, unchanged=True)
    except (ValueError, TypeError, KeyError):
        raise UserError(f"{manifest}: no run wrote it; the folder of a finished run was expected") from None
