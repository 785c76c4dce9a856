"""Near-duplicate clusters of a corpus, from shards to verdicts: maps over shards, bands and components, files between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UserError
from pipeline.files import write_array
from pipeline.neardup.bands import choose_bands, exact_fraction, least_agreeing
from pipeline.neardup.candidates import FindPairs, fold_copies, merge_pairs, split_bands
from pipeline.neardup.clusters import ResolveTask, read_clustered, write_tasks
from pipeline.neardup.facts import Extract, SignatureFiles, read_fingerprints
from pipeline.neardup.members import DescribeMembers, Keep, rank, read_members
from pipeline.neardup.rules import SCHEME, TOKEN_RULES, SignatureRules, unicode_version
from pipeline.neardup.verdicts import write_verdicts
from pipeline.stage import Corpus

# What a member of a large bucket must agree with its leader beyond the threshold to be left to it: four standard errors
# (0.044 each at 128 permutations), so that the leader is verified for it all but always.
_SURE_MARGIN = 0.18

_MAX_DOCUMENTS = 1 << 32  # numbers of documents are 32 bits, two to a pair


@dataclass(frozen=True)
class Search:
    """What to look for: documents whose shingle sets have a Jaccard similarity of at least `threshold`."""

    threshold: float
    rules: SignatureRules
    target_recall: float
    keep: Keep

    @property
    def bands(self) -> tuple[int, int]:
        """Bands and rows."""
        return choose_bands(self.threshold, self.target_recall, self.rules.num_perm)

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        bands, rows = self.bands
        return {
            "scheme": SCHEME,
            "token_rules": TOKEN_RULES,
            "unicode": unicode_version(),
            "num_perm": self.rules.num_perm,
            "seed": self.rules.seed,
            "shingle_words": self.rules.shingle_words,
            "bands": bands,
            "rows": rows,
        }


def find_clusters(corpus: Corpus, search: Search, *, leave_signatures: bool = False) -> Mapping[str, Any]:
    """Writes VERDICTS for each shard: the documents that are in a cluster. Returns the counts of every step.

    With `leave_signatures` the signatures are left in `corpus.shared`, where later searches with the same rules find them.
    """
    shared = corpus.shared / "signatures" / search.rules.name
    home = shared if leave_signatures else corpus.folder
    counts = extract_facts(corpus, search, home, None if leave_signatures else shared)
    first, pairs, found = find_candidates(corpus, search, home)
    members, sets = describe_members(corpus, search, first, pairs)
    clustered, resolved = resolve_clusters(corpus, search, members, first, pairs)
    write_verdicts(corpus, members.rows, members.table["doc_id"], clustered)
    return search.describe() | counts | found | sets | resolved


def extract_facts(corpus: Corpus, search: Search, home: Path, earlier: Path | None) -> dict[str, int]:
    """Signs every document; see `facts.Extract`."""
    home.mkdir(parents=True, exist_ok=True)
    function = Extract(str(home), str(corpus.folder), str(earlier) if earlier else None, search.rules, *search.bands)
    return _total(corpus.map("extract", function, [[str(path), number] for number, path in enumerate(corpus.shards)]))


def find_candidates(corpus: Corpus, search: Search, home: Path) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """The first document with the same tokens for each document, the distinct candidate pairs, and counts."""
    shards, (bands, _) = len(corpus.shards), search.bands
    fingerprints = read_fingerprints(home, shards)
    if len(fingerprints) > _MAX_DOCUMENTS:
        raise UserError(
            f"{len(fingerprints)} documents: near-duplicates are looked for among {_MAX_DOCUMENTS} at most; split the input"
        )
    first = fold_copies(fingerprints, SignatureFiles(home, shards))
    own = first == np.arange(len(first))
    write_array(corpus.folder / "fingerprints.npy", fingerprints)
    write_array(corpus.folder / "active.npy", np.flatnonzero(own & (fingerprints != 0)).astype(np.uint32))
    least = least_agreeing(search.threshold, search.rules.num_perm)
    sure = int(min(search.threshold + _SURE_MARGIN, 1.0) * search.rules.num_perm)
    tasks = split_bands(bands, len(first))
    results = corpus.map("pairs", FindPairs(str(corpus.folder), str(home), shards, least, sure), tasks)
    pairs = merge_pairs(corpus.folder, tasks)
    return (
        first,
        pairs,
        {
            "without_tokens_or_marked": int((fingerprints == 0).sum()),
            "exact_duplicates": int((~own).sum()),
            "candidate_pairs": len(pairs),
            "compared_signatures": sum(r["compared"] for r in results),
            "largest_bucket": max((r["largest"] for r in results), default=0),
            "giant_buckets": sum(r["giants"] for r in results),
        },
    )


@dataclass(frozen=True)
class Members:
    """The documents that are in a candidate pair or have an exact copy: their places in the corpus, and `members.MEMBERS`."""

    rows: np.ndarray
    table: pa.Table


def describe_members(corpus: Corpus, search: Search, first: np.ndarray, pairs: np.ndarray) -> tuple[Members, dict[str, int]]:
    """Gathers shingle sets, ids and keep keys of the members; see `members.DescribeMembers`."""
    paired = np.unique(np.concatenate([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)])).astype(np.uint32)
    copies = np.flatnonzero(first != np.arange(len(first))).astype(np.uint32)
    rows = np.unique(np.concatenate([paired, copies, first[copies]]))
    write_array(corpus.folder / "members.npy", rows)
    write_array(corpus.folder / "needs_set.npy", np.isin(rows, paired))
    firsts = corpus.first_rows()
    bounds = np.searchsorted(rows, [*firsts, sum(corpus.rows)])
    items: list[list[str | int]] = [
        [str(path), number, firsts[number], int(bounds[number]), int(bounds[number + 1])]
        for number, path in enumerate(corpus.shards)
        if bounds[number + 1] > bounds[number]
    ]
    counts = _total(corpus.map("members", DescribeMembers(str(corpus.folder), search.rules, search.keep), items))
    table = read_members(corpus.folder, [int(item[1]) for item in items])
    return Members(rows, table), {"members": len(rows), "shingles_of_members": counts.get("shingles", 0)}


def resolve_clusters(
    corpus: Corpus, search: Search, members: Members, first: np.ndarray, pairs: np.ndarray
) -> tuple[pa.Table, dict[str, int]]:
    """Verifies the candidate pairs and walks the clusters; see `clusters.ResolveTask`. Returns CLUSTERED and counts."""
    places = np.searchsorted(members.rows, np.stack([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)], axis=1))
    copy_of = np.searchsorted(members.rows, first[members.rows])
    tasks = write_tasks(corpus.folder, members.table, rank(members.table), copy_of, places)
    counts = _total(corpus.map("resolve", ResolveTask(str(corpus.folder), *exact_fraction(search.threshold)), list(range(tasks))))
    clustered = read_clustered(corpus.folder, range(tasks))
    dropped = pc.sum(pc.not_equal(clustered["member"], clustered["survivor"])).as_py() or 0
    names = ("verified", "edges", "walked", "clusters")
    return clustered, {name: counts.get(name, 0) for name in names} | {"duplicates": dropped}


def _total(results: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(result[name] for result in results) for name in (results[0] if results else {})}
