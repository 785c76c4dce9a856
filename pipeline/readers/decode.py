"""Raw bytes to text: byte order marks, UTF-16/32 by its NUL bytes, strict UTF-8, broken UTF-8, and legacy charsets by chardet."""

import re
import unicodedata
from dataclasses import dataclass

import chardet
import numpy as np

# The longer mark first: the one of UTF-32 LE begins with the one of UTF-16 LE.
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

# Valid multibyte sequences per invalid byte from which a document counts as broken UTF-8. Measured: documents in legacy charsets
# reach at most 0.41 (541 documents), UTF-8 with damage at least 2 in 97.3 %. One stray byte misleads every charset detector.
_MIN_VALID_PER_INVALID = 2

# Characters that no text holds: controls other than white space, private use, unassigned.
_UNLIKELY = frozenset({"Cc", "Co", "Cn", "Cs"})
_WHITE_SPACE = frozenset("\t\n\x0b\x0c\r\x85")

# Control characters that text does not hold, but that UTF-16 has for the high bytes of most scripts (Cyrillic: 04).
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1f]")

# A character cut off by a byte limit at the end of the document, as `surrogateescape` shows it. Must catch E2 80 (of a dash) at
# the end, which cp1252 would turn into "â€"; must not catch "à”" amid the text (a cp1252 fragment), nor a lone "é" at the end.
_CUT_OFF = re.compile("[\udce0-\udcf4][\udc80-\udcbf]{1,2}\\Z")
_STRAY = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


class UndecodableError(Exception):
    """Bytes that are no text in any encoding we can tell; the message is the reason, for the quarantine."""


@dataclass(frozen=True)
class Decoded:
    """Text and the label of the encoding it was read from.

    Labels: `utf-8`, `utf-8-sig` (had a byte order mark, which is not in the text), `utf-16-le` and its like (with or without a
    mark), `utf-8+cp1252` (UTF-8 with stray bytes), `utf-8-sig+cp1252`, `cesu-8`, or a Python codec name such as `cp1251`.
    """

    text: str
    encoding: str


def decode(raw: bytes) -> Decoded:
    """The text of the bytes; raises UndecodableError with a reason when they are binary or fit nothing.

    Strict UTF-8 is trusted. NUL bytes outside UTF-16/32 mean a binary file.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decode_marked(raw[len(mark) :], encoding)
    if b"\x00" in raw:
        return _decode_wide(raw)
    if raw.isascii() and b"\x1b" in raw:
        return _decode_escaped(raw)
    text = _try_decode(raw, "utf-8")
    if text is not None:
        return Decoded(text, "utf-8")
    for read, label in ((_read_cesu8, "cesu-8"), (_repair_utf8, "utf-8+cp1252")):
        text = read(raw)
        if text is not None:
            return Decoded(text, label)
    return _detect(raw)


def _decode_marked(raw: bytes, encoding: str) -> Decoded:
    label = "utf-8-sig" if encoding == "utf-8" else encoding
    if encoding == "utf-8" and b"\x00" in raw:
        raise UndecodableError(f"binary: NUL at byte {raw.index(0) + 3}")
    text = _try_decode(raw, encoding)
    if text is not None:
        return Decoded(text, label)
    if encoding == "utf-8":
        return Decoded(_stray_bytes_as_cp1252(raw.decode("utf-8", "surrogateescape")), "utf-8-sig+cp1252")
    raise UndecodableError(f"begins with the byte order mark of {encoding} but is not valid {encoding}")


def _decode_wide(raw: bytes) -> Decoded:
    """UTF-16 or UTF-32 without a mark: of the readings that hold plausible characters, the one with most of ASCII."""
    readings = [(text, encoding) for encoding in _WIDE if (text := _plausible_wide(raw, encoding)) is not None]
    if not readings or _is_text_but_for_nul(raw):
        raise UndecodableError(f"binary: NUL at byte {raw.index(0)}, and neither UTF-16 nor UTF-32")
    return Decoded(*max(readings, key=lambda reading: _ascii_count(reading[0])))


def _plausible_wide(raw: bytes, encoding: str) -> str | None:
    """The text if it has an ASCII character, from which NUL bytes come, and at most one in a hundred that no text holds."""
    text = _try_decode(raw, encoding)
    if text is None or not _ascii_count(text):
        return None
    unlikely = sum(text.count(c) for c in set(text) if unicodedata.category(c) in _UNLIKELY and c not in _WHITE_SPACE)
    return text if 100 * unlikely <= len(text) else None


def _is_text_but_for_nul(raw: bytes) -> bool:
    """Whether the bytes are UTF-8 with a few NUL among them, which in pairs may pass for ideographs."""
    rest = raw.replace(b"\x00", b"")
    return 4 * len(rest) > 3 * len(raw) and _CONTROLS.search(rest) is None and _try_decode(rest, "utf-8") is not None


def _ascii_count(text: str) -> int:
    return len(text.encode("ascii", "ignore"))


def _decode_escaped(raw: bytes) -> Decoded:
    """ASCII bytes with escapes: a 7-bit charset (ISO 2022) when chardet finds one, else plain text with terminal escapes."""
    guess = chardet.detect(raw, compat_names=False, max_bytes=len(raw))["encoding"] or ""
    text = _try_decode(raw, guess) if guess.startswith(("iso2022", "iso-2022")) else None
    return Decoded(raw.decode("ascii"), "utf-8") if text is None else Decoded(text, guess)


def _read_cesu8(raw: bytes) -> str | None:
    """The text of UTF-8 in which emoji and the like are written as two surrogates, as some databases do (UTR 26)."""
    try:
        return raw.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeError:
        return None


def _repair_utf8(raw: bytes) -> str | None:
    """The text of UTF-8 with a few stray bytes, or None when valid sequences do not outnumber them clearly."""
    escaped = raw.decode("utf-8", "surrogateescape")
    codes = np.frombuffer(escaped.encode("utf-32-le", "surrogatepass"), np.uint32)
    invalid = int(np.count_nonzero((codes >= 0xDC80) & (codes <= 0xDCFF)))
    valid = int(np.count_nonzero(codes >= 0x80)) - invalid
    return _stray_bytes_as_cp1252(escaped) if valid >= _MIN_VALID_PER_INVALID * invalid else None


def _stray_bytes_as_cp1252(escaped: str) -> str:
    """Text from `surrogateescape` with its lone surrogates read as cp1252; U+FFFD for the five bytes that cp1252 leaves free."""
    return _CUT_OFF.sub("\ufffd", escaped).translate(_STRAY)


def _detect(raw: bytes) -> Decoded:
    # All bytes are looked at, so that the guess decodes. Not `prefer_superset`: it reads ISO 8859-2 and -5 as cp1250 and cp1251,
    # in which other letters have those places.
    guess = chardet.detect(raw, compat_names=False, max_bytes=len(raw))
    encoding = guess["encoding"]
    if encoding is None:
        raise UndecodableError(f"binary: {guess['mime_type']}")
    text = _try_decode(raw, encoding)
    if text is None:
        raise UndecodableError(f"neither UTF-8 nor {encoding}, the nearest guess")
    return Decoded(text, encoding)


def _try_decode(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeError:
        return None
