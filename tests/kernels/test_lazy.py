"""Kernels are loaded when they are first needed, and behave as numba's own from then on."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numba import int64

from pipeline.kernels.lazy import njit
from tests.support import REPO


def make_kernels():
    """A kernel and one that calls it, neither compiled yet."""

    @njit([int64(int64)], nogil=True)
    def double(number):
        return 2 * number

    @njit([int64(int64[::1])], nogil=True)
    def doubled_sum(numbers):
        total = int64(0)
        for i in range(numbers.shape[0]):
            total += double(numbers[i])
        return total

    return double, doubled_sum


def test_nothing_is_compiled_before_the_first_call() -> None:
    """And then the given signature alone."""
    double, _ = make_kernels()
    assert not double.overloads
    assert double(np.int32(4)) == 8
    assert list(double.overloads) == [(int64,)]


def test_kernel_that_another_calls_is_compiled_with_it() -> None:
    """By its own signature, not by the types of that one call."""
    double, doubled_sum = make_kernels()
    assert doubled_sum(np.arange(4)) == 12
    assert list(double.overloads) == [(int64,)]


def test_other_types_are_refused() -> None:
    """No further version is compiled for them."""
    double, _ = make_kernels()
    for _ in range(2):
        with pytest.raises(TypeError, match="No matching definition"):
            double("four")


def test_first_calls_from_many_threads_agree() -> None:
    """Each waits until the kernel is there."""
    _, doubled_sum = make_kernels()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(doubled_sum(np.arange(4)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [12] * 8


def test_imports_of_a_run_load_neither_kernels_nor_what_few_need() -> None:
    """A worker starts with what it uses: no kernel is loaded, datasketch and scipy's solvers stay out."""
    script = """
import sys, pipeline.runner
from numba.core.registry import CPUDispatcher
kernels = [value for name, module in sys.modules.items() if name.startswith("pipeline.kernels") for value in vars(module).values()]
assert sum(isinstance(kernel, CPUDispatcher) for kernel in kernels) > 80
print([kernel.__name__ for kernel in kernels if isinstance(kernel, CPUDispatcher) and kernel.overloads])
print([name for name in ("datasketch", "scipy.optimize", "langdetect", "rensa") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_kernel_out_of_the_cache_is_loaded_without_what_compiles(tmp_path: Path) -> None:
    """Of two processes the first compiles it; the second, to which it gives the same, imports nothing of numba's for that."""
    (tmp_path / "kernel_of_a_test.py").write_text(
        """
import sys
import numpy as np
from numba import float64
from pipeline.kernels.lazy import njit

@njit([float64[::1](float64[::1])], cache=True, nogil=True)
def doubled(numbers):
    out = np.empty(numbers.shape[0])
    for i in range(numbers.shape[0]):
        out[i] = 2 * numbers[i]
    return out

print(doubled(np.arange(3.0)).tolist(), "numba.typed.typeddict" in sys.modules)
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-c", "import kernel_of_a_test"]
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPO)]),
    }
    said = [subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert said == ["[0.0, 2.0, 4.0] True\n", "[0.0, 2.0, 4.0] False\n"]


def test_without_a_place_for_its_cache_a_kernel_works_and_says_so_once(tmp_path: Path) -> None:
    """As in a container whose file system can only be read: each process compiles anew, and the log says what would help."""
    script = """
from numba import int64
from pipeline.kernels.lazy import njit

@njit([int64(int64)], cache=True)
def double(number):
    return 2 * number

@njit([int64(int64)], cache=True)
def triple(number):
    return 3 * number

print(double(2), triple(2))
"""
    (tmp_path / "kernels_of_a_test.py").write_text(script, encoding="utf-8")
    environment = os.environ | {
        "NUMBA_CACHE_LOCATOR_CLASSES": "_ZipCacheLocator",  # for modules in archives: it has no place for these
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPO)]),
    }
    command = [sys.executable, "-c", "import kernels_of_a_test"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "4 6\n"), done.stderr
    assert done.stderr.count("NUMBA_CACHE_DIR") == 1
