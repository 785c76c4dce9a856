"""Text of a legacy charset that was read as Latin-1 or Windows-1252: what ftfy cannot tell from Latin letters, told by language.

"Ïðàâèòåëüñòâî" is Russian in cp1251. The bytes of the suspicious lines of a document are read in each charset of scripts other
than Latin; the reading under which some language's n-grams are most likely is taken when it is likelier by far than the text as
it is. Charsets of Latin script (cp1250) are left alone: too little changes for the likelihood to tell.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import compress

import numpy as np
import pyarrow as pa

from pipeline.encoding.spans import SegmentChange, difference, span_table
from pipeline.kernels.language import SCORES_PER_NAT, likelihoods
from pipeline.kernels.language_tables import load_profiles
from pipeline.kernels.legacy_charset import EXTRAS, find_suspicious, have_suspicious_line
from pipeline.kernels.text import buffers

RULE = "encoding/legacy_charset"

# One byte a letter. koi8-u stands for koi8-r too, whose box-drawing signs it has as Ukrainian letters. Of readings that are
# equally likely the first is taken.
ALPHABETS = (
    "cp1251",
    "koi8-u",
    "iso8859-5",
    "cp866",
    "mac_cyrillic",
    "cp1253",
    "iso8859-7",
    "cp1255",
    "cp1256",
    "iso8859-6",
    "cp874",
)
# Two bytes a character; most bytes of other text are no such pairs, since words end where they like.
PAIRED = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")

# Characters beyond ASCII in suspicious lines, and different ones among them, that a document must have at least, repeated signs
# counted once. An Icelandic name in capitals (ÞÓRÐUR) is too little to tell by; a rule of dots (······) would be Korean in cp949.
MIN_HIGH, MIN_DISTINCT = 12, 8
# Bytes that happen to be pairs are not rare among so few; one in twenty rows of 16 random characters would be ideographs.
MIN_HIGH_OF_PAIRED = 32

# By how much the mean likelihood of the n-grams must rise, in thousandths of a nat. Texts of 60 characters in the right alphabet
# rise by 2,740 to 3,800 (Russian, Bulgarian, Greek, Hebrew, Arabic, Persian, Thai), in a wrong one by 2,530 at most.
MIN_RISE_OF_ALPHABET = 2500
# Chinese in its own charset by 360 to 970 (its profile holds few of its n-grams), Korean 1,810, Japanese 1,820 to 6,060.
MIN_RISE_OF_PAIRED = 300
# The text as it is must be as unlikely as that: such Chinese, Japanese and Korean have at most 1,450, text of Latin script 2,000.
MAX_MEAN_OF_PAIRED = 1500

# Characters that no reading may bring in: controls, private use, unassigned.
_UNLIKELY = frozenset({"Cc", "Co", "Cn", "Cs"})

_REPEATED = re.compile(r"(..?)\1{2,}")
_SPACES = re.compile(r"[ \t\n]+")

_TO_LATIN_1 = {int(code): ord(chr(code).encode("cp1252").decode("latin-1")) for code in EXTRAS}


def may_be_legacy(text: pa.Array, rows: np.ndarray) -> np.ndarray:
    """Which of these rows (bool) have suspicious lines: a first look, cheap on ASCII."""
    offsets, data = buffers(text)
    found: np.ndarray = have_suspicious_line(offsets[rows], offsets[rows + 1], data, EXTRAS, MIN_HIGH // 2)
    return found


def redecode_legacy(text: pa.Array) -> pa.Table:
    """The changes (SPANS) that give the texts back their own charset."""
    offsets, data = buffers(text)
    rows, changes = [], []
    for row in np.flatnonzero(may_be_legacy(text, np.arange(len(text)))).tolist():
        found = list(_redecode(data[offsets[row] : offsets[row + 1]]))
        rows += [row] * len(found)
        changes += found
    return span_table(rows, changes)


def _suspicious(document: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First byte and end of each line of a document, without its line feed; and whether it is suspicious."""
    ends = np.append(np.flatnonzero(document == 0x0A), len(document))
    starts = np.concatenate([[0], ends[:-1] + 1])
    return starts, ends, find_suspicious(starts, ends, document, EXTRAS)


def _redecode(document: np.ndarray) -> Iterator[SegmentChange]:
    starts, ends, suspicious = _suspicious(document)
    lines = [document[start:end].tobytes().decode() for start, end in zip(starts.tolist(), ends.tolist())]
    found = _best_reading(_words_beyond_ascii("\n".join(compress(lines, suspicious))))
    if found is None:
        return
    charset, rise = found
    for start, line, sure in zip(starts.tolist(), lines, suspicious.tolist()):
        reading = _read(line, charset)
        if reading is not None and (sure or _is_likelier(line, charset)):
            for change in difference(line, reading, RULE, f"{charset} +{rise / 1000:.2f} nats per n-gram"):
                yield change._replace(start=start + change.start, stop=start + change.stop)


def _words_beyond_ascii(text: str) -> str:
    return " ".join(word for word in _SPACES.split(text) if not word.isascii())


def _is_likelier(line: str, charset: str) -> bool:
    """Whether the words beyond ASCII of a line that is mostly ASCII are likelier in this charset: a Russian one, but no café."""
    words = _words_beyond_ascii(line)
    before, after = _mean(words, _read(words, charset) or "")
    return after > before


def _best_reading(text: str) -> tuple[str, int] | None:
    """The charset of the text and by how much it is likelier in it, thousandths of a nat; None when it may be what it should be."""
    high = [c for c in _REPEATED.sub(r"\1", text) if not c.isascii()]
    if len(high) < MIN_HIGH or len(set(high)) < MIN_DISTINCT or _is_utf8(text):
        return None
    (before,) = _mean(text)
    best, rise = _likeliest(text, ALPHABETS)
    if rise - before >= MIN_RISE_OF_ALPHABET:
        return (best, rise - before) if rise > max(_mean(_without_eighth_bit(text))) else None
    if len(high) < MIN_HIGH_OF_PAIRED or before > MAX_MEAN_OF_PAIRED:
        return None
    best, rise = _likeliest(text, PAIRED)
    return (best, rise - before) if rise - before >= MIN_RISE_OF_PAIRED else None


def _likeliest(text: str, charsets: tuple[str, ...]) -> tuple[str, int]:
    """The charset under which the text is likeliest, the first of equals, and its mean likelihood there; 0 when it is in none."""
    readings = {charset: reading for charset in charsets if (reading := _read(text, charset)) is not None}
    means = dict(zip(readings, _mean(*readings.values())))
    best = max(means, key=lambda charset: means[charset], default="")
    return best, means.get(best, 0)


def _bytes(text: str) -> bytes | None:
    """What was read as Latin-1 or Windows-1252; None for text that neither can give."""
    try:
        return text.translate(_TO_LATIN_1).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _is_utf8(text: str) -> bool:
    """Whether most bytes beyond ASCII are UTF-8, perhaps with bytes lost: what ftfy is for."""
    raw = _bytes(text) or b""
    high = sum(byte >= 0x80 for byte in raw)
    valid = sum(not c.isascii() and len(c.encode()) for c in raw.decode("utf-8", "ignore"))
    return 2 * valid > high


def _without_eighth_bit(text: str) -> str:
    """The text with the eighth bit of each byte off, which is Latin letters where programs had marked with it what they had seen:
    "Ôèå" is "The". koi8, in which "The" with that bit is Cyrillic letters, was made so."""
    return bytes(byte & 0x7F for byte in _bytes(text) or b"").decode("ascii")


def _read(text: str, charset: str) -> str | None:
    """The text in this charset; None when it cannot be that or is the same."""
    raw = _bytes(text)
    try:
        reading = text if raw is None else raw.decode(charset)
    except UnicodeDecodeError:
        return None
    new = set(reading) - set(text)
    return reading if new and not any(unicodedata.category(c) in _UNLIKELY for c in new) else None


def _mean(*texts: str) -> list[int]:
    """The mean likelihood of the n-grams of each text, thousandths of a nat; capitals count as small letters."""
    scores, ngrams = likelihoods(*buffers(pa.array([text.lower() for text in texts], pa.large_string())), *load_profiles()).T
    means: list[int] = (scores * 1000 // (SCORES_PER_NAT * np.maximum(ngrams, 1))).tolist()
    return means
