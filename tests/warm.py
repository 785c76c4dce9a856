"""Compiles all kernels, unless numba's cache has them: `python -m tests.warm PART PARTS`, so many processes at once, each its share.

Else the first test that needs one would compile it, within whatever that test measures, and each process of the suite for itself.
"""

import importlib
import pkgutil
import subprocess
import sys

from numba.core.registry import CPUDispatcher

import pipeline.kernels
from tests.support import REPO


def compile_kernels(parts: int = 2) -> None:
    """Returns when all are in numba's cache: a second or two where they are there already."""
    commands = [[sys.executable, "-m", "tests.warm", str(part), str(parts)] for part in range(parts)]
    started = [subprocess.Popen(command, cwd=REPO) for command in commands]
    assert [process.wait() for process in started] == [0] * parts


def main(part: int, parts: int) -> None:
    modules = [
        importlib.import_module(module.name) for module in pkgutil.iter_modules(pipeline.kernels.__path__, "pipeline.kernels.")
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, CPUDispatcher)]
    kernels = {(kernel.__module__, kernel.__name__): kernel for kernel in found}
    for name in sorted(kernels)[part::parts]:
        load = vars(kernels[name]).get("_compile_for_args")  # see pipeline/kernels/lazy.py; inlined functions have none
        if load is not None:
            load()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
