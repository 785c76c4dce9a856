"""The whole of near-duplicate detection (read JSON Lines, find, write) against datasketch's LSH and datatrove, on the same documents.

    near_duplicates_peers.py DOCS.jsonl[.zst] [--limit 20000] [--datatrove-python PATH] [--datatrove-limit 20000]

One core each. Ours is a run with one worker and the one stage `drop_near_duplicates`, with everything that a run writes but
`signatures/`, which the others do not write either. The plain loop makes datasketch MinHashes of word 5-shingles and asks a
MinHashLSH(threshold=0.5). datatrove runs its four MinHash steps (signatures, buckets, clusters, filter) one after another. Imports
and compilation do not count: ours has run over a hundred documents before. datatrove is slow, so it may get fewer documents; where
it is not installed (extra `bench`) and --datatrove-python names no Python that has it, it is passed over.
"""

import argparse
import gzip
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = re.compile(r"\w+")


def copy_documents(docs: Path, target: Path, limit: int) -> int:
    """Writes the first documents as {id, text}, plain; returns how many."""
    count = 0
    with open(docs, "rb") as raw, open(target, "w", encoding="utf-8") as out:
        stream = raw
        if docs.suffix == ".zst":
            import zstandard

            stream = zstandard.ZstdDecompressor().stream_reader(raw)
        for count, line in enumerate(io.TextIOWrapper(stream, "utf-8"), start=1):
            record = json.loads(line)
            out.write(json.dumps({"id": str(record.get("id", count)), "text": record["text"]}) + "\n")
            if count == limit:
                break
    return count


def by_us(docs: Path, folder: Path) -> tuple[float, int]:
    """Seconds and documents kept."""
    from pipeline.job import Silent
    from pipeline.run_file import parse_config
    from pipeline.runner import run

    stages = [{"drop_near_duplicates": {"keep_signatures": False}}]
    values = {
        "input": {"path": str(docs), "columns": {"doc_id": "id"}},
        "stages": stages,
        "output": {"path": str(folder / "ours")},
    }
    config = parse_config(values, "benchmark")
    run(config, Silent(), workers=1, limit=100, overwrite=True)
    start = time.perf_counter()
    result = run(config, Silent(), workers=1, overwrite=True)
    return time.perf_counter() - start, result.counts["kept"]


def by_datasketch(docs: Path, folder: Path) -> tuple[float, int]:
    """Seconds and documents kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasketch import MinHash, MinHashLSH

    start = time.perf_counter()
    index, kept = MinHashLSH(threshold=0.5, num_perm=128), []
    with open(docs, encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line)
            words = WORDS.findall(record["text"].lower())
            minhash = MinHash(num_perm=128)
            minhash.update_batch([" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))])
            if not index.query(minhash):
                kept.append(record)
            index.insert(record["id"], minhash)
    pq.write_table(pa.Table.from_pylist(kept), folder / "datasketch.parquet", compression="zstd")
    return time.perf_counter() - start, len(kept)


def by_datatrove(docs: Path, folder: Path) -> tuple[float, int]:
    """Seconds and documents kept."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(hash_config=HashConfig(precision=64), n_grams=5)
    source = folder / "datatrove-input"
    source.mkdir()
    (source / "docs.jsonl").write_bytes(docs.read_bytes())
    places = {name: str(folder / f"datatrove-{name}") for name in ("signatures", "buckets", "remove", "kept")}
    signer = MinhashDedupSignature(output_folder=places["signatures"], config=config)
    reader = JsonlReader(str(source))
    bucket_count = config.num_buckets
    steps = [
        ([reader, signer], 1),
        ([MinhashDedupBuckets(input_folder=places["signatures"], output_folder=places["buckets"], config=config)], bucket_count),
        ([MinhashDedupCluster(input_folder=places["buckets"], output_folder=places["remove"], config=config)], 1),
        ([reader, MinhashDedupFilter(input_folder=places["remove"]), JsonlWriter(places["kept"])], 1),
    ]
    start = time.perf_counter()
    for number, (step, tasks) in enumerate(steps):
        LocalPipelineExecutor(pipeline=step, tasks=tasks, workers=1, logging_dir=str(folder / f"log-{number}")).run()
    seconds = time.perf_counter() - start
    kept = sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in Path(places["kept"]).glob("*.gz"))
    return seconds, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path)
    parser.add_argument("--limit", type=int, default=20_000)
    parser.add_argument("--datatrove-limit", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--datatrove-python")
    parser.add_argument("--only-datatrove", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = folder / "docs.jsonl"
        if args.only_datatrove:
            count = copy_documents(args.docs, docs, args.datatrove_limit)
            seconds, kept = by_datatrove(docs, folder)
            print(json.dumps({"datatrove_documents": count, "datatrove_per_second": count / seconds, "datatrove_kept": kept}))
            return
        count = copy_documents(args.docs, docs, args.limit)
        seconds, kept = min(by_us(docs, folder) for _ in range(args.rounds))
        ours = count / seconds
        figures: dict[str, object] = {
            "data": args.docs.name,
            "documents": count,
            "ours_per_second": round(ours),
            "ours_kept": kept,
        }
        seconds, kept = by_datasketch(docs, folder)
        figures |= {"datasketch_per_second": round(count / seconds), "datasketch_kept": kept}
        figures["times_datasketch"] = round(ours / (count / seconds), 1)
    python = args.datatrove_python or (sys.executable if importlib.util.find_spec("datatrove") else None)
    if python:
        command = [python, __file__, str(args.docs), "--only-datatrove", "--datatrove-limit", str(args.datatrove_limit)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peer = json.loads(printed.strip().split("\n")[-1])
        figures |= peer | {"times_datatrove": round(ours / peer["datatrove_per_second"], 1)}
    print(json.dumps(figures | {"load_average": [round(x, 1) for x in os.getloadavg()]}, indent=2))


if __name__ == "__main__":
    main()
