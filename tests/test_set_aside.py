"""What the clock stops ends in quarantine as it was read; all counts, and whoever reads the output, know of it."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.clock import TookTooLong
from pipeline.config import NamedStage
from pipeline.edits import NO_EDITS
from pipeline.errors import UserError
from pipeline.explain import explain_document
from pipeline.job import Silent
from pipeline.report import report_again
from pipeline.result import RunResult
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.schema import live_rows
from pipeline.stage import Outcome
from pipeline.verify import verify
from tests.hostile.test_runs import write_lines

STORY = "The council voted on Monday to keep the library open after a long evening of speeches by readers of every age."


@dataclass(frozen=True)
class Endless:
    """Changes nothing, and is stopped at once where a live text says so: what the clock does after its seconds, see test_clock.py."""

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        if pc.any(pc.match_substring(batch["text"].filter(pa.array(live_rows(batch))), "endless")).as_py():
            raise TookTooLong
        return Outcome(batch, NO_EDITS)


def carried_out(folder: Path, stages: Sequence[Any], records: list[Any], **settings: Any) -> RunResult:
    """A run in which `endless` among the stages is the one above."""
    folder.mkdir(exist_ok=True)
    write_lines(folder / "in" / "a.jsonl", records)
    named = ["fix_encoding" if name == "endless" else name for name in stages]
    values = {"input": {"path": str(folder / "in"), **settings}, "stages": named, "output": {"path": str(folder / "out")}}
    config = parse_config(values, "test.yaml")
    found = [NamedStage(name, Endless()) if name == "endless" else stage for name, stage in zip(stages, config.stages)]
    return run(dataclasses.replace(config, stages=tuple(found)), Silent(), workers=1)


def quarantined(result: RunResult) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = result.quarantine.to_table().to_pylist()
    return rows


RECORDS: list[dict[str, Any]] = [
    {"doc_id": "a", "text": "It â€™ s here, and it stays.", "source": "s"},
    {"doc_id": "b", "text": "It wasnâ€™t endless.", "source": "s", "published": "2021-10-10", "n": 1},
    {"doc_id": "c", "text": "Another one, which stays too.", "source": "s"},
]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A document that one stage has changed when the next does not come to an end with it."""
    return carried_out(tmp_path_factory.mktemp("stopped"), ["fix_encoding", "endless", "identify_language"], RECORDS)


def test_a_stopped_document_lies_in_quarantine_as_it_was_read(stopped: RunResult) -> None:
    """With its place and the stage; the edits that it had are gone with it."""
    [row] = quarantined(stopped)
    assert (row["file"], row["position"]) == ("a.jsonl", "line 2")
    assert row["reason"] == "took too long ('b' in endless, more than 1800 s)"
    raw = json.loads(row["raw"])
    assert raw["text"] == RECORDS[1]["text"]
    assert raw["published"].startswith("2021-10-10")
    assert (raw["doc_id"], raw["source"], raw["meta"], raw["encoding"]) == ("b", "s", '{"n":1}', "utf-8")
    assert stopped.documents.to_table()["doc_id"].to_pylist() == ["a", "c"]
    assert stopped.dropped.count_rows() == 0
    assert set(stopped.edits.to_table()["doc_id"].to_pylist()) == {"a"}


def test_all_counts_know_of_it(stopped: RunResult) -> None:
    """Records are kept or quarantined; sources and encodings count what came through."""
    counts = stopped.counts
    assert (counts["records"], counts["kept"], counts["dropped"], counts["quarantined"]) == (3, 2, 0, 1)
    assert counts["quarantined_by_reason"] == {"took too long": 1}
    assert counts["dropped_by_reason"] == counts["characters_dropped_by_reason"] == {}
    assert counts["encodings"] == {"utf-8": 2}
    assert counts["text_bytes"] == sum(len(str(record["text"]).encode()) for record in (RECORDS[0], RECORDS[2]))
    assert [step["took_too_long"] for step in stopped.manifest["stages"]] == [0, 1, 0]
    assert stopped.manifest["reproducible"] is False
    assert stopped.manifest["population"]["sources"][0]["documents"] == 2


def test_what_reads_the_output_knows_of_it(stopped: RunResult) -> None:
    """verify, also against the input; the report, also made anew; explain."""
    assert list(verify(stopped.output, str(stopped.output.parent / "in"))) == []
    before = (stopped.output / "report.json").read_bytes()
    report = json.loads(before)
    assert report["quarantine"][0]["reason"] == "took too long"
    assert report["flow"][-1]["documents_out"] == 2
    report_again(stopped.output)
    assert (stopped.output / "report.json").read_bytes() == before
    config = parse_config({"input": {"path": "x"}, "stages": ["fix_encoding"], "output": {"path": "y"}}, "test.yaml")
    with pytest.raises(UserError, match=r"no document 'b'. It is in quarantine \(a.jsonl line 2\): took too long"):
        explain_document(stopped.output, "b", config)


def test_a_copy_of_a_stopped_document_stays(tmp_path: Path) -> None:
    """It is no survivor: near-duplicates do not see it."""
    records = [{"doc_id": "long", "text": STORY + " It is endless."}, {"doc_id": "short", "text": STORY}]
    result = carried_out(tmp_path, ["endless", "drop_near_duplicates"], records)
    assert result.documents.to_table()["doc_id"].to_pylist() == ["short"]
    assert [row["position"] for row in quarantined(result)] == ["line 1"]
    assert list(verify(result.output)) == []


def test_documents_that_were_dropped_for_a_stopped_one_go_with_it(tmp_path: Path) -> None:
    """A stage after near-duplicates is stopped at a survivor: else its copies would be dropped for a document that nobody has."""
    records = [
        {"doc_id": "other", "text": "A story of its own about a harbour, three ships and the weather of last week."},
        {"doc_id": "short", "text": STORY},
        {"doc_id": "long", "text": STORY + " It is endless."},
        {"doc_id": "one", "text": "Two of these are the same words, and one of them will be dropped."},
        {"doc_id": "two", "text": "Two of these are the same words, and one of them will be dropped."},
    ]
    result = carried_out(tmp_path, ["drop_near_duplicates", "endless"], records, shard_bytes=150)
    assert [(row["position"], row["reason"].partition(" (")[2]) for row in quarantined(result)] == [
        ("line 2", "another document of the cluster of 'short')"),
        ("line 3", "'long' in endless, more than 1800 s)"),
    ]
    assert result.documents.to_table()["doc_id"].to_pylist() == ["other", "one"]
    assert result.dropped.to_table()["doc_id"].to_pylist() == ["two"]
    assert result.counts["dropped_by_reason"] == {"near_duplicate": 1}
    assert [step["dropped"] for step in result.manifest["stages"]] == [{"near_duplicate": 1}, {}]
    assert {row["doc_id"] for row in result.duplicates.to_table().to_pylist()} == {"one", "two"}
    assert list(verify(result.output)) == []


@pytest.mark.parametrize(("policy", "quarantine"), [("number", ["line 4"]), ("quarantine", ["line 2", "line 4"])])
def test_places_hold_where_ids_were_mended(tmp_path: Path, policy: str, quarantine: list[str]) -> None:
    """A shard that was written anew for ids that stand twice has its places anew."""
    records = [{"doc_id": "x", "text": "one"}, {"doc_id": "x", "text": "two"}, {"doc_id": "y", "text": "three"}]
    result = carried_out(tmp_path, ["endless"], [*records, {"doc_id": "z", "text": "endless"}], on_duplicate_id=policy)
    assert [row["position"] for row in quarantined(result)] == quarantine
    assert json.loads(quarantined(result)[-1]["raw"])["doc_id"] == "z"
    assert list(verify(result.output)) == []


def test_signatures_and_parts_keep_their_places(tmp_path: Path) -> None:
    """What was signed before lies by row: those behind a stopped document are not taken for others."""
    texts = [f"{STORY} {'endless' if n == 2 else ''} {' '.join(f'word{n}x{m}' for m in range(60))}" for n in range(6)]
    records = [{"doc_id": f"d{n}", "text": text} for n, text in enumerate(texts)]
    result = carried_out(tmp_path, ["endless", "drop_near_duplicates"], records)
    kept = [f"d{n}" for n in range(6) if n != 2]
    assert result.documents.to_table()["doc_id"].to_pylist() == kept
    del records[2]
    without = carried_out(tmp_path / "without", ["endless", "drop_near_duplicates"], records)
    signatures = [[path.read_bytes() for path in sorted(r.output.glob("signatures/*"))] for r in (result, without)]
    assert signatures[0] == signatures[1] != []
