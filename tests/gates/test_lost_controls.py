"""Punctuation of which mojibake lost the control characters: put back rightly or not at all. CORPUS_DEV_DATA names the folder."""

import io
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard

from pipeline.encoding.lost_controls import restore_lost_controls
from tests.encoding.lost_controls import damaged

FOLDER = Path(os.environ.get("CORPUS_DEV_DATA", "."))
pytestmark = [
    pytest.mark.gate,
    pytest.mark.skipif(
        not (FOLDER / "text-repair-dev").is_dir(), reason="CORPUS_DEV_DATA does not name a folder with text-repair-dev"
    ),
]
CURLY = re.compile("[“”‘’–—•…™€]")
FTFY = ("in-the-wild", "known-failures", "language-names", "negative", "synthetic")


def records(path: Path) -> Iterator[dict[str, str]]:
    if path.suffix == ".zst":
        with path.open("rb") as packed:
            lines = io.TextIOWrapper(
                zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True), encoding="utf-8"
            )
            yield from map(json.loads, lines)
    else:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


@cache
def senate() -> list[str]:
    return [record["text"] for record in records(FOLDER / "near-duplicates-dev/senate.jsonl.zst")]


def pages() -> list[tuple[str, str]]:
    """Language and text of labelled web pages."""
    paths = (FOLDER / f"boilerplate-dev/{name}.traf.jsonl.zst" for name in ("fundus", "wcxb_dev"))
    return [(page["lang"], "\n".join(line for _, line in page["lines"])) for path in paths for page in records(path)]


def news() -> list[tuple[str, str]]:
    paths = (FOLDER / f"text-repair-dev/language/{name}.jsonl" for name in ("wmtdocs", "wmtsents", "udhr"))
    return [(record["lang"], record["text"]) for path in paths for record in records(path)]


@cache
def good_english() -> list[str]:
    """Documents with typographic punctuation and without â."""
    texts = [*senate(), *(text for language, text in [*pages(), *news()] if language == "en")]
    return [text for text in texts if CURLY.search(text) and "â" not in text]


def restored(texts: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Of each edit the text, the place in code points, what is put there and the evidence."""
    spans = restore_lost_controls(pa.array(texts, pa.large_string()))
    before = {row: texts[row].encode() for row in set(spans["row"].to_pylist())}
    for span in spans.to_pylist():
        yield span["row"], len(before[span["row"]][: span["start"]].decode()), span["inserted"], span["evidence"]


@pytest.mark.parametrize(
    ("way", "least"),
    [("latin-1", 0.55), ("latin-1 marked", 0.87), ("cp1252", 0.94), ("cp1252 marked", 0.95)],
)
def test_what_is_put_back_was_there(way: str, least: float) -> None:
    """English damaged in each way: of a thousand edits of each kind at most five are wrong; a dash may have been either."""
    texts = [damaged(text, way) for text in good_english()]
    right, wrong = Counter[str](), defaultdict[str, list[str]](list)
    for row, at, inserted, kind in restored([text for text, _ in texts]):
        text, came_from = texts[row]
        if came_from[at] == inserted or (inserted == "–" and came_from[at] == "—"):
            right[kind] += 1
        else:
            wrong[kind].append(text[max(0, at - 20) : at + 20])
    lost = sum(count_lost(text, way) for text in good_english())
    assert all(len(wrong[kind]) <= 0.005 * right[kind] for kind in wrong), dict(wrong)
    assert right.total() >= least * lost


def count_lost(text: str, way: str) -> int:
    """How many characters of the text lose a byte and leave an â."""
    return text.count("”") if way.startswith("cp1252") else len(re.findall("[“”‘’–—•…™€]", text))


def test_nothing_is_found_in_good_text() -> None:
    """News, sentences and a declaration in all languages, references and machine translations."""
    texts = [text for _, text in news()]
    translations = FOLDER / "text-repair-dev/translation/wmt21-zh-en"
    texts += [path.read_text(encoding="utf-8") for path in sorted(translations.iterdir())]
    assert sum("â" in text for text in texts) > 70
    assert list(restored(texts)) == []


def test_only_damaged_web_pages_are_mended() -> None:
    """Two of 432 pages in 17 languages are: English ones, damaged in just this way."""
    found = {row for row, *_ in restored([text for _, text in pages()])}
    assert len(pages()) > 400
    assert [(pages()[row][0], "âs " in pages()[row][1]) for row in sorted(found)] == [("en", True)] * 2


def test_ftfys_own_cases() -> None:
    """Nothing is found in them but a `?` for the last byte of ”, of which ftfy makes U+FFFD."""
    cases = [case for name in FTFY for case in json.loads((FOLDER / f"text-repair-dev/encoding/{name}.json").read_text("utf-8"))]
    texts = [case[key] for case in cases for key in ("original", "fixed") if case.get(key)]
    found = {row for row, *_ in restored(texts)}
    assert len(texts) > 300
    assert ["â€?" in texts[row] for row in found] == [True]


def test_press_releases_are_mended() -> None:
    """The senate corpus as it came: how many places of how many documents, by kind; no other document is touched."""
    found = list(restored(senate()))
    rows = np.unique([row for row, *_ in found])
    assert len(found) >= 5_400
    assert len(rows) >= 520
