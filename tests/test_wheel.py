"""What is built carries what it needs: run files, rule packs and tables."""

import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

from tests.support import REPO


def test_wheel_carries_run_files_packs_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pipeline run news` works where the package was installed with pip, far from a checkout."""
    monkeypatch.chdir(REPO)
    names = set(zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))).namelist())
    for folder, pattern in (("configs", "*.yaml"), ("configs", "*.json"), ("configs/packs", "*.yaml")):
        assert {f"pipeline/{folder}/{path.name}" for path in (REPO / folder).glob(pattern)} <= names
    ours = {
        path.relative_to(REPO).as_posix()
        for path in (REPO / "pipeline").rglob("*")
        if path.suffix in (".py", ".npz", ".yaml", ".css")
    }
    assert ours <= names
    assert not [name for name in names if name.startswith(("tests/", "seeds/", "data/"))]
