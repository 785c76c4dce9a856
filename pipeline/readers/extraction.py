"""The main text of a web page, with what the page says of itself, through trafilatura (the extra `html`).

Nothing depends on the pages before or on the day: repeated passages stay (the library would remember them across pages), and dates are
bounded by a fixed year, not by today. Dates come from marks that say so and from the address; a guess from the text is none.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.errors import UserError
from pipeline.readers.charset import decode_page
from pipeline.readers.decode import UndecodableError

# News pages have some 100 kB and some thousand tags. The library's time grows with the square of their number: 4.4 MB of paragraphs with
# 80,000 tags took it 10 s and 250 MiB, 330 kB of 100,000 tags that are never closed 4 s.
MAX_PAGE_BYTES, _MAX_TAGS = 5_000_000, 100_000

# Any tag at all: plain text, JSON or CSV called .html must not pass, nor "if a < b and c > d". Nothing is tried twice (*+), since pages
# may be made of "<aaaa" or of "<html <html".
_TAG = re.compile(r"<(?:!doctype|!--|\?xml|/?[a-z][a-z0-9:-]*+)[^<>]*+>", re.IGNORECASE)
# A piece of HTML as feeds have it, "<p>One paragraph.</p>", is no page for the library unless it is put into one.
_WHOLE = re.compile(r"<(?:html|body|frameset)\b", re.IGNORECASE)
_HTML_TAG = re.compile(r"<html\b[^<>]*+>", re.IGNORECASE)
_LANG = re.compile(r"""\b(?:xml:)?lang\s*=\s*["']?\s*([a-z]{2})\b""", re.IGNORECASE)

_DATES = {"original_date": True, "extensive_search": False, "max_date": "2100-12-31"}

_TAG_CHARACTERS = 1000  # of the html tag; white space without end would take the pattern for ever


class NoPageError(Exception):
    """There is no text to be had from this page; the message is the reason, for the quarantine."""


@dataclass(frozen=True)
class Page:
    """What a page gives. `lang` is the ISO 639-1 label that it declares; `published` is a day, YYYY-MM-DD."""

    text: str
    encoding: str
    title: str | None
    url: str | None
    published: str | None
    lang: str | None


def read_page(raw: bytes | str, url: str | None = None) -> Page:
    """The page of this HTML. Raises NoPageError with a reason, and UserError where the library is missing.

    Bytes are decoded as `decode_page` says; the encoding of a string is "utf-8". An address that is known helps to find the date.
    """
    if len(raw) > MAX_PAGE_BYTES:
        raise NoPageError(f"page too long ({len(raw)} bytes, the limit is {MAX_PAGE_BYTES})")
    try:
        html, encoding = decode_page(raw) if isinstance(raw, bytes) else (raw, "utf-8")
    except UndecodableError as error:
        raise NoPageError(f"not text ({error})") from None
    if not html.strip():
        raise NoPageError("empty page")
    if html.count("<") > _MAX_TAGS:
        raise NoPageError(f"page too long ({html.count('<')} tags, the limit is {_MAX_TAGS})")
    if _TAG.search(html) is None:
        raise NoPageError("not HTML (no tag in it)")
    whole = _WHOLE.search(html) is not None
    found = _extracted(html if whole else f"<html><body><article>{html}</article></body></html>", url)
    text = (found.text or "").strip() if found else ""
    if not text:
        raise NoPageError("no main text in the page")
    return Page(text, encoding, found.title or None, found.url or None, found.date or None, _declared_language(html))


def check_library() -> None:
    """Raises UserError where the library is missing: before anything is read rather than at the first page."""
    _library()


def _extracted(html: str, url: str | None) -> Any:
    """What the library makes of a page; None for nothing. Raises NoPageError where it fails."""
    try:
        return _library()(html, url=url, include_comments=False, with_metadata=True, date_extraction_params=_DATES)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - on a page that nobody foresaw; it is one document's loss, not the run's
        raise NoPageError(f"HTML cannot be read ({type(error).__name__}: {error})") from None


@cache
def _library() -> Callable[..., Any]:
    """trafilatura's function. What it logs of pages without text is in the quarantine."""
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise UserError("HTML needs a package that is not installed: pip install 'corpus-pipeline[html]'") from None
    for name in ("trafilatura", "htmldate", "courlan", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    function: Callable[..., Any] = bare_extraction
    return function


def _declared_language(html: str) -> str | None:
    tag = _HTML_TAG.search(html)
    found = _LANG.search(tag[0][:_TAG_CHARACTERS]) if tag else None
    return found[1].lower() if found else None
