"""The marks of machine translation that the score counts: where each may stand, what it looks like, how rare it is in human text.

Rates are hits per thousand segments of news (a segment is about 32 words, 207 bytes). `english`: 2,967 lines written in English;
`translated`: 5,698 lines that people translated from Chinese; `machine_low` and `machine_high`: the range over eight web
translators of 2021 and 2022 (all WMT test sets). `press`: 6,054 press releases of the US senate, 95,000 segments of that
length, measured here with these patterns. Of the marks of style, and of quotation marks without their space, `english` was measured
on 345 English news and web pages (19,760 segments), the others on the 1,948 lines of WMT21 and five translators of 2021. People
who translate from Chinese show them too, half as often as machines; people who write English hardly do.
"""

import re
from dataclasses import dataclass

from pipeline.kernels import odd_marks as place


@dataclass(frozen=True)
class Signal:
    """One mark; `pattern` decides, or where it is None the anchor and what stands around it.

    `anchors` are words that it holds, as `make_anchors` reads them, or one structural place of the scan. A mark of `style` is no
    error: it counts and is not flagged.
    """

    name: str
    anchors: tuple[str, ...] | int
    pattern: re.Pattern[bytes] | None
    english: float
    translated: float
    press: float
    machine_low: float
    machine_high: float
    style: bool = False


def _pattern(text: str) -> re.Pattern[bytes]:
    return re.compile(text.encode())


# Words that cannot follow "spokesman" as a name: "a spokesman told Reuters", "spokesman for President Biden".
AFTER_SPOKESMAN = (
    "about added after also and announced answered as asked at before but by called calls can cited claimed "
    "confirmed could declined denied did does during emailed explained for from had has have he here herself "
    "himself in insisted is issued later may might named noted of on only or quoted read referred refused replied "
    "reported responded said saying says sent she should since spoke stated tells that the their then there they to "
    "told tweeted under until via was we were when where which while who whose will with would wrote"
).replace(" ", "|")

# Small after a comma unless they begin a name or a title.
SMALL_AFTER_COMMA = "and as at but for he if in it on or she so that the there they this we which while with".split()  # noqa: SIM905
_CAPITALISED_AFTER_COMMA = "|".join(word.capitalize() for word in SMALL_AFTER_COMMA)

SIGNALS = (
    # ", It also brings"; not ", The Hague said" or "says, This is", a quotation. The Chinese comma joins whole sentences.
    Signal(
        "comma_capital",
        place.COMMA_CAPITAL,
        _pattern(rf"(?<=[a-z0-9)])(?<!said)(?<!says)(?<!asked)(?<!added), (?:{_CAPITALISED_AFTER_COMMA}) (?=[a-z])"),
        *(0.3, 0.0, 0.27, 0.0, 2.1),
    ),
    # A word that was not translated, "the 呼罗珊 branch".
    Signal("cjk_run", place.CJK_RUN, re.compile(rb"(?:[\xe3-\xed][\x80-\xbf]{2})+"), 0.0, 0.5, 0.0, 0.5, 2.1),
    # "the talks，which": the comma of the source.
    Signal("full_width_punctuation", place.FULL_WIDTH, re.compile(rb"[\xe3\xef][\x80-\xbf]{2}"), 0.0, 1.1, 0.0, 1.0, 23.0),
    # "yesterday,the minister"; not an address ("a,b@example.org") and not a list without spaces in a URL.
    Signal(
        "comma_without_space",
        place.COMMA_LETTER,
        _pattern(r"(?<=[a-z]),(?=[A-Za-z])(?![\w.,-]*[@/=&])"),
        *(0.3, 0.4, 0.14, 0.0, 79.0),
    ),
    # "“ the talks", "the talks ”"
    Signal("space_inside_quotes", place.QUOTE_SPACE, _pattern(r"“ (?=\w)|(?<=\w )”"), 0.0, 1.6, 0.0, 0.0, 14.0),
    # "issued a statement on the 10th, calling": Chinese dates leave out the month. Not "the 19th century", "on the 4th of July".
    Signal(
        "day_without_month",
        place.ORDINAL,
        _pattern(
            r"\b(?:[Oo]n|of|from|since|by|until|(?:morning|afternoon|evening) of) the \d{1,2}(?:st|nd|rd|th)\b"
            r"(?!\s+(?:[a-z]|[A-Z][a-z])|-|\s*[/.]\d)"
        ),
        *(0.0, 8.8, 0.01, 2.0, 37.0),
    ),
    # "The Arab side said" (阿方), "the US side's position"; not "the British side of the border".
    Signal(
        "named_side",
        ("X|side|", "X|sides|"),
        _pattern(
            r"\b[Tt]he (?:Afghan|American|Arab|British|Chinese|German|French|Indian|Iranian|Japanese|Korean|Philippine|Russian"
            r"|Taiwan|U\.S\.|US) sides?\b(?! (?:of|street|road))"
        ),
        *(1.7, 0.4, 0.01, 1.0, 11.0),
    ),
    # "said that in in the"; not "had had", "that that", and no names ("Yang Yang"), which are capitalised.
    Signal(
        "doubled_word",
        place.DOUBLED_WORD,
        _pattern(r"\b(?!(?:blah|ha|had|he|it|long|many|no|really|so|that|very|yes)\b)([a-z]{2,}) \1(?![\w'’-])"),
        *(1.7, 3.2, 0.31, 5.0, 17.5),
    ),
    # "the largest city, the largest city": a decoder that loops. Not "more and more and more".
    Signal(
        "repeated_phrase",
        place.REPEATED_PHRASE,
        _pattern(r"\b(?!(?:\w+ )?(?:after|and|by|or|to|upon) )(\w+ \w+(?: \w+)?),? \1\b"),
        *(0.0, 0.5, 0.41, 1.5, 7.7),
    ),
    # 记者获悉, 据悉, 据报道
    Signal(
        "reporter_phrase",
        ("reporter", "reporters", "is |reported|", "is |understood|", "is |known|", "to |reports|"),
        _pattern(
            r"\b[Rr]eporters? (?:learned|learnt|saw|found|noticed)\b|\b[Ii]t is (?:reported|understood|known) that\b"
            r"|\b[Aa]ccording to reports,"
        ),
        *(0.7, 6.8, 0.05, 5.0, 30.0),
    ),
    # 新冠: the new coronavirus.
    Signal("new_crown", ("new |crown|",), _pattern(r"\bnew crown\b"), 0.0, 0.0, 0.0, 1.0, 44.0),
    # "spokesman ned Price": the rates are those of any name in lower case, of which this sees a part.
    Signal(
        "lowercase_name",
        ("|spokesman|x X", "|spokesperson|x X", "|spokeswoman|x X"),
        _pattern(rf"\bspokes(?:man|person|woman) (?!(?:{AFTER_SPOKESMAN})\b)[a-z]{{3,}}(?= [A-Z][a-z])"),
        *(0.3, 0.0, 0.0, 0.0, 21.0),
    ),
    # "he said“the talks”ended": the Chinese mark has its space inside.
    Signal(
        "quote_without_space",
        place.QUOTE_LETTER,
        _pattern(r"(?<=[a-z])“(?! )|(?<! )”(?=[a-z])"),
        *(0.0, 0.0, 0.01, 0.0, 209.0),
    ),
    # 等 ends a list: "vegetables, fruit, etc."
    Signal("list_etc", ("|etc|.",), None, 3.8, 0.0, 0.13, 3.1, 19.1, style=True),
    # 我国: "the epidemic in my country". People who speak of themselves say so too, but news does not.
    Signal("my_country", ("my |country|",), None, 0.0, 0.5, 0.06, 0.0, 11.9, style=True),
    # 值得注意的是, 值得一提的是
    Signal("worth_noting", ("s worth |noting|", "s worth |mentioning|"), None, 0.7, 0.5, 0.01, 2.1, 2.6, style=True),
    # 此外, 为了, 同时
    Signal("connective", ("in |addition|,", "in |order|", "same |time|,"), None, 5.1, 23.2, 9.6, 40.2, 48.5, style=True),
    # 多, 等, 各: "more than 300", "and other", "various"
    Signal("quantity", ("more |than|#", "and |other| ", "various"), None, 19.8, 56.7, 28.8, 101.0, 130.4, style=True),
    # 开展, 加强, 有关部门, 群众
    Signal(
        "officialese",
        (
            *("|carry| out", "|carries| out", "|carried| out", "|carrying| out", "strengthen", "strengthened", "strengthening"),
            *("elevant |departments|", "elevant |department|", "elevant |personnel|", "elevant |units|", "the |masses|"),
        ),
        None,
        *(2.2, 33.5, 9.1, 51.0, 57.7),
        style=True,
    ),
)
