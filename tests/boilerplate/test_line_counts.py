"""Line counts of earlier runs: their stories are witnesses too, each once, whatever the batches have in common."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.boilerplate.line_counts import FILE, RULES, WITNESSES, counts_file
from pipeline.errors import UserError
from pipeline.run_file import load_config
from pipeline.runner import run
from pipeline.stages.strip_repeated_lines import StripRepeatedLines
from pipeline.verify import verify
from tests.report.outputs import Silent
from tests.stages.test_strip_repeated_lines import SUBJECTS, body, framed
from tests.support import batch_of, write_shards

LINE = "Follow the Daily Example on all devices"


def strip(folder: Path, texts: list[str], *, counts: list[Path] = (), cut: int = 0, **columns: Any) -> list[str]:  # type: ignore[assignment]
    """The texts after the stage, all of one source; their line counts are left in the folder."""
    columns = {"source": ["paper"] * len(texts)} | columns
    batch = batch_of(texts, **columns)
    shards = [[batch.slice(0, cut)], [batch.slice(cut)]] if cut else [[batch]]
    corpus = write_shards(Path(tempfile.mkdtemp(dir=folder)), shards)
    stage = StripRepeatedLines(counts=tuple(str(place) for place in counts), keep_counts=True)
    stage.judge(corpus)
    pq.write_table(pa.ipc.open_file(corpus.folder / "line_counts.arrow").read_all(), folder / FILE)
    verdicts = pa.ipc.open_file(corpus.folder / "verdicts.arrow").read_all()
    return stage.apply(batch, verdicts).batch["text"].to_pylist()


def days(tmp_path: Path) -> list[Path]:
    """Two folders."""
    made = [tmp_path / name for name in ("yesterday", "today")]
    for folder in made:
        folder.mkdir()
    return made


def test_a_small_batch_profits_from_yesterday(tmp_path: Path) -> None:
    """Two stories yesterday and one today are three witnesses."""
    yesterday, today = days(tmp_path)
    texts = framed(tail=LINE, count=3)
    assert strip(yesterday, texts[:2]) == texts[:2]
    assert strip(today, texts[2:]) == texts[2:]
    assert strip(today, texts[2:], counts=[yesterday]) == framed(count=3)[2:]


@pytest.mark.parametrize("ids", [["0", "1"], ["8", "9"]], ids=["same ids", "other ids"])
def test_a_batch_given_twice_counts_once(tmp_path: Path, ids: list[str]) -> None:
    """Stories are told by their text, so that neither the same ids nor others matter."""
    yesterday, today = days(tmp_path)
    texts = framed(tail=LINE, count=2)
    strip(yesterday, texts)
    assert strip(today, texts, counts=[yesterday, yesterday], doc_id=ids) == texts


def test_stories_with_the_ids_of_others_are_stories(tmp_path: Path) -> None:
    """Without an id column every batch has its documents 1, 2 and 3."""
    yesterday, today = days(tmp_path)
    texts = framed(tail=LINE, count=3)
    strip(yesterday, texts[:2], doc_id=["1", "2"])
    assert strip(today, texts[2:], counts=[yesterday], doc_id=["1"]) == framed(count=3)[2:]


def test_a_story_that_grew_is_the_same_story(tmp_path: Path) -> None:
    """A paragraph more does not make it a third witness, as long as its key is that of a paragraph it kept."""
    yesterday, today = days(tmp_path)
    texts = framed(tail=LINE, count=2)
    strip(yesterday, texts)
    grown = [f"{text}\nA line has been added." for text in texts]
    assert strip(today, grown, counts=[yesterday]) == grown


def test_the_share_is_of_all_stories(tmp_path: Path) -> None:
    """What ninety stories of yesterday do not have is no template of the source."""
    yesterday, today = days(tmp_path)
    strip(yesterday, [body(f"{s} of {t}") for s in SUBJECTS for t in SUBJECTS])
    texts = framed(tail=LINE, count=4)
    assert strip(today, texts) == framed(count=4)
    assert strip(today, texts, counts=[yesterday]) == texts


def test_counts_of_two_days_are_those_of_both_at_once(tmp_path: Path) -> None:
    """Kept apart or together, the witnesses are the same; so are the bytes, whatever the shards."""
    yesterday, today = days(tmp_path)
    both = tmp_path / "both"
    both.mkdir()
    texts = framed(tail=LINE, count=6)
    strip(yesterday, texts[:2])
    strip(today, texts[2:])
    strip(both, texts)
    apart = pa.concat_tables([pq.read_table(folder / FILE) for folder in (yesterday, today)])
    order = [("key", "ascending"), ("story", "ascending")]
    together = pq.read_table(both / FILE).sort_by(order)
    assert apart.sort_by(order).equals(together)
    before = (both / FILE).read_bytes()
    strip(both, texts, cut=3)
    assert (both / FILE).read_bytes() == before


def test_counts_by_other_rules_are_refused(tmp_path: Path) -> None:
    """Both rules are named."""
    schema = WITNESSES.with_metadata({"rules": "lines-0"})
    pq.write_table(schema.empty_table(), tmp_path / FILE)
    with pytest.raises(UserError, match=f"'lines-0'.*{RULES}"):
        counts_file(str(tmp_path))


@pytest.mark.parametrize("content", [None, b"", b"text"])
def test_what_holds_no_counts_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """No file, or another."""
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"line_counts\.parquet"):
        counts_file(str(tmp_path))


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    """Parquet, but no line counts."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / FILE)
    with pytest.raises(UserError, match="rules 'none'"):
        counts_file(str(tmp_path))


def test_other_counts_make_another_run(tmp_path: Path) -> None:
    """The digest of what is read besides the documents stands in the run's fingerprint."""
    stage = StripRepeatedLines(counts=(str(tmp_path),))
    with pytest.raises(UserError, match="keep_counts: true"):
        stage.input_digests()  # before anything is read
    pq.write_table(WITNESSES.empty_table(), tmp_path / FILE)
    empty = stage.input_digests()
    pq.write_table(pa.table({"key": [1], "story": [2], "near_edge": [True]}).cast(WITNESSES), tmp_path / FILE)
    assert stage.input_digests() != empty
    assert stage.describe() == [f"line counts of {tmp_path}: 1 lines of stories"]


def test_a_run_keeps_counts_that_the_next_run_loads(tmp_path: Path) -> None:
    """The file stands beside the output, in the manifest and under `verify`; evidence tells of the stories of both runs."""
    texts = framed(tail=LINE, count=3)
    for name, part, more in (("monday", texts[:2], ""), ("tuesday", texts[2:], f", counts: [{tmp_path / 'monday'}]")):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": t, "source": "paper"}) + "\n" for t in part))
        (tmp_path / f"{name}.yaml").write_text(
            f"input: {{path: {tmp_path / name}.jsonl}}\nstages:\n  - strip_repeated_lines: {{keep_counts: true{more}}}\n"
            f"output: {{path: {tmp_path / name}}}\n"
        )
        run(load_config(tmp_path / f"{name}.yaml"), Silent(), workers=1)
    assert pq.read_table(tmp_path / "tuesday" / "documents")["text"].to_pylist() == framed(count=3)[2:]
    [edit] = pq.read_table(tmp_path / "tuesday" / "edits").to_pylist()
    assert edit["evidence"] == '{"families": 3, "share": 1.000}'
    assert list(verify(tmp_path / "tuesday")) == []
    assert FILE in {file["file"] for file in json.loads((tmp_path / "tuesday" / "manifest.json").read_text())["files"]}


def test_settings_in_a_run_file(tmp_path: Path) -> None:
    """`counts` is a list of places, `keep_counts` a switch."""
    path = tmp_path / "run.yaml"
    path.write_text(
        "input: {path: x}\nstages:\n  - strip_repeated_lines: {counts: [yesterday], keep_counts: true}\noutput: {path: y}\n"
    )
    stage = load_config(path).stages[0].stage
    assert stage == StripRepeatedLines(counts=("yesterday",), keep_counts=True)
