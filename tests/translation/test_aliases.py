"""The alias table that a run leaves."""

from pathlib import Path

from pipeline.files import open_ipc
from pipeline.stages.repair_translation import RepairTranslation
from pipeline.translation.aliases import ALIASES
from tests.support import batch_of, seed, write_shards


def test_judge_leaves_the_aliases_of_the_corpus(tmp_path: Path) -> None:
    """The seeds show two: each with its rule, who writes the canonical form, and how far apart the spellings are."""
    batch = batch_of([seed(number) for number in range(5)], lang=["en"] * 5, family_id=["0", "1", "2", "3", "3"])
    corpus = write_shards(tmp_path, [[batch]])
    RepairTranslation().judge(corpus)
    table = open_ipc(corpus.folder / "aliases.arrow").read_all()
    assert table.schema == ALIASES
    assert [(r["variant"], r["canonical"], r["rule"], r["families"], r["letters"]) for r in table.to_pylist()] == [
        ("Amir Khan Mottaki", "Amir Khan Muttaqi", "A", 1, 2),
        ("suhaile Shahin", "Suhail Shaheen", "A", 2, 3),
    ]


def test_corpus_without_translations_has_no_aliases(tmp_path: Path) -> None:
    """The table is there and empty."""
    corpus = write_shards(tmp_path, [[batch_of(["It was a day of talks."], lang=["en"])]])
    RepairTranslation().judge(corpus)
    assert open_ipc(corpus.folder / "aliases.arrow").read_all().num_rows == 0
