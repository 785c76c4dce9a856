"""Runs against the signatures of earlier ones: nothing is kept that one run over everything would drop."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.files import open_ipc
from pipeline.neardup import shingle_hashes, signatures
from pipeline.neardup.earlier import meet
from pipeline.neardup.families import FindFamilies
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.support import batch_of, run_stage, seed, write_shards

STAGE = DropNearDuplicates(keep="first", keep_signatures=True, target_recall=0.9999999)


def batch_run(folder: Path, texts: list[str], first: int, stage: DropNearDuplicates) -> list[dict[str, Any]]:
    """A run over a few texts with ids from d`first` on, in two shards; its signatures come to lie in `folder/signatures`."""
    folder.mkdir()
    batch = batch_of(texts, doc_id=[f"d{first + i}" for i in range(len(texts))])
    cut = len(texts) // 2
    corpus = write_shards(folder, [[batch.slice(0, cut)], [batch.slice(cut)]])
    stage.judge(corpus)
    if stage.keep_signatures:
        shutil.move(corpus.shared / "kept_signatures", folder / "signatures")
    rows: list[dict[str, Any]] = []
    for number, part in enumerate((batch.slice(0, cut), batch.slice(cut))):
        verdicts = open_ipc(corpus.folder / f"verdicts-{number:05d}.arrow").read_all()
        rows += stage.apply(part, verdicts).batch.to_pylist()
    return rows


def versions(seed_number: int, count: int) -> list[str]:
    """Stories and edited copies of them in random order; some texts are empty."""
    draw = random.Random(seed_number)
    stories = [[f"w{draw.randrange(10**6)}" for _ in range(draw.randrange(3, 120))] for _ in range(count // 4)]
    texts = []
    for _ in range(count):
        words = list(draw.choice(stories))
        for _ in range(draw.randrange(0, 8)):
            words[draw.randrange(len(words))] = f"new{draw.randrange(10**6)}"
        texts.append(" ".join(words[draw.randrange(0, 1 + len(words) // 5) :]) if draw.random() < 0.95 else "")
    return texts


@pytest.mark.parametrize("seed_number", range(3))
def test_ten_batches_keep_what_one_run_keeps(tmp_path: Path, seed_number: int) -> None:
    """Each against all before it; survivors and similarities are the same too."""
    texts = versions(seed_number, 120)
    table, _ = run_stage(STAGE, [[batch_of(texts)]])
    names = ("doc_id", "drop_reason", "survivor_id", "similarity", "containment")
    expected = [{name: row[name] for name in names} for row in table.to_pylist()]
    found, outputs = [], []
    for number in range(10):
        stage = replace(STAGE, against=tuple(outputs))
        folder = tmp_path / f"run-{number}"
        found += batch_run(folder, texts[number * 12 : number * 12 + 12], number * 12, stage)
        outputs.append(str(folder))
    assert [{name: row[name] for name in names} for row in found] == expected
    assert 20 < sum(row["drop_reason"] == "near_duplicate" for row in found) < 115


def test_new_document_goes_for_an_earlier_one(tmp_path: Path) -> None:
    """Whatever `keep` says: the earlier is out of reach. Its id is survivor and cluster; what is new stays."""
    batch_run(tmp_path / "first", [seed(4), "alone"], 0, DropNearDuplicates(keep_signatures=True))
    stage = DropNearDuplicates(against=(str(tmp_path / "first"),))
    rows = batch_run(tmp_path / "second", [seed(3), "Alone!", seed(1)], 2, stage)
    assert [row["drop_reason"] for row in rows] == ["near_duplicate", "near_duplicate", None]
    assert [row["survivor_id"] for row in rows] == ["d0", "d1", None]
    assert [row["cluster_id"] for row in rows] == ["d0", "d1", None]
    assert rows[0]["similarity"] == pytest.approx(0.55, abs=0.03)


def test_refuses_signatures_of_other_rules_and_none(tmp_path: Path) -> None:
    """Both are named."""
    batch_run(tmp_path / "first", [seed(4)], 0, DropNearDuplicates(keep_signatures=True, seed=7))
    with pytest.raises(UserError, match="perm128-seed7-words5, while this run makes affine32-tokens1-perm128-seed1-words5"):
        batch_run(tmp_path / "second", [seed(3)], 1, DropNearDuplicates(against=(str(tmp_path / "first"),)))
    with pytest.raises(UserError, match=r"nowhere: keeps no signatures .* keep_signatures: true"):
        batch_run(tmp_path / "third", [seed(3)], 1, DropNearDuplicates(against=("nowhere",)))


def test_store_holds_kept_documents_only(tmp_path: Path) -> None:
    """Dropped, empty and marked ones leave nothing."""
    batch_run(tmp_path / "first", [seed(4), "", seed(3), seed(3), "one"], 0, DropNearDuplicates(keep_signatures=True))
    folder = tmp_path / "first" / "signatures"
    assert json.loads((folder / "rules.json").read_text()) == {"rules": "affine32-tokens1-perm128-seed1-words5", "parts": 2}
    ids = [value for number in range(2) for value in open_ipc(folder / f"kept-{number:05d}.arrow").read_all()["doc_id"].to_pylist()]
    assert ids == ["d2", "d4"]
    assert sum(len(np.load(folder / f"signatures-{number:05d}.npy")) for number in range(2)) == 2


def test_meeting_is_set_membership() -> None:
    """In the same band only."""
    others = np.sort(np.array([[5, 1, 9], [2, 2, 7]], np.uint32), axis=1)
    keys = np.array([[2, 9, 4, 0], [7, 3, 5, 4_000_000_000]], np.uint32)
    assert meet(keys, others).tolist() == [True, True, False, False]
    assert meet(keys, others[:, :0]).tolist() == [False] * 4


def test_store_takes_signatures_that_the_families_left(tmp_path: Path) -> None:
    """Those of unchanged documents and those signed anew are what signing all of them gives."""
    texts = [seed(i) for i in range(4)]
    changed = [*texts[:2], texts[2] + " And more.", texts[3]]
    corpus = write_shards(tmp_path, [[batch_of(texts)]])
    FindFamilies().judge(corpus)
    (tmp_path / "later").mkdir()
    later = replace(write_shards(tmp_path / "later", [[batch_of(changed)]]), shared=corpus.shared)
    assert DropNearDuplicates(keep_signatures=True).judge(later)["signed"] == 1
    store = corpus.shared / "kept_signatures"
    assert np.array_equal(np.load(store / "signatures-00000.npy"), signatures(changed))
    sets, kept = np.load(store / "sets-00000.npy"), open_ipc(store / "kept-00000.arrow").read_all().to_pylist()
    assert [sets[row["set_start"] : row["set_stop"]].tolist() for row in kept] == [s.tolist() for s in shingle_hashes(changed)]
    assert sorted(path.name for path in corpus.shared.rglob("*") if path.is_file()) == sorted(path.name for path in store.iterdir())
