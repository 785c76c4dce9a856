"""`drop_near_duplicates`: what is a duplicate, and who survives. Its laws and its judgement have files of their own."""

import random
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import UserError
from pipeline.neardup import shingle_hashes
from pipeline.neardup.keep import Keep, PreferredSources
from pipeline.run_file import parse_config
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.support import batch_of, run_stage, seed


def story(number: int, words: int = 200) -> list[str]:
    """The words of a made-up story; different numbers share nothing."""
    made = random.Random(number)
    return [f"w{made.randrange(10**6)}" for _ in range(words)]


def text(words: list[str]) -> str:
    return " ".join(words)


def jaccard(a: str, b: str) -> float:
    """Exact Jaccard similarity of the shingle sets."""
    x, y = (set(values.tolist()) for values in shingle_hashes([a, b]))
    return len(x & y) / len(x | y) if x | y else 0.0


def judged(texts: list[str], stage: DropNearDuplicates | None = None, **columns: Any) -> list[dict[str, Any]]:
    """The documents after the stage, as dicts."""
    table, edits = run_stage(stage or DropNearDuplicates(), [[batch_of(texts, **columns)]])
    assert edits.num_rows == 0
    return table.to_pylist()


def kept(rows: list[dict[str, Any]]) -> list[str]:
    return [row["doc_id"] for row in rows if row["drop_reason"] is None]


def test_drops_the_shorter_version_of_a_seed_story() -> None:
    """Seeds 003 and 004 are two versions of one story; the longer one stays, with the proof beside the other."""
    rows = judged([seed(i) for i in range(5)])
    assert kept(rows) == ["d0", "d1", "d2", "d3"]
    assert rows[3]["cluster_id"] == rows[4]["cluster_id"] == rows[4]["survivor_id"] == "d3"
    assert rows[3]["cluster_size"] == rows[4]["cluster_size"] == 2
    assert rows[3]["survivor_id"] is rows[3]["similarity"] is rows[3]["containment"] is None
    assert rows[4]["drop_reason"] == "near_duplicate"
    assert rows[4]["similarity"] == jaccard(seed(3), seed(4))
    assert rows[4]["similarity"] == pytest.approx(0.55, abs=0.03)
    assert rows[4]["containment"] > rows[4]["similarity"]


def test_document_of_no_cluster_has_size_one_and_nothing_else() -> None:
    """Unrelated stories stay, without a cluster id."""
    for row in judged([text(story(i)) for i in range(3)]):
        assert row["cluster_size"] == 1
        assert {row[name] for name in ("cluster_id", "survivor_id", "similarity", "containment", "drop_reason")} == {None}


@pytest.mark.parametrize("words", [90, 300, 1000])
@pytest.mark.parametrize("place", ["begin", "middle", "end"])
def test_finds_copy_with_a_word_more(words: int, place: str) -> None:
    """One word put in or before moves every other; the copy is still found."""
    original = story(1, words)
    at = {"begin": 0, "middle": words // 2, "end": words}[place]
    rows = judged([text(original), text([*original[:at], "inserted", *original[at:]])])
    assert kept(rows) == ["d1"]
    assert rows[0]["survivor_id"] == "d1"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("hello", "Hello!"),
        ("Good morning, world", "good MORNING — world..."),
        ("汉字。", "汉字"),
        (text(story(1)), text(story(1)).upper().replace(" ", "\n")),
    ],
)
def test_same_tokens_are_exact_duplicates_however_short(one: str, two: str) -> None:
    """Case, spaces and punctuation aside; a text shorter than a shingle counts as one."""
    rows = judged([one, two])
    assert [row["drop_reason"] for row in rows].count("near_duplicate") == 1
    assert {row["similarity"] for row in rows} == {None, 1.0}
    assert {row["containment"] for row in rows} == {None, 1.0}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ruby interface to the GraphViz graphing tool", "Perl interface to the GraphViz graphing tool"),
        (
            "unixODBC module for the Kamailio server, with connectivity",
            "PostgreSQL module for the Kamailio server, with connectivity",
        ),
        (
            "Light rain in the north this evening, dry in the south, with temperatures of up to 18 degrees.",
            "Light rain in the north this evening, dry in the south, with temperatures of up to 31 degrees.",
        ),
    ],
)
def test_one_word_tells_short_texts_apart(one: str, two: str) -> None:
    """Half of their five-word runs are equal, and what differs is what they tell."""
    assert jaccard(one, two) >= 0.5
    assert len(kept(judged([one, two]))) == 2
    assert len(kept(judged([one, two], DropNearDuplicates(min_shared_shingles=1)))) == 1


def test_one_word_does_not_tell_longer_texts_apart() -> None:
    """Nor does a word that is left out at the end of a text of twenty."""
    words = story(1, 24)
    for other in ([*words[:12], "changed", *words[13:]], words[:20]):
        assert len(kept(judged([text(words), text(other)]))) == 1
        assert len(kept(judged([text(words), text(other)], DropNearDuplicates(min_shared_shingles=17)))) == 2
    equal = [text(words), text(words).upper()]
    assert len(kept(judged(equal, DropNearDuplicates(min_shared_shingles=1_000_000)))) == 1


def test_short_texts_that_differ_stay() -> None:
    """One word, four words, texts without letters: nothing collapses."""
    texts = ["hello", "hullo", "a b c d", "a b c e", "!!!", "???", "…", "42", "43", "👍", "👎"]
    for least in (1, 15):
        assert len(kept(judged(texts, DropNearDuplicates(min_shared_shingles=least)))) == len(texts)


def test_blank_text_is_dropped_as_empty() -> None:
    """Spaces, control and format characters show nothing; a full stop does. Blank texts are no duplicates of each other."""
    rows = judged(["", "", " \n\t", "\u00a0\u3000\u200d\ufeff", "\x00", ".", "a"])
    assert [row["drop_reason"] for row in rows] == ["empty"] * 5 + [None] * 2
    assert {row["cluster_id"] for row in rows} == {None}


def test_marked_documents_take_no_part() -> None:
    """A copy that is already out neither drops nor is dropped, and is not counted."""
    rows = judged([text(story(1))] * 3, drop_reason=["language:fr", None, None], cluster_size=[7, None, None])
    assert rows[0]["drop_reason"] == "language:fr"
    assert rows[0]["cluster_size"] == 7
    assert rows[1]["cluster_size"] == 2
    assert kept(rows) == ["d1"]


@pytest.mark.parametrize(
    ("keep", "best"),
    [("longest", "d2"), ("newest", "d1"), ("oldest", "d3"), ("first", "d0")],
)
def test_keeps_the_document_that_was_asked_for(keep: Any, best: str) -> None:
    """Longest in code points, newest, oldest (without a date last), or first read."""
    original = story(1)
    published = [None, 3_000, 2_000, 1_000, None]
    rows = judged(
        [text(original), text(original[:-1]), text([*original, "more"]), text(original[:-2]), text(original)],
        DropNearDuplicates(keep=keep),
        published=pa.array(published, pa.timestamp("ms", tz="UTC")),
    )
    assert kept(rows) == [best]
    assert {row["cluster_id"] for row in rows} == {best}


def test_ties_are_broken_by_id() -> None:
    """Equal texts: the lowest id stays, wherever it was read."""
    assert kept(judged([text(story(1))] * 3, doc_id=["c", "a", "b"])) == ["a"]


def test_chain_keeps_both_ends() -> None:
    """A resembles B and B resembles C, A and C do not: one cluster, and nothing goes that resembles nothing kept."""
    words = story(1, 340)
    a, b, c = text(words[:200]), text(words[62:262]), text(words[120:330])
    assert jaccard(a, b) >= 0.5
    assert jaccard(b, c) >= 0.5
    assert jaccard(a, c) < 0.5
    rows = judged([a, b, c])
    assert kept(rows) == ["d0", "d2"]
    assert {row["cluster_id"] for row in rows} == {"d2"}
    assert {row["cluster_size"] for row in rows} == {3}
    assert rows[1]["survivor_id"] == "d2"


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8, 1.0])
def test_threshold_is_met_exactly(threshold: float) -> None:
    """Dropped at the similarity that the pair has, kept just above it."""
    words = story(1)
    texts = [text(words), text([*words[: int(200 * threshold)], *story(2, 10)])]
    similarity = jaccard(*texts)
    assert len(kept(judged(texts, DropNearDuplicates(threshold=similarity)))) == 1
    assert len(kept(judged(texts, DropNearDuplicates(threshold=similarity + 1e-5)))) == 2


def templates(count: int) -> list[str]:
    """Pages of one template that fills a third of them: alike in many bands, below the threshold."""
    return [text([*story(0, 80), *story(100 + i, 120)]) for i in range(count)]


def test_template_pages_stay() -> None:
    """A shared third is no near-duplicate, in however many pages."""
    assert len(kept(judged(templates(60)))) == 60


def test_large_cluster_keeps_one() -> None:
    """Sixty versions of one story, each a little different, are walked leader by leader and all found."""
    words = story(1, 300)
    texts = [text([*words[:i], "changed", *words[i + 1 :], *["more"] * (i == 7)]) for i in range(0, 300, 5)]
    rows = judged(texts)
    assert len(kept(rows)) == 1
    assert {row["cluster_size"] for row in rows} == {60}


WITH_SOURCES = {
    "source": ["b", "a", None, "a"],
    "mt_score": [100, 100, 2, None],
    "published": [3, 1, 1, None],
}


@pytest.mark.parametrize(
    ("keep", "best"),
    [
        ("longest", "d2"),
        ("newest", "d0"),
        ("oldest", "d1"),
        (("oldest", "longest"), "d2"),
        ("first", "d0"),
        ("lowest_mt_score", "d2"),
        (PreferredSources(("a", "b")), "d1"),
        (PreferredSources(("b",)), "d0"),
        ((PreferredSources(("a",)), "longest"), "d3"),
        ((PreferredSources(("z",)), "lowest_mt_score", "oldest"), "d2"),
    ],
)
def test_keeps_the_best_by_rule_and_tie_break(keep: Keep, best: str) -> None:
    """Of four versions; what is unknown comes last; of equals the next rule decides, then the id."""
    words = story(1)
    texts = [text(words), text(words), text([*words, "and", "more"]), text([*words, "more"])]
    rows = judged(texts, DropNearDuplicates(keep=keep), **WITH_SOURCES)
    assert kept(rows) == [best]
    assert {row["cluster_id"] for row in rows} == {best}


@pytest.mark.parametrize(
    ("setting", "best"),
    [("longest", "d1"), (["first"], "d0"), ({"sources": ["a"]}, "d0"), ([{"sources": ["b"]}, "longest"], "d1")],
)
def test_run_file_says_what_to_keep(setting: Any, best: str) -> None:
    """Names, mappings and lists as YAML has them."""
    stages = [{"drop_near_duplicates": {"keep": setting}}]
    config = parse_config({"input": {"path": "x"}, "stages": stages, "output": {"path": "y"}}, "run.yaml")
    stage = config.stages[0].stage
    assert isinstance(stage, DropNearDuplicates)
    words = story(1)
    assert kept(judged([text(words), text([*words, "more"])], stage, source=["a", "b"])) == [best]


@pytest.mark.parametrize("setting", ["best", ["longest", "best"], {"source": ["a"]}, 3])
def test_run_file_with_another_rule_is_refused(setting: Any) -> None:
    """The error names the setting."""
    stages = [{"drop_near_duplicates": {"keep": setting}}]
    with pytest.raises(UserError, match=r"stages\[0\]\.drop_near_duplicates\.keep"):
        parse_config({"input": {"path": "x"}, "stages": stages, "output": {"path": "y"}}, "run.yaml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0}, r"threshold: found 0; expected more than 0$"),
        ({"threshold": 1.5}, r"threshold: found 1.5; expected at most 1$"),
        ({"threshold": "half"}, r"threshold: found 'half'"),
        ({"containment": 0.0}, r"containment: found 0.0"),
        ({"shingle_words": 0}, r"shingle_words: found 0"),
        ({"min_shared_shingles": 0}, r"min_shared_shingles: found 0; expected at least 1$"),
        ({"min_shared_shingles": 2_000_000}, r"min_shared_shingles: found 2000000; expected at most 1000000$"),
        ({"num_perm": 4}, r"no bands of 4 permutations find pairs of similarity 0.5"),
        ({"threshold": 0.01}, r"no bands of 128 permutations find pairs of similarity 0.01 with a chance of 0.99"),
    ],
)
def test_run_file_with_impossible_settings_is_refused(settings: Any, message: str) -> None:
    """The error names the place, what was found, and what could be."""
    stages = [{"drop_near_duplicates": settings}]
    with pytest.raises(UserError, match=r"stages\[0\]\.drop_near_duplicates.*" + message):
        parse_config({"input": {"path": "x"}, "stages": stages, "output": {"path": "y"}}, "run.yaml")


def test_shorter_version_goes_where_containment_is_asked_for() -> None:
    """Half of a story has a similarity below the threshold and lies wholly in the story; the other way round nothing is lost."""
    words = story(1, 300)
    texts = [text(words), text(words[:140]), text(story(2))]
    assert len(kept(judged(texts))) == 3
    rows = judged(texts, DropNearDuplicates(containment=0.9))
    assert kept(rows) == ["d0", "d2"]
    assert rows[1]["containment"] == 1.0
    assert rows[1]["similarity"] == jaccard(texts[0], texts[1]) < 0.5
    oldest = judged(texts, DropNearDuplicates(containment=0.9, keep="oldest"), published=[2, 1, 3])
    assert len(kept(oldest)) == 3
    assert oldest[0]["cluster_id"] == "d1"


@pytest.mark.parametrize("share", [0.85, 0.95])
def test_containment_is_met_exactly(share: float) -> None:
    """Held by nine tenths: dropped below that, kept above."""
    words = story(1, 300)
    texts = [text(words), text([*words[:130], *story(2, 10)])]
    assert len(kept(judged(texts, DropNearDuplicates(containment=share)))) == (1 if share < 0.9 else 2)


def test_describes_what_the_settings_mean() -> None:
    """Bands, the S-curve and the order of preference, in plain words."""
    lines = "\n".join(DropNearDuplicates(keep=("longest", "newest")).describe())
    for part in (
        "from 0.5 on",
        "42 bands of 3 rows",
        "0.3: 68.3 %",
        "0.5: 99.6 %",
        "0.9: over 99.99 %",
        "longest, of equals the newest",
        "share 15 shingles besides",
    ):
        assert part in lines
    assert "besides" not in "\n".join(DropNearDuplicates(min_shared_shingles=1).describe())
    assert "3 times: 99.6 %" in "\n".join(DropNearDuplicates(containment=0.9).describe())
