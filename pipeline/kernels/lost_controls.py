"""Kernels that find texts in which an â (C3 A2 in UTF-8) stands as it does in hardly a word."""

import numpy as np
from numba import boolean, int64, types, uint8

from pipeline.kernels.lazy import njit

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_I64 = types.Array(int64, 1, "C", readonly=True)


@njit(inline="always")
def _is_letter(text, at):
    """Whether an ASCII letter, or any character beyond ASCII, stands here."""
    return at < text.shape[0] and (text[at] >= 0x80 or 0x61 <= text[at] <= 0x7A or 0x41 <= text[at] <= 0x5A)


@njit(inline="always")
def _is_odd(text, at):
    """Whether hardly a word goes on as the text does from here, the place behind an â: a capital, a sign (¢, €, ?), the end of an
    English contraction. Those that end in â, ât or âs (hâlâ, atât, râs) are let pass."""
    if at >= text.shape[0]:
        return True
    byte = text[at]
    if byte >= 0x80:
        return byte == 0xC2 or byte == 0xE2
    if byte < 0x61 or byte > 0x7A:
        return True
    if byte == 0x73 or byte == 0x74 or byte == 0x6D or byte == 0x64:  # s, t, m, d
        return not _is_letter(text, at + 1)
    if at + 1 >= text.shape[0] or _is_letter(text, at + 2):
        return False
    second = text[at + 1]  # re, ve, ll
    return (second == 0x65 and (byte == 0x72 or byte == 0x76)) or (second == 0x6C and byte == 0x6C)


@njit([boolean[::1](_I64, _I64, _BYTES)], cache=True, nogil=True)
def have_odd_circumflex(starts, stops, data):
    """Which of these texts, bytes [start, stop), hold an â as hardly a word does."""
    out = np.zeros(starts.shape[0], np.bool_)
    for row in range(starts.shape[0]):
        text = data[starts[row] : stops[row]]  # indexed from 0, so that the loop becomes vector code
        count = int64(0)
        for i in range(text.shape[0] - 1):
            count += int64((text[i] == 0xC3) & (text[i + 1] == 0xA2))
        at = int64(0)
        while count > 0 and not out[row]:
            while text[at] != 0xC3 or text[at + 1] != 0xA2:
                at += 1
            at += 2
            count -= 1
            out[row] = _is_odd(text, at)
    return out
