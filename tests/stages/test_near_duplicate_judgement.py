"""How `drop_near_duplicates` and `find_families` judge: families, what one takes over from the other, and what lies on the disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.neardup.families import FindFamilies
from pipeline.stage import Corpus
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.stages.test_drop_near_duplicates import story, text
from tests.support import batch_of, run_stage, seed, write_shards


def families(texts: list[str], **columns: Any) -> list[str | None]:
    table, _ = run_stage(FindFamilies(), [[batch_of(texts, **columns)]])
    assert table["drop_reason"].to_pylist() == columns.get("drop_reason", [None] * len(texts))
    return table["family_id"].to_pylist()


def test_families_are_named_for_their_first_document() -> None:
    """Copies share the id of the first in input order; others have their own; blank ones too; marked ones none."""
    words = story(1)
    texts = [text(story(2)), text(words[:-1]), text(words), "", "", text(words)]
    assert families(texts, drop_reason=[None] * 5 + ["too_short"]) == ["d0", "d1", "d1", "d3", "d4", None]


def second_look(folder: Path, corpus: Corpus, texts: list[str]) -> Corpus:
    """The corpus with other texts, at a later stage of the same run."""
    folder.mkdir()
    return replace(write_shards(folder, [[batch_of(texts)]]), shared=corpus.shared)


def test_signatures_of_unchanged_documents_are_taken_over(tmp_path: Path) -> None:
    """After the family pass only documents whose text changed are signed anew, and the result is as without it."""
    texts = [text(story(i % 4)) for i in range(8)]
    corpus = write_shards(tmp_path, [[batch_of(texts)]])
    FindFamilies().judge(corpus)
    changed = [*texts[:-1], text([*story(3), "new"])]
    later = [second_look(tmp_path / name, corpus, changed) for name in ("other_seed", "same")]
    assert DropNearDuplicates(seed=2).judge(later[0])["signed"] == 8
    assert DropNearDuplicates().judge(later[1])["signed"] == 1
    alone, _ = run_stage(DropNearDuplicates(), [[batch_of(changed)]])
    verdicts = pa.ipc.open_file(str(later[1].folder / "verdicts-00000.arrow")).read_all()
    reused = DropNearDuplicates().apply(batch_of(changed), verdicts).batch
    assert reused.to_pylist() == alone.to_pylist()


def test_summary_counts_every_step(tmp_path: Path) -> None:
    """What the manifest says: rules, bands, and what came of every step."""
    texts = [seed(i) for i in range(5)] + [seed(0), "", "alone"]
    summary = DropNearDuplicates().judge(write_shards(tmp_path, [[batch_of(texts)]]))
    expected = {
        "documents": 8, "signed": 8, "without_tokens_or_marked": 1, "exact_duplicates": 1, "edges": 1, "clusters": 2,
        "duplicates": 2, "bands": 42, "rows": 3, "scheme": "affine32", "token_rules": 1, "giant_buckets": 0,
    }  # fmt: skip
    assert {name: summary[name] for name in expected} == expected


def test_leaves_only_verdicts_on_the_disk(tmp_path: Path) -> None:
    """Signatures, bands, sets and pairs are gone when all is judged; so are those that the families left."""
    corpus = write_shards(tmp_path, [[batch_of([seed(i) for i in range(5)])], [batch_of([seed(0)])]])
    FindFamilies().judge(corpus)
    later = second_look(tmp_path / "later", corpus, [seed(i) for i in range(5)])
    DropNearDuplicates(keep_signatures=False).judge(later)
    for folder in (corpus.folder, later.folder):
        assert {path.name.split("-")[0] for path in folder.iterdir()} == {"verdicts", "judged.json"}
    assert not [path for path in corpus.shared.rglob("*") if path.is_file()]


class StoppedError(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("stop_at", ["extract", "pairs", "members", "verify", "survivors", "after"])
def test_interrupted_judgement_goes_on(tmp_path: Path, stop_at: str) -> None:
    """Finished maps are not run again, whatever was removed since; the result is that of one go."""
    texts = [seed(i) for i in range(5)] + [seed(0), "", "alone"]
    finished: dict[str, list[Any]] = {}

    def mapped(name: str, function: Any, items: Any) -> list[Any]:
        if name not in finished:
            if name == stop_at and "stopped" not in finished:
                finished["stopped"] = []
                function(items[0])
                raise StoppedError
            finished[name] = [function(item) for item in items]
        return finished[name]

    corpus = replace(write_shards(tmp_path, [[batch_of(texts[:4])], [batch_of(texts[4:])]]), map=mapped)
    if stop_at == "after":
        DropNearDuplicates().judge(corpus)
    else:
        with pytest.raises(StoppedError):
            DropNearDuplicates().judge(corpus)
    summary = DropNearDuplicates().judge(corpus)
    (tmp_path / "whole").mkdir()
    whole = write_shards(tmp_path / "whole", [[batch_of(texts[:4])], [batch_of(texts[4:])]])
    assert DropNearDuplicates().judge(whole) == summary
    for number in range(2):
        name = f"verdicts-{number:05d}.arrow"
        assert (corpus.folder / name).read_bytes() == (whole.folder / name).read_bytes()
