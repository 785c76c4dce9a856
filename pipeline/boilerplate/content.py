"""What shows that a line is text although a rule matches it: part of a sentence, a heading, a caption, the notice of a licence, code.

Measured on labelled news and blogs (nothing lost there) and on manual pages, licences, handbooks and books of quotations, where a
line is seldom a paragraph and sections are called as the web's buttons are.
"""

import re

from pipeline.boilerplate.document import MIN_BROKEN_TOKENS, Document, begins_small
from pipeline.boilerplate.layout import goes_on, heads_contents, is_heading_in_capitals, is_numbered, is_table_row
from pipeline.boilerplate.match import NamedRule
from pipeline.kernels.lines import TERMINAL

MIN_CAPTION_TOKENS, MIN_INTRODUCTION_TOKENS = 10, 4
MIN_PART_TOKENS = 4  # of a line that goes on the one before; "toggle caption" is a button
LICENCE_LINES = (2, 8)  # before and after a line about rights in which a licence may speak
HOLDERS = 3  # of rights, one below the other; a page has the site's and perhaps its agency's
MAX_STROKES = 2  # kinds of marks in "* * *", "-30-" or "~ # ~"; a picture has more
MAX_UNDERLINE_DIFFERENCE = 2  # "---" after "Share" is a rule between two parts of a page

_UNDERLINE = re.compile(r"([-=~^*+#\"`])\1{3,}")
_HEADING_FAMILIES = {"comments", "navigation", "subscribe", "related", "contact", "author", "references", "notice", "feedback"}
# "chown(1), chown(2)", under SEE ALSO in any language; ".. image::", "<picture>", which are no words.
_MANUAL_PAGES = re.compile(r"[\w.:+-]{2,40} ?\([1-9][a-z]{0,4}\)")
_MARKUP = re.compile(r"\.\. [\w-]+::|</?[a-z][^>]*>$")
_PROMPT = re.compile(r">>>|[>$%#] |\.\.\. |```|~~~")
# What licences say and pages about their own rights do not. "Licensed under" alone stands under photographs too.
_LICENCE = re.compile(
    r"permission is (?:hereby )?granted|permission to use,? copy|redistributions? (?:and use|of source)"
    r"|free software|(?:any|no) warrant"
    r"|this (?:file|software|program|library) is|^licen[sc]e\s*:|license (?:gpl|mit|bsd|version)"
    r"|released under the terms|this product includes"
    r"|(?:can|may) (?:re)?distribute|distribute freely|license to use|gnu\.org/licenses"
    r"|^files\s*:|\blicen[sc]ed under the (?:apache|mit|bsd|gnu|gpl|terms)",
    re.IGNORECASE,
)
_HOLDER = re.compile(r"\W*(?:copyright|©|\(c\))\W", re.IGNORECASE)
# How a letter was sent, and headings that an author's name is not: "By Hand", "BY U.S. MAIL AND FAX", "By The Numbers".
_NO_AUTHOR = re.compile(
    r"\W*by:? (?:(?:hand|electronic|certified|registered|regular|express|overnight|first[- ]class|priority|u\.?s\.?|air|and|&|or|via)\W+)*"
    r"(?:hand|mail|e-?mail|fax|facsimile|telefax|telecopy|telephone|courier|messenger|post|fed ?ex|ups|dhl|delivery|the numbers|design"
    r"|request|order|invitation(?: only)?|appointment(?: only)?|popular demand|default|land|sea|air|train|bus|car|foot)"
    r"(?: (?:delivery|mail|transmission|only|&|and|first[- ]class|fax|facsimile|e-?mail|hand))*\W*$",
    re.IGNORECASE,
)

# Facts about an article. Over a poem, under a quotation or in a list they are what the reader looks for: "作者：杜甫", "(By Larry Wall)".
_ARTICLE_FAMILIES = {"author", "byline", "credit", "date", "meta", "navigation", "photo", "reading_time", "tags"}


def is_content(document: Document, i: int, named: NamedRule) -> bool:
    """Whether line `i`, which this rule matches, is text after all."""
    text = document.near(i)
    return (
        _is_of_no_article(document, named.rule.family)
        or is_table_row(document, i)
        or _is_part_of_sentence(document, i, text, named.rule.family)
        or _is_heading(document, i, text, named.rule.family)
        or _is_of_another_kind(document, i, text, named.rule.family)
    )


def _is_of_no_article(document: Document, family: str) -> bool:
    return family in _ARTICLE_FAMILIES and not document.has_body


def _is_part_of_sentence(document: Document, i: int, text: str, family: str) -> bool:
    """Whether lines are broken at a fixed width here, as in mail and plain books: "subscribe to the list of the project." goes on what
    the line before began, and "It is distributed under the terms which the" is gone on with. Not "by Ann Lee" under a headline."""
    tokens, ending = document.tokens, document.ending
    if goes_on(document, i):
        return True
    if i > 0 and not ending[i - 1] and begins_small(text) and tokens[i - 1] >= MIN_BROKEN_TOKENS:
        return ending[i] == TERMINAL or (family != "byline" and tokens[i] >= MIN_PART_TOKENS)
    if ending[i] or i + 1 == len(document.key) or family in ("technical", "photo"):  # notices about browsers are broken too
        return False
    after = begins_small(document.near(i + 1)) and tokens[i + 1] >= MIN_PART_TOKENS
    return after and tokens[i] >= MIN_BROKEN_TOKENS


def _is_heading(document: Document, i: int, text: str, family: str) -> bool:
    """Whether the line is underlined or numbered as a heading is, or heads a list of manual pages or numbered sections."""
    after = document.near(i + 1)
    if _UNDERLINE.fullmatch(after) and abs(len(after) - len(text)) <= MAX_UNDERLINE_DIFFERENCE:
        return True
    if family not in _HEADING_FAMILIES:
        return False
    if is_heading_in_capitals(document, text):
        return True
    if family == "navigation" and heads_contents(document, i):
        return True
    return is_numbered(text) or bool(_MANUAL_PAGES.match(after))


def _is_of_another_kind(document: Document, i: int, text: str, family: str) -> bool:
    if document.ending[i] != TERMINAL and family == "date":  # "Posted on the society's forum on 2025-07-09:"
        return document.tokens[i] >= MIN_INTRODUCTION_TOKENS and text.endswith((":", "："))
    if family == "photo":
        # "Image: Zhao (right), head of the association, shows Qinghai honey to visitors."; an office in a list, "Interior/EPA:".
        caption = document.ending[i] == TERMINAL and document.tokens[i] >= MIN_CAPTION_TOKENS
        return caption or bool(_MARKUP.match(text)) or ("/" in text and text.endswith((":", "：")))
    if family == "byline":
        return bool(_NO_AUTHOR.match(text))
    if family == "technical":
        return any(_PROMPT.match(document.near(k)) for k in (i - 1, i, i + 1))
    if family == "end_mark":
        return _is_drawn(text, document.near(i - 1))
    if family == "legal":
        return _is_of_licence(document, i)
    return False


def _is_drawn(text: str, before: str) -> bool:
    """Whether a mark is the last line of a table or of a comment in code, underlines a heading, or is part of a picture."""
    underlines = bool(_UNDERLINE.fullmatch(text)) and abs(len(before) - len(text)) <= MAX_UNDERLINE_DIFFERENCE
    strokes = {character for character in text if not character.isalnum() and not character.isspace()}
    return underlines or before[:1] in ("|", "*", "+", "/", "\\") or len(strokes) > MAX_STROKES


def _is_of_licence(document: Document, i: int) -> bool:
    """Whether a line about rights is part of a licence: one speaks near it, or there is a list of those who hold rights."""
    before, after = LICENCE_LINES
    if any(_LICENCE.search(document.near(k)) for k in range(i - before, i + after + 1)):
        return True
    near = range(i - HOLDERS + 1, i + HOLDERS)
    holders = [bool(_HOLDER.match(document.near(k))) for k in near]
    return any(all(holders[k : k + HOLDERS]) for k in range(HOLDERS))
