"""The plain use of the libraries, a document at a time: ftfy, langdetect, datasketch, Parquet. What ratios are quoted against.

    plain_stack.py DOCS.jsonl[.zst] OUT.parquet [--limit N]

Prints one JSON line: documents, kept, documents_per_second. One process.
"""

import argparse
import io
import json
import re
import time

import ftfy
import langdetect
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from datasketch import MinHash, MinHashLSH

WORDS = re.compile(r"\w+")


def records(path: str, limit: int | None):
    """The records of a JSON Lines file, the first `limit` of them."""
    raw = open(path, "rb")  # noqa: SIM115 - lives as long as the process
    stream = zstandard.ZstdDecompressor().stream_reader(raw) if path.endswith(".zst") else raw
    for number, line in enumerate(io.TextIOWrapper(stream, "utf-8")):
        if number == limit:
            return
        yield json.loads(line)


def signature(text: str) -> MinHash:
    """MinHash of the lower-cased word 5-shingles."""
    words = WORDS.findall(text.lower())
    minhash = MinHash(num_perm=128)
    minhash.update_batch([" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))])
    return minhash


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs")
    parser.add_argument("out")
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    langdetect.DetectorFactory.seed = 0
    langdetect.detect("warm up the profiles")
    index, kept, count = MinHashLSH(threshold=0.5, num_perm=128), [], 0
    start = time.perf_counter()
    for count, record in enumerate(records(args.docs, args.limit), start=1):
        text = ftfy.fix_text(record["text"])
        try:
            lang = langdetect.detect(text)
        except langdetect.LangDetectException:
            lang = None
        minhash = signature(text)
        if not index.query(minhash):
            kept.append({"doc_id": str(record.get("id", count)), "text": text, "lang": lang})
        index.insert(count, minhash)
    pq.write_table(pa.Table.from_pylist(kept), args.out, compression="zstd")
    rate = count / (time.perf_counter() - start)
    print(json.dumps({"documents": count, "kept": len(kept), "documents_per_second": round(rate, 1)}))


if __name__ == "__main__":
    main()
