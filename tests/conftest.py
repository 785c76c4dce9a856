"""Runs that many tests look at."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.runs import SMALL, make_corpus, pipeline, run_file

# A first call may load or compile a kernel, and the machine may have other work.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def seeds_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make run` writes."""
    out = tmp_path_factory.mktemp("seeds") / "out"
    pipeline("run", "configs/seeds.yaml", "--output", out)
    return out


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    make_corpus(path, 600)
    return path


@pytest.fixture(scope="session")
def reference(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus run on one worker: at least eight shards and three parts."""
    folder = tmp_path_factory.mktemp("reference")
    assert corpus.stat().st_size >= 8 * 100_000
    pipeline("run", run_file(folder, corpus, **SMALL), "--workers", "1")
    assert len(list((folder / "out" / "documents").glob("*.parquet"))) >= 3
    return folder / "out"
