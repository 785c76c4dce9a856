"""The pipeline as a library: `run`, `clean` and what they return, in notebooks, scripts and standard input."""

import doctest
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import pipeline
from tests.runs import PATIENCE
from tests.storage.server import Served, serving
from tests.support import REPO, SEEDS, seed

STAGES = ["fix_encoding", "identify_language", "strip_boilerplate", "drop_near_duplicates"]
DOCTESTED = sorted(
    ".".join(path.relative_to(REPO).with_suffix("").parts)
    for path in (REPO / "pipeline").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def values(out: Path, **changes: Any) -> dict[str, Any]:
    """What a run file over the seeds would hold."""
    return {"input": {"path": str(REPO / "seeds")}, "stages": STAGES, "output": {"path": str(out)}, **changes}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> pipeline.RunResult:
    return pipeline.run(values(tmp_path_factory.mktemp("library") / "out"), workers=1)


@pytest.fixture(scope="module")
def cleaned() -> pipeline.Cleaned:
    return pipeline.clean(list(SEEDS.values()), STAGES, ids=list(SEEDS))


@pytest.mark.parametrize("name", DOCTESTED)
def test_examples_in_docstrings_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is run as it stands, in a folder with the seeds."""
    shutil.copytree(REPO / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    tried = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert tried.attempted
    assert tried.failed == 0


def test_every_public_name_is_there_and_no_other() -> None:
    """Names are imported when they are asked for; one that is misspelled is an AttributeError."""
    assert all(getattr(pipeline, name) is not None for name in pipeline.__all__)
    assert sorted([*pipeline._HOMES, "__version__"]) == sorted(pipeline.__all__)
    assert dir(pipeline) == sorted(pipeline.__all__)
    with pytest.raises(AttributeError, match="no attribute 'cleen'"):
        _ = pipeline.cleen  # type: ignore[attr-defined]


def test_import_of_the_package_loads_nothing_heavy() -> None:
    """`import pipeline` costs some milliseconds: numpy, pyarrow and numba come with the first use."""
    script = (
        "import sys, pipeline; print([name for name in ('numpy', 'pyarrow', 'numba', 'yaml', 'rich') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPO).stdout == "[]\n"


def test_a_run_returns_paths_counts_and_tables(result: pipeline.RunResult) -> None:
    """Tables are opened, not read; all that a run writes has its path."""
    assert result.counts["kept"] == result.documents.count_rows() == 4
    assert result.dropped.to_table(columns=["drop_reason"])["drop_reason"].to_pylist() == ["near_duplicate"]
    assert result.duplicates.count_rows() == 2
    assert result.quarantine.count_rows() == 0
    assert result.edits.head(1).column_names[0] == "doc_id"
    assert all(path.exists() for path in result.paths.values())
    assert not result.unchanged
    assert repr(result) == f"RunResult({str(result.output)!r}: 5 records, 4 kept, 1 dropped, 0 quarantined)"


def test_originals_come_back_from_the_tables(result: pipeline.RunResult) -> None:
    """As in README."""
    edits = result.edits.to_table().to_pylist()
    for document in result.documents.to_table().to_pylist():
        own = [edit for edit in edits if edit["doc_id"] == document["doc_id"]]
        assert pipeline.restore(document["text"], own) == SEEDS[document["doc_id"]]


def test_the_same_run_again_does_nothing_and_a_finished_one_can_be_opened(result: pipeline.RunResult) -> None:
    """By its run file, or by its folder alone."""
    again = pipeline.run(values(result.output), workers=1)
    assert again.unchanged
    assert again.manifest == result.manifest == pipeline.open_result(str(result.output)).manifest
    with pytest.raises(pipeline.UserError, match=r"no manifest\.json"):
        pipeline.open_result(result.output / "documents")


def test_run_takes_a_path_values_or_a_loaded_file(tmp_path: Path) -> None:
    """`input_path` and `output_path` go before what the file says."""
    path = REPO / "configs" / "seeds.yaml"
    places = {"input_path": REPO / "seeds", "output_path": tmp_path / "out"}
    first = pipeline.run(path, workers=1, limit=1, **places)
    loaded = pipeline.load_config(path, input_path="https://name:secret@elsewhere/texts.jsonl")
    assert pipeline.run(str(path), workers=1, limit=1, **places).unchanged
    assert pipeline.run(loaded, workers=1, limit=1, **places).unchanged
    assert first.counts["records"] == 1


def test_a_loaded_run_file_keeps_what_its_input_needs(tmp_path: Path) -> None:
    """The password of a URL, which is not in the manifest; `output_path` changes nothing of it."""
    with serving(Served({"a.jsonl": b'{"text": "Some text."}\n'}, login="me:sesame")) as served:
        url = served.url("a.jsonl").replace("://", "://me:sesame@")
        loaded = pipeline.load_config(REPO / "configs" / "seeds.yaml", input_path=url)
        result = pipeline.run(loaded, output_path=tmp_path / "out", workers=1)
    assert result.counts["records"] == 1
    assert "sesame" not in result.paths["manifest"].read_text(encoding="utf-8")


def test_progress_can_be_watched(tmp_path: Path) -> None:
    """Any object with `start` and `advance`."""
    seen: list[str] = []

    class Watcher:
        def start(self, name: str, total: int) -> None:
            seen.append(f"{name} {total}")

        def advance(self) -> None:
            seen.append("advance")

    pipeline.run(values(tmp_path / "out", stages=["fix_encoding"]), workers=1, progress=Watcher())
    assert seen[:2] == ["read 1", "advance"]


SCRIPT = """
import sys, pipeline
small = {"path": sys.argv[1], "shard_bytes": 1000, "batch_bytes": 1000}
result = pipeline.run({"input": small, "stages": ["fix_encoding"], "output": {"path": sys.argv[2]}}, workers=2)
print(result.counts["kept"])
"""


@pytest.mark.parametrize("how", ["script", pytest.param("standard input", marks=pytest.mark.gate)])
def test_a_script_without_a_guard_may_use_several_processes(how: str, tmp_path: Path) -> None:
    """Workers do not run the script again; nothing but what the script prints is printed."""
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    program = str(tmp_path / "script.py") if how == "script" else "-"
    command = [sys.executable, program, str(REPO / "seeds"), str(tmp_path / "out")]
    done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")


def test_cleaned_texts_are_those_of_a_run(result: pipeline.RunResult, cleaned: pipeline.Cleaned) -> None:
    """Same texts, edits, languages and reasons, one row for each text in its order."""
    rows = result.documents.to_table().to_pylist() + result.dropped.to_table().to_pylist()
    found = {row["doc_id"]: row for row in rows}
    for place, doc_id in enumerate(SEEDS):
        row = found[doc_id]
        assert (cleaned.texts[place], cleaned.languages[place]) == (row["text"], row["lang"])
        assert cleaned.drop_reasons[place] == row.get("drop_reason")
        assert cleaned.flags[place] == (row["flags"] or [])
    assert cleaned.edits == result.edits.to_table()
    assert len(cleaned) == 5
    assert len(cleaned.kept) == 4
    assert repr(cleaned) == f"Cleaned(5 texts, 4 kept, {cleaned.edits.num_rows} edits)"


def test_cleaned_texts_say_why(cleaned: pipeline.Cleaned) -> None:
    """Each change with its stage and rule, the language, and what a text was dropped for; and the originals come back."""
    why = cleaned.why(4)
    assert "strip_boilerplate: en/related_marker: 'Click to continue reading\\n\\n' -> ''" in why
    assert any(line.startswith("identify_language: language en") for line in why)
    assert why[-1].startswith("dropped: near_duplicate of 003_")
    assert str(cleaned.explain(4)).splitlines() == why
    assert [cleaned.original(place) for place in range(5)] == list(SEEDS.values())
    assert cleaned.original(-1) == seed(4)
    with pytest.raises(IndexError):
        cleaned.why(5)


def test_a_notebook_shows_each_change_in_its_words() -> None:
    """As HTML; nothing of a text is markup."""
    text = "He said <script>alert(1)</script> wasnâ€™t what he meant."
    html = pipeline.clean([text], ["fix_encoding", "identify_language"], ids=["<b>"]).explain(0)._repr_html_()
    assert "encoding/mojibake" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; wasn<del>" in html
    assert "<p><b>&lt;b&gt;</b>: kept</p>" in html
    assert set(re.findall(r"</?(\w+)", html)) <= {"div", "style", "p", "b", "del", "ins", "span"}


@pytest.mark.parametrize("texts", [["a", None, "b"], pa.array(["a", None, "b"]), pa.chunked_array([["a"], [None, "b"]])])
def test_texts_may_be_a_list_or_arrow(texts: Any) -> None:
    """Nothing is an empty text."""
    assert pipeline.clean(texts, ["fix_encoding"]).texts == ["a", "", "b"]


def test_no_texts_are_no_texts() -> None:
    """An empty list is not an error, whatever the stages."""
    nothing = pipeline.clean([], list(pipeline.STAGES))
    assert (nothing.texts, nothing.kept, nothing.edits.num_rows) == ([], [], 0)


def test_stages_go_by_columns() -> None:
    """A line that stands at the edge of a source's stories is that source's boilerplate; of five sources it is none."""
    told = "The {0} was what councillors met about, and they heard from {0} staff about paragraph {1} of it."
    bodies = ["\n".join(told.format(place, word) for word in ["one", "two", "three", "four", "five"]) for place in _PLACES]
    texts = [f"{body}\nFollow the Daily Example on all your devices" for body in bodies]
    assert pipeline.clean(texts, ["strip_repeated_lines"], columns={"source": ["example"] * 5}).texts == bodies
    assert pipeline.clean(texts, ["strip_repeated_lines"], columns={"source": list("abcde")}).texts == texts


_PLACES = ["harbour", "school", "hospital", "bridge", "library"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"stages": ["fix_encodin"]},
            pipeline.UserError,
            r"clean\(\): stages\[0\]: no stage 'fix_encodin'. Did you mean 'fix_encoding'",
        ),
        ({"stages": []}, pipeline.UserError, "expected a list of stage names"),
        ({"stages": "fix_encoding"}, pipeline.UserError, "expected a list of stage names"),
        ({"ids": ["a"]}, ValueError, "1 ids for 2 texts"),
        ({"ids": ["a", "a"]}, ValueError, "the id 'a' occurs twice"),
        ({"columns": {"sorce": ["a", "b"]}}, ValueError, "columns holds 'sorce'"),
        ({"columns": {"source": ["a"]}}, ValueError, "holds 1 values for 2 texts"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """One sentence each, and nothing is done."""
    with pytest.raises(error, match=message):
        pipeline.clean(["one", "two"], **arguments)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.string_view(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_columns_of_text_of_every_type_are_taken(kind: pa.DataType) -> None:
    """Polars has views, pandas dictionaries; a column of nulls alone may have no type."""
    column = pa.array(["A text that stands there twice.", "A text that stands there twice."]).cast(kind)
    for texts in (column, pa.chunked_array([column])):
        assert pipeline.clean(texts, stages=["fix_encoding"]).texts == column.cast(pa.string()).to_pylist()
        assert pipeline.find_duplicates(texts).num_rows == 2
    assert pipeline.clean(pa.nulls(2), stages=["fix_encoding"]).texts == ["", ""]
    assert pipeline.find_duplicates(pa.chunked_array([pa.nulls(2)])).num_rows == 0


@pytest.mark.parametrize(
    "texts",
    ["one text", None, [1, 2], [{"text": "one"}], pa.table({"text": ["one"]}), pa.array([1]), pa.chunked_array([[["one"]]])],
    ids=type,
)
def test_what_is_no_list_of_texts_is_told(texts: Any) -> None:
    """A single string is a list of letters to Python, and to nobody else."""
    with pytest.raises(ValueError, match="a list of strings, or a column of them, was expected"):
        pipeline.clean(texts)


@pytest.mark.parametrize("setting", ["workers", "limit"])
@pytest.mark.parametrize("number", [0, -1])
def test_numbers_below_one_are_told(setting: str, number: int, tmp_path: Path) -> None:
    """Before anything is read or written; the command line says the same."""
    values = {"input": {"path": str(REPO / "seeds")}, "stages": ["fix_encoding"], "output": {"path": str(tmp_path / "out")}}
    with pytest.raises(pipeline.UserError, match=f"{setting}: found {number}; at least 1 was expected"):
        pipeline.run(values, **{setting: number})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_folder_with_anothers_manifest_is_no_result(tmp_path: Path) -> None:
    """Web pages have such files too."""
    for text in ("{", "[]", '{"name": "app"}'):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(pipeline.UserError, match=r"manifest\.json: no run wrote it"):
            pipeline.open_result(tmp_path)
