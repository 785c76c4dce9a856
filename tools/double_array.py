"""A trie of strings over small integers laid out as a double array (Aoe 1989): one array read a step, no search, no hash."""

import numpy as np

ROOT = 1  # cell 0 is the state of all strings that are not in the trie


def build_cells(strings: list[tuple[int, ...]]) -> np.ndarray:
    """Cells (int32, shape (n, 3)) of the trie of these distinct strings; their order decides what lies close together.

    The child of state s by symbol c is cell cells[s, 0] + c, if that cell's parent cells[.., 1] is s; cells[.., 2] is the place
    of the cell's string in `strings` counted from 1, 0 for a mere prefix. As many cells as there are symbols follow the last.
    """
    symbols = 1 + max(symbol for string in strings for symbol in string)
    children = _children(strings)
    place = {string: number for number, string in enumerate(strings, 1)}
    cells = np.full((4 * len(strings) + 2 * symbols, 3), -1, np.int32)
    cells[:, 2] = 0
    cells[0, 0] = 0
    used = bytearray(len(cells))
    used[0] = used[ROOT] = 1
    state, first_free, last = {(): ROOT}, 2, ROOT
    for prefix, following in children.items():
        first_free = used.index(0, first_free)
        base = _first_fit(used, first_free, following)
        cells[state[prefix], 0] = base
        for symbol in following:
            cell, string = base + symbol, (*prefix, symbol)
            used[cell] = 1
            cells[cell] = 0, state[prefix], place.get(string, 0)
            state[string] = cell
            last = max(last, cell)
    cells[cells[:, 0] < 0, 0] = 0
    return np.ascontiguousarray(cells[: last + 1 + symbols])


def _children(strings: list[tuple[int, ...]]) -> dict[tuple[int, ...], list[int]]:
    """Prefix -> the symbols that follow it, short prefixes first."""
    found: dict[tuple[int, ...], set[int]] = {}
    for length in range(max(map(len, strings))):
        for string in strings:
            if len(string) > length:
                found.setdefault(string[:length], set()).add(string[length])
    return {prefix: sorted(symbols) for prefix, symbols in found.items()}


def _first_fit(used: bytearray, first_free: int, symbols: list[int]) -> int:
    """The least base at which the cells of all these symbols are free."""
    cell = first_free
    while True:
        cell = used.index(0, max(cell, symbols[0]))
        base = cell - symbols[0]
        if not any(used[base + symbol] for symbol in symbols[1:]):
            return base
        cell += 1
