"""The size of an input, judged by a little of it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.readers import InputSpec, judge_size, plan_input
from tests.readers.reading import read, write_arrow, write_bytes, write_csv, write_jsonl, write_parquet

WRITERS = {"jsonl": write_jsonl, "jsonl.gz": write_jsonl, "csv": write_csv, "csv.gz": write_csv, "parquet": write_parquet}


def records(count: int) -> list[dict[str, Any]]:
    draw = random.Random(1)
    words = [f"{draw.getrandbits(20):x}" for _ in range(5000)]
    return [{"doc_id": f"d{n}", "text": " ".join(draw.choices(words, k=draw.randint(50, 400))), "n": n} for n in range(count)]


@pytest.mark.parametrize("suffix", [*WRITERS, "arrow"])
def test_documents_and_bytes_are_near_the_truth(suffix: str, tmp_path: Path) -> None:
    """Within a fifth, whatever the format and packing; also of the bytes that are unpacked first."""
    path = (WRITERS | {"arrow": write_arrow})[suffix](tmp_path / f"a.{suffix}", records(3000))
    size = judge_size(plan_input(InputSpec(str(path), shard_bytes=2**20), None))
    corpus = read(path).corpus
    assert 0.8 <= size.documents / 3000 <= 1.25
    assert 0.8 <= size.bytes / corpus["text_bytes"] <= 1.25
    assert (size.unpacked > 0) == (suffix not in ("jsonl", "parquet", "arrow"))


def test_a_limit_and_files_of_one_document_are_known(tmp_path: Path) -> None:
    """No more than the first records; as many documents as files."""
    path = write_jsonl(tmp_path / "a.jsonl", records(500))
    limited = judge_size(plan_input(InputSpec(str(path)), 20))
    assert limited.documents == 20
    assert limited.bytes < judge_size(plan_input(InputSpec(str(path)), None)).bytes / 10
    for number in range(30):
        write_bytes(tmp_path / "texts" / f"{number}.txt", b"word " * 100)
    assert judge_size(plan_input(InputSpec(str(tmp_path / "texts")), None)).documents == 30


@pytest.mark.parametrize("data", [b"", b"\n\n", b"broken\n" * 5, b'{"text": "' + b"x" * 10_000])
def test_what_cannot_be_read_is_no_obstacle(data: bytes, tmp_path: Path) -> None:
    """The run itself will say what is wrong with it."""
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "one"}) + "\n", encoding="utf-8")
    assert judge_size(plan_input(InputSpec(str(tmp_path)), None)).bytes >= 0
