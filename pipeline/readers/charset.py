"""The text of a web page's bytes, which often say what they are, and sometimes wrongly."""

import codecs
import re
from collections.abc import Mapping

from pipeline.readers.decode import UndecodableError, decode

# `<meta charset=…>`, `<meta http-equiv=Content-Type content="text/html; charset=…">`, `<?xml … encoding="…"?>`; browsers look
# at 1024 bytes, but templates put scripts first.
_DECLARED = re.compile(rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([a-z0-9_.:-]+)""", re.IGNORECASE)
_HEAD_BYTES = 8192

# What browsers take a name for (the Encoding Standard): the larger set where pages use the smaller one's name for it.
_LARGER: Mapping[str, str] = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# Those that pages are in. Not utf-7, idna, rot13 …
_CHARSETS = (
    *("cp125", "cp866", "cp874", "cp932", "cp949", "iso8859", "koi8", "mac-cyrillic"),
    *("gb18030", "big5", "euc", "johab", "hz"),
)

# Declared by default in many a server and template, whatever the page is in.
_CARELESS = ("cp1252",)

# Above this share of bytes that do not fit, the declaration is wrong. A page cut off within a character has one.
_MAX_UNFIT = 0.001


def decode_page(raw: bytes) -> tuple[str, str]:
    """The text, and the label of its encoding as in `Decoded`. Raises UndecodableError for bytes that are no text.

    Bytes that are UTF-8, UTF-16 or UTF-32 are taken for that, whatever they declare. Otherwise the declared charset is taken when they
    fit it; but that of Western Europe, which is declared by default, not where they are plainly of another script.
    """
    declared = declared_charset(raw)
    careless = declared in _CARELESS
    if careless:  # the detector would listen to it
        raw = _DECLARED.sub(b"<meta ", raw, count=1)
    try:
        guess = decode(raw)
    except UndecodableError:
        if declared is None or b"\x00" in raw:
            raise
        text = raw.decode(declared, "replace")
        if text.count("\ufffd") > _MAX_UNFIT * len(text):
            raise
        return text, declared
    if (
        declared is None
        or guess.encoding.startswith(("utf", "cesu", "iso2022", "iso-2022"))
        or (careless and not _is_latin(guess.text))
    ):
        return guess.text, guess.encoding
    try:
        return raw.decode(declared), declared
    except UnicodeDecodeError:
        return guess.text, guess.encoding


def declared_charset(raw: bytes) -> str | None:
    """The Python codec of the charset that a page declares, the larger one where browsers take that; None without one we know.

    >>> declared_charset(b'<html><meta charset="GB2312">')
    'gb18030'
    """
    found = _DECLARED.search(raw[:_HEAD_BYTES])
    if found is None:
        return None
    name = found[1].decode("ascii").lower()
    try:
        name = codecs.lookup(name.removeprefix("x-")).name
    except LookupError:
        return None
    name = _LARGER.get(name, name)
    return name if name.startswith(_CHARSETS) else None


def _is_latin(text: str) -> bool:
    """Whether most letters beyond ASCII are of the Latin script (to U+024F)."""
    letters = [character for character in text if character > "\x7f" and character.isalpha()]
    return 2 * sum(character < "\u0250" for character in letters) >= len(letters)
