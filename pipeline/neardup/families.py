"""Families: near-duplicate clusters of the text as it came, so that no evidence is counted twice because a story was copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Gt, Le

from pipeline.edits import NO_EDITS
from pipeline.neardup.find import find_clusters
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.search import Search
from pipeline.neardup.verdicts import overlay
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Corpus, Outcome


@dataclass(frozen=True)
class FindFamilies:
    """Sets `family_id` of every document that is not marked: the id of its cluster's first in input order, or its own.

    Drops nothing. The signatures stay in the run's shared folder, where `drop_near_duplicates` takes over those of documents
    whose text did not change.
    """

    threshold: Annotated[float, Gt(0), Le(1)] = field(
        default=0.5, metadata={"help": "Jaccard similarity of shingle sets from which documents are one family"}
    )
    shingle_words: Annotated[int, Ge(1)] = field(default=5, metadata={"help": "tokens in a shingle"})
    num_perm: Annotated[int, Ge(1)] = field(default=128, metadata={"help": "places of a signature"})
    seed: Annotated[int, Ge(0)] = field(default=1, metadata={"help": "seed of the permutations"})
    target_recall: Annotated[float, Gt(0), Le(1)] = field(
        default=0.99, metadata={"help": "chance that a pair at the threshold is found, from which the bands are chosen"}
    )

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        """Verdicts for the documents that share their family; returns counts."""
        rules = SignatureRules(self.num_perm, self.seed, self.shingle_words)
        return find_clusters(corpus, Search(self.threshold, rules, self.target_recall, "first"), families=True)

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        """The batch with `family_id`; marked rows keep what they have."""
        families = overlay(batch, verdicts, "cluster_id", "doc_id")
        families = pc.if_else(pa.array(live_rows(batch)), families, batch["family_id"])
        return Outcome(replace_columns(batch, family_id=families), NO_EDITS)
