"""A command imports no library that it only would be asked about; a script that calls the library may import what it likes."""

import subprocess
import sys
from pathlib import Path

from tests.runs import run_file
from tests.support import REPO

COMMAND = """
import sys
from pipeline.cli import main
try:
    main()
finally:
    print("imported:", [name for name in ("pandas", "scipy.linalg") if name in sys.modules])
"""


def test_a_run_from_the_shell_imports_neither_pandas_nor_scipys_solvers(tmp_path: Path) -> None:
    """pyarrow and numba look for them, and are told that there are none."""
    command = [sys.executable, "-c", COMMAND, "run", str(run_file(tmp_path, REPO / "seeds")), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"


def test_a_script_may_import_them() -> None:
    """The library leaves nothing out."""
    script = "import pipeline.idle_imports, pipeline.cli, pandas, scipy.linalg"
    subprocess.run([sys.executable, "-c", script], cwd=REPO, check=True)
