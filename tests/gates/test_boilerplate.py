"""Boilerplate on labelled pages: what goes is boilerplate, what readers read stays; floors are what was reached.

`tests/cases/packs/pages.yaml` is the project's own, `real_pages.yaml` beside it holds real pages whose licence lets them be shown. The
other pages lie outside the repository: CORPUS_DEV_DATA names the folder that holds `boilerplate-dev/<set>.<extractor>.jsonl.zst`. A
record is {id, host, lang, title, lines: [[label, text], ...]}; labels are C content, B boilerplate, M mixed and T title (neither
counts). Run with `-s` to see what each language loses.
"""

import io
import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml
import zstandard

from pipeline.schema import make_batch
from pipeline.stages.identify_language import IdentifyLanguage
from pipeline.stages.strip_boilerplate import StripBoilerplate

pytestmark = pytest.mark.gate
TOKEN = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
# set, floors of precision and recall, ceilings of loss and of the share of pages that lost five tokens or more
FLOORS = [
    ("fundus.traf", 0.99, 0.21, 0.0001, 0.005),
    ("fundus.newspaper", 0.99, 0.34, 0.0001, 0.005),
    ("fundus.readability", 0.99, 0.26, 0.0001, 0.005),
    ("fundus.resi_main", 0.99, 0.24, 0.0001, 0.005),
    ("wcxb_dev.traf", 0.94, 0.11, 0.0006, 0.035),
    ("wcxb_dev.readability", 0.72, 0.04, 0.0014, 0.045),
    ("wcxb_dev.resi_main", 0.94, 0.115, 0.0009, 0.05),
]
CASES = Path(__file__).parent.parent / "cases/packs"
STORIES = yaml.safe_load((CASES / "languages.yaml").read_text(encoding="utf-8"))
PAGES = yaml.safe_load((CASES / "pages.yaml").read_text(encoding="utf-8"))
REAL_PAGES = yaml.safe_load((CASES / "real_pages.yaml").read_text(encoding="utf-8"))
SENTENCES = "abcdefgh"  # of a story: what makes each another


def read_pages(name: str) -> list[dict]:
    """The pages of a set; the test is skipped where they are not."""
    folder = os.environ.get("CORPUS_DEV_DATA")
    path = Path(folder or "") / "boilerplate-dev" / f"{name}.jsonl.zst"
    if folder is None or not path.is_file():
        pytest.skip("CORPUS_DEV_DATA does not name a folder with boilerplate-dev")
    with path.open("rb") as raw:
        return [json.loads(line) for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")]


def read_clean(name: str) -> list[dict]:
    """Documents without boilerplate, {lang, text}; the test is skipped where they are not."""
    path = Path(os.environ.get("CORPUS_DEV_DATA", "")) / "text-repair-dev/language" / f"{name}.jsonl"
    if "CORPUS_DEV_DATA" not in os.environ or not path.is_file():
        pytest.skip("CORPUS_DEV_DATA does not name a folder with text-repair-dev")
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def made_page(lang: str) -> dict:
    """A page of a story in this language with what stands around it, labelled."""
    story, around = PAGES[lang].get("story") or STORIES[lang], PAGES[lang]
    sentences = [["C", f"{story['sentence'][:-1]} ({letter}){story['sentence'][-1]}"] for letter in SENTENCES]
    boilerplate = {place: [["B", line] for line in around[place]] for place in ("head", "between", "tail")}
    kept = [["C", line] for line in [*around["keeps"], story["heading"]]]
    middle = [line for pair in zip(sentences[1:], [*kept, *boilerplate["between"], None, None]) for line in pair if line]
    return {
        "host": "example.org",
        "lang": lang,
        "title": None,
        "lines": [*boilerplate["head"], sentences[0], *middle, *boilerplate["tail"]],
    }


def strip(pages: list[dict]) -> list[str]:
    """The texts that are left of these pages."""
    texts = ["\n".join(text for _, text in page["lines"]) for page in pages]
    columns = {"title": [page["title"] for page in pages]}
    batch = make_batch(
        {"doc_id": [str(i) for i in range(len(pages))], "text": texts, "source": [p["host"] for p in pages], **columns}
    )
    left: list[str] = StripBoilerplate()(IdentifyLanguage()(batch).batch).batch.column("text").to_pylist()
    return left


def count_tokens(page: dict, left: str) -> Counter[str]:
    """Tokens of content and boilerplate, and of those that are gone; a copy of a line that stays is not gone."""
    kept = Counter(line.strip() for line in left.split("\n"))
    counts: Counter[str] = Counter()
    for label, text in page["lines"]:
        size, line = len(TOKEN.findall(text)), text.strip()
        counts[label] += size
        if kept[line] > 0:
            kept[line] -= label == "B" or kept[line] > 1
        elif not any(line.endswith(other) for other in kept if other):
            counts[f"{label} gone"] += size
    return counts


def report_by_language(name: str, pages: list[dict], counts: list[Counter[str]]) -> None:
    """Prints content lost and boilerplate removed of each language, by tokens."""
    by_language: dict[str, Counter[str]] = defaultdict(Counter)
    for page, count in zip(pages, counts):
        by_language[page["lang"]] += count
    for lang, count in sorted(by_language.items()):
        lost, gone = count["C gone"] / max(1, count["C"]), count["B gone"] / max(1, count["B"])
        print(f"{name} {lang:6} content {count['C']:7} lost {lost:7.3%}  boilerplate {count['B']:6} gone {gone:6.1%}")  # noqa: T201


@pytest.mark.parametrize(("name", "precision", "recall", "loss", "damaged"), FLOORS, ids=[floor[0] for floor in FLOORS])
def test_floors(name: str, precision: float, recall: float, loss: float, damaged: float) -> None:
    """Precision and recall by tokens do not fall, loss of content and damaged pages do not rise."""
    pages = read_pages(name)
    counts = [count_tokens(page, text) for page, text in zip(pages, strip(pages))]
    report_by_language(name, pages, counts)
    total = sum(counts, Counter())
    assert total["B gone"] >= precision * (total["B gone"] + total["C gone"])
    assert total["B gone"] >= recall * total["B"]
    assert total["C gone"] <= loss * total["C"]
    assert sum(count["C gone"] >= 5 for count in counts) <= damaged * len(pages)


def test_floors_on_the_projects_own_pages() -> None:
    """Nothing of the story is lost in any of ten languages, and nine tenths of what stands around it go."""
    pages = [made_page(lang) for lang in PAGES]
    counts = {page["lang"]: count_tokens(page, text) for page, text in zip(pages, strip(pages))}
    report_by_language("made", pages, list(counts.values()))
    assert [lang for lang, count in counts.items() if count["C gone"]] == []
    assert [lang for lang, count in counts.items() if count["B gone"] < 0.9 * count["B"]] == []


@pytest.mark.parametrize("page", REAL_PAGES, ids=[page["host"] for page in REAL_PAGES])
def test_floors_on_real_pages_that_may_be_shown(page: dict) -> None:
    """Nothing of the text is lost, and of what stands around it no less goes than was reached; the licence stands beside the page."""
    count = count_tokens(page, strip([page])[0])
    assert page["licence"]
    assert page["source"]
    assert count["C gone"] == 0
    assert count["B gone"] >= page["gone"] * count["B"]


@pytest.mark.parametrize(("name", "loss"), [("wmtdocs", 0.002), ("udhr", 0.0), ("wmtsents", 0.0)])
def test_clean_documents_stay(name: str, loss: float) -> None:
    """Of news in 17 languages, of declarations in 55 and of single sentences no language loses more than this share."""
    documents = read_clean(name)
    langs = [document["lang"].split("-")[0] for document in documents]
    batch = make_batch({"doc_id": [str(i) for i in range(len(langs))], "text": [d["text"] for d in documents], "lang": langs})
    size, gone = Counter[str](), Counter[str]()
    for lang, document in zip(langs, documents):
        size[lang] += len(document["text"])
    for edit in StripBoilerplate()(batch).edits.to_pylist():
        gone[langs[edit["row"]]] += len(edit["removed"])
    assert {lang: gone[lang] / size[lang] for lang in size if gone[lang] > loss * size[lang]} == {}
