"""Whole runs, as a user starts them: the seeds, other corpora, sharding, mistakes."""

import json
import resource
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline import run as pipeline_run
from pipeline.edits import restore
from pipeline.files import open_ipc
from tests.runs import DEFAULT_STAGES, SMALL, parquet_bytes, pipeline, rows, run_file
from tests.stages.test_strip_repeated_lines import framed
from tests.support import REPO, SEEDS


def longest_blank_run(text: str) -> int:
    return max((len(run) for run in "".join("b" if not line.strip() else "." for line in text.split("\n")).split(".")), default=0)


def test_seeds_come_out_line_by_line_as_expected(seeds_output: Path) -> None:
    """The golden test: the non-blank lines of each seed, in order, and no blank lines that the original did not have."""
    found = {row["doc_id"]: row["text"] for kind in ("documents", "dropped") for row in rows(seeds_output, kind)}
    for name, original in SEEDS.items():
        expected = (REPO / "tests" / "cases" / "seeds" / f"{name[:3]}.lines").read_text(encoding="utf-8").splitlines()
        text = found[name]
        assert [line for line in text.split("\n") if line.strip()] == expected
        assert text == text.strip("\n")
        assert longest_blank_run(text) <= longest_blank_run(original)


def test_seed_003_survives_its_other_version(seeds_output: Path) -> None:
    """003 and 004 are one cluster; the longer one is kept, the others are nobody's duplicates."""
    names = list(SEEDS)
    kept, dropped = rows(seeds_output, "documents"), rows(seeds_output, "dropped")
    assert [row["doc_id"] for row in kept] == names[:4]
    assert [row["doc_id"] for row in dropped] == names[4:]
    assert dropped[0]["survivor_id"] == dropped[0]["cluster_id"] == names[3]
    assert dropped[0]["drop_reason"] == "near_duplicate"
    assert dropped[0]["similarity"] == pytest.approx(0.58, abs=0.02)
    members = pq.read_table(seeds_output / "duplicates.parquet").to_pylist()
    assert [(row["doc_id"], row["cluster_id"]) for row in members] == [(names[3], names[3]), (names[4], names[3])]


def test_seeds_are_english_and_only_002_is_translated(seeds_output: Path) -> None:
    """The language of each, and the one document that the translation score singles out."""
    everything = rows(seeds_output, "documents") + rows(seeds_output, "dropped")
    assert {row["lang"] for row in everything} == {"en"}
    scores = {row["doc_id"]: row["mt_score"] for row in everything}
    translated = list(SEEDS)[2]
    assert all(scores[translated] > score for name, score in scores.items() if name != translated)


def test_edits_restore_each_raw_seed(seeds_output: Path) -> None:
    """Cleaned text and ledger give back the file."""
    edits = rows(seeds_output, "edits")
    for row in rows(seeds_output, "documents") + rows(seeds_output, "dropped"):
        assert restore(row["text"], [e for e in edits if e["doc_id"] == row["doc_id"]]) == SEEDS[row["doc_id"]]


def test_aliases_are_proposed_and_not_written(seeds_output: Path) -> None:
    """Two spellings of a name are told, not repaired."""
    proposals = {(e["removed"], e["inserted"]) for e in rows(seeds_output, "edits") if e["kind"] == "proposal"}
    assert {("suhaile Shahin", "Suhail Shaheen"), ("Amir Khan Mottaki", "Amir Khan Muttaqi")} <= proposals
    aliases = pq.read_table(seeds_output / "aliases.parquet").to_pylist()
    assert ("Amir Khan Mottaki", "Amir Khan Muttaqi") in {(alias["variant"], alias["canonical"]) for alias in aliases}
    text = next(row["text"] for row in rows(seeds_output, "documents") if row["doc_id"].startswith("002"))
    assert "suhaile Shahin" in text
    assert "Amir Khan Mottaki" in text


def test_finished_run_is_recognised_and_another_is_refused(tmp_path: Path) -> None:
    """The same run does nothing; a changed one needs --overwrite; foreign files are never removed."""
    config = run_file(tmp_path, REPO / "seeds", stages=["fix_encoding"])
    out = tmp_path / "out"
    pipeline("run", config)
    stamp = (out / "manifest.json").stat().st_mtime_ns
    assert "nothing to do" in pipeline("run", config).stdout
    assert (out / "manifest.json").stat().st_mtime_ns == stamp
    changed = run_file(tmp_path, REPO / "seeds", stages=["fix_encoding", "identify_language"])
    refused = pipeline("run", changed, code=2).stderr
    assert "--overwrite" in refused
    assert "stages" in refused
    assert "Traceback" not in refused
    pipeline("run", changed, "--overwrite")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert "'notes.txt', which no run wrote" in pipeline("run", changed, "--overwrite", code=2).stderr
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_bytes_do_not_depend_on_workers_or_shards(corpus: Path, reference: Path, tmp_path: Path) -> None:
    """The same input and settings give the same Parquet, byte for byte; test_determinism.py has more of that."""
    changes = {**SMALL, "input": {**SMALL["input"], "shard_bytes": 170_000, "batch_bytes": 9_000}}
    pipeline("run", run_file(tmp_path, corpus, **changes), "--workers", 2)
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(reference)


def test_every_record_ends_somewhere_and_every_edit_restores(corpus: Path, reference: Path) -> None:
    """Kept, dropped and quarantined add up to the lines of the input, in their order, and the ledger leads back to them."""
    lines = corpus.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if "broken" not in line]
    kept, dropped, edits = rows(reference, "documents"), rows(reference, "dropped"), rows(reference, "edits")
    assert len(rows(reference, "quarantine")) == len(lines) - len(records)
    place = {record["id"]: number for number, record in enumerate(records)}
    for part in (kept, dropped):
        numbers = [place[row["doc_id"]] for row in part]
        assert numbers == sorted(numbers)
    assert len(kept) + len(dropped) == len(records)
    texts = {row["doc_id"]: row["text"] for row in kept + dropped}
    own: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        own.setdefault(edit["doc_id"], []).append(edit)
    for record in records:
        assert restore(texts[record["id"]], own.get(record["id"], [])) == record["text"]
    assert {json.loads(row["meta"])["n"] for row in kept + dropped} == set(range(len(records)))


def test_manifest_lists_what_is_there(reference: Path) -> None:
    """Files with rows and digests, counts by stage, rule and reason, versions."""
    import hashlib

    manifest = json.loads((reference / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        path = reference / entry["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        told = open_ipc(path).read_all() if path.suffix == ".arrow" else pq.read_metadata(path)
        assert told.num_rows == entry["rows"]
    assert {entry["file"] for entry in manifest["files"]} == set(parquet_bytes(reference))
    counts = manifest["counts"]
    assert counts["kept"] == len(rows(reference, "documents"))
    assert counts["dropped"] == len(rows(reference, "dropped")) == sum(counts["dropped_by_reason"].values())
    assert counts["dropped_by_reason"]["language:fr"] > 0
    assert [step["name"] for step in manifest["stages"] if step["step"]] == DEFAULT_STAGES
    assert manifest["versions"]["pyarrow"]
    assert not (reference / ".work").exists()


def test_help_answers_at_once() -> None:
    """Heavy imports are lazy: well under half a second of processor time; 0.3 s is the aim."""

    def seconds() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    taken = []
    for _ in range(3):
        before = seconds()
        assert "Clean and deduplicate" in pipeline("run", "--help").stdout
        taken.append(seconds() - before)
    assert min(taken) < 0.5


def test_limit_takes_the_first_records(corpus: Path, tmp_path: Path) -> None:
    """--limit counts records in input order."""
    pipeline("run", run_file(tmp_path, corpus, **{**SMALL, "stages": ["fix_encoding"]}), "--limit", "10")
    assert [row["doc_id"] for row in rows(tmp_path / "out", "documents")] == [f"doc-{n}" for n in range(10)]


def test_too_many_in_quarantine_is_exit_4(corpus: Path, tmp_path: Path) -> None:
    """The output is complete, and the exit code says that someone should look."""
    changes = {**SMALL, "input": {**SMALL["input"], "max_quarantined": 0.001}}
    done = pipeline("run", run_file(tmp_path, corpus, **{**changes, "stages": ["fix_encoding"]}), code=4)
    assert "max_quarantined" in done.stderr
    assert rows(tmp_path / "out", "documents")


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda folder: folder / "missing", ["missing"]),
        (lambda folder: (folder / "empty").mkdir() or folder / "empty", ["empty"]),
        (lambda folder: (folder / "empty.jsonl").write_bytes(b"") or folder / "empty.jsonl", ["empty.jsonl", "no record"]),
    ],
    ids=["missing path", "empty folder", "empty file"],
)
def test_nothing_to_read_is_said_clearly(make: Any, parts: list[str], tmp_path: Path) -> None:
    """Exit 2, one sentence, no traceback, no output left."""
    source = make(tmp_path)
    source = tmp_path / "empty.jsonl" if isinstance(source, int) else source
    done = pipeline("run", run_file(tmp_path, source), code=2)
    assert all(part in done.stderr for part in parts), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_unknown_run_file_and_command_are_exit_2(tmp_path: Path) -> None:
    """A name that is neither a path nor shipped, and a command that does not exist."""
    assert (
        "no such run file; name the path of one, or one that is shipped: news, seeds" in pipeline("run", "nosuch", code=2).stderr
    )
    pipeline("rnu", code=2)


def test_check_and_stages_tell_what_a_run_would_do() -> None:
    """The plan, the defaults and every stage's settings."""
    shown = pipeline("check", "configs/seeds.yaml").stdout
    assert "valid" in shown
    assert "threshold: 0.5" in shown
    listed = pipeline("stages").stdout
    assert all(name in listed for name in DEFAULT_STAGES)


def test_later_run_drops_what_an_earlier_one_has(corpus: Path, tmp_path: Path) -> None:
    """Tonight's batch against yesterday's output: its old documents go, with yesterday's as survivors."""
    stage = {"threshold": 0.5, "keep": "first"}
    folders = [tmp_path / name for name in ("yesterday", "today")]
    for folder in folders:
        folder.mkdir()
    first = {**SMALL, "stages": ["fix_encoding", {"drop_near_duplicates": stage}]}
    pipeline("run", run_file(folders[0], corpus, **first), "--limit", "300")
    second = {**SMALL, "stages": ["fix_encoding", {"drop_near_duplicates": {**stage, "against": [str(folders[0] / "out")]}}]}
    pipeline("run", run_file(folders[1], corpus, **second))
    kept = {row["doc_id"] for row in rows(folders[0] / "out", "documents")}
    dropped = {row["doc_id"]: row["survivor_id"] for row in rows(folders[1] / "out", "dropped")}
    assert all(dropped[doc_id] == doc_id for doc_id in kept)
    assert (folders[0] / "out" / "signatures" / "part-00000.arrow").exists()
    third = {**SMALL, "stages": [{"drop_near_duplicates": {**stage, "against": [str(tmp_path / "nowhere")]}}]}
    assert "holds no finished run" in pipeline("run", run_file(folders[1], corpus, **third), "--overwrite", code=2).stderr


def test_a_run_over_its_own_output_changes_nothing(tmp_path: Path) -> None:
    """What one stage has left standing at the end of a text another would else take the second time."""
    tail = "# # #\n\nHeard by the harbour desk of our paper"
    records = [{"doc_id": str(number), "source": "paper", "text": text} for number, text in enumerate(framed(tail=tail))]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    first, second = tmp_path / "first", tmp_path / "second"
    for source, output in ((tmp_path / "in.jsonl", first), (first / "documents", second)):
        config = {"input": {"path": str(source)}, "stages": DEFAULT_STAGES, "output": {"path": str(output)}}
        pipeline_run(config, workers=1)
    assert {edit["rule"] for edit in rows(first, "edits")} >= {"repeated_line", "repeated_line/end_mark"}
    assert rows(second, "dropped") == []
    assert [edit for edit in rows(second, "edits") if edit["kind"] == "edit"] == []


def test_quarantine_is_cut_into_parts_like_the_rest(tmp_path: Path) -> None:
    """What could not be read goes through no one's memory as a whole: parts by bytes, in input order, of several shards."""
    source = tmp_path / "broken.jsonl"
    lines = ['{"text": "A sound one."}', *(f'{{"text": "{number:02d} {"x" * 2_000}' for number in range(30))]
    source.write_text("\n".join(lines), encoding="utf-8")
    config = run_file(
        tmp_path,
        source,
        input={"shard_bytes": 5_000, "max_quarantined": 1.0},
        stages=["fix_encoding"],
        output={"part_bytes": 10_000},
    )
    pipeline("run", config, "--workers", "2")
    names = sorted(path.name for path in (tmp_path / "out" / "quarantine").iterdir())
    assert names == [f"part-{number:05d}.parquet" for number in range(7)]
    assert [row["raw"][10:12] for row in rows(tmp_path / "out", "quarantine")] == [b"%02d" % number for number in range(30)]
    pipeline("verify", tmp_path / "out")
