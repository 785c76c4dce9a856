"""What holds for all tests, and runs that many of them look at."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.runs import SMALL, make_corpus, pipeline, run_file
from tests.warm import compile_kernels

# The same examples in every run: one that finds an old fault is for those who look for it (`make gate`, with others each time). No clock
# either: a first call may load a kernel, and the machine may have other work. A test that writes files sees to it that none is left over.
CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
settings.register_profile("steady", derandomize=True, database=None, **CALM)
settings.register_profile("hunt", max_examples=500, **CALM)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """Before the processes of the suite begin: each kernel is compiled once, and no test measures that."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        compile_kernels()


def pytest_sessionstart() -> None:
    """Hypothesis takes constants from the modules that happen to be loaded; which those are depends on the tests that came before."""
    if settings.default is not None and settings.default.derandomize:
        providers._get_local_constants = providers.Constants


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
