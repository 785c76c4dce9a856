"""An output that is whole passes; one that was tampered with is named by its first lie."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.job import Silent
from pipeline.run_file import load_config
from pipeline.runner import run
from pipeline.verify import verify
from tests.support import REPO


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("good") / "out"
    run(load_config(REPO / "configs" / "seeds.yaml", input_path=str(REPO / "seeds"), output_path=str(out)), Silent(), workers=1)
    return out


def test_untouched_output_holds(good: Path) -> None:
    """Nothing is said of what a run wrote."""
    assert list(verify(good)) == []


def rewritten(name: str, change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """A tampering that changes a table and makes the manifest agree with its bytes, so that only the content lies."""

    def tamper(out: Path) -> None:
        import hashlib

        path = out / name
        pq.write_table(change(pq.read_table(path)), path)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        for entry in manifest["files"]:
            if entry["file"] == name:
                entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    return tamper


def with_column(name: str, change: Callable[[list[object]], list[object]]) -> Callable[[pa.Table], pa.Table]:
    def apply(table: pa.Table) -> pa.Table:
        index = table.column_names.index(name)
        return table.set_column(index, table.field(name), pa.array(change(table[name].to_pylist()), table.field(name).type))

    return apply


DOCUMENTS, DROPPED, EDITS = "documents/part-00000.parquet", "dropped/part-00000.parquet", "edits/part-00000.parquet"
LIES = {
    "a byte changed": (lambda out: (out / DOCUMENTS).write_bytes((out / DOCUMENTS).read_bytes() + b"x"), "sha256"),
    "a file gone": (lambda out: (out / EDITS).unlink(), "is missing"),
    "a file too many": (lambda out: shutil.copy(out / EDITS, out / "edits/part-00001.parquet"), "not in the manifest"),
    "a row lost": (rewritten(DOCUMENTS, lambda table: table.slice(1)), "rows, but the manifest counts"),
    "an id twice": (rewritten(DOCUMENTS, with_column("doc_id", lambda ids: [ids[1], *ids[1:]])), "stands twice"),
    "text changed": (
        rewritten(DOCUMENTS, with_column("text", lambda texts: [*texts[:2], texts[2][:500], *texts[3:]])),
        "do not fit",
    ),
    "survivor not kept": (rewritten(DROPPED, with_column("survivor_id", lambda ids: ["nobody"] * len(ids))), "not kept"),
    "a manifest cut off": (
        lambda out: (out / "manifest.json").write_bytes((out / "manifest.json").read_bytes()[:-9]),
        "cannot be read",
    ),
    "a manifest of another": (lambda out: (out / "manifest.json").write_text('{"files": []}'), "manifest.json: lacks"),
    "similarity made up": (
        rewritten(DROPPED, with_column("similarity", lambda values: [0.99] * len(values))),
        "alike, not 0.9900",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_lie_is_named(lie: str, good: Path, tmp_path: Path) -> None:
    """Each kind of damage is found for what it is."""
    tamper, named = LIES[lie]
    out = tmp_path / "out"
    shutil.copytree(good, out)
    tamper(out)
    assert named in next(verify(out))


def test_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    """The user named the wrong folder."""
    with pytest.raises(UserError, match=r"no manifest\.json"):
        list(verify(tmp_path))


def test_originals_come_back_from_the_input_and_a_changed_one_is_named(good: Path, tmp_path: Path) -> None:
    """A letter changed, a file gone and a file more are each told."""
    names = sorted(path.name for path in (REPO / "seeds").iterdir())
    source = tmp_path / "in"
    shutil.copytree(REPO / "seeds", source)
    assert list(verify(good, str(source))) == []
    (source / names[0]).write_text((source / names[0]).read_text(encoding="utf-8") + "x", encoding="utf-8")
    (source / names[4]).rename(source / "new.txt")
    found = "\n".join(verify(good, str(source)))
    assert f"{names[0]!r}: its text with the edits undone is not that of" in found
    assert f"{names[4]!r} is in the output, but not in" in found
    assert "'new.txt' is in" in found
    assert found.count("\n") == 2
