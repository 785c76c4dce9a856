"""Text as langdetect reads it: every character as its class, Vietnamese composed, Latin letters left out of a text in another script."""

from numba import boolean, int64, types, uint8, uint16, uint32

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, count_ones, range_mask
from pipeline.kernels.utf8 import code_point

SPACE, _OTHER = 1, 2

BYTES = types.Array(uint8, 1, "C", readonly=True)
_U16 = types.Array(uint16, 1, "C", readonly=True)
_U32 = types.Array(uint32, 2, "C", readonly=True)
CLASSES = types.Tuple((_U16, _U32))  # by code point; Vietnamese pairs


@njit([boolean(BYTES, int64, int64)], cache=True, nogil=True)
def mostly_not_latin(data, start, stop):
    """Whether more than twice as many code points lie past U+0300 as in A..z.

    langdetect means to leave Latin Extended Additional out of the former, but compares with a name that never occurs. It counts
    after the composition of Vietnamese letters, here it is before: text that is mostly combining marks may come out differently.
    """
    latin, other, at = int64(0), int64(0), start
    while at + BLOCK <= stop:
        latin += count_ones(range_mask(data, at, 0x41, 58))
        other += count_ones(range_mask(data, at, 0xCC, 52))  # the lead bytes from U+0300 on
        at += BLOCK
    for i in range(at, stop):
        latin += (data[i] >= 0x41) & (data[i] <= 0x7A)
        other += data[i] >= 0xCC
    return latin * 2 < other


@njit(inline="always")
def _composed(data, at, letter, class_, vietnamese):
    """The class of a letter and the combining mark at `at` as one Vietnamese letter, what follows, and whether they are one."""
    mark = uint32(0x300) | (uint32(data[at + 1]) & 0x3F)
    for i in range(vietnamese.shape[0]):
        if vietnamese[i, 0] == letter and vietnamese[i, 1] == mark:
            return uint16(vietnamese[i, 2]), at + 2, True
    return class_, at, False


@njit([types.UniTuple(int64, 2)(BYTES, int64, int64, int64, boolean, CLASSES, uint16[::1])], cache=True, nogil=True)
def read_classes(data, at, piece_stop, stop, without_latin, tables, out):
    """Writes the classes of the characters that begin in [at, piece_stop) to `out`, runs of spaces as one.

    Returns how many, and where the next character begins.
    """
    classes, vietnamese = tables
    count = int64(0)
    previous = uint16(0)
    while at < piece_stop:
        code, size = code_point(data, at)
        at += size
        class_ = classes[code] if code < classes.shape[0] else uint16(_OTHER)
        composed = False
        if at + 1 < stop and data[at] == 0xCC:
            class_, at, composed = _composed(data, at, code, class_, vietnamese)
        if without_latin and not composed and code >= 0x41 and code <= 0x7A:
            continue
        out[count] = class_
        count += (class_ != SPACE) | (previous != SPACE)
        previous = class_
    return count, at
