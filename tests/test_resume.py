"""A run of one large packed file, killed while it reads: what is refused then, and where it goes on."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

import pipeline
from pipeline.errors import UserError
from tests.kills import kill_and_restart
from tests.pauses import kill_all, paused_run
from tests.runs import SMALL, make_corpus, parquet_bytes, run_file
from tests.runs import pipeline as command

CHANGES: dict[str, Any] = {**SMALL, "stages": ["fix_encoding"]}


def packed_corpus(folder: Path, count: int) -> Path:
    """A corpus in gzip under the name of the plain one, so that positions in quarantine read the same; the plain one lies beside it."""
    make_corpus(folder / "plain.jsonl", count)
    (folder / "in").mkdir()
    (folder / "in" / "corpus.jsonl").write_bytes(gzip.compress((folder / "plain.jsonl").read_bytes(), 1, mtime=0))
    return folder / "in" / "corpus.jsonl"


def read_until_killed(config: Path, work: Path) -> int:
    """Starts the run and kills it, workers and all, while it reads. Returns how many tasks were read by then."""
    with paused_run(config, "read", items=2) as child:
        kill_all(child)
    assert not (work / "done" / "ids.json").exists()
    return len(list((work / "done" / "read").glob("*.json")))


def test_one_packed_file_goes_on_at_the_shard_where_it_was(tmp_path: Path) -> None:
    """Killed while it reads, it unpacks and reads nothing twice; refused while run file or input are others than before."""
    corpus = packed_corpus(tmp_path, 1500)
    config, work = run_file(tmp_path, corpus, **CHANGES), tmp_path / "out" / ".work"
    done = read_until_killed(config, work)
    pieces = {path: path.stat().st_mtime_ns for path in (work / "unpacked").glob("*.jsonl")}

    values = yaml.safe_load(config.read_text(encoding="utf-8"))
    other = {**values, "input": {**values["input"], "shard_bytes": 200_000}}
    with pytest.raises(
        UserError, match=r"unfinished work of another run \(changed since: run_file\.input\.shard_bytes\).*--overwrite"
    ):
        pipeline.run(other)
    stamp = corpus.stat().st_mtime_ns
    os.utime(corpus, ns=(stamp, stamp + 1))
    with pytest.raises(UserError, match=r"changed since: input\.files\.corpus\.jsonl\)"):
        pipeline.run(values)
    os.utime(corpus, ns=(stamp, stamp))
    assert {path: path.stat().st_mtime_ns for path in (work / "unpacked").glob("*.jsonl")} == pieces

    told = command("run", config, "--workers", "2", "--log-format", "json").stderr
    started = {event["step"]: event["counts"] for event in map(json.loads, told.splitlines()) if event["event"] == "step_started"}
    assert started["unpack"] == {"items": 1, "to_do": 0}
    assert started["read"]["items"] == len(pieces)
    assert started["read"]["to_do"] == started["read"]["items"] - done

    plain = tmp_path / "plain" / "corpus.jsonl"
    plain.parent.mkdir()
    (tmp_path / "plain.jsonl").rename(plain)
    pipeline.run(values, input_path=plain, output_path=tmp_path / "expected", workers=1)
    assert parquet_bytes(tmp_path / "out") == parquet_bytes(tmp_path / "expected")


@pytest.mark.gate
def test_packed_input_is_killed_thirty_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At seeded moments from the first seconds on, unpacking among them: no byte differs from the run of the plain file."""
    config = run_file(tmp_path, packed_corpus(tmp_path, 1500), **CHANGES)
    expected: dict[str, bytes] = {}

    def check(out: Path) -> None:
        assert parquet_bytes(out) == expected

    plain = tmp_path / "plain" / "corpus.jsonl"
    plain.parent.mkdir()
    (tmp_path / "plain.jsonl").rename(plain)
    values = yaml.safe_load(config.read_text(encoding="utf-8"))
    pipeline.run(values, input_path=plain, output_path=tmp_path / "expected", workers=1)
    expected.update(parquet_bytes(tmp_path / "expected"))
    done = kill_and_restart(config, tmp_path / "out", 30, check, most_items=9)
    with capsys.disabled():
        print(f"\n{done.histogram()}")  # noqa: T201 - what a gate is run for
    assert done.total == 30
