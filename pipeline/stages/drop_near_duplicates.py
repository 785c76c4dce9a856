"""Marks near-duplicates: in every cluster the best document stays, and those that resemble a kept one are dropped for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Gt, Le

from pipeline.edits import NO_EDITS
from pipeline.neardup.earlier import describe_store, store_digest
from pipeline.neardup.find import find_clusters
from pipeline.neardup.keep import Keep
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.search import MIN_SHARED, Search
from pipeline.neardup.verdicts import overlay
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Corpus, Outcome

# Something to see: a character that is no space, control or format character. "\u00a0\u200d" is blank; "." is not.
_VISIBLE = r"[^\p{Z}\p{Cc}\p{Cf}]"


@dataclass(frozen=True)
class DropNearDuplicates:
    """Sets `cluster_id`, `cluster_size`, and for dropped documents `survivor_id`, `similarity`, `containment` and the reason.

    `cluster_id` is the id of the cluster's best document in the keep order. A document in no cluster has none, and size 1.
    `similarity` is the exact Jaccard similarity of the shingle sets of the document and its survivor (sets of 32-bit hashes:
    collisions change it by less than 0.0001 for news), `containment` the share of its own shingles that the survivor has. Texts
    of fewer than some twenty words go for equal ones only, unless `min_shared_shingles` is lower: what differs is what they tell. A
    document is dropped only if it was compared with its survivor itself. Texts with nothing to see are dropped as `empty`.
    """

    threshold: Annotated[float, Gt(0), Le(1)] = field(
        default=0.5, metadata={"help": "Jaccard similarity of shingle sets from which documents are near-duplicates"}
    )
    shingle_words: Annotated[int, Ge(1)] = field(default=5, metadata={"help": "tokens in a shingle"})
    min_shared_shingles: Annotated[int, Ge(1), Le(1_000_000)] = field(
        default=MIN_SHARED,
        metadata={
            "help": "shingles that near-duplicates share besides, unless they are equal word for word, so that short texts which differ "
            "in a word stay; 1: similarity alone counts (`containment` asks for none)"
        },
    )
    keep: Keep = field(
        default="longest",
        metadata={
            "help": "which document of a cluster stays: longest, newest, oldest, first, lowest_mt_score, {sources: [best, next …]}, "
            "or a list of them, each for the ties of those before; the last ties by doc_id"
        },
    )
    containment: Annotated[float, Gt(0), Le(1)] | None = field(
        default=None,
        metadata={"help": "a document also goes for a kept one that holds this share of its shingles (a shorter version of it)"},
    )
    against: tuple[str, ...] = field(
        default=(),
        metadata={"help": "outputs of earlier runs: a document that resembles one of theirs goes for it, whatever `keep` says"},
    )
    keep_signatures: bool = field(
        default=True, metadata={"help": "keep signatures/ of the documents beside the output, for `against` of later runs"}
    )
    num_perm: Annotated[int, Ge(1)] = field(default=128, metadata={"help": "places of a signature"})
    seed: Annotated[int, Ge(0)] = field(default=1, metadata={"help": "seed of the permutations"})
    target_recall: Annotated[float, Gt(0), Le(1)] = field(
        default=0.99, metadata={"help": "chance that a pair at the threshold is found, from which the bands are chosen"}
    )

    def __post_init__(self) -> None:
        self._search()  # which refuses what no bands can find

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        """Verdicts for the documents that are in a cluster; returns counts."""
        return find_clusters(corpus, self._search())

    def input_digests(self) -> dict[str, str]:
        """What a run with these settings reads besides its documents: the signatures of earlier runs."""
        return {output: store_digest(output, self._search().rules) for output in self.against}

    def describe(self) -> list[str]:
        """What the settings mean, line by line: for `pipeline check`."""
        search = self._search()
        return [*search.describe(), *(describe_store(output, search.rules) for output in self.against)]

    def _search(self) -> Search:
        rules = SignatureRules(self.num_perm, self.seed, self.shingle_words)
        more = (self.containment, self.against, self.keep_signatures)
        return Search(self.threshold, rules, self.target_recall, self.keep, *more, self.min_shared_shingles)

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        """The batch with its clusters, its near-duplicates and blank texts marked; rows marked before stay as they are."""
        live = live_rows(batch)
        blank = live & ~pc.match_substring_regex(batch["text"], _VISIBLE).to_numpy(zero_copy_only=False)
        columns = {name: overlay(batch, verdicts, name) for name in ("cluster_id", "survivor_id", "similarity", "containment")}
        size = pc.fill_null(overlay(batch, verdicts, "cluster_size"), pa.scalar(1, pa.int32()))
        columns["cluster_size"] = pc.if_else(pa.array(live & ~blank), size, batch["cluster_size"])
        reason = pc.if_else(pc.is_valid(columns["survivor_id"]), "near_duplicate", batch["drop_reason"])
        columns["drop_reason"] = pc.if_else(pa.array(blank), "empty", reason)
        return Outcome(replace_columns(batch, **columns), NO_EDITS)
