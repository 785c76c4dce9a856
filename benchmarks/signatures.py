"""Text to 128-permutation MinHash signatures: ours against datasketch and rensa, on the same texts, one core, in one run.

    signatures.py [DOCS.jsonl[.zst]] [--limit 2000] [--rounds 3]

All make shingles of five words. datasketch and rensa get them as the plain use of these libraries makes them: `re` words of the
lower-cased text, joined and encoded. rensa is `RMinHash.update`, which takes in every shingle; its `rho` sketches sample tokens by
place, miss a copy with one word put in, and are no comparison. The best of the rounds counts; compilation and imports do not.
Without a file the texts are the seeds', each many times with a number put before.
"""

import argparse
import io
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("RAYON_NUM_THREADS", "1")

import pyarrow as pa
from datasketch import MinHash

from pipeline.neardup import signatures

WORDS = re.compile(r"\w+")
REPO = Path(__file__).resolve().parent.parent


def read_texts(path: Path | None, limit: int) -> list[str]:
    """The first texts of a JSON Lines file, or variations of the seeds."""
    if path is None:
        seeds = [p.read_text(encoding="utf-8") for p in sorted((REPO / "seeds").glob("*.txt"))]
        return [f"{i} {seeds[i % len(seeds)]}" for i in range(limit)]
    with open(path, "rb") as raw:
        stream = raw
        if path.suffix == ".zst":
            import zstandard

            stream = zstandard.ZstdDecompressor().stream_reader(raw)
        return [json.loads(line)["text"] for line, _ in zip(io.TextIOWrapper(stream, "utf-8"), range(limit))]


def shingles(text: str) -> list[str]:
    words = WORDS.findall(text.lower())
    return [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]


def by_datasketch(texts: list[str]) -> None:
    for text in texts:
        MinHash(num_perm=128).update_batch([shingle.encode() for shingle in shingles(text)])


def by_rensa(texts: list[str]) -> None:
    from rensa import RMinHash

    for text in texts:
        RMinHash(num_perm=128, seed=1).update(shingles(text))


def rate(function: Callable[[list[str]], object], texts: list[str], rounds: int, given: object = None) -> float:
    """Documents per second, the best of the rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        function(texts if given is None else given)  # type: ignore[arg-type]
        best = min(best, time.perf_counter() - start)
    return len(texts) / best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="?", type=Path)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    texts = read_texts(args.docs, args.limit)
    column = pa.array(texts, pa.large_string())
    signatures(column[:10])
    ours = rate(signatures, texts, 3 * args.rounds, column)
    figures = {"data": args.docs.name if args.docs else "seeds", "documents": len(texts)}
    figures |= {"mean_bytes": round(sum(len(t.encode()) for t in texts) / len(texts)), "ours_per_second": round(ours)}
    figures["microseconds_per_document"] = round(1e6 / ours, 2)
    peers = {"datasketch": by_datasketch, "rensa": by_rensa}
    for name, function in peers.items():
        try:
            peer = rate(function, texts, args.rounds)
        except ImportError:
            continue  # rensa comes with the extra `bench`
        figures |= {f"{name}_per_second": round(peer), f"times_{name}": round(ours / peer, 1)}
    print(json.dumps(figures | {"load_average": [round(x, 1) for x in os.getloadavg()]}, indent=2))


if __name__ == "__main__":
    main()
