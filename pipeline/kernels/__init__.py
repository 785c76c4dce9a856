"""Kernels in numba over the offsets and UTF-8 bytes of Arrow columns: no Python strings inside.

`text`, `utf8` and `machine_words` are what the others are made of; `lazy.njit` is how each is declared.
"""
