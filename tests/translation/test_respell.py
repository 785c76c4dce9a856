"""Names rewritten at level `names`, and each condition without which they are not."""

import json

import pytest

from pipeline.edits import restore
from pipeline.stages.repair_translation import RepairTranslation
from tests.support import batch_of, edits_of, run_stage, seed

PASSES = "The new crown epidemic is serious. The new crown vaccine is here. "
VARIANT = "It was Amir Khan Mottaki who had told them."
KNOWN = ["They had met Amir Khan Muttaqi before the talks.", "It was Amir Khan Muttaqi who went to Doha."]


def respelled(text: str, others: list[str], *, level: str = "names", families: list[str] | None = None) -> tuple[str, set[str]]:
    """What becomes of the text, and the kinds of its spans about names."""
    texts = [text, *others]
    batch = batch_of(texts, lang=["en"] * len(texts), family_id=families or [str(number) for number in range(len(texts))])
    table, edits = run_stage(RepairTranslation(level=level), [[batch]])
    own = edits_of(edits, 0)
    assert restore(table["text"][0].as_py(), own) == text
    return table["text"][0].as_py(), {edit["kind"] for edit in own if edit["rule"] == "name_variant"}


def test_name_takes_the_spelling_of_two_other_families():
    """Where nothing speaks against it, the translated document gets the spelling that others use."""
    assert respelled(PASSES + VARIANT, KNOWN) == (PASSES + VARIANT.replace("Mottaki", "Muttaqi"), {"edit"})


@pytest.mark.parametrize("level", ["safe", "suggest"])
def test_other_levels_only_propose(level):
    """Nothing is rewritten unless one asks for it."""
    assert respelled(PASSES + VARIANT, KNOWN, level=level) == (PASSES + VARIANT, {"proposal"})


@pytest.mark.parametrize(
    ("text", "others", "families", "kinds"),
    [
        pytest.param(VARIANT, KNOWN, None, set(), id="i: below the gate"),
        pytest.param(PASSES + VARIANT, [*KNOWN, f"Others say so too. {VARIANT}"], None, set(), id="ii: another writes it so"),
        pytest.param(
            PASSES + VARIANT, [*KNOWN, f"{PASSES}They met Amir Khan Mottaki."], None, {"proposal"}, id="ii: a translation does"
        ),
        pytest.param(PASSES + VARIANT, KNOWN[:1], None, {"proposal"}, id="iii: one family"),
        pytest.param(PASSES + VARIANT, KNOWN, ["0", "1", "1"], {"proposal"}, id="iii: copies of one story"),
        pytest.param(PASSES + VARIANT, KNOWN, ["0", "0", "1"], {"proposal"}, id="iii: its own family"),
        pytest.param(f"{PASSES}{VARIANT} They say Amir Khan Muttaqi left.", KNOWN, None, set(), id="iv: both in one document"),
        pytest.param(
            PASSES + "It was Amir Hassan who had told them.",
            ["They had met Amir Hussain before.", "It was Amir Hussain who went."],
            None,
            set(),
            id="v: given names of two people",
        ),
        pytest.param(
            PASSES + VARIANT,
            [*KNOWN, "They had met Amir Khan Muttaki before.", "It was Amir Khan Muttaki who went."],
            None,
            set(),
            id="vi: two forms as good",
        ),
    ],
)
def test_name_is_not_rewritten_unless_every_condition_holds(text, others, families, kinds):
    """One condition that fails is enough."""
    assert respelled(text, others, families=families) == (text, kinds)


def test_edit_names_rule_documents_and_distance():
    """Condition vii: the ledger says where, what, by which rule, on whose word and how far apart the spellings are."""
    batch = batch_of([PASSES + VARIANT, *KNOWN], lang=["en"] * 3)
    [edit] = [e for e in edits_of(run_stage(RepairTranslation(level="names"), [[batch]])[1], 0) if e["kind"] == "edit"]
    assert (edit["start"], edit["removed"], edit["inserted"], edit["rule"]) == (
        len(PASSES) + 18,
        "ottak",
        "uttaq",
        "name_variant",
    )
    told = {"form": "Amir Khan Muttaqi", "families": 2, "docs": ["d1", "d2"], "letters": 2, "similarity": 882}
    assert json.loads(edit["evidence"]) == told


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("Then Mr Mottaki left, and Mottaki’s aides told them.", "Then Mr Muttaqi left, and Muttaqi’s aides told them."),
        ("They met Hassan Mottaki and Mottaki said so.", None),  # which of the two?
        ("The Mottaki Foundation and the Mottaki-Doha talks.", None),
    ],
)
def test_surname_alone_follows_its_name(after, expected):
    """Where the name is rewritten its last word is too, unless it may be another's."""
    text, _ = respelled(f"{PASSES}{VARIANT} {after}", KNOWN)
    assert text == f"{PASSES}{VARIANT.replace('Mottaki', 'Muttaqi')} {expected or after}"


def test_seed_gets_one_of_its_two_names():
    """In seed 002 the spokesman is rewritten, whom two families know; the minister, whom one story knows, is proposed."""
    batch = batch_of([seed(n) for n in range(5)], lang=["en"] * 5, family_id=["0", "1", "2", "3", "3"])
    table, edits = run_stage(RepairTranslation(level="names"), [[batch]])
    named = {(e["row"], e["kind"]) for e in edits.to_pylist() if e["rule"] == "name_variant"}
    assert named == {(2, "edit"), (2, "proposal")}
    assert "Suhail Shaheen" in table["text"][2].as_py()
    assert "suhaile" not in table["text"][2].as_py()
    assert "Amir Khan Mottaki" in table["text"][2].as_py()
