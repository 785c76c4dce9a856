"""Who may import whom: read from the source, so that the layout in ARCHITECTURE.md stays true."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support import REPO

PACKAGE = REPO / "pipeline"
FILES = sorted(PACKAGE.rglob("*.py"))

# A module (by its longest prefix here) may import these of ours. Everything may import `errors`.
FOUNDATION = {"schema", "stage", "edits", "kernels", "arrays", "files", "whole", "storage", "tables"}
MAY_IMPORT: dict[str, set[str]] = {
    "schema": set(),
    "errors": set(),
    "clock": set(),
    "stage": set(),
    "whole": {"storage"},
    "files": {"whole", "storage"},
    "arrays": {"files", "whole", "storage"},
    "checkpoints": {"files", "whole", "storage"},
    "resources": set(),
    "places": set(),
    "kernels": {"kernels", "tables"},
    "edits": {"kernels"},
    "exchange": FOUNDATION,
    "neardup": FOUNDATION | {"neardup"},
    "encoding": FOUNDATION | {"encoding"},
    "language": FOUNDATION | {"language"},
    "boilerplate": FOUNDATION | {"boilerplate", "resources", "places", "exchange"},
    "translation": FOUNDATION | {"translation", "exchange"},
    "stages": FOUNDATION | {"stages", "neardup", "encoding", "language", "boilerplate", "translation", "exchange"},
    "readers": {"schema", "clock", "files", "whole", "readers", "storage", "kernels"},
    "storage": {"storage"},
    "population": {"schema"},
    "writer": {"schema", "arrays", "files", "whole", "storage", "edits", "population"},
    "report": {"report", "result", "files", "storage", "edits", "schema"},
    "engines": {"engines", "logs"},
}
# A library has one home.
HOMES = {
    "ftfy": {"encoding/one_pass.py", "encoding/proof.py"},
    "datasketch": {"neardup/signatures.py"},
    "re2": {"boilerplate/patterns.py"},
    "chardet": {"readers/decode.py"},
    "fsspec": {"storage/stores.py"},
    "trafilatura": {"readers/extraction.py"},
    "metaphone": {"translation/names.py"},
    "drawsvg": {"report/pictures.py"},
    "typer": {"cli.py", "arguments.py"},
    "rich": {"terminal.py", "terminal_explanation.py"},
    "pydantic": {"run_file.py", "config_errors.py", "config_schema.py", "boilerplate/packs.py", "boilerplate/rules.py"},
}


def test_the_maps_know_every_part() -> None:
    """What may be imported by whom is said of modules that are there, and ARCHITECTURE.md names every module and folder."""
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} - {"__init__"} | {"tables"}
    assert {*MAY_IMPORT, *FOUNDATION, *(part for known in MAY_IMPORT.values() for part in known)} <= parts
    named = re.findall(r"\b(\w+(?:\*?\.py|/))", (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    patterns = [name.removesuffix(".py").removesuffix("/") for name in named]
    assert [part for part in sorted(parts) if not any(fnmatch(part, pattern) for pattern in patterns)] == []


def imports(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """A lower part knows nothing of the parts that put it together."""
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part not in MAY_IMPORT:
        return
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("pipeline.")}
    assert ours - MAY_IMPORT[part] - {"errors"} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_library_has_one_home(path: Path) -> None:
    """The libraries that do the text work are each behind one file of ours."""
    place = path.relative_to(PACKAGE).as_posix()
    for name in imports(path):
        library = name.split(".")[0]
        assert place in HOMES.get(library, {place}), f"{place} imports {library}"


def test_only_the_command_line_prints() -> None:
    """Libraries log or return; cli.py, exits.py and terminal.py speak to the user."""
    talkers = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert talkers <= {"cli.py", "exits.py", "terminal.py"}
