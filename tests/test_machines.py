"""What a machine must have to work for a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.lock import locked
from pipeline.machines import machine_check
from pipeline.manifest import LIBRARIES


def test_machine_with_another_version_or_output(tmp_path: Path) -> None:
    """A node that joined later, or one that has another folder of that name, will not do; this one does."""
    with locked(tmp_path):
        check = machine_check(tmp_path, [])
        check()
        for changed, told in (
            (replace(check, versions={"pyarrow": "1.0"}), "and the run 1.0; install the same version"),
            (replace(check, lock="another run's"), "does not share the folder"),
            (replace(check, output=str(tmp_path / "none")), "does not share the folder"),
            (replace(check, first_input=str(tmp_path / "none.txt")), "put the input where all nodes have it"),
        ):
            with pytest.raises(UserError, match=told):
                changed()
    assert list(tmp_path.iterdir()) == []


def test_every_library_that_decides_the_bytes_is_compared(tmp_path: Path) -> None:
    """The manifest's versions, with which a run can be repeated, are those that all nodes must have."""
    with locked(tmp_path):
        check = machine_check(tmp_path, [])
    assert {*LIBRARIES, "corpus-pipeline", "python"} == set(check.versions)
