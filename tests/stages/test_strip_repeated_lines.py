"""`strip_repeated_lines`: templates of a source go, whatever else repeats stays."""

from typing import Any

import pytest

from pipeline.stages.strip_repeated_lines import GUARD_FLAG, StripRepeatedLines
from tests.support import batch_of, edits_of, run_stage, write_shards

SUBJECTS = ["harbour", "school", "hospital", "bridge", "library", "market", "stadium", "airport", "museum", "theatre"]


def body(subject: str, sentences: int = 6) -> str:
    """Some paragraphs that no other subject shares."""
    return "\n".join(
        f"The {subject} was what councillors met about, and they heard from {subject} staff about paragraph {word} of it."
        for word in ["one", "two", "three", "four", "five", "six"][:sentences]
    )


def cleaned(texts: list[str], *, stage: StripRepeatedLines | None = None, **columns: Any) -> list[str]:
    """The texts after the stage, all of one source unless `source` is given."""
    table, _ = run_stage(stage or StripRepeatedLines(), [[batch_of(texts, **({"source": ["paper"] * len(texts)} | columns))]])
    return table["text"].to_pylist()


def framed(head: str = "", tail: str = "", count: int = 5) -> list[str]:
    """Stories of one source between the same lines."""
    return ["\n".join(part for part in (head, body(subject), tail) if part) for subject in SUBJECTS[:count]]


@pytest.mark.parametrize(
    "line",
    [
        "Follow the Daily Example on all your devices",
        "Filed under: local, council",
        "本报版权所有，未经许可不得转载",
        "© 2024 Example Media. Todos los derechos reservados.",
    ],
)
@pytest.mark.parametrize("place", ["head", "tail"])
def test_removes_line_that_a_source_repeats_at_an_edge(place: str, line: str) -> None:
    """Three families and their share are enough for a short line, in any language."""
    assert cleaned(framed(**{place: line})) == framed()


def test_compares_lines_without_case_digits_and_punctuation() -> None:
    """The counter in "123 people like this" differs from page to page."""
    tails = ["7 people like this", "81 PEOPLE LIKE THIS.", "» 1,234 people like this"]
    texts = [f"{text}\n{tail}" for text, tail in zip(framed(count=3), tails)]
    assert cleaned(texts) == framed(count=3)


def test_reaches_template_behind_title_and_byline() -> None:
    """Two lines of the story's own may stand between the edge and the template."""
    made = [f"About the {s}\nBy {s.title()} Smith\nListen to this story" for s in SUBJECTS[:4]]
    texts = [f"{head}\n{body(s)}" for head, s in zip(made, SUBJECTS)]
    assert cleaned(texts) == [text.replace("\nListen to this story", "") for text in texts]


def test_removes_long_notice_that_every_story_carries() -> None:
    """Twenty tokens and more need five families and a fifth of the source."""
    notice = (
        "To read this page on more than one device you need a subscription that covers more than one device, "
        "so please ask the account holder to change the plan or sign in again with a different account."
    )
    assert cleaned(framed(tail=notice, count=5)) == framed(count=5)
    assert cleaned(framed(tail=notice, count=4)) == framed(tail=notice, count=4)


@pytest.mark.parametrize(
    ("why", "line"),
    [
        ("section heading", "What happens next"),
        ("one-word heading", "Reforms"),
        ("recurring quotation", "“We will not comment on this,” a spokesman said."),
        ("programme description", "The fund gives grants to towns of less than ten thousand people."),
        ("call inside the story", "Click here to read the unsealed search warrant"),
    ],
)
def test_keeps_line_repeated_within_the_body(why: str, line: str) -> None:
    """However often it stands there."""
    texts = [f"{body(s, 6)}\n{line}\n{body(s + ' annexe', 6)}\n{body(s + ' yard', 4)}" for s in SUBJECTS]
    assert cleaned(texts) == texts


def test_keeps_line_that_is_more_often_within_the_body() -> None:
    """A heading that happens to open one short story is a heading all the same."""
    inside = [f"{body(s, 6)}\nThe verdict\n{body(s + ' annexe', 6)}\n{body(s + ' yard', 4)}" for s in SUBJECTS[:5]]
    outside = [f"The verdict\n{body(s)}" for s in SUBJECTS[5:8]]
    assert cleaned(inside + outside) == inside + outside


def test_counts_families_not_documents() -> None:
    """Copies of one story are one witness, however many there are."""
    texts = framed(tail="Follow the Daily Example", count=5)
    assert cleaned(texts, family_id=["a", "a", "a", "b", "b"]) == texts
    assert cleaned(texts, family_id=["a", "a", "a", "b", "c"]) == framed(count=5)


def test_counts_within_one_source() -> None:
    """What three outlets print once each is their agency's sentence, not a template."""
    texts = framed(tail="Reporting by our own correspondents", count=6)
    assert cleaned(texts, source=["a", "b", "c", "a", "b", "c"]) == texts


def test_needs_a_share_of_the_source() -> None:
    """Three stories of a hundred do not make a template."""
    texts = framed(tail="Follow the Daily Example", count=3) + [body(f"{s} of {t}") for s in SUBJECTS for t in SUBJECTS]
    assert cleaned(texts) == texts
    assert cleaned(texts, stage=StripRepeatedLines(min_share=0.0))[:3] == framed(count=3)


def test_takes_host_of_url_for_source() -> None:
    """Case, port and www. aside; a source column comes first."""
    texts = framed(tail="Follow the Daily Example", count=3)
    urls = ["https://www.Example.org/1", "http://example.org:8080/2?a=b", "https://user@example.org#3"]
    assert cleaned(texts, source=None, url=urls) == framed(count=3)
    assert cleaned(texts, source=["a", None, None], url=urls) == texts


def test_without_sources_does_nothing_and_says_so(tmp_path: Any) -> None:
    """Lines that stand in many documents of who knows where prove nothing."""
    texts = framed(tail="Follow the Daily Example")
    assert cleaned(texts, source=None) == texts
    summary = StripRepeatedLines().judge(write_shards(tmp_path, [[batch_of(texts)]]))
    assert summary == {"note": "no document has a source or a URL host: no line was counted"}


def test_marked_rows_neither_count_nor_change() -> None:
    """A dropped document is no witness."""
    texts = framed(tail="Follow the Daily Example", count=4)
    assert cleaned(texts, drop_reason=["too_short", "too_short", None, None]) == texts
    assert cleaned(texts, drop_reason=["too_short", None, None, None]) == texts[:1] + framed(count=4)[1:]


def test_keeps_title() -> None:
    """The column that is called the same every week keeps its name."""
    texts = framed(head="Notes from the council")
    assert cleaned(texts, title=["NOTES FROM THE COUNCIL"] * 5) == texts


def test_flags_document_that_would_lose_too_much() -> None:
    """A page that is all template stays whole for someone to look at; so does a document of one line."""
    line = "Follow the Daily Example"
    texts = [*framed(tail=line, count=4), line, f"{line}\nA short note"]
    table, edits = run_stage(StripRepeatedLines(), [[batch_of(texts, source=["paper"] * 6)]])
    assert table["text"].to_pylist() == framed(count=4) + texts[4:]
    assert table["flags"].to_pylist() == [None] * 4 + [[GUARD_FLAG]] * 2
    assert all(not edits_of(edits, row) for row in (4, 5))


def test_edits_say_how_often_the_line_repeats() -> None:
    """Rule and evidence for each removed line, the newline with it."""
    _, edits = run_stage(StripRepeatedLines(), [[batch_of(framed(tail="Follow us", count=4), source=["paper"] * 4)]])
    told = [(edit["removed"], edit["rule"], edit["evidence"]) for edit in edits_of(edits, 0)]
    assert told == [("\nFollow us", "repeated_line", '{"families": 4, "share": 1.000}')]


@pytest.mark.parametrize("mark", ["###", "\n\n # # #  \n", "* * *", "___", "---\n\n***"])
def test_an_end_mark_goes_with_the_lines_below_it(mark: str) -> None:
    """It would stand last, and a second run would find it there."""
    tail = f"{mark}\nFollow us\n\n***\nhttps://paper.example/"
    table, edits = run_stage(StripRepeatedLines(), [[batch_of(framed(tail=tail, count=4), source=["paper"] * 4)]])
    assert table["text"].to_pylist() == framed(count=4)
    told = [(edit["removed"].strip(), edit["rule"], edit["evidence"] is None) for edit in edits_of(edits, 0)]
    assert told[-3:] == [
        ("Follow us", "repeated_line", False),
        ("***", "repeated_line/end_mark", True),
        ("https://paper.example/", "repeated_line", False),
    ]
    assert [rule for _, rule, _ in told[:-3]] == ["repeated_line/end_mark"] * len(mark.split("\n\n***"))


@pytest.mark.parametrize("mark", ["?!", "--", "====", "#*#", "👍", "| |", "* * * *", "###\n👍"])
def test_other_lines_without_words_stay(mark: str) -> None:
    """What stands above a name, under a heading, at the foot of a table or for itself is no mark of an end."""
    assert cleaned(framed(tail=f"{mark}\nFollow us")) == framed(tail=mark)


@pytest.mark.parametrize("below", ["Ann Lee asked what the {0} costs.", "The {0}: two", "[{0}]"])
def test_a_mark_with_text_below_it_stays(below: str) -> None:
    """It parts two pieces of the story; so does one at which nothing was removed."""
    texts = [f"{text}\n###\n{below.format(s)}" for text, s in zip(framed(), SUBJECTS)]
    assert cleaned([f"{text}\nFollow us" for text in texts]) == texts
    assert cleaned(framed(head="Follow us", tail="###")) == framed(tail="###")
    assert cleaned(framed(tail="Follow us\n###")) == framed(tail="###")


def test_very_long_lines_are_left_alone() -> None:
    """A paragraph of more than 60 tokens or 800 bytes is text, not template."""
    paragraph = " ".join(f"word{'abcdefghijklmnopqrstuvwxyz'[i % 26]}" for i in range(61))
    for line in (paragraph, "x" * 801):
        assert cleaned(framed(tail=line)) == framed(tail=line)


@pytest.mark.parametrize(
    ("why", "line"),
    [
        ("date", "September {0}, 2005"),
        ("date with a weekday", "Monday, May {0}"),
        ("date in digits", "{0}.05.2005"),
        ("Chinese date", "2024年5月{0}日"),
        ("Persian date", "۲۳ آذر ۱۴۰۴"),
        ("figures", "EUR/USD 1.08{0} +0.{0} %"),
        ("more figures than a telephone has", "LAT...LON 411{0} 10059 410{0} 10060 4104 10075"),
        ("author of a quotation", "-- Jerome K. Jerome: Three Men in a Boat"),
        ("author of a proverb", "\t\t— арабска пословица"),
        ("heading", "Background:"),
    ],
)
def test_keeps_dates_and_headings_at_the_edge(why: str, line: str) -> None:
    """Dates are one line, as digits are masked, but each tells something; a heading is followed by what it announces."""
    other = [body(f"{s} of {t}") for s in SUBJECTS for t in SUBJECTS[:1]]
    texts = [f"{line.format(place + 1)}\n{text}" for place, text in enumerate(framed())]
    assert cleaned(texts + other) == texts + other


def test_keeps_half_a_sentence() -> None:
    """The sentence is broken at a fixed width, and its first line is of its story."""
    ends = [f"Write about the {s} to the editor of\nthis paper and of no other one." for s in SUBJECTS[:5]]
    texts = [f"{text}\n{end}" for text, end in zip(framed(), ends)]
    assert cleaned(texts) == texts


def test_removes_whole_sentence_that_is_broken_at_a_width() -> None:
    """All of its lines are of the source."""
    assert cleaned(framed(tail="Write about this story to the editor of\nthis paper and of no other one.")) == framed()


def test_keeps_what_short_texts_have_in_common() -> None:
    """A joke with the channel it was heard on is no story with a template; the text is flagged."""
    texts = [f"#jokes\n<ann> why did the {s} cross the road?\n<tom> because it was a {s}." for s in SUBJECTS]
    table, _ = run_stage(StripRepeatedLines(), [[batch_of(texts, source=["quotes"] * len(texts))]])
    assert table["text"].to_pylist() == texts
    assert table["flags"].to_pylist() == [[GUARD_FLAG]] * len(texts)


def test_removes_line_with_telephone_and_line_that_only_ends_like_a_heading() -> None:
    """A number of ten digits is no date; what stands in every story of a source is its page."""
    for line in ("Larry Smar (202) 228-6367", "Tel. +49 30 1234567", "7 people like this", "Filter by:"):
        assert cleaned(framed(tail=line)) == framed()


def test_keeps_headline_that_follow_ups_share() -> None:
    """Five stories of seventy: a template has ten, or a fifth of the source."""
    headline = "Senators announce hurricane recovery grants"
    other = [body(f"{s} of {t}") for s in SUBJECTS for t in SUBJECTS[:7]]
    assert cleaned(framed(head=headline) + other) == framed(head=headline) + other
    assert cleaned(framed(head=headline, count=10) + other) == framed(count=10) + other


def test_keeps_the_end_of_letters() -> None:
    """A line of a word or two needs twice the share: 6 of 76 letters end alike, 9 of 79 carry a template."""
    other = [body(f"{s} of {t}") for s in SUBJECTS for t in SUBJECTS[:7]]
    letters = framed(tail="Sincerely yours,", count=6)
    assert cleaned(letters + other) == letters + other
    assert cleaned(framed(tail="### Return", count=9) + other) == framed(count=9) + other
