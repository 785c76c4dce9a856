"""Starts a fuzzer as a process of its own, which may crash or hang, and says what it found."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.runs import PATIENCE
from tests.support import REPO, SCRATCH

MIB = 2**20
# Of what is in use, from the first quarter of the executions to the end. Seen over 12,000 damaged files: 3 MiB from the 3,000th on, half of
# it when a library was loaded; over 6,000 batches of texts 3. A leak of 4 kB an execution would show in 3,000.
MAX_GROWN, TELLING = 8 * MIB, 1000  # in fewer, what is loaded late weighs more than what leaks


def fuzz(module: str, seed: int, executions: int, folder: Path) -> dict[str, Any]:
    """The counts of `python -m tests.hostile.MODULE`. Fails where it does, with its last words and where the input lies."""
    command = [sys.executable, "-m", f"tests.hostile.{module}", str(seed), str(executions), str(folder)]
    environment = {**os.environ, **({"TMPDIR": SCRATCH} if SCRATCH else {})}
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO, env=environment, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{module} with seed {seed} ended with {done.returncode}; see {folder}\n{done.stderr[-3000:]}"
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["executions"] == executions
    if executions >= TELLING:
        assert found["grown"] < MAX_GROWN, f"{found['grown'] / MIB:.0f} MiB more at the end than after a quarter"
    sys.stdout.write(json.dumps({"fuzzed": module, "seed": seed} | found) + "\n")
    return found
