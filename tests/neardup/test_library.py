"""`find_duplicates` and `to_datasketch`: the answers of the stage, without a run."""

import importlib.util
import pickle
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH, MinHashLSHForest

from pipeline.neardup import find_duplicates, shingle_hashes, signatures, to_datasketch
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from tests.runs import wait_until
from tests.support import batch_of, run_stage, seed

SEED_TEXTS = [seed(i) for i in range(5)]
TEXTS = [*SEED_TEXTS, SEED_TEXTS[0].upper(), "", "alone", "Alone!", SEED_TEXTS[3][:3000]]
TEXTS += [f"{text[:900]} more {text[900:]}" for text in SEED_TEXTS]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threshold": 0.8},
        {"keep": "first"},
        {"containment": 0.9},
        {"min_shared_shingles": 600},
        {"shingle_words": 2, "seed": 3, "num_perm": 64},
    ],
)
def test_answers_are_those_of_the_stage(settings: dict[str, Any]) -> None:
    """Members, clusters, survivors, similarities."""
    found = find_duplicates(TEXTS, [f"d{i}" for i in range(len(TEXTS))], **settings)
    table, _ = run_stage(DropNearDuplicates(**settings), [[batch_of(TEXTS)]])
    names = ["doc_id", "cluster_id", "cluster_size", "survivor_id", "similarity", "containment"]
    expected = [row for row in table.select(names).to_pylist() if row["cluster_id"] is not None]
    assert found.select(names).to_pylist() == expected
    assert len(expected) > 2
    assert [TEXTS[row["row"]] for row in found.to_pylist()] == [TEXTS[int(row["doc_id"][1:])] for row in found.to_pylist()]


def test_takes_lists_arrays_and_columns() -> None:
    """Chunked arrays with nulls, numbers as ids, what `keep` goes by."""
    texts = pa.chunked_array([["a b c d e f g"], [None, "A, b c d e f g"]])
    found = find_duplicates(texts, [5, 6, 7], keep=[{"sources": ["b"]}, "longest"], columns={"source": ["a", "b", "b"]})
    assert [(row["row"], row["doc_id"], row["survivor_id"]) for row in found.to_pylist()] == [(0, "5", "7"), (2, "7", None)]
    assert find_duplicates([]).num_rows == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0}, "threshold is 0"),
        ({"threshold": 1.1}, "threshold is 1.1"),
        ({"containment": -1.0}, "containment is -1.0"),
        ({"min_shared_shingles": 0}, "min_shared_shingles is 0"),
        ({"ids": ["x"]}, "1 ids for 2 texts"),
        ({"ids": ["x", "x"]}, "'x' occurs twice"),
        ({"keep": "best"}, "keep is 'best'"),
        ({"num_perm": 0}, "no bands of 0 permutations"),
        ({"num_perm": 4}, "no bands of 4 permutations find pairs of similarity 0.5 with a chance of 0.99, but at best 0.938"),
    ],
)
def test_refuses_what_cannot_be(settings: dict[str, Any], message: str) -> None:
    """The message shows name and value."""
    with pytest.raises(ValueError, match=message):
        find_duplicates(["a", "b"], **settings)


def test_signature_works_in_datasketch() -> None:
    """Its own MinHash of the same hashes is equal; LSH and Forest find the other version; it pickles."""
    sketches = [to_datasketch(row) for row in signatures(SEED_TEXTS)]
    theirs = MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=int)
    theirs.update_batch(shingle_hashes(SEED_TEXTS)[3].tolist())
    assert sketches[3] == theirs
    assert pickle.loads(pickle.dumps(sketches[3])) == theirs
    index, forest = MinHashLSH(threshold=0.3, num_perm=128), MinHashLSHForest(num_perm=128)
    for number, sketch in enumerate(sketches[:4]):
        index.insert(str(number), sketch)
        forest.add(str(number), sketch)
    forest.index()
    assert index.query(sketches[4]) == forest.query(sketches[4], 1) == ["3"]
    assert np.isclose(sketches[3].jaccard(sketches[4]), 0.55, atol=0.1)


@pytest.fixture(scope="module")
def redis_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server, which keeps nothing."""
    program = shutil.which("redis-server")
    if program is None or importlib.util.find_spec("redis") is None:
        pytest.skip("needs redis-server and the package redis")
    folder = tmp_path_factory.mktemp("redis")
    path = str(folder / "socket")
    command = [program, "--port", "0", "--unixsocket", path, "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: _listens(path) or server.poll() is not None)
            yield path
        finally:
            server.terminate()


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as knock:
        return knock.connect_ex(path) == 0


@pytest.mark.parametrize("prepickle", [True, False])
def test_signature_works_in_datasketch_redis_storage(redis_socket: str, prepickle: bool) -> None:
    """An index in Redis, opened again by its name: what one program put in, another finds."""
    basename = b"session" if prepickle else b"plain"
    storage = {"type": "redis", "basename": basename, "redis": {"unix_socket_path": redis_socket}}
    sketches = [to_datasketch(row) for row in signatures(SEED_TEXTS)]
    index = MinHashLSH(threshold=0.3, num_perm=128, storage_config=storage, prepickle=prepickle)
    keys = [str(number) if prepickle else f"d{number}".encode() for number in range(5)]
    with index.insertion_session() as session:
        for key, sketch in zip(keys[:4], sketches):
            session.insert(key, sketch)
    again = MinHashLSH(threshold=0.3, num_perm=128, storage_config=storage, prepickle=prepickle)
    assert again.query(sketches[4]) == [keys[3]]
    again.remove(keys[3])
    assert again.query(sketches[4]) == []
