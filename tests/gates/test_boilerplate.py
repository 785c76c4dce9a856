"""Boilerplate on labelled pages: what goes is boilerplate, what readers read stays; floors are what was reached.

The pages lie outside the repository: CORPUS_DEV_DATA names the folder that holds `boilerplate-dev/<set>.<extractor>.jsonl.zst`.
A record is {id, host, lang, lines: [[label, text], ...]}; labels are C content, B boilerplate, M mixed and T title (neither counts).
"""

import io
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from pipeline.schema import make_batch
from pipeline.stages.identify_language import IdentifyLanguage
from pipeline.stages.strip_boilerplate import StripBoilerplate

pytestmark = pytest.mark.gate
TOKEN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
# set, floors of precision and recall, ceilings of loss and of the share of pages that lost five tokens or more
FLOORS = [
    ("fundus.traf", 0.97, 0.19, 0.0003, 0.015),
    ("fundus.newspaper", 0.97, 0.34, 0.0003, 0.017),
    ("fundus.readability", 0.97, 0.25, 0.0003, 0.016),
    ("fundus.resi_main", 0.97, 0.23, 0.0003, 0.015),
    ("wcxb_dev.traf", 0.94, 0.11, 0.0006, 0.035),
]


def read_pages(name: str) -> list[dict]:
    """The pages of a set; the test is skipped where they are not."""
    folder = os.environ.get("CORPUS_DEV_DATA")
    path = Path(folder or "") / "boilerplate-dev" / f"{name}.jsonl.zst"
    if folder is None or not path.is_file():
        pytest.skip("CORPUS_DEV_DATA does not name a folder with boilerplate-dev")
    with path.open("rb") as raw:
        return [json.loads(line) for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")]


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


@pytest.mark.parametrize(("name", "precision", "recall", "loss", "damaged"), FLOORS, ids=[floor[0] for floor in FLOORS])
def test_floors(name: str, precision: float, recall: float, loss: float, damaged: float) -> None:
    """Precision and recall by tokens do not fall, loss of content and damaged pages do not rise."""
    pages = read_pages(name)
    texts = ["\n".join(text for _, text in page["lines"]) for page in pages]
    batch = make_batch({"doc_id": [str(i) for i in range(len(pages))], "text": texts, "source": [page["host"] for page in pages]})
    left = StripBoilerplate()(IdentifyLanguage()(batch).batch).batch.column("text").to_pylist()
    counts = [count_tokens(page, text) for page, text in zip(pages, left)]
    total = sum(counts, Counter())
    assert total["B gone"] >= precision * (total["B gone"] + total["C gone"])
    assert total["B gone"] >= recall * total["B"]
    assert total["C gone"] <= loss * total["C"]
    assert sum(count["C gone"] >= 5 for count in counts) <= damaged * len(pages)
