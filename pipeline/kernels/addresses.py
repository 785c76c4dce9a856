"""URLs and mail addresses blanked out of a text's bytes, as langdetect does before it looks at the letters.

langdetect's two expressions: `https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}` and then
`[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}`; each match gives way to one space.
"""

import numpy as np
from numba import boolean, int64, types, uint8

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, range_mask

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_MAIL, _URL = 1, 2  # bits of _KIND: may stand in a mail address (letters, digits, - _ .), in a URL
_KIND = np.zeros(256, np.uint8)
for _char in b"-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
    _KIND[_char] = _MAIL | _URL
for _char in b"?&~;+=/#":
    _KIND[_char] = _URL


@njit([boolean(_BYTES, int64, int64)], cache=True, nogil=True)
def has_address(data, start, stop):
    """Whether the bytes [start, stop) hold an @ or a :/ at all: a quick test, no more."""
    at = start
    while at + BLOCK < stop:
        if range_mask(data, at, 0x40, 1) | (range_mask(data, at, 0x3A, 1) & range_mask(data, at + 1, 0x2F, 1)):
            return True
        at += BLOCK
    for i in range(at, stop - 1):
        if data[i] == 0x40 or (data[i] == 0x3A and data[i + 1] == 0x2F):
            return True
    return False


@njit(inline="always")
def _run(data, at, stop, most, kind):
    """Where the run of at most `most` bytes of this kind ends."""
    end = min(stop, at + most)
    while at < end and _KIND[data[at]] & kind:
        at += 1
    return at


@njit(inline="always")
def _url_stop(data, at, stop):
    """Where the URL at this 'h' ends; `at` itself when there is none."""
    if at + 8 > stop or data[at + 1] != 0x74 or data[at + 2] != 0x74 or data[at + 3] != 0x70:
        return at
    colon = at + 5 if data[at + 4] == 0x73 else at + 4
    if data[colon] != 0x3A or colon + 2 >= stop or data[colon + 1] != 0x2F or data[colon + 2] != 0x2F:
        return at
    end = _run(data, colon + 3, stop, 2076, _URL)
    return end if end > colon + 3 else at


@njit(inline="always")
def _domain_stop(data, at, stop):
    """Where the domain that begins at `at` ends: two characters at least, the first no dot; `at` itself when there is none."""
    if at >= stop or data[at] == 0x2E:
        return at
    end = at
    while end < stop and end < at + 255 and data[end] != 0x2E and _KIND[data[end]] & _MAIL:
        end += 1
    if end > at:
        end = _run(data, end, stop, 255, _MAIL)
    return end if end > at + 1 else at


@njit([int64(_BYTES, int64, int64, uint8[::1])], cache=True, nogil=True)
def _blank_urls(data, start, stop, out):
    put, at = int64(0), start
    while at < stop:
        end = _url_stop(data, at, stop) if data[at] == 0x68 else at
        out[put] = 0x20 if end > at else data[at]
        put += 1
        at = max(end, at + 1)
    return put


@njit([int64(uint8[::1], int64)], cache=True, nogil=True)
def _blank_mail(text, length):
    put, at, floor = int64(0), int64(0), int64(0)  # floor: a local part does not reach back over the last address
    while at < length:
        end = at
        if text[at] == 0x40 and put > floor and _KIND[text[put - 1]] & _MAIL:
            end = _domain_stop(text, at + 1, length)
        if end > at + 1:
            lowest = max(floor, put - 64)
            while put > lowest and _KIND[text[put - 1]] & _MAIL:
                put -= 1
            text[put] = 0x20
            floor = put + 1
        else:
            text[put] = text[at]
        put += 1
        at = max(end, at + 1)
    return put


@njit([int64(_BYTES, int64, int64, uint8[::1])], cache=True, nogil=True)
def blank_addresses(data, start, stop, out):
    """Copies the bytes [start, stop) to `out`, one space for each URL and mail address; returns how many bytes were written."""
    return _blank_mail(out, _blank_urls(data, start, stop, out))
