"""An output in the programs that people read it with: datasets, DuckDB, Polars, pandas, and as a folder for the Hugging Face hub."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import pipeline
from pipeline.cli import app
from pipeline.exits import guarded
from pipeline.output_folder import open_output
from pipeline.report.card import CARD, MARK, is_card, render_card
from tests.support import REPO

datasets = pytest.importorskip("datasets", reason="datasets is not installed (extra `dev`)")
duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed (extra `dev`)")
pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra `dev`)")
polars = pytest.importorskip("polars", reason="polars is not installed (extra `dev`)")

STAGES = ["fix_encoding", "identify_language", "strip_boilerplate", "drop_near_duplicates"]
KEPT, DROPPED = 4, 1


def values(out: Path, **settings: Any) -> dict[str, Any]:
    """The seeds, in parts so small that each document has its own."""
    output = {"path": str(out), "part_bytes": 100, "dataset_card": True, "license": "cc-by-4.0", **settings}
    return {"input": {"path": str(REPO / "seeds")}, "stages": STAGES, "output": output}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> pipeline.RunResult:
    return pipeline.run(values(tmp_path_factory.mktemp("elsewhere") / "seeds-clean"), workers=1)


@pytest.fixture(scope="module")
def ids(result: pipeline.RunResult) -> list[str]:
    found: list[str] = result.documents.to_table()["doc_id"].to_pylist()
    return found


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` keeps what it reads, and asks nobody."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def test_datasets_reads_the_parts(result: pipeline.RunResult, ids: list[str], tmp_path: Path) -> None:
    """In the order of the input, with lists as lists and dates as dates."""
    files = str(result.output / "documents" / "*.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path))
    assert loaded["doc_id"][:] == ids
    assert loaded.features["published"].dtype == "timestamp[ms, tz=UTC]"
    assert loaded.features["flags"] == datasets.List(datasets.Value("string"))
    streamed = datasets.load_dataset("parquet", data_files=files, split="train", streaming=True)
    assert [row["doc_id"] for row in streamed] == ids


@pytest.mark.parametrize(("name", "rows"), [(None, KEPT), ("dropped", DROPPED), ("edits", None)])
def test_datasets_reads_the_folder_by_its_card(
    name: str | None, rows: int | None, result: pipeline.RunResult, tmp_path: Path
) -> None:
    """What lies beside the parts does not disturb it; the clean corpus is what comes without a name."""
    loaded = datasets.load_dataset(str(result.output), name, split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == (result.edits.count_rows() if rows is None else rows)
    assert (name == "edits") == ("rule" in loaded.column_names)


def test_duckdb_reads_the_parts(result: pipeline.RunResult, ids: list[str]) -> None:
    """By a pattern, joined with the duplicates, and straight from the result's own table."""
    documents = f"'{result.output}/documents/*.parquet'"
    assert duckdb.sql(f"select doc_id from {documents}").fetchall() == [(doc_id,) for doc_id in ids]
    survivors = f"select d.doc_id from '{result.output}/duplicates.parquet' m join {documents} d on m.survivor_id = d.doc_id"
    assert len(duckdb.sql(survivors).fetchall()) == DROPPED
    assert duckdb.sql(f"select typeof(flags), typeof(published) from {documents} limit 1").fetchall() == [
        ("VARCHAR[]", "TIMESTAMP WITH TIME ZONE")
    ]
    own = result.documents  # noqa: F841 - DuckDB finds it by its name
    assert duckdb.sql("select count(*) from own").fetchall() == [(KEPT,)]


def test_polars_reads_the_parts(result: pipeline.RunResult, ids: list[str]) -> None:
    """Lazily by a pattern, and from Arrow."""
    scanned = polars.scan_parquet(str(result.output / "documents" / "*.parquet"))
    assert scanned.select("doc_id").collect()["doc_id"].to_list() == ids
    assert scanned.collect_schema()["flags"] == polars.List(polars.String)
    assert polars.read_parquet(result.output / "dropped").height == DROPPED
    assert polars.from_arrow(result.edits.to_table()).height == result.edits.count_rows()


def test_pandas_reads_the_folders(result: pipeline.RunResult, ids: list[str]) -> None:
    """A folder of parts as one frame; columns that are null throughout are there all the same."""
    frame = pandas.read_parquet(result.output / "documents")
    assert list(frame["doc_id"]) == ids
    assert {"text", "lang", "cluster_id", "flags", "meta"} <= set(frame.columns)
    assert len(pandas.read_parquet(result.output / "duplicates.parquet")) == 2
    assert frame["cluster_size"].sum() == 5


def test_card_is_one_for_the_hub(result: pipeline.RunResult) -> None:
    """Its header is read by huggingface_hub as it reads its own."""
    from huggingface_hub import DatasetCard, DatasetCardData

    card = DatasetCard.load(result.output / CARD)
    assert isinstance(card.data, DatasetCardData)
    assert (card.data.license, card.data.language, card.data.size_categories) == ("cc-by-4.0", ["en"], ["n<1K"])
    assert [config["config_name"] for config in card.data.configs] == ["documents", "dropped", "edits"]
    assert "| drop_near_duplicates | 1 |" in card.text
    assert "| near_duplicate | 1 |" in card.text
    assert str(REPO) not in card.content
    assert yaml.safe_load(card.text.split("```yaml\n")[1].split("```")[0])["stages"][0] == {
        "fix_encoding": result.manifest["run_file"]["stages"][0]["fix_encoding"]
    }


def test_card_does_not_change_the_run(tmp_path: Path) -> None:
    """Asked for later, it is written beside the finished output; without being asked there is none."""
    out = tmp_path / "out"
    pipeline.run(values(out, dataset_card=False), workers=1)
    assert not (out / CARD).exists()
    again = pipeline.run(values(out), workers=1)
    assert again.unchanged
    assert "license: cc-by-4.0" in (out / CARD).read_text().split("---\n")[1]
    replaced = pipeline.run(values(out, dataset_card=False), workers=1, limit=1, overwrite=True)
    assert replaced.counts["records"] == 1
    assert not (out / CARD).exists()


@pytest.mark.parametrize(("options", "license_name"), [(["--dataset-card"], None), (["--license", "mit"], "mit")])
def test_card_is_made_from_a_finished_output(options: list[str], license_name: str | None, tmp_path: Path) -> None:
    """By `pipeline report`, also where the run file did not ask for one."""
    out = tmp_path / "out"
    pipeline.run(values(out, dataset_card=False, license=None), workers=1)
    assert guarded(lambda: app(["report", str(out), *options], standalone_mode=False)) == 0
    header = yaml.safe_load((out / CARD).read_text(encoding="utf-8").split("---\n")[1])
    assert header.get("license") == license_name
    (out / CARD).write_text("# Mine\n", encoding="utf-8")
    assert guarded(lambda: app(["report", str(out), *options], standalone_mode=False)) == 2
    assert (out / CARD).read_text(encoding="utf-8") == "# Mine\n"


def test_a_column_of_a_frame_may_be_cleaned() -> None:
    """Of pandas or Polars, with its other columns for what stages go by, whatever its index."""
    texts, sources = ["Itâ€™s here.", "Well met."], ["a", "b"]
    frame = pandas.DataFrame({"text": texts, "source": sources}, index=[7, 3])
    for made in (frame, polars.DataFrame({"text": texts, "source": sources})):
        cleaned = pipeline.clean(made["text"], ["fix_encoding"], ids=made["source"], columns={"source": made["source"]})
        assert cleaned.texts == ["It’s here.", "Well met."]
        assert cleaned.documents["source"].to_pylist() == cleaned.documents["doc_id"].to_pylist() == sources


def test_a_readme_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """It is no card of ours: a run stops before it, also one that may overwrite."""
    (tmp_path / CARD).write_text("# Mine\n")
    for overwrite in (False, True):
        with pytest.raises(pipeline.UserError, match=r"holds 'README.md', which no run wrote"):
            open_output(tmp_path, {}, overwrite=overwrite)
    assert (tmp_path / CARD).read_text() == "# Mine\n"
    (tmp_path / CARD).write_text(f"---\n---\n{MARK}\n# Mine\n")
    assert is_card(tmp_path / CARD)


@pytest.mark.parametrize(
    ("kept", "size"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**9, "1B<n<10B")]
)
def test_card_tells_the_size_class(kept: int, size: str, report: dict[str, Any]) -> None:
    """By the hub's own classes."""
    assert f"- {size}\n" in render_card({**report, "counts": {**report["counts"], "kept": kept}})


@pytest.fixture(scope="module")
def report(result: pipeline.RunResult) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((result.output / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("languages", "told"),
    [
        ({"en": 95, "fr": 4, "und": 3, "es": 0}, ["en", "fr"]),
        ({"en": 100_000, "sw": 60}, ["en"]),
        ({"not told": 5}, None),
    ],
)
def test_card_names_the_languages_that_matter(languages: dict[str, int], told: list[str] | None, report: dict[str, Any]) -> None:
    """Not the undetermined, nor what less than one document in a hundred has."""
    rows = [{"language": name, "documents": count, "dropped": 0} for name, count in languages.items()]
    counts = {**report["counts"], "kept": sum(languages.values())}
    card = render_card({**report, "languages": rows, "counts": counts})
    header = yaml.safe_load(card.split("---\n")[1])
    assert header.get("language") == told
    assert ("multilinguality" in header) == (told is not None and len(told) > 1)
    assert "license" not in header


def test_card_tells_no_folder_of_the_machine(report: dict[str, Any]) -> None:
    """Neither of input and output nor of what the stages read besides."""
    stages = [{"drop_near_duplicates": {"against": ["/srv/private/out-1", "s3://private/out-2/"]}}]
    paths = {name: {**report["run_file"][name], "path": f"/srv/private/{name}"} for name in ("input", "output")}
    card = render_card({**report, "run_file": {**paths, "stages": stages}, "input": "/srv/private/input"})
    assert "private" not in card
    assert "- out-1\n" in card
    assert "- out-2\n" in card


def test_nothing_in_a_name_breaks_the_card(report: dict[str, Any]) -> None:
    """Markup in paths, and fences in settings, stay text."""
    evil = "a|b`c\n# <script>"
    stages = [{"strip_boilerplate": {"packs": ["```\n# out"]}}]
    run_file = {**report["run_file"], "output": {**report["run_file"]["output"], "path": evil}, "stages": stages}
    card = render_card({**report, "run_file": run_file, "input": evil})
    assert yaml.safe_load(card.split("---\n")[1])["pretty_name"] == evil
    assert "\n# <script>" not in card.split("---\n", 2)[2]
    assert "\n````yaml\n" in card
