"""One run for all tests of the report."""

from pathlib import Path

import pytest

from tests.report.outputs import SCRIPT, hostile_records, run_over


@pytest.fixture(scope="session")
def hostile_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run over documents that try to break out of the page."""
    return run_over(tmp_path_factory.mktemp("hostile"), hostile_records(), broken=f'{{"text": {SCRIPT}')
