"""Single characters of UTF-8 in byte arrays, read and written."""

from numba import int64

from pipeline.kernels.lazy import njit


@njit(inline="always")
def put_code_point(out, put, code_point):
    """Writes a code point; returns the place behind it."""
    if code_point < 0x80:
        out[put] = code_point
        return put + 1
    if code_point < 0x800:
        out[put] = 0xC0 | (code_point >> 6)
        out[put + 1] = 0x80 | (code_point & 0x3F)
        return put + 2
    if code_point < 0x10000:
        out[put] = 0xE0 | (code_point >> 12)
        out[put + 1] = 0x80 | ((code_point >> 6) & 0x3F)
        out[put + 2] = 0x80 | (code_point & 0x3F)
        return put + 3
    out[put] = 0xF0 | (code_point >> 18)
    out[put + 1] = 0x80 | ((code_point >> 12) & 0x3F)
    out[put + 2] = 0x80 | ((code_point >> 6) & 0x3F)
    out[put + 3] = 0x80 | (code_point & 0x3F)
    return put + 4


@njit(inline="always")
def code_point(data, at):
    """The code point whose UTF-8 begins here, and its length in bytes. The bytes are valid."""
    lead = int64(data[at])
    if lead < 0x80:
        return lead, int64(1)
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | (int64(data[at + 1]) & 0x3F), int64(2)
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | (int64(data[at + 1]) & 0x3F) << 6 | (int64(data[at + 2]) & 0x3F), int64(3)
    high = (lead & 0x07) << 18 | (int64(data[at + 1]) & 0x3F) << 12
    return high | (int64(data[at + 2]) & 0x3F) << 6 | (int64(data[at + 3]) & 0x3F), int64(4)
