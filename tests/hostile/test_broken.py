"""Small broken files of every format, saved as they are: what is read of each, and what goes to quarantine for which reason."""

import json
from pathlib import Path

import pytest
import yaml

import pipeline
from pipeline.errors import UserError
from pipeline.readers.read import reason_kind
from pipeline.verify import verify
from tests.readers.reading import read

FOLDER = Path(__file__).parent / "broken"
FILES = sorted(path.name for path in FOLDER.iterdir())
EXPECTED: dict[str, list[int | str]] = yaml.safe_load((Path(__file__).parent / "broken.yaml").read_text(encoding="utf-8"))


def test_each_file_is_expected_and_no_other() -> None:
    """The table and the folder name the same files; all formats that are packed or have a structure to break are among them."""
    assert sorted(EXPECTED) == FILES
    assert {Path(name).suffix for name in FILES} == {
        ".gz",
        ".zst",
        ".bz2",
        ".xz",
        ".parquet",
        ".arrow",
        ".jsonl",
        ".csv",
        ".html",
    }


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_gives_what_is_whole_in_it(name: str) -> None:
    """Documents, and a reason for each failure; or the run is refused in a sentence, where it is all that there is to read."""
    documents, *kinds = EXPECTED[name]
    if kinds == ["refused"]:
        with pytest.raises(UserError, match="mend it or take it out of the input"):
            read(FOLDER / name)
        return
    reading = read(FOLDER / name, policy="number")
    assert len(reading.documents) == documents
    assert [reason_kind(failure["reason"]) for failure in reading.quarantine] == kinds


def test_all_of_them_at_once_are_a_run(tmp_path: Path) -> None:
    """Each failure is told under its file, the originals come back, and nothing is lost on the way."""
    values = {
        "input": {"path": str(FOLDER), "on_duplicate_id": "number", "max_quarantined": 1.0},
        "stages": ["fix_encoding", "drop_near_duplicates"],
        "output": {"path": str(tmp_path / "out")},
    }
    result = pipeline.run(values, workers=1)
    told = {row["file"] for row in result.quarantine.to_table(columns=["file"]).to_pylist()}
    assert told == {name for name, (_, *kinds) in EXPECTED.items() if kinds}
    assert result.counts["kept"] + result.counts["dropped"] == sum(int(documents) for documents, *_ in EXPECTED.values())
    assert list(verify(tmp_path / "out", str(FOLDER))) == []
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
