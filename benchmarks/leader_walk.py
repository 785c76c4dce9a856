"""What the leader walk through large buckets costs in recall: against all pairs of every bucket, each verified exactly.

    leader_walk.py DOCS.jsonl[.zst] [--limit 72644] [--threshold 0.5]

Prints the pairs of documents that share a bucket of some band and are near-duplicates (exact Jaccard of their shingle sets), how many of
them end in one cluster, and how many are kept both. Distinct texts only: copies are folded before. Memory grows with the square of
the largest bucket.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
from signatures import read_texts

from pipeline.kernels.bands import band_keys
from pipeline.neardup import find_duplicates, shingle_hashes, signatures
from pipeline.neardup.bands import choose_bands, least_agreeing
from pipeline.neardup.candidates import equal_keys
from pipeline.neardup.pairs import distinct
from pipeline.neardup.signatures import shorten

AT_ONCE = 100_000


def bucket_pairs(short: np.ndarray, bands: int, rows: int) -> tuple[np.ndarray, int]:
    """All pairs of documents that share a bucket: `smaller << 32 | larger`, distinct; and the size of the largest bucket."""
    keys = np.empty((bands, len(short)), np.uint32)
    band_keys(short, bands, rows, keys)
    pairs, largest = np.empty(0, np.uint64), 0
    for key in keys:
        places, starts = equal_keys(key.astype(np.uint64) << np.uint64(32))
        found = [pairs]
        for size in np.unique(np.diff(starts)):
            largest = max(largest, int(size))
            members = places[starts[:-1][np.diff(starts) == size][:, None] + np.arange(size)].astype(np.uint64)
            a, b = np.triu_indices(size, 1)
            found.append(
                (np.minimum(members[:, a], members[:, b]) << np.uint64(32) | np.maximum(members[:, a], members[:, b])).ravel()
            )
        pairs = distinct(np.concatenate(found))
    return pairs, largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path)
    parser.add_argument("--limit", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.5)
    args = parser.parse_args()
    texts = read_texts(args.docs, args.limit)
    table = find_duplicates(pa.array(texts, pa.large_string()), threshold=args.threshold)
    cluster, kept = np.full(len(texts), -1), np.ones(len(texts), np.bool_)
    cluster[table["row"].to_numpy()] = table["cluster_id"].cast(pa.int64()).to_numpy()
    kept[table["row"].to_numpy()[table["survivor_id"].is_valid().to_numpy()]] = False
    short = shorten(signatures(pa.array(texts, pa.large_string())))
    first = np.unique(short, axis=0, return_index=True)[1]  # one of each set of copies
    first = np.sort(first[(short[first] != 0).any(axis=1)])
    pairs, largest = bucket_pairs(np.ascontiguousarray(short[first]), *choose_bands(args.threshold, 0.99, 128))
    least = least_agreeing(args.threshold, 128)
    alike = []
    for at in range(0, len(pairs), AT_ONCE):
        a, b = first[pairs[at : at + AT_ONCE] >> np.uint64(32)], first[pairs[at : at + AT_ONCE] & np.uint64(0xFFFFFFFF)]
        close = (short[a] == short[b]).sum(axis=1) >= least
        alike += [(x, y) for x, y in zip(a[close].tolist(), b[close].tolist())]
    needed = sorted({x for pair in alike for x in pair})
    sets = dict(zip(needed, shingle_hashes([texts[x] for x in needed])))
    together = both_kept = links = 0
    for a, b in alike:
        shared = len(np.intersect1d(sets[a], sets[b], assume_unique=True))
        if shared >= args.threshold * (len(sets[a]) + len(sets[b]) - shared):
            links += 1
            together += bool(cluster[a] == cluster[b] >= 0)
            both_kept += bool(kept[a] and kept[b])
    figures = {"data": args.docs.name, "documents": len(texts), "largest_bucket": largest, "pairs_in_a_bucket": len(pairs)}
    figures |= {"near_duplicate_pairs": links, "in_one_cluster": together, "both_kept": both_kept}
    print(json.dumps(figures | {"load_average": [round(x, 1) for x in os.getloadavg()]}, indent=2))


if __name__ == "__main__":
    main()
