"""Boilerplate: rule packs, the structure of a page, and lines that a source repeats."""
