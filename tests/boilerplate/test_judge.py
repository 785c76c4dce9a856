"""Judging one document takes time in proportion to its lines, however many of them rules match."""

from collections import Counter
from collections.abc import Sequence

from pipeline.boilerplate.document import MAX_SECTION_TOKENS, Document
from pipeline.boilerplate.judge import judge
from pipeline.boilerplate.match import NamedRule
from pipeline.boilerplate.packs import Rule
from pipeline.boilerplate.repeats import repeated_lines

COUNT = 3000


class CountedTokens(list[int]):
    """Numbers of tokens that count how often they are looked at."""

    looks = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        self.looks += len(range(len(self))[at]) if isinstance(at, slice) else 1
        return super().__getitem__(at)


def document(
    texts: Sequence[str], *, key: int | None = None, tokens: int = 8, action: str | None = None
) -> tuple[Document, Counter[str]]:
    """A document of such lines, all of them matched by a rule of this action, and how often its lines were looked at."""
    looks: Counter[str] = Counter()

    def text(i: int) -> str:
        looks["text"] += 1
        return texts[i]

    hits = {}
    if action:
        more = {"family": "f", "max_tokens": 60, "why": "w", "strips": ("a",), "keeps": ("b",), "phrases": ("a",)}
        hits = {i: [NamedRule("p/r", Rule(id="r", action=action, **more))] for i in range(len(texts))}  # type: ignore[arg-type]
    count = len(texts)
    columns = {
        "key": [key or i for i in range(count)],
        "ending": [0] * count,
        "head": [False] * count,
        "after_body": [i > 0 for i in range(count)],
    }
    return Document(tokens=CountedTokens([tokens] * count), hits=hits, text=text, **columns), looks


def test_lines_that_differ_only_in_digits_are_read_once() -> None:
    """Two hundred thousand rows of a table have one key; each is compared once, not with all before it."""
    made, looks = document([f"row {i} of the long table that goes on" for i in range(COUNT)], key=7)
    assert repeated_lines(made) == {}
    assert looks["text"] == COUNT


def test_lines_of_which_there_is_one_are_not_read() -> None:
    """Their keys say so."""
    made, looks = document([f"line {i}" for i in range(COUNT)])
    assert repeated_lines(made) == {}
    assert not looks


def test_a_cut_that_takes_all_to_the_end_is_made_once() -> None:
    """Every line is a marker; the first takes all."""
    made, _ = document(["Comments"] * COUNT, action="cut_tail")
    assert set(judge(made, [])) == set(range(1, COUNT))


def test_what_follows_a_marker_is_counted_only_as_far_as_it_matters() -> None:
    """Where the last few hundred tokens begin is found once, not by each of many markers."""
    made, _ = document(["About the author"] * COUNT, action="cut_section")
    gone = judge(made, [])
    assert gone == dict.fromkeys(range(COUNT - 1 - MAX_SECTION_TOKENS // 8, COUNT), "p/r")
    assert isinstance(made.tokens, CountedTokens)
    assert made.tokens.looks < 3 * MAX_SECTION_TOKENS
