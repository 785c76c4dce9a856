"""Megabytes per second of `strip_boilerplate` on one core, and the ratio to C4's line rules in plain Python, on the same text.

    boilerplate.py [DOCS.jsonl[.zst]] [--megabytes 24] [--lang en]

Records are {text, …}. Without a file the text is made of the seeds' paragraphs. CPU time of the second of two rounds; the first
compiles the kernels. C4's rules are those of Raffel et al. 2020 (section 2.2): a line stays that ends in a terminal mark, has
three words or more and names no policy and no script. They say nothing of quality, for which see `make gate`.
"""

import argparse
import io
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import zstandard

from pipeline.schema import make_batch
from pipeline.stages.strip_boilerplate import StripBoilerplate

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
BATCH_BYTES = 8 << 20
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def read_texts(path: str | None) -> Iterator[str]:
    """The texts of a file, or endless documents of the seeds' paragraphs (seeded)."""
    if path is None:
        lines = [line for seed in sorted(SEEDS.glob("*.txt")) for line in seed.read_text(encoding="utf-8").split("\n")]
        draw = random.Random(1)
        while True:
            yield "\n".join(draw.choices(lines, k=20))
    with open(path, "rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw) if path.endswith(".zst") else raw
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield json.loads(line)["text"]


def batches(texts: Iterator[str], size: int, lang: str) -> list[pa.RecordBatch]:
    """Batches of BATCH_BYTES, together of `size` bytes at most."""
    made: list[pa.RecordBatch] = []
    part: list[str] = []
    total = held = 0
    for text in texts:
        part.append(text)
        held += len(text.encode())
        if held >= BATCH_BYTES or total + held >= size:
            made.append(make_batch({"doc_id": [str(i) for i in range(len(part))], "text": part, "lang": [lang] * len(part)}))
            total, held, part = total + held, 0, []
        if total >= size:
            break
    return made


def c4_keeps(line: str) -> bool:
    """C4's rules for a line."""
    low = line.lower()
    if not line.endswith((".", "?", "!", '"', "'")) or line.endswith("..."):
        return False
    return len(line.split()) >= 3 and "javascript" not in low and not any(policy in low for policy in POLICIES)


def c4(batch: pa.RecordBatch) -> None:
    """The batch's texts with C4's lines only."""
    for text in batch.column("text").to_pylist():
        "\n".join(line for line in map(str.strip, text.split("\n")) if c4_keeps(line))


def megabytes_per_second(run: Callable[[pa.RecordBatch], object], parts: list[pa.RecordBatch]) -> float:
    """Of CPU time."""
    start = time.process_time()
    for part in parts:
        run(part)
    return sum(part.column("text").nbytes for part in parts) / 1e6 / (time.process_time() - start)


def main() -> None:
    """Prints one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="?")
    parser.add_argument("--megabytes", type=int, default=24)
    parser.add_argument("--lang", default="en")
    arguments = parser.parse_args()
    parts = batches(read_texts(arguments.docs), arguments.megabytes * 1_000_000, arguments.lang)
    stage = StripBoilerplate()
    megabytes_per_second(stage, parts)
    ours, theirs = megabytes_per_second(stage, parts), megabytes_per_second(c4, parts)
    figures = {"strip_boilerplate": round(ours, 1), "c4": round(theirs, 1), "ratio": round(ours / theirs, 2)}
    sys.stdout.write(json.dumps({"unit": "MB/s", **figures, "load": os.getloadavg()[0]}) + "\n")


if __name__ == "__main__":
    main()
