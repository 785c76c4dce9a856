"""Kernels are loaded when they are first needed, and behave as numba's own from then on."""

import subprocess
import sys
import threading

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
