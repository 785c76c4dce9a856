"""The boilerplate stage: golden cases, the guards, its laws, and that a screen of literals never hides a match."""

import pickle
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.boilerplate.literals import literals_of
from pipeline.boilerplate.packs import read_pack, shipped_packs
from pipeline.boilerplate.syntax import parse
from pipeline.edits import restore
from pipeline.errors import UserError
from pipeline.schema import make_batch
from pipeline.stage import Outcome
from pipeline.stages.strip_boilerplate import GUARD_FLAG, StripBoilerplate

CASES = yaml.safe_load((Path(__file__).parent.parent / "cases" / "strip_boilerplate.yaml").read_text(encoding="utf-8"))
SEEDS = Path(__file__).parent.parent.parent / "seeds"
UNGUARDED = StripBoilerplate(max_removed_share=1.0, min_words_left=0)
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"]
NUMBERS += ["fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
MOTTO = {"id": "motto", "family": "motto", "max_tokens": 5, "why": "w", "phrases": ["all the news"]}
MOTTO |= {"strips": ["All the news!"], "keeps": ["All the news that fits"]}
BODY = {
    "en": "On day {0} the ministers of the two countries spoke for several hours about trade and the bridge across river {0}.",
    "zh": "第{0}天，两国代表团就贸易、渔业以及跨河大桥等问题举行了数小时的会谈，并就{0}项议题达成一致意见。",
}


def body(lang: str, number: int) -> str:
    """One of many sentences of news."""
    digits = "一二三四五六七八九十百千万亿零"
    return BODY["zh"].format(digits[number]) if lang == "zh" else BODY["en"].format(NUMBERS[number])


def run(texts: list[str], stage: StripBoilerplate = UNGUARDED, lang: str | None = "en", **columns: object) -> Outcome:
    """What the stage makes of these texts."""
    ids = [str(i) for i in range(len(texts))]
    return stage(make_batch({"doc_id": ids, "text": texts, "lang": [lang] * len(texts), **columns}))


def text_of(outcome: Outcome) -> list[str]:
    """The cleaned texts."""
    texts: list[str] = outcome.batch.column("text").to_pylist()
    return texts


def words(text: str) -> list[str]:
    """Its non-blank lines."""
    return [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_golden_case(case):
    """Exactly the lines under `gone` are removed, and the lines under `cut` shortened; a second pass changes nothing."""
    lang = case.get("lang", "en")
    lines = [body(lang, i) if line == "BODY" else line for i, line in enumerate(case["lines"])]
    gone, cut = Counter(case.get("gone", [])), case.get("cut", {})
    title = [case.get("title")]
    left = text_of(run(["\n".join(lines)], lang=lang, title=title))[0]
    kept = Counter(words("\n".join(cut.get(line, line) for line in lines)))
    assert Counter(words(left)) == kept - gone
    assert run([left], lang=lang, title=title).edits.num_rows == 0


def test_all_groups_of_traps_have_a_case():
    """The 22 groups of text that simple rules lose; two versions of one story (20) are a matter of repeated lines."""
    assert {case["trap"] for case in CASES if "trap" in case} == set(range(1, 23)) - {20}


def seeds() -> list[str]:
    """The five seed documents."""
    return [path.read_bytes().decode() for path in sorted(SEEDS.glob("*.txt"))]


def test_seeds_lose_what_a_reader_skips_and_nothing_else():
    """One marker; six teasers; two trailing lines and a prefix; nothing; banners, a title twice, a button."""
    outcome = run(seeds(), StripBoilerplate())
    removed = Counter(edit["row"] for edit in outcome.edits.to_pylist())
    assert removed == {0: 1, 1: 6, 2: 3, 4: 5}
    assert {e["removed"] for e in outcome.edits.to_pylist() if e["row"] == 2} == {
        "Original title: ",
        "\nAccording to Xinhua News Agency",
        "\n主营业务:website,cms,wap website",
    }
    for before, after in zip(seeds(), text_of(outcome)):
        assert after == after.strip("\n")
        assert set(words(after)) <= set(words(before)) | {words(before)[0].removeprefix("Original title: ")}


def test_a_document_that_would_lose_too_much_is_kept_and_flagged():
    """More than 30 % of the words would go: the text stays as it was, no edit is written, the flag says so."""
    others = [f"{name} wins the regional prize again" for name in "ABCDEF"]
    text = "\n".join([body("en", 1), body("en", 2), "Related News", *others])
    outcome = run([text], StripBoilerplate(min_words_left=0))
    assert text_of(outcome) == [text]
    assert outcome.edits.num_rows == 0
    assert outcome.batch.column("flags").to_pylist() == [[GUARD_FLAG]]


def test_a_document_that_would_be_left_with_too_few_words_is_kept():
    """Sixty words of which twenty would go; a document that was short before may lose a line."""
    text = "\n".join([body("en", 1), body("en", 2), "Related News", *(f"{name} wins the prize" for name in "ABCDE")])
    strict = StripBoilerplate(max_removed_share=1.0, min_words_left=50)
    assert text_of(run([text], strict)) == [text]
    short = f"{body('en', 1)}\nAdvertisement"
    assert text_of(run([short], strict)) == [body("en", 1)]


def test_marked_rows_pass_untouched():
    """A row that has a drop_reason is nobody's business any more."""
    text = f"{body('en', 1)}\nRelated News"
    outcome = run([text, text], drop_reason=["too_short", None])
    assert text_of(outcome) == [text, body("en", 1)]
    assert outcome.edits.column("row").to_pylist() == [1]


def test_packs_serve_documents_of_their_language():
    """Chinese rules are for Chinese documents and those whose language is unknown; common ones for all."""
    text = f"{body('en', 1)}\n{body('en', 2)}\n【延伸阅读】\nAdvertisement\n© 2020 Example"
    assert text_of(run([text], lang="fr"))[0].endswith("\n【延伸阅读】\nAdvertisement")
    assert "延伸" not in text_of(run([text], lang=None))[0]
    assert text_of(run([text], StripBoilerplate(["common"], 1.0, 0), lang="en"))[0].endswith("Advertisement")


def test_a_pack_of_the_users_own(tmp_path):
    """A path among the packs is read like the shipped ones, and its name stands in the ledger."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "lang": None, "rules": [MOTTO]}))
    outcome = run([f"{body('en', 1)}\nALL THE NEWS"], StripBoilerplate(["common", str(path)], 1.0, 0))
    assert outcome.edits.column("rule").to_pylist() == ["mine/motto"]


def test_a_tag_only_notes(tmp_path):
    """The action `tag` writes a flag to the ledger and leaves the text as it is."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "lang": None, "rules": [{**MOTTO, "action": "tag"}]}))
    text = f"{body('en', 1)}\nALL THE NEWS\n{body('en', 2)}"
    outcome = run([text], StripBoilerplate([str(path)], 1.0, 0))
    assert text_of(outcome) == [text]
    assert [(e["kind"], e["removed"]) for e in outcome.edits.to_pylist()] == [("flag", "ALL THE NEWS")]


def test_an_unknown_pack_is_named_with_the_nearest_right_name():
    """The user's mistake, not ours."""
    with pytest.raises(UserError, match=r"'comon'.*Did you mean 'common'"):
        run(["a"], StripBoilerplate(["comon"]))


@pytest.mark.parametrize("lang", ["en", "zh", None])
def test_odd_documents(lang):
    """Nothing, blank lines, one line, one very long line, and very many lines pass without an error and unchanged."""
    many = "\n".join(f"{i} and on" for i in range(20_000))
    texts = ["", "\n", " \n\t\n", "One line", "x " * 500_000, many, "\r\n\r\n", "\u2028"]
    assert text_of(run(texts, StripBoilerplate(), lang=lang)) == texts


@pytest.mark.gate
@pytest.mark.parametrize(
    "line",
    [
        "share",
        "the short line",
        "the short line that is said again and again",
        "row {} of the table",
        "the teaser {} goes on…",
        "",
    ],
)
def test_time_grows_as_the_lines_of_a_document_do(line):
    """Eight times the lines take no more than eight times the time, and as much again for chance; all pairs would take 64 times."""
    head = "\n".join(body("en", i) for i in range(3))

    def seconds(count: int) -> float:
        text = "\n".join([head, *(line.format(i) for i in range(count)), head])
        times = []
        for _ in range(3):
            start = time.process_time()
            run([text], StripBoilerplate())
            times.append(time.process_time() - start)
        return min(times)

    seconds(10)  # reads the packs
    assert any(seconds(16_000) < 16 * seconds(2_000) + 0.1 for _ in range(3))


def test_empty_batch():
    """No rows, no edits."""
    assert run([]).edits.num_rows == 0


LINES = st.sampled_from(
    sorted({line for case in CASES for line in case["lines"] if line != "BODY"})
    + [body("en", i) for i in range(6)]
    + ["", " ", "Original title: original title: the United States refuses to go on with it"]
)
TEXTS = st.lists(st.lists(LINES, max_size=14).map("\n".join), min_size=1, max_size=4)


@given(TEXTS, st.sampled_from([None, "Ministers agree on a new bridge", "No justice, no peace!"]))
@settings(max_examples=30)
def test_laws_on_heaps_of_hard_lines(texts, title):
    """Edits restore the input, a second pass changes nothing, and neighbours do not matter; on lines of all cases."""
    titles = [title] * len(texts)
    outcome = run(texts, title=titles)
    edits = [{**edit, "step": 1} for edit in outcome.edits.to_pylist()]
    for row, (before, after) in enumerate(zip(texts, text_of(outcome))):
        assert restore(after, [edit for edit in edits if edit["row"] == row]) == before
    assert run(text_of(outcome), title=titles).edits.num_rows == 0
    assert text_of(outcome)[-1:] == text_of(run(texts[-1:], title=[title]))


def test_it_pickles_and_keeps_no_memory():
    """A stage that went through pickle, and one that has seen other batches, give what a new one gives."""
    stage = StripBoilerplate()
    first = run(seeds(), stage)
    run(["Related News"] * 3, stage)
    assert run(seeds(), pickle.loads(pickle.dumps(stage))).edits.equals(first.edits)
    assert run(seeds(), stage).batch.equals(first.batch)


def test_a_sliced_batch_gives_the_same():
    """Batches that are windows of a larger one have offsets that do not begin at 0."""
    batch = make_batch({"doc_id": list("abcde"), "text": seeds(), "lang": ["en"] * 5})
    whole, part = UNGUARDED(batch), UNGUARDED(batch.slice(2, 3))
    assert part.batch.column("text").to_pylist() == whole.batch.column("text").to_pylist()[2:]


@pytest.mark.parametrize("name", shipped_packs())
def test_every_match_holds_a_required_literal(name):
    """The screen lets through every line that its rule matches: no example under `strips` lacks a literal."""
    for rule in read_pack(shipped_packs()[name]).rules:
        literals = literals_of(parse("|".join(rule.pattern))) if rule.pattern else None
        for example in rule.strips if literals else ():
            assert any(literal in example.lower() for literal in literals), (rule.id, example)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("read more|read next", {"read more", "read next"}),
        ("(?:sign ?up|subscribe) for .*letters?", {"letter"}),
        ("colou?rs", {"colo"}),
        ("(?:abc)?def", {"def"}),
        ("(?:abc)+d", {"abc"}),
        ("abc{0,2}defg", {"defg"}),
        (r"\(c\) \d{4}", {"(c) "}),
        (r"[\[(]\s*related[\])]", {"related"}),
        ("(?:原标题|原題)[:：]", {"原标题", "原題"}),
        ("by .*", None),
        ("related|by", None),
        ("(?:x|.*)", None),
    ],
)
def test_every_match_of_a_pattern_holds_one_of_its_literals(pattern, literals):
    """The longest strings that no match can do without; none where some match needs none."""
    assert literals_of(parse(pattern)) == (None if literals is None else frozenset(literals))


def test_text_column_of_the_output_is_valid():
    """The bytes that are left are UTF-8 and the offsets ascend."""
    outcome = run([f"é\n{body('en', 1)}\n相关新闻\nAdvertisement\n\nü"])
    column = outcome.batch.column("text")
    column.validate(full=True)
    assert isinstance(column, pa.LargeStringArray)


def test_second_copies_do_not_count_for_the_guard():
    """A notice that stands nine times is one loss, so that the document is cleaned."""
    notice = "This advertisement has not loaded yet, but your article continues below."
    text = "\n".join(line for i in range(9) for line in (body("en", i), notice))
    assert notice not in text_of(run([text], StripBoilerplate()))[0]


def test_check_tells_what_the_packs_hold():
    """A line for each pack, after its examples were tried."""
    lines = StripBoilerplate().describe()
    assert len(lines) == len(shipped_packs())
    assert any(line.startswith("pack en: ") and "examples pass" in line for line in lines)


def test_check_refuses_a_pack_whose_example_fails(tmp_path):
    """`pipeline check` names the rule and the example."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "lang": None, "rules": [{**MOTTO, "strips": ["None of the news"]}]}))
    with pytest.raises(UserError, match="rule motto"):
        StripBoilerplate([str(path)]).describe()


@pytest.mark.parametrize(("examples", "fault"), [({"strips": ["no"]}, "strips is not"), ({"keeps": ["Read it!"]}, "keeps is")])
def test_a_pack_of_the_user_that_fails_its_own_examples_is_refused(tmp_path, examples, fault):
    """Before the first document, with the file, the rule and the example."""
    rule = {"id": "a", "family": "f", "max_tokens": 9, "why": "w", "strips": ["read it"], "keeps": ["no"], "phrases": ["read it"]}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "lang": None, "rules": [rule | examples]}), encoding="utf-8")
    with pytest.raises(UserError, match=f"mine.yaml: rule a: its own example under {fault} matched"):
        run(["Any text."], StripBoilerplate([str(path)]))


def test_packs_that_the_user_chose_serve_text_of_unknown_language():
    """Without a stage for languages a named pack would else do nothing."""
    text = f"{body('en', 1)}\nAnzeige\n{body('en', 2)}"
    assert text_of(run([text], lang=None)) == [text]
    assert "Anzeige" not in text_of(run([text], StripBoilerplate(["de"], 1.0, 0), lang=None))[0]


def test_very_long_documents():
    """200,000 lines, a line of 10 MB, blank lines only: unchanged."""
    texts = ["\n".join(f"{i} and on" for i in range(200_000)), "word " * 2_000_000, "\n" * 100_000]
    assert text_of(run(texts, StripBoilerplate())) == texts
