"""What must always hold of `drop_near_duplicates`, by Hypothesis."""

import random
from itertools import combinations

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.neardup import shingle_hashes
from pipeline.neardup.search import MIN_SHARED
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.stages.test_drop_near_duplicates import jaccard, judged, kept, text
from tests.support import batch_of, run_stage

WORDS = st.lists(st.sampled_from([f"w{i}" for i in range(40)]), max_size=60)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Texts of which many are edits of others, so that clusters and chains come about."""
    made = [draw(WORDS)]
    for _ in range(draw(st.integers(0, 9))):
        base = draw(st.sampled_from(made))
        cut = draw(st.integers(0, len(base)))
        made.append(draw(st.sampled_from([base[:cut] + draw(WORDS)[:5], base[cut:], base, draw(WORDS)])))
    return [text(words) for words in made]


def alike(one: str, two: str, threshold: float, least: int = MIN_SHARED) -> bool:
    """Whether two texts are near-duplicates by the plain rule: similar, and with something to show for it, or equal."""
    a, b = (set(hashes.tolist()) for hashes in shingle_hashes([one, two]))
    return jaccard(one, two) >= threshold and (len(a & b) >= least or a == b)


LAWFUL = settings(max_examples=30, suppress_health_check=list(HealthCheck))


@LAWFUL
@given(corpora(), st.sampled_from([0.2, 0.5, 0.8]), st.sampled_from([1, MIN_SHARED, 30]))
def test_result_is_what_all_pairs_give(texts: list[str], threshold: float, least: int) -> None:
    """Clusters are the components of all pairs at the threshold; drops are proven; no two kept ones of a cluster are alike."""
    rows = judged(texts, DropNearDuplicates(threshold=threshold, target_recall=0.9999999, min_shared_shingles=least))
    group = {i: {i} for i in range(len(texts))}
    for i, j in combinations(range(len(texts)), 2):
        if alike(texts[i], texts[j], threshold, least):
            merged = group[i] | group[j]
            group.update(dict.fromkeys(merged, merged))
    for i, row in enumerate(rows):
        if texts[i]:
            assert row["cluster_size"] == len(group[i])
            assert (row["cluster_id"] is None) == (len(group[i]) == 1)
        if row["survivor_id"] is not None:
            survivor = int(row["survivor_id"][1:])
            assert rows[survivor]["drop_reason"] is None
            assert row["similarity"] == jaccard(texts[i], texts[survivor]) >= threshold
            assert len(texts[survivor]) >= len(texts[i])
    alive = [i for i, row in enumerate(rows) if row["drop_reason"] is None]
    assert not any(alike(texts[i], texts[j], threshold, least) for i, j in combinations(alive, 2))


@LAWFUL
@given(corpora(), st.randoms(use_true_random=False))
def test_input_order_and_sharding_do_not_matter(texts: list[str], shuffler: random.Random) -> None:
    """The same documents in another order, in other batches and shards, fare the same."""
    batch = batch_of(texts)
    order = list(range(len(texts)))
    shuffler.shuffle(order)
    shuffled = batch.take(pa.array(order))
    cut = len(texts) // 2
    first, _ = run_stage(DropNearDuplicates(), [[batch]])
    second, _ = run_stage(DropNearDuplicates(), [[shuffled.slice(0, cut)], [], [shuffled.slice(cut, 1), shuffled.slice(cut + 1)]])
    assert second.sort_by("doc_id").to_pylist() == first.sort_by("doc_id").to_pylist()


@LAWFUL
@given(corpora())
def test_second_run_over_the_kept_drops_nothing(texts: list[str]) -> None:
    """What was kept is clean."""
    table, _ = run_stage(DropNearDuplicates(), [[batch_of(texts)]])
    remaining = [row["text"] for row in table.to_pylist() if row["drop_reason"] is None]
    assert len(kept(judged(remaining))) == len(remaining)
