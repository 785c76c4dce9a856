"""Repair of machine translation: what it changes, on whose evidence, and what it leaves to people."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.repair_translation import RepairTranslation
from tests.laws import laws
from tests.support import batch_of, edits_of, run_stage, seed

# Passes the gate by itself, and holds nothing that could be repaired.
TRANSLATED = "The new crown epidemic is serious. The new crown vaccine is here. "
SEEDS = [seed(number) for number in range(5)]
# Seed 002 as it is after the boilerplate is gone.
SEEDS_CLEANED = [*SEEDS[:2], "\n".join([SEEDS[2].split("\n")[0][16:], *SEEDS[2].split("\n")[1:-2]]), *SEEDS[3:]]
FAMILIES = ["000", "001", "002", "003", "003"]
REPAIRED = {
    "ned Price": "Ned Price",
    "associated press": "Associated Press",
    "Islamic state": "Islamic State",
    ", It also": ", it also",
}


def run(texts: list[str], *, stage: RepairTranslation | None = None, **columns: Any) -> tuple[pa.Table, list[dict[str, Any]]]:
    batch = batch_of(texts, **{"lang": ["en"] * len(texts), **columns})
    table, edits = run_stage(stage or RepairTranslation(), [[batch]])
    return table, edits.to_pylist()


def repaired(texts: list[str], **columns: Any) -> list[str]:
    return run(texts, **columns)[0]["text"].to_pylist()


@pytest.mark.parametrize("texts", [SEEDS, SEEDS_CLEANED], ids=["raw", "cleaned"])
def test_repairs_eight_places_of_one_seed(texts):
    """Seed 002 gets its eight repairs and the other seeds none."""
    table, edits = run(texts, family_id=FAMILIES)
    expected = texts[2]
    for wrong, right in REPAIRED.items():
        expected = expected.replace(wrong, right)
    assert table["text"].to_pylist() == [*texts[:2], expected, *texts[3:]]
    assert [edit["row"] for edit in edits if edit["kind"] == "edit"] == [2] * 8


def test_names_are_proposed_and_not_rewritten():
    """Spellings that other families know better become proposals with their evidence."""
    _, edits = run(SEEDS, family_id=FAMILIES)
    proposals = {edit["removed"]: (edit["inserted"], edit["rule"], edit["row"]) for edit in edits if edit["kind"] == "proposal"}
    assert proposals == {
        "suhaile Shahin": ("Suhail Shaheen", "name_variant", 2),
        "Amir Khan Mottaki": ("Amir Khan Muttaqi", "name_variant", 2),
    }
    evidence = [json.loads(edit["evidence"]) for edit in edits if edit["removed"] == "Amir Khan Mottaki"]
    assert evidence == [{"form": "Amir Khan Muttaqi", "families": 1, "docs": ["d3"], "letters": 2, "similarity": 882}]


@pytest.mark.parametrize("drop", [(0, 0), (1, 2), (2, 2)])
def test_score_passes_one_seed_alone(drop):
    """The gate lets seed 002 through alone, also without its first and last two lines."""
    lines = SEEDS[2].split("\n")
    texts = [*SEEDS[:2], "\n".join(lines[drop[0] : len(lines) - drop[1]]), *SEEDS[3:]]
    scores = run(texts)[0]["mt_score"].to_pylist()
    assert [score >= RepairTranslation().min_score for score in scores] == [False, False, True, False, False]


NAMED = ["It was the Islamic State in Khorasan, they say.", "An attack by the Islamic State has been told of."]


@pytest.mark.parametrize(
    ("sentence", "others", "expected"),
    [
        ("the Islamic state branch", NAMED[:1], "the Islamic State branch"),
        ("the islamic state branch", NAMED, "the Islamic State branch"),
        ("the islamic state branch", NAMED[:1], None),  # wholly in lower case: one family is too few
        ("the Islamic state branch", [NAMED[0], "We met an Islamic state there, they say."], None),  # written otherwise elsewhere
        ("the Islamic state branch", ["They call it “Islamic State” now."], None),  # a quotation may give capitals
        ("the Islamic state branch", ["Islamic State has a branch."], None),  # so may a sentence
        ("the Islamic state branch", ["Leaders of Islamic State Killed in Raid"], None),  # and a headline
        ("the Islamic state branch", ["It is the Islamic State Khorasan Province of old."], None),  # and a longer name
        ("the Islamic state branch", ["it is the ISLAMIC STATE they say."], None),
        ("it is an Islamic state now", NAMED, None),
        ("the anti-Islamic state branch", NAMED, None),
        ("see www.Islamic state.example here", NAMED, None),
        ("and Al-Islamic state here", NAMED, None),
        ("he told al Qaeda of it", ["the leader of Al Qaeda is dead, they say."], None),
    ],
)
def test_phrase_takes_the_form_of_other_families(sentence, others, expected):
    """A phrase is repaired if other families always write it as a name in mid-sentence, and nothing else gave the capitals."""
    text = TRANSLATED + f"They say that {sentence}."
    assert repaired([text, *others])[0] == (text.replace(sentence, expected) if expected else text)


def test_ungated_document_gets_no_casing_edits():
    """Good text is left alone whatever the corpus writes."""
    texts = ["They say that the Islamic state branch, It also said so.", *NAMED]
    assert repaired(texts) == texts


def test_evidence_comes_from_documents_below_the_gate_only():
    """Two translations do not vouch for each other."""
    texts = [TRANSLATED + "They met the Islamic state there.", TRANSLATED + "It was the Islamic State in Khorasan, they say."]
    assert repaired(texts) == texts


def test_copies_of_a_story_are_one_witness():
    """Evidence of the document's own family does not count, and copies count once."""
    text = TRANSLATED + "They met the islamic state there."
    assert repaired([text, *NAMED], family_id=["a", "b", "b"]) == [text, *NAMED]
    assert repaired([text, *NAMED], family_id=["a", "a", "b"]) == [text, *NAMED]
    assert repaired([text, *NAMED], family_id=["a", "b", "c"])[0] == text.replace("islamic state", "Islamic State")


def test_min_families_asks_for_more_witnesses():
    """With min_families=2 one other family is too few."""
    texts = [TRANSLATED + "They met the Islamic state there.", NAMED[0]]
    assert run(texts)[0]["text"].to_pylist() != texts
    assert run(texts, stage=RepairTranslation(min_families=2))[0]["text"].to_pylist() == texts


def test_form_of_most_families_is_written():
    """The form that most families write is taken, not a form with capitals that we make."""
    others = ["He told the McKinley Group of it.", "She told the McKinley Group of it.", "They told the Mckinley Group of it."]
    text = TRANSLATED + "We told the mckinley group of it."
    assert repaired([text, *others])[0] == text.replace("mckinley group", "McKinley Group")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("the talks，which went", "the talks, which went"),
        ("3，000 people at 10：30", "3,000 people at 10:30"),
        ("the talks，呼罗珊", None),
        ("他说，好", None),
    ],
)
def test_full_width_punctuation_between_latin_letters_is_made_narrow(before, after):
    """Between Latin letters or digits punctuation is narrow; beside other scripts it stays."""
    assert repaired([f"They say {before} again."]) == [f"They say {after or before} again."]


def test_level_off_changes_nothing_but_the_score():
    """`off` writes score and evidence and leaves text and ledger empty."""
    table, edits = run(SEEDS, stage=RepairTranslation(level="off"), family_id=FAMILIES)
    assert table["text"].to_pylist() == SEEDS
    assert edits == []
    assert table["mt_score"].to_pylist() == run(SEEDS, family_id=FAMILIES)[0]["mt_score"].to_pylist()


def test_level_suggest_proposes_what_safe_only_flags():
    """`suggest` proposes the capital of a spokesman's name; the text is the same as at `safe`."""
    safe, flagged = run(SEEDS, family_id=FAMILIES)
    suggested, proposed = run(SEEDS, stage=RepairTranslation(level="suggest"), family_id=FAMILIES)
    assert suggested["text"].to_pylist() == safe["text"].to_pylist()
    names = [("balsi", "flag", ""), ("mujahid", "flag", "")]
    assert [(e["removed"], e["kind"], e["inserted"]) for e in flagged if e["removed"] in ("balsi", "mujahid")] == names
    assert {"Balsi", "Mujahid"} <= {e["inserted"] for e in proposed if e["kind"] == "proposal"}


def test_other_languages_are_not_judged():
    """A document that is not English has no score; without a language it must look English."""
    texts = [TRANSLATED, TRANSLATED, "Das ist , wie gesagt , kein Englisch : nein .", "It is the day of the sun."]
    table, _ = run(texts, lang=["en", "fr", None, None])
    assert [score is not None for score in table["mt_score"].to_pylist()] == [True, False, False, True]


ODD = {
    "nothing": "",
    "one letter": "x",
    "all capitals": "THE COUNCIL PUTS OFF THE BRIDGE. THE MAYOR SPOKE, AND THE PRESS LISTENED.\n" * 50,
    "digits": "0123456789 12,5 " * 1000,
    "emoji": "😀🎉🏳️‍🌈 " * 1000,
    "right to left": "اجتمع مجلس المدينة مساء الثلاثاء\u200f (2024) " * 100,
    "script without profile": "ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁ 𐌰𐍄𐍄𐌰 " * 100,
    "one word of 10 MB": "x" * 10_000_000,
    "one capitalised word of 10 MB": "X" + "é" * 5_000_000,
}


@pytest.mark.parametrize("level", ["safe", "names"])
@pytest.mark.parametrize("label", ODD)
def test_odd_text_stays(label, level):
    """Beside a document that asks for evidence it is neither repaired nor taken for translated, whether it is said to be English or not."""
    asking = TRANSLATED + "They met the Islamic state there."
    for lang in ("en", None):
        table, edits = run([ODD[label], asking], stage=RepairTranslation(level=level), lang=[lang, "en"])
        assert table["text"].to_pylist() == [ODD[label], asking]
        assert not (table["mt_score"][0].as_py() or 0) >= RepairTranslation().min_score
        assert [edit for edit in edits if edit["row"] == 0] == []


def test_marked_document_gives_no_evidence():
    """What an earlier stage has dropped is no witness."""
    texts = [TRANSLATED + "They met the Islamic state there.", NAMED[0]]
    assert repaired(texts, drop_reason=[None, "too_short"]) == texts


SHAHEEN = [f"{who} told Shaheen about the talks in Doha." for who in ("She", "He", "They")]

PIECES = st.sampled_from(
    [
        TRANSLATED,
        *NAMED,
        "the Islamic state branch. ",
        "was told, It also ",
        "talks，which ",
        "Ali Yousif said. ",
        "Ali Yousuf said. ",
        "spokesman ned Price ",
        "told Ned Price of it. ",
        "the day of shaheen and the ",
        *SHAHEEN,
        "Łódź – “é” ",
        "\U0001f600 ",
        "\n",
    ]
)
DOCUMENTS = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=6)


@settings(max_examples=8)
@given(DOCUMENTS, st.data())
def test_obeys_the_laws_of_stages(texts, data):
    """Rows, ids, boundaries, repeated calls, pickling and the restoration of texts are as for every stage."""
    lang = data.draw(st.lists(st.sampled_from(["en", "en", None, "fr"]), min_size=len(texts), max_size=len(texts)))
    reasons = data.draw(st.lists(st.sampled_from([None, None, "x"]), min_size=len(texts), max_size=len(texts)))
    families = data.draw(st.lists(st.sampled_from([None, "a", "b"]), min_size=len(texts), max_size=len(texts)))
    batch = batch_of(texts, lang=lang, drop_reason=reasons, family_id=families)
    stage = RepairTranslation()
    laws.same_rows_ids_schema(stage, batch)
    laws.marked_rows_untouched(stage, batch)
    laws.boundaries_do_not_matter(stage, batch)
    laws.first_call_equals_later_ones(stage, batch)
    laws.edits_restore_the_input(stage, batch)


@settings(max_examples=15)
@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_order_of_documents_does_not_matter(texts, random):
    """Each document comes out the same wherever it stands among the others."""
    order = list(range(len(texts)))
    random.shuffle(order)
    straight = repaired(texts)
    assert repaired([texts[i] for i in order]) == [straight[i] for i in order]


def test_restores_the_seeds():
    """Text and ledger give back the raw seeds."""
    batch = batch_of(SEEDS, lang=["en"] * 5, family_id=FAMILIES)
    laws.edits_restore_the_input(RepairTranslation(), batch)
    assert edits_of(run_stage(RepairTranslation(), [[batch]])[1], 0) == []


def test_edit_replaces_its_flag_in_every_batch():
    """What has been repaired is not flagged besides, in later batches of a shard as in the first (bug: rows of the batch were
    compared with rows of the shard)."""
    batch = batch_of(["x.", *SEEDS], lang=["en"] * 6, family_id=["x", *FAMILIES])
    _, edits = run_stage(RepairTranslation(), [[batch.slice(0, 3), batch.slice(3)]])
    assert "ned" not in [edit["removed"] for edit in edits.to_pylist()]


@pytest.mark.parametrize(
    ("sentence", "others", "expected"),
    [
        ("the talks with shaheen went well", SHAHEEN, "the talks with Shaheen went well"),
        ("the talks with shaheen’s office went well", SHAHEEN, "the talks with Shaheen’s office went well"),
        ("the talks with shaheen went well", SHAHEEN[:2], None),  # two families are too few
        ("the talks with shaheen went well", [*SHAHEEN, "He told shaheen of it."], None),  # one in four writes it small
        ("the talks with shaheen went well", ["Shaheen was told of the talks."] * 3, None),  # a sentence gives the capital
        ("the talks with shaheen went well", ["He told Suhail Shaheen of the talks."] * 3, None),  # a longer name may give it
        ("the talks with shaheen went well", ["Talks With Shaheen Go Well"] * 3, None),  # so does a headline
        ("the talks about bridges went well", ["They met near Bridges for the talks."] * 3, None),  # a dictionary word
        ("the talks at shaheen.example went well", SHAHEEN, None),
        ("the page www shaheen example of the talks", SHAHEEN, None),  # an address that has lost its dots
        ("the anti-shaheen faction of the party", SHAHEEN, None),
        ("por las calles shaheen camina", SHAHEEN, None),  # another language
        ("was told of shaheen zabihu by the press", SHAHEEN, None),  # two unknown words in a row
        (
            "the talks of $300 million with [the] shaheen went well",
            SHAHEEN,
            "the talks of $300 million with [the] Shaheen went well",
        ),
        ("the talks -- with shaheen (in the town) -- went well", SHAHEEN, "the talks -- with Shaheen (in the town) -- went well"),
        ('the talks with the "shaheen" feature went well', SHAHEEN, None),  # a name alone in quotes is a value
        ("the mode of that is set by\n  shaheen and the command", SHAHEEN, None),  # lines set in, as in manuals
        ("the talks\nshaheen: of the talks went well", SHAHEEN, None),  # the head of an entry in a list of changes
        ("the way is to pip install shaheen and the talks", SHAHEEN, None),
        ("the call of shaheen --list and the talks", SHAHEEN, None),
    ],
)
def test_word_takes_the_form_of_other_families(sentence, others, expected):
    """A word that no dictionary holds is repaired in any document, if three other families write it as a name by itself."""
    text = f"Yesterday {sentence}." if sentence[:3] != "por" else f"Ayer {sentence}."
    assert repaired([text, *others])[0] == (text.replace(sentence, expected) if expected else text)


def test_word_repair_tells_its_evidence():
    """The ledger names other families' documents and how often they write the word small."""
    _, edits = run(["It was the day of shaheen and the talks.", *SHAHEEN])
    assert [(edit["removed"], edit["inserted"], edit["rule"]) for edit in edits] == [("s", "S", "word_case")]
    told = json.loads(edits[0]["evidence"])
    assert told == {"form": "Shaheen", "families": 3, "docs": ["d1", "d2", "d3"], "uses": {"lower": 1, "capital": 3}}


def test_copies_of_a_story_are_one_witness_for_a_word():
    """Three copies of one story are one family."""
    texts = ["It was the day of shaheen and the talks.", *SHAHEEN]
    assert repaired(texts, family_id=["a", "b", "b", "b"]) == texts


def test_word_keeps_the_majority_form():
    """What other families write is written, not a capital and small letters."""
    others = [f"{who} asked the OPEC about oil." for who in ("He", "She", "They")]
    assert repaired(["The price that opec asked for was high.", *others])[0] == "The price that OPEC asked for was high."


@pytest.mark.parametrize(("form", "small"), [("GLS", "gls"), ("CPUs", "cpus")])
def test_initials_need_eight_families(form, small):
    """Three letters are initials of many things, and names of commands and files besides."""
    others = [f"{who} asked the {form} about oil." for who in ("He", "She", "They", "We", "You", "All", "Some", "Many")]
    text = f"The price that {small} asked for was high."
    assert repaired([text, *others[:7]])[0] == text
    assert repaired([text, *others])[0] == text.replace(small, form)


@pytest.mark.parametrize("count", [1, 4])
def test_words_do_not_depend_on_boundaries(count):
    """Evidence for a word is the same however documents lie in batches and shards."""
    texts = ["It was the day of shaheen and the talks.", *SHAHEEN * 4, "He saw shaheen of the press."]
    batch = batch_of(texts, lang=["en"] * len(texts))
    whole, edits = run_stage(RepairTranslation(), [[batch]])
    parts = [[batch.slice(i, count)] for i in range(0, len(texts), count)]
    cut, cut_edits = run_stage(RepairTranslation(), parts)
    assert whole.equals(cut)
    assert edits.to_pylist() == cut_edits.to_pylist()


LOOP = "The talks began on Tuesday in the capital. "


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"They met. {LOOP}{LOOP}Then they left.", f"They met. {LOOP}Then they left."),
        (f"They met. {LOOP}{LOOP}{LOOP}Then they left.", f"They met. {LOOP}Then they left."),
        (f"{LOOP}{LOOP}".strip(), LOOP.strip()),
        (f"{LOOP}\n{LOOP}", None),  # lines: a list, a song, a title
        (f"{LOOP}They left. {LOOP}", None),
        ("Yes, we can. Yes, we can. Then they left.", None),  # short
        ("He said “The talks began on Tuesday.” “The talks began on Tuesday.” Then he left.", None),
        ("The talks began on Tuesday 1. The talks began on Tuesday 2. Then they left.", None),
        ("The talks began on the Tuesday. The Talks began on the Tuesday. Then they left.", None),
    ],
)
def test_sentence_that_repeats_the_one_before_is_removed(before, after):
    """A decoder's loop of whole sentences is cut to one; refrains, lists and quotations stay."""
    assert repaired([before]) == [after or before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("it was said in the the report", "it was said in the report"),
        ("the games it engages in in the yard", None),
        ("they told the The Hill of it", None),
        ("he had had enough of what it is is", None),
        ("they call it “ the talks ” now", "they call it “the talks” now"),
        ("they call it ”the talks” now and “the talks“ then", None),
        ("on Monday,the minister said,but late", "on Monday, the minister said, but late"),
        ("on Monday,the minister said, but late", None),  # once is a slip
        (
            "they met for talks.The minister spoke on trade.They agreed",
            "they met for talks. The minister spoke on trade. They agreed",
        ),
        ("on Monday,the minister met for talks.The press was told", "on Monday, the minister met for talks. The press was told"),
        ("write to a,b@example.org or see news.Example or index.Html", None),
        ("1,000 people and 3,000 more,", None),
    ],
)
def test_slips_of_translators_are_repaired_in_translated_documents_only(before, after):
    """Doubled function words, spaces inside quotation marks and missing spaces are repaired above the gate and nowhere else."""
    assert repaired([f"{TRANSLATED}They say {before}."]) == [f"{TRANSLATED}They say {after or before}."]
    human = "It was a day of rain in the north.\n" * 400 + f"They say {before}."
    assert repaired([human]) == [human]


def test_removed_sentence_takes_the_repairs_inside_it_along():
    """Edits never overlap: what stands in a removed sentence is not repaired besides."""
    loop = "They met the Islamic state in the capital. "
    text = f"{TRANSLATED}{loop}{loop}Then they left."
    assert repaired([text, NAMED[0]])[0] == f"{TRANSLATED}{loop.replace('state', 'State')}Then they left."
