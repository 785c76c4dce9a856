"""Near-duplicate clusters of a corpus, from shards to verdicts: maps over shards, bands, pairs and clusters, files between them.

Memory, most while bands are sorted: some 40 bytes a document in the driver and 35 in each worker (two: 110 in all, measured at one
and three million), 24 for each candidate pair of a range (`pairs`), and what does not grow: libraries, a batch, the 64 MB of sets that
a task holds. On the disk: 256 bytes a document for its signature, four for each band, eight for each candidate pair, four for each
shingle of a member.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays import load_array, write_array
from pipeline.errors import UserError
from pipeline.files import write_json
from pipeline.neardup.candidates import FindPairs, fold_copies, split_bands
from pipeline.neardup.clusters import WalkClusters, read_clustered, write_tasks
from pipeline.neardup.earlier import DescribeEarlier, MeetEarlier, open_store, write_new_keys
from pipeline.neardup.facts import Extract, SignatureFiles, SignatureSource, read_fingerprints
from pipeline.neardup.members import DescribeMembers, read_members
from pipeline.neardup.pairs import MergePairs, range_bounds
from pipeline.neardup.search import Search
from pipeline.neardup.store import LEFT, leave_signatures
from pipeline.neardup.verdicts import write_verdicts
from pipeline.neardup.verification import VerifyPairs, held_shingles, join_edges, locations
from pipeline.stage import Corpus

Earlier = Sequence[tuple[str, int]]  # a part of earlier signatures, and how many of its documents were met

_MAX_DOCUMENTS = 1 << 32  # numbers of documents are 32 bits, two to a pair


def find_clusters(corpus: Corpus, search: Search, *, families: bool = False) -> Mapping[str, Any]:
    """Writes VERDICTS for each shard: the documents that are in a cluster. Returns the counts of every step.

    The signatures of a search for families are left in `corpus.shared` for the next search with the same rules, those of a search that
    keeps them for the end of the run; see `store.leave_signatures`. What one step leaves for the next is removed once that has
    written its own, so that little lies on the disk at a time.
    """
    done = corpus.folder / "judged.json"
    shared = corpus.shared / "signatures" / search.rules.name
    home, earlier = (shared, None) if families else (corpus.folder, str(shared) if shared.exists() else None)
    source = SignatureSource(home, earlier)
    if not done.exists():
        stores = [path for output in search.against for path in open_store(output, search.rules)]
        counts = extract_facts(corpus, search, home, earlier)
        met = meet_earlier(corpus, search, stores)
        first, found = find_candidates(corpus, search, source, len(stores))
        _remove(corpus.folder, "bands-*.npy", "pairs-*.npy")
        if not (search.keep_signatures or families):
            _remove(corpus.folder, "signatures-*.npy", "changed-*.npy")
            _remove(shared, "facts-*.arrow", "signatures-*.npy")  # facts first: signatures without them are not looked for
        members, sets = describe_members(corpus, search, first, list(zip(stores, met)))
        clustered, resolved = resolve_clusters(corpus, search, members, first)
        write_verdicts(corpus, members.rows, members.table["doc_id"], clustered)
        write_json(done, search.summary() | counts | found | sets | resolved)
    if search.keep_signatures:
        leave_signatures(source, len(corpus.shards), search.rules, corpus.shared / LEFT)
    _remove(corpus.folder, "*.npy", *(f"{name}-*.arrow" for name in ("facts", "members", "task", "clustered")))
    return dict(json.loads(done.read_text(encoding="utf-8")))


def extract_facts(corpus: Corpus, search: Search, home: Path, earlier: str | None) -> dict[str, int]:
    """Signs every document; see `facts.Extract`."""
    home.mkdir(parents=True, exist_ok=True)
    function = Extract(str(home), str(corpus.folder), earlier, search.rules, *search.bands)
    items = [[str(path), number, corpus.rows[number]] for number, path in enumerate(corpus.shards)]
    return _total(corpus.map("extract", function, items))


def meet_earlier(corpus: Corpus, search: Search, stores: list[str]) -> list[int]:
    """How many documents of each part of the earlier outputs may resemble a new one; see `earlier.MeetEarlier`.

    They become shards behind those of the corpus, and their documents get the numbers behind those of the corpus.
    """
    if not stores:
        return []
    if not (corpus.folder / "new_filter.npy").exists():
        write_new_keys(corpus.folder, len(corpus.shards))
    items = [[part, len(corpus.shards) + place] for place, part in enumerate(stores)]
    return list(corpus.map("earlier", MeetEarlier(str(corpus.folder), *search.bands), items))


def find_candidates(corpus: Corpus, search: Search, source: SignatureSource, earlier: int) -> tuple[np.ndarray, dict[str, int]]:
    """The first document with the same tokens for each document, and counts. The candidate pairs are left as `pairs.MergePairs` does.

    `earlier` is the number of shards behind those of the corpus; no pair is between two of their documents.
    """
    shards, (bands, _), documents = len(corpus.shards) + earlier, search.bands, sum(corpus.rows)
    fingerprints = read_fingerprints(source.folder, shards)
    if len(fingerprints) > _MAX_DOCUMENTS:
        raise UserError(
            f"{len(fingerprints)} documents: near-duplicates are looked for among {_MAX_DOCUMENTS} at most; split the input"
        )
    if not (corpus.folder / "first.npy").exists():  # an interrupted run may have got beyond here and have removed what follows
        folded = fold_copies(fingerprints, SignatureFiles(source, range(shards), few=True))
        write_array(corpus.folder / "fingerprints.npy", fingerprints)
        write_array(corpus.folder / "first.npy", folded)
    first = load_array(corpus.folder / "first.npy")
    own = first == np.arange(len(first), dtype=np.uint32)
    write_array(corpus.folder / "active.npy", np.flatnonzero(own & (fingerprints != 0)).astype(np.uint32))
    tasks = split_bands(bands, len(first))
    function = FindPairs(str(corpus.folder), source, shards, documents, search.least_agreeing, search.sure_agreeing)
    results = corpus.map("pairs", function, tasks)
    ranges = [(n, [[task[0], *r["cuts"][n : n + 2]] for task, r in zip(tasks, results)]) for n in _ranges(corpus)]
    counts = {
        "without_tokens_or_marked": int((fingerprints == 0).sum()),
        "exact_duplicates": int((~own).sum()),
        "candidate_pairs": sum(corpus.map("merge", MergePairs(str(corpus.folder)), ranges)),
        "compared_signatures": sum(r["compared"] for r in results),
        "largest_bucket": max((r["largest"] for r in results), default=0),
        "giant_buckets": sum(r["giants"] for r in results),
    }
    return first, counts


@dataclass(frozen=True)
class Members:
    """The documents that are in a candidate pair or have an exact copy: their places in the corpus, and `members_schema`."""

    rows: np.ndarray
    table: pa.Table


def describe_members(corpus: Corpus, search: Search, first: np.ndarray, earlier: Earlier) -> tuple[Members, dict[str, int]]:
    """Gathers shingle sets, ids and keep keys of the members; see `members.DescribeMembers`, `earlier.DescribeEarlier`."""
    in_pair = np.zeros(len(first), np.bool_)
    for number in _ranges(corpus):
        in_pair[load_array(corpus.folder / f"ends-{number:05d}.npy")] = True
    copies = np.flatnonzero(first != np.arange(len(first))).astype(np.uint32)
    member = in_pair.copy()
    member[copies] = True
    member[first[copies]] = True
    rows = np.flatnonzero(member).astype(np.uint32)
    write_array(corpus.folder / "members.npy", rows)
    write_array(corpus.folder / "needs_set.npy", in_pair[rows])
    firsts = [*corpus.first_rows(), *accumulate((count for _, count in earlier), initial=sum(corpus.rows))]
    bounds = np.searchsorted(rows, firsts).tolist()
    ranges = [
        [number, first, start, stop]
        for number, (first, (start, stop)) in enumerate(zip(firsts, pairwise(bounds)))
        if stop > start
    ]
    own = [[str(corpus.shards[r[0]]), *r] for r in ranges if r[0] < len(corpus.shards)]
    others = [[earlier[r[0] - len(corpus.shards)][0], *r] for r in ranges if r[0] >= len(corpus.shards)]
    counts = _total(
        corpus.map("members", DescribeMembers(str(corpus.folder), search.rules, search.keep), own)
        + corpus.map("earlier members", DescribeEarlier(str(corpus.folder), search.keep), others)
    )
    table = read_members(corpus.folder, [r[0] for r in ranges], search.keep)
    return Members(rows, table), {"members": len(rows), "shingles_of_members": counts.get("shingles", 0)}


def resolve_clusters(corpus: Corpus, search: Search, members: Members, first: np.ndarray) -> tuple[pa.Table, dict[str, int]]:
    """Verifies the candidate pairs, joins those that are alike to clusters and walks these. Returns CLUSTERED and counts.

    See `verification.VerifyPairs` and `clusters.WalkClusters`.
    """
    where = locations(members.table)
    write_array(corpus.folder / "locations.npy", where)
    verify = VerifyPairs(str(corpus.folder), held_shingles(where), search.limits)
    del where
    verified = _total(corpus.map("verify", verify, _ranges(corpus)))
    copy_of = np.searchsorted(members.rows, first[members.rows])
    roots = join_edges(corpus.folder, len(_ranges(corpus)), copy_of)
    fixed = members.rows >= sum(corpus.rows)
    tasks = write_tasks(corpus.folder, members.table, fixed, copy_of, roots)
    walked = _total(corpus.map("survivors", WalkClusters(str(corpus.folder), search.limits), list(range(tasks))))
    clustered = read_clustered(corpus.folder, range(tasks))
    counts = verified | walked
    counts["duplicates"] = pc.sum(pc.not_equal(clustered["member"], clustered["survivor"])).as_py() or 0
    return clustered, {name: counts.get(name, 0) for name in ("verified", "edges", "walked", "clusters", "duplicates")}


def _ranges(corpus: Corpus) -> list[int]:
    """The numbers of the ranges of pairs."""
    return list(range(len(range_bounds(sum(corpus.rows))) - 1))


def _total(results: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(result[name] for result in results) for name in (results[0] if results else {})}


def _remove(folder: Path, *patterns: str) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()
