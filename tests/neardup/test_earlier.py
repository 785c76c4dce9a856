"""Runs against the signatures of earlier ones: nothing is kept that one run over everything would drop."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.job import Silent
from pipeline.kernels.bands import band_keys
from pipeline.kernels.meeting import fill_filter, meets
from pipeline.neardup import shingle_hashes, signatures
from pipeline.neardup.earlier import read_part, stored_sets, stored_signatures
from pipeline.neardup.facts import SignatureFiles, SignatureSource
from pipeline.neardup.families import FindFamilies
from pipeline.neardup.signatures import shorten
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from pipeline.verify import verify
from tests.support import batch_of, run_stage, seed, write_shards

RECALL = 0.9999999  # so that chance plays no part


def run_over(folder: Path, texts: Iterable[tuple[str, str]], stages: list[Any] | None = None, **settings: Any) -> Path:
    """A whole run over (id, text) with the settings of `drop_near_duplicates`, or with these stages; its output."""
    folder.mkdir()
    lines = [json.dumps({"id": name, "text": text}) for name, text in texts]
    (folder / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    values = {
        "input": {"path": str(folder / "in.jsonl"), "columns": {"doc_id": "id"}},
        "stages": stages or [{"drop_near_duplicates": settings}],
        "output": {"path": str(folder / "out"), "part_bytes": 20_000},
    }
    run(parse_config(values, "test"), Silent(), workers=1)
    return folder / "out"


def rows(output: Path) -> list[dict[str, Any]]:
    """The documents, kept and dropped, by number in their ids."""
    found = [row for kind in ("documents", "dropped") for row in pq.read_table(output / kind).to_pylist()]
    return sorted(found, key=lambda row: int(row["doc_id"][1:]))


def store(output: Path) -> list[Path]:
    return sorted((output / "signatures").iterdir())


def versions(seed_number: int, count: int) -> list[str]:
    """Stories and edited copies of them in random order; some texts have nothing to see."""
    draw = random.Random(seed_number)
    stories = [[f"w{draw.randrange(10**6)}" for _ in range(draw.randrange(3, 120))] for _ in range(count // 4)]
    texts = []
    for _ in range(count):
        words = list(draw.choice(stories))
        for _ in range(draw.randrange(0, 8)):
            words[draw.randrange(len(words))] = f"new{draw.randrange(10**6)}"
        texts.append(" ".join(words[draw.randrange(0, 1 + len(words) // 5) :]) if draw.random() < 0.95 else " ")
    return texts


def test_ten_batches_keep_what_one_run_keeps(tmp_path: Path) -> None:
    """Each against all before it; survivors and similarities are the same too, and each output holds by itself."""
    texts = versions(1, 120)
    table, _ = run_stage(DropNearDuplicates(keep="first", target_recall=RECALL), [[batch_of(texts)]])
    names = ("doc_id", "drop_reason", "survivor_id", "similarity", "containment")
    expected = [{name: row[name] for name in names} for row in table.to_pylist()]
    found: list[dict[str, Any]] = []
    outputs: list[Path] = []
    for number in range(10):
        part = [(f"d{i}", texts[i]) for i in range(12 * number, 12 * number + 12)]
        settings = {"keep": "first", "target_recall": RECALL, "against": [str(path) for path in outputs]}
        outputs.append(run_over(tmp_path / f"run-{number}", part, **settings))
        found += rows(outputs[-1])
    assert [{name: row.get(name) for name in names} for row in found] == expected
    assert 20 < sum(row.get("drop_reason") == "near_duplicate" for row in found) < 115
    assert list(verify(outputs[-1])) == []


def test_new_document_goes_for_an_earlier_one(tmp_path: Path) -> None:
    """Whatever `keep` says: the earlier is out of reach. Its id is survivor and cluster; what is new stays."""
    first = run_over(tmp_path / "first", [("d0", seed(4)), ("d1", "alone")])
    second = run_over(tmp_path / "second", [("d2", seed(3)), ("d3", "Alone!"), ("d4", seed(1))], against=[str(first)])
    told = [(row.get("drop_reason"), row.get("survivor_id"), row["cluster_id"]) for row in rows(second)]
    assert told == [("near_duplicate", "d0", "d0"), ("near_duplicate", "d1", "d1"), (None, None, None)]
    assert rows(second)[0]["similarity"] == pytest.approx(0.55, abs=0.03)


def test_verify_holds_survivors_of_earlier_outputs_to_their_word(tmp_path: Path) -> None:
    """The earlier output proves the similarity; where it says something else, that is a lie."""
    first = run_over(tmp_path / "first", [("d0", seed(4))])
    second = run_over(tmp_path / "second", [("d2", seed(3))], against=[str(first)])
    assert list(verify(second)) == []
    (first / "signatures" / "part-00000.arrow").unlink()
    assert "which is not kept" in next(verify(second))


def test_earlier_text_is_not_read_again(tmp_path: Path) -> None:
    """Neither the input nor the documents of the earlier run need be there any more."""
    first = run_over(tmp_path / "first", [("d0", seed(4))])
    (tmp_path / "first" / "in.jsonl").unlink()
    for path in (first / "documents").iterdir():
        path.unlink()
    second = run_over(tmp_path / "second", [("d1", seed(3))], against=[str(first)])
    assert rows(second)[0]["survivor_id"] == "d0"


def test_refuses_signatures_of_other_rules_and_none(tmp_path: Path) -> None:
    """Both are named, before any work."""
    first = run_over(tmp_path / "first", [("d0", seed(4))], seed=7)
    without = run_over(tmp_path / "without", [("d0", seed(4))], keep_signatures=False)
    assert not (without / "signatures").exists()
    for name, earlier, message in (
        ("second", first, "perm128-seed7-words5, while this run makes affine32-tokens1-perm128-seed1-words5"),
        ("third", without, r"without/out: keeps no signatures; .* keep_signatures: true"),
        ("fourth", tmp_path / "nowhere", r"nowhere: holds no finished run"),
    ):
        with pytest.raises(UserError, match=message):
            run_over(tmp_path / name, [("d1", seed(3))], against=[str(earlier)])
        assert not (tmp_path / name / "out").exists()
    gone = run_over(tmp_path / "gone", [("d0", seed(4))])
    store(gone)[0].unlink()
    with pytest.raises(UserError, match=r"part-00000.arrow: is missing"):
        run_over(tmp_path / "fifth", [("d1", seed(3))], against=[str(gone)])


def test_store_holds_what_came_to_documents_only(tmp_path: Path) -> None:
    """Dropped ones leave nothing, also those that a later stage dropped; nor do blank ones. In the order of documents/."""
    texts = [seed(4), " ", seed(3), seed(3), "one", "Le chat est sur la table et le chien est dans la maison avec les enfants."]
    stages = ["drop_near_duplicates", {"identify_language": {"keep": ["en"]}}]
    output = run_over(tmp_path / "first", [(f"d{i}", text) for i, text in enumerate(texts)], stages)
    kept = pq.read_table(output / "documents")["doc_id"].to_pylist()
    assert kept == ["d2", "d4"]
    assert [doc_id for path in store(output) for doc_id in read_part(path)["doc_id"].to_pylist()] == kept
    later = run_over(tmp_path / "second", [("d9", texts[5])], against=[str(output)])
    assert "survivor_id" not in rows(later)[0]


def test_store_has_the_same_bytes_however_the_corpus_is_split(tmp_path: Path) -> None:
    """One file or three, one process or two: the parts are those of documents/."""
    texts = [text for i in range(5) for text in (seed(i), seed(i)[: 1000 + i])]
    made = []
    for name, files, workers in (("one", 1, 1), ("more", 3, 2)):
        source = tmp_path / name
        source.mkdir()
        lines = [json.dumps({"id": f"d{i}", "text": text}) for i, text in enumerate(texts)]
        for number in range(files):
            here = lines[number * len(lines) // files : (number + 1) * len(lines) // files]
            (source / f"{number}.jsonl").write_text("\n".join(here), encoding="utf-8")
        values = {
            "input": {"path": str(source), "columns": {"doc_id": "id"}},
            "stages": ["drop_near_duplicates"],
            "output": {"path": str(tmp_path / f"{name}-out"), "part_bytes": 10_000},
        }
        run(parse_config(values, "test"), Silent(), workers=workers)
        made.append({path.name: path.read_bytes() for path in store(tmp_path / f"{name}-out")})
    assert made[0] == made[1]
    assert len(made[0]) == len(list((tmp_path / "one-out" / "documents").iterdir())) > 2


@pytest.mark.parametrize("words", [1, 3, 1000])
def test_meeting_is_set_membership(words: int) -> None:
    """In the same band only, however small the filter."""
    draw = np.random.default_rng(1)
    stored = draw.integers(0, 4, (500, 4), np.uint16)
    keys = np.sort(draw.integers(0, 2**32, (2, 40), np.uint32), axis=1)
    own = np.empty((2, 500), np.uint32)
    band_keys(stored, 2, 2, own)
    keys[0, :5], keys[1, :3] = own[0, :5], own[1, 7:10]
    keys.sort(axis=1)
    expected = np.isin(own[0], keys[0]) | np.isin(own[1], keys[1])
    assert np.array_equal(meets(stored, 2, 2, keys, fill_filter(keys, words)), expected)
    assert 0 < expected.sum() < 500
    nothing = np.empty((2, 0), np.uint32)
    assert not meets(stored, 2, 2, nothing, fill_filter(nothing, words)).any()


ORDERS: dict[str, list[Any]] = {
    "alone": ["drop_near_duplicates"],
    "after families and changes": ["fix_encoding", "strip_boilerplate", "strip_repeated_lines", "drop_near_duplicates"],
    "before changes": ["drop_near_duplicates", "strip_boilerplate"],
    "twice": [{"drop_near_duplicates": {"num_perm": 64}}, "strip_boilerplate", "drop_near_duplicates"],
}


@pytest.mark.parametrize("stages", ORDERS.values(), ids=ORDERS)
def test_stored_sets_and_signatures_are_those_of_the_kept_texts(tmp_path: Path, stages: list[Any]) -> None:
    """Whether they were signed for the families, by the stage, or anew because a later stage changed the text."""
    output = run_over(tmp_path / "run", [(f"d{i}", seed(i)) for i in range(5)], stages)
    texts = pq.read_table(output / "documents")["text"].to_pylist()
    assert len(stages) == 1 or texts != [seed(i) for i in range(4)]
    parts = [read_part(path) for path in store(output)]
    assert np.array_equal(np.concatenate([stored_signatures(part) for part in parts]), shorten(signatures(texts)))
    sets = [np.split(values, starts[1:-1]) for values, starts in map(stored_sets, parts)]
    assert [s.tolist() for part in sets for s in part] == [s.tolist() for s in shingle_hashes(texts)]


def test_signatures_of_the_families_are_taken_over(tmp_path: Path) -> None:
    """Only documents whose text has changed since are signed anew, and what is left names both places."""
    texts = [seed(i) for i in range(4)]
    changed = [*texts[:2], texts[2] + " And more.", texts[3]]
    corpus = write_shards(tmp_path, [[batch_of(texts)]])
    FindFamilies().judge(corpus)
    (tmp_path / "later").mkdir()
    later = replace(write_shards(tmp_path / "later", [[batch_of(changed)]]), shared=corpus.shared)
    for _ in range(2):  # as a run does that was interrupted behind it
        assert DropNearDuplicates().judge(later)["signed"] == 1
    left = corpus.shared / "kept_signatures"
    assert sorted(path.name.split("-")[0] for path in left.iterdir()) == ["changed", "facts", "signatures", "source.json"]
    source = SignatureSource(left, json.loads((left / "source.json").read_text())["earlier"])
    assert np.array_equal(SignatureFiles(source, [0]).take(np.arange(4)), shorten(signatures(changed)))
