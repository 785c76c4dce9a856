"""Letters without their case, byte by byte and at the same places: "Ü" and "ü", "Д" and "д" become the same two bytes.

For searching only. ASCII letters are in lower case. Of characters of two bytes (Latin, Greek, Cyrillic, Arabic) the first byte
becomes FIRST_OF_TWO, the second says which character it is among 128. Other characters stay as they are.
"""

from functools import cache

import numpy as np

FIRST_OF_TWO = 0xC2
_LEADS = range(0xC2, 0xE0)  # first bytes of characters of two bytes


@cache
def fold_table() -> tuple[np.ndarray, np.ndarray]:
    """What a byte becomes, uint8, at the place that the byte before it gives (uint16) plus the byte."""
    places, folded = np.zeros(256, np.uint16), np.tile(np.arange(256, dtype=np.uint8), (len(_LEADS) + 1, 1))
    folded[0, ord("A") : ord("Z") + 1] += 32
    folded[0, _LEADS.start : _LEADS.stop] = FIRST_OF_TWO
    for row, lead in enumerate(_LEADS, 1):
        places[lead] = row << 8
        for byte in range(0x80, 0xC0):
            character = bytes([lead, byte]).decode()
            alone = character.casefold()
            known = alone if len(alone) == 1 and len(alone.encode()) == 2 else character
            folded[row, byte] = 0x80 | ord(known) & 0x7F
    return places, folded.reshape(-1)


def fold_bytes(text: str) -> bytes:
    """The bytes of a text, folded."""
    places, folded = fold_table()
    data = np.frombuffer(text.encode(), np.uint8)
    before = np.append(np.uint8(0), data[:-1])[: len(data)]
    return folded[places[before] + data].tobytes()


@cache
def is_folded(character: str) -> bool:
    """Whether the character's upper and lower case, where it has them, fold to the same bytes.

    >>> [is_folded(character) for character in "aßДの"], is_folded("ọ")
    ([True, True, True, True], False)
    """
    cases = {case for case in (character.lower(), character.upper()) if not case.isascii()} | {character}
    return len(character.lower()) == 1 and len({fold_bytes(case) for case in cases if len(case) == 1}) == 1
