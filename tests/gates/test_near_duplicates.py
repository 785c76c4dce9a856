"""Near-duplicates at the size where a rate can be pinned: edited copies of many lengths, and licence texts with their labels."""

import importlib.util
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.neardup import find_duplicates, shingle_hashes
from pipeline.schema import make_batch
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.support import write_shards

PER_LENGTH = 100


def words_of(number: int, count: int) -> list[str]:
    """A made-up document; words repeat as in text, documents share none of their five-word runs."""
    made = random.Random(number)
    return [f"w{int(made.paretovariate(0.6)) % 20_000}" for _ in range(count)]


@pytest.mark.parametrize("edit", ["inserted", "prepended"])
def test_copies_with_one_word_more_are_found(edit: str) -> None:
    """Sketches that sample words by their place miss every one of these; at least 995 of 1,000 must be found."""
    originals = [words_of(i, length) for i, length in enumerate(np.linspace(90, 1000, 10 * PER_LENGTH).astype(int))]
    draw = random.Random(edit)
    places = [draw.randrange(1, len(words)) if edit == "inserted" else 0 for words in originals]
    copies = [[*words[:at], "new", *words[at:]] for words, at in zip(originals, places)]
    table = find_duplicates([" ".join(words) for words in originals + copies])
    found = {(row["row"], row["survivor_id"]) for row in table.to_pylist() if row["survivor_id"] is not None}
    right = sum((i, str(i + len(originals))) in found for i in range(len(originals)))
    assert right >= 0.995 * len(originals)
    assert len(found) == right


def licences() -> tuple[list[str], list[str]]:
    """Texts of at least 40 words that licensedcode-data ships, and the licence expression that each is labelled with."""
    spec = importlib.util.find_spec("licensedcode")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("licensedcode-data is not installed (extra bench)")
    data = Path(next(iter(spec.submodule_search_locations))) / "data"
    texts, labels = [], []
    for path in sorted([*data.glob("licenses/*.LICENSE"), *data.glob("rules/*.RULE")]):
        head, _, text = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
        label = re.search(r"^(?:license_expression|key): (.+)$", head, re.MULTILINE)
        if label is not None and len(text.split()) >= 40:
            texts.append(text)
            labels.append(label[1])
    return texts, labels


def similarities(probes: np.ndarray, sets: list[np.ndarray]) -> list[np.ndarray]:
    """The exact Jaccard similarity of each probe to every set, without any sketch."""
    sizes = np.array([len(s) for s in sets])
    names = np.unique(np.concatenate(sets), return_inverse=True)[1]
    starts = np.cumsum(sizes) - sizes
    rows = []
    for probe in probes:
        mark = np.zeros(names.max() + 1, np.int32)
        mark[names[starts[probe] : starts[probe] + sizes[probe]]] = 1
        both = np.add.reduceat(mark[names], starts)
        rows.append(both / (sizes + sizes[probe] - both))
    return rows


@pytest.mark.gate
def test_versions_of_licences_are_found_and_labelled_alike() -> None:
    """Thousands of licence texts and notices, many of them versions of each other.

    Against exact pairs of 300 sampled texts: recall of pairs in one cluster, none of them both kept, and every drop is proven.
    """
    texts, _ = licences()
    table = find_duplicates(pa.array(texts, pa.large_string())).to_pylist()
    cluster = {row["row"]: row["cluster_id"] for row in table}
    dropped = {row["row"]: row for row in table if row["survivor_id"] is not None}
    sets = shingle_hashes(texts)
    probes = np.random.default_rng(1).choice(len(texts), 300, replace=False)
    seen, together, both_kept = {0.5: 0, 0.6: 0}, {0.5: 0, 0.6: 0}, 0
    for probe, similarity in zip(probes.tolist(), similarities(probes, sets)):
        for other in np.flatnonzero(similarity >= 0.5).tolist():
            if other != probe:
                both_kept += probe not in dropped and other not in dropped
                for level in seen:
                    seen[level] += bool(similarity[other] >= level)
                    together[level] += bool(similarity[other] >= level and cluster.get(probe, -1) == cluster.get(other))
    assert seen[0.6] > 2000
    assert together[0.5] >= 0.995 * seen[0.5]
    assert together[0.6] >= 0.999 * seen[0.6]
    assert both_kept <= 0.001 * seen[0.5]
    for row, found in dropped.items():
        a, b = sets[row], sets[int(found["survivor_id"])]
        both = len(np.intersect1d(a, b, assume_unique=True))
        assert found["similarity"] == both / (len(a) + len(b) - both) >= 0.5


@pytest.mark.gate
@pytest.mark.parametrize(("threshold", "floor"), [(0.5, 0.52), (0.7, 0.69), (0.9, 0.80)])
def test_dropped_licences_share_a_licence_with_their_survivor(threshold: float, floor: float) -> None:
    """Measured 0.53, 0.70, 0.81 on licensedcode-data 32.1.

    Its labels tell apart what differs by a word (GPL 2.0 and 2.0 or later), and free-text licences under names of their own.
    """
    texts, labels = licences()
    names = [set(re.findall(r"[a-z0-9][a-z0-9.-]*", label.lower())) - {"and", "or", "with"} for label in labels]
    table = find_duplicates(texts, threshold=threshold).to_pylist()
    dropped = [row for row in table if row["survivor_id"] is not None]
    assert sum(bool(names[row["row"]] & names[int(row["survivor_id"])]) for row in dropped) >= floor * len(dropped)


def story(words: int) -> str:
    """A made-up story."""
    return " ".join(words_of(7, words))


def judge(folder: Path, texts: pa.Array) -> tuple[Mapping[str, Any], int]:
    """What the stage counts, and how many documents it drops."""
    parts = [texts.slice(at, 50_000) for at in range(0, len(texts), 50_000)]
    batches = [make_batch({"doc_id": [f"{at}-{i}" for i in range(len(part))], "text": part}) for at, part in enumerate(parts)]
    corpus = write_shards(folder, [batches])
    counts = DropNearDuplicates(keep="first", keep_signatures=False).judge(corpus)
    return counts, counts["duplicates"]


def versions_of_one_story(count: int) -> pa.Array:
    """Texts of a hundred words that differ in their last two."""
    numbers = pa.array(range(count)).cast(pa.string())
    return pc.binary_join_element_wise(story(100), pc.binary_join_element_wise("a", numbers, ""), numbers, " ")


@pytest.mark.parametrize("count", [10_000, pytest.param(1_000_000, marks=pytest.mark.gate)])
def test_bucket_of_all_documents_costs_linear_time_and_is_reported(tmp_path: Path, count: int) -> None:
    """Ten thousand, and a million, versions of one story in the same buckets: one stays; few comparisons a document."""
    counts, dropped = judge(tmp_path, versions_of_one_story(count))
    assert dropped == count - 1
    assert counts["giant_buckets"] >= 30
    assert counts["largest_bucket"] >= 0.95 * count
    assert counts["compared_signatures"] < 45 * count
    assert counts["candidate_pairs"] < 45 * count
    assert counts["walked"] < 2 * count


@pytest.mark.parametrize("megabytes", [2, pytest.param(100, marks=pytest.mark.gate)])
def test_texts_of_a_hundred_megabytes_go_through(tmp_path: Path, megabytes: int) -> None:
    """Beside short ones; the copy with a word more is found, and the similarity is exact."""
    draw = np.random.default_rng(1)
    words = pa.array([f"w{i}" for i in range(50_000)])
    chosen = words.take(pa.array((draw.pareto(0.6, megabytes * 255_000) * 10 % 50_000).astype(np.int64)))
    text = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(chosen)], pa.int32()), chosen), " ")[0].as_py()
    assert len(text) > 0.95 * megabytes * 10**6
    table = find_duplicates([text, f"more {text}", "a b c", story(90)]).to_pylist()
    assert [(row["row"], row["survivor_id"]) for row in table] == [(0, "1"), (1, None)]
    sets = shingle_hashes([text, f"more {text}"])
    both = len(np.intersect1d(*sets, assume_unique=True))
    assert table[0]["similarity"] == both / (len(sets[0]) + len(sets[1]) - both) < 1
