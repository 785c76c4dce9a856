"""Text as HTML: escaped, with changes marked and characters that cannot be seen made visible."""

import re
import unicodedata
from html import escape
from typing import Any

from rapidfuzz.distance import Indel

# White space that looks like a blank, what has no width, marks of direction, private use and controls; not line feed, tab and blank.
# U+200C and U+200D stay as they are where they join letters or emoji.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb\ue000-\uf8ff]"
)
_SHORT = {"\r": "CR", "\xa0": "NBSP", "\xad": "SHY", "\u200b": "ZWSP", "\ufeff": "BOM"}
_LINE_FEEDS = re.compile(r"\n+")
_LONG_RUN = 3
_WORDS = re.compile(r"\s+|[^\s]+")


def escaped(value: Any) -> str:
    """Any value as the text of an element or an attribute in double quotes. Lone surrogates become U+FFFD."""
    return escape(str(value).encode("utf-8", "replace").decode("utf-8")).replace("\x00", "\ufffd")


def number(value: int | float) -> str:
    """With thousands apart."""
    return f"{value:,}"


def visible(text: str) -> str:
    """Escaped text in which characters that have no shape of their own are named in a small box."""
    pieces, at = [], 0
    for match in _UNSEEN.finditer(text):
        pieces += [escaped(text[at : match.start()]), _boxed(match.group())]
        at = match.end()
    return "".join([*pieces, escaped(text[at:])])


def change(before: str, removed: str, inserted: str, after: str, *, kind: str) -> str:
    """One change in its context. Proposals and flags mark words that are still there."""
    if kind == "edit":
        middle = (f"<del>{_lines_shown(removed)}</del>" if removed else "") + (
            f"<ins>{_lines_shown(inserted)}</ins>" if inserted else ""
        )
    else:
        middle = f'<mark class="seen">{visible(removed)}</mark>' + (f"<ins>{visible(inserted)}</ins>" if inserted else "")
    return f'<div class="diff">{visible(before)}{middle}{visible(after)}</div>'


def differences(text: str, other: str) -> str:
    """The first text with the words marked that the other does not have in that place."""
    ours, theirs = _WORDS.findall(text), _WORDS.findall(other)
    pieces = []
    for step in Indel.opcodes(ours, theirs):
        words = "".join(ours[step.src_start : step.src_end])
        pieces.append(visible(words) if step.tag == "equal" or not words.strip() else f"<mark>{visible(words)}</mark>")
    return "".join(pieces)


def _lines_shown(text: str) -> str:
    """A changed line feed is shown, since otherwise nothing of it is seen; of a long run only their number."""

    def shown(run: re.Match[str]) -> str:
        count = len(run.group())
        return '<span class="ch">↵</span>\n' * count if count < _LONG_RUN else f'<span class="ch">↵ × {count}</span>\n'

    return _LINE_FEEDS.sub(shown, visible(text))


def _boxed(character: str) -> str:
    name = _SHORT.get(character) or f"U+{ord(character):04X}"
    title = unicodedata.name(character, "control character").lower()
    return f'<span class="ch" title="{escaped(title)}">{name}</span>'
