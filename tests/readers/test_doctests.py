"""The examples in docstrings of the readers and of storage are true."""

import doctest
from importlib import import_module

import pytest

MODULES = ("readers.charset", "readers.dates", "readers.found", "readers.patterns", "storage.urls")


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    """As a reader would try them."""
    tried = doctest.testmod(import_module(f"pipeline.{name}"))
    assert tried.attempted > 0
    assert tried.failed == 0
