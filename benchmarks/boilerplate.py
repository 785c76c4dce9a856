"""Megabytes per second of `strip_boilerplate` on one core, and the ratio to C4's line rules in plain Python, on the same text.

    boilerplate.py [DOCS.jsonl[.zst] ...] [--megabytes 24] [--lang en] [--by-language]

Records are {text, …} or labelled pages {lines: [[label, text], …], lang, …}. With --by-language the records of each `lang` are a
corpus of their own, repeated until it has as many megabytes: so a line of figures a language, for those that a pack serves, and
one for all languages mixed in every batch. Without a file the text is made of the seeds' paragraphs. CPU time, the best of three
rounds after one that compiles the kernels and reads the patterns. C4's rules are those of Raffel et al. 2020 (section 2.2): a line
stays that ends in a terminal mark, has three words or more and names no policy and no script. They say nothing of quality, for
which see `make gate`.
"""

import argparse
import io
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow as pa
import zstandard

from pipeline.boilerplate.packs import read_pack, shipped_packs
from pipeline.schema import make_batch
from pipeline.stages.strip_boilerplate import StripBoilerplate

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
BATCH_BYTES = 8 << 20
ROUNDS = 3
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
Document = tuple[str, str]  # text, language


def read_documents(path: str, lang: str) -> Iterator[Document]:
    """The documents of a file, of this language where it names none."""
    with open(path, "rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw) if path.endswith(".zst") else raw
        for line in io.TextIOWrapper(stream, "utf-8"):
            record: dict[str, Any] = json.loads(line)
            text = record["text"] if "text" in record else "\n".join(text for _, text in record["lines"])
            yield text, record.get("lang") or lang


def seed_documents(lang: str) -> Iterator[Document]:
    """Endless documents of the seeds' paragraphs (seeded)."""
    lines = [line for seed in sorted(SEEDS.glob("*.txt")) for line in seed.read_text(encoding="utf-8").split("\n")]
    draw = random.Random(1)
    while True:
        yield "\n".join(draw.choices(lines, k=20)), lang


def batches(documents: Iterable[Document], size: int) -> list[pa.RecordBatch]:
    """Batches of BATCH_BYTES, together of about `size` bytes, or of all documents if those are fewer."""
    made: list[pa.RecordBatch] = []
    part: list[Document] = []
    total = held = 0
    for document in documents:
        part.append(document)
        held += len(document[0].encode())
        if held >= BATCH_BYTES or total + held >= size:
            texts, langs = zip(*part)
            made.append(make_batch({"doc_id": [str(i) for i in range(len(part))], "text": texts, "lang": langs}))
            total, held, part = total + held, 0, []
        if total >= size:
            break
    return made


def corpora(paths: list[str], lang: str, by_language: bool) -> Mapping[str, Iterable[Document]]:
    """The documents to measure, by the name of the figure."""
    if not paths:
        return {lang: seed_documents(lang)}
    documents = [document for path in paths for document in read_documents(path, lang)]
    if not by_language:
        return {lang: documents}
    served = sorted(found for name in shipped_packs().values() if (found := read_pack(name).lang))
    mine = {name: [document for document in documents if document[1] == name] for name in served}
    return {name: cycle(found) for name, found in mine.items() if found} | {"mixed": cycle(documents)}


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
    """Of CPU time, in the best of the rounds."""
    size, best = sum(part.column("text").nbytes for part in parts) / 1e6, 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for part in parts:
            run(part)
        best = max(best, size / (time.process_time() - start))
    return best


def main() -> None:
    """Prints one JSON line for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="*")
    parser.add_argument("--megabytes", type=int, default=24)
    parser.add_argument("--lang", default="en")
    parser.add_argument("--by-language", action="store_true")
    arguments = parser.parse_args()
    stage = StripBoilerplate()
    for name, documents in corpora(arguments.docs, arguments.lang, arguments.by_language).items():
        parts = batches(documents, arguments.megabytes * 1_000_000)
        stage(parts[0])
        ours, theirs = megabytes_per_second(stage, parts), megabytes_per_second(c4, parts)
        figures = {"strip_boilerplate": round(ours, 1), "c4": round(theirs, 1), "ratio": round(ours / theirs, 2)}
        load = round(os.getloadavg()[0], 1)
        sys.stdout.write(json.dumps({"corpus": name, "unit": "MB/s", **figures, "load": load}, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
