"""One pass of ours is one call of ftfy, on ftfy's own cases and on labelled news, good and damaged: CORPUS_DEV_DATA names the folder."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from ftfy import TextFixerConfig, fix_and_explain, fix_text

from pipeline.encoding.one_pass import one_pass
from pipeline.encoding.spans import splice_spans

FOLDER = Path(os.environ.get("CORPUS_DEV_DATA", ".")) / "text-repair-dev"
pytestmark = [
    pytest.mark.gate,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="CORPUS_DEV_DATA does not name a folder with text-repair-dev"),
]
CASES = ("in-the-wild", "known-failures", "language-names", "negative", "synthetic")
WRONG = ("latin-1", "cp1252", "cp1251", "cp1250", "cp437", "mac_roman", "iso8859-2", "sloppy-windows-1252")


def news(name: str) -> list[str]:
    lines = (FOLDER / "language" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def differences(texts: list[str]) -> Iterator[tuple[str, str, str]]:
    """Texts of which one pass makes something else than ftfy, width fixed or not."""
    array = pa.array(texts, pa.large_string())
    for fix_width in (False, True):
        found = splice_spans(array, one_pass(array, fix_width=fix_width, answers={})).to_pylist()
        for text, ours in zip(texts, found, strict=True):
            theirs = by_ftfy(text, TextFixerConfig(uncurl_quotes=False, fix_character_width=fix_width))
            if ours != theirs:
                yield text, ours, theirs


def by_ftfy(text: str, config: TextFixerConfig) -> str:
    """`fix_and_explain` of each line, entities left alone from the line of the first `<` on: what `ftfy.fix_text` is."""
    fixed, settings = [], config
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        settings = settings._replace(unescape_html=False) if "<" in line else settings
        fixed.append(fix_and_explain(line, settings).text)
    whole = "".join(fixed)
    assert whole == fix_text(text, config)
    return whole


def test_ftfys_own_cases() -> None:
    """What comes in and what should go out of all 161, those included that ftfy is known to fail on."""
    cases = [case for name in CASES for case in json.loads((FOLDER / "encoding" / f"{name}.json").read_text(encoding="utf-8"))]
    texts = [case[key] for case in cases for key in ("original", "fixed") if case.get(key)]
    assert len(texts) > 300
    assert list(differences(texts)) == []


@pytest.mark.parametrize("name", ["wmtdocs", "wmtsents", "udhr"])
def test_good_documents(name: str) -> None:
    """News and sentences in 17 languages, a declaration in 55: no difference."""
    assert list(differences(news(name))) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_damaged_documents(wrong: str) -> None:
    """Every fifth document with every other line read in a wrong charset: no difference."""
    texts = [
        "\n".join(garbled(line, wrong) if n % 2 else line for n, line in enumerate(text.split("\n")))
        for text in news("wmtdocs")[::5]
    ]
    texts += [garbled(text, wrong) for text in news("wmtsents")[::5]]
    assert list(differences(texts)) == []


def garbled(text: str, wrong: str) -> str:
    return text.encode().decode(wrong, "replace")
