"""Strings that programs stumble over, by what they are about: written for these tests, the categories as such lists have them."""

from collections.abc import Mapping, Sequence

_MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328\u0338\u20dd\u20e3"

HOSTILE: Mapping[str, Sequence[str]] = {
    "nothing": [
        "", " ", "\n", "\n\n\n", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060\u2060", "\u180e", "\x00", "\x00" * 50,
    ],
    "words that mean something to programs": [
        "null", "NULL", "None", "nil", "undefined", "NaN", "inf", "-inf", "true", "False", "#N/A", "#REF!", "<NA>", "N/A", "-",
        "\\N", "__proto__", "constructor", "toString", "con", "aux", "nul", "PRN", "COM1", ".", "..", "~", "*", "?", "und",
        "common", "text",
    ],
    "numbers": [
        "0", "-0", "1/0", "0x7fffffff", "9223372036854775808", "1e309", "-1e-400", "1_000", "٠١٢٣", "१२३", "１２３", "0.1e+",
        "1,2,3", "²", "9" * 5000, "0" * 5000, "1e" + "9" * 300, "½⅓¼", "Ⅷ", "零一二三", "1.7976931348623157e+309",
    ],
    "marks and brackets": [
        "\"'`´’‘“”„«»‹›", "()[]{}<>", "\\", "\\\\", "\\n", "%s%n%x", "{0}", "${HOME}", "$(id)", "`id`", "%00", "%0d%0a", "&&&&",
        ";;;;", "!" * 3000, "." * 3000, "-" * 3000, "_" * 3000, "|" * 3000, "•" * 1000, "…" * 1000, "(" * 2000, "[" * 2000,
        "{" * 2000, "&" * 3000,
    ],
    "markup": [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>",
        "</title></style></textarea></script>", "javascript:alert(1)", "<!--", "-->", "<![CDATA[", "]]>", "<!ENTITY a 'b'>",
        "&lt;script&gt;", "&#0;", "&#x110000;", "&#55296;", "&amp;" * 500, "&lt" * 500, "<" * 3000, "<a" * 1000, "</" * 1000,
        "<p>" * 1000, "&nosuchentity;", "{{7*7}}", "[[Special:X]]",
    ],
    "commands": [
        "'; DROP TABLE documents; --", "1' OR '1'='1", "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "+1+1", "| ls -la /",
        "; rm -rf ~", "$(touch x)", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/dev/zero", "file:///etc/passwd",
        "\\\\server\\share", "x\x00.txt", "a/b\nc",
    ],
    "terminal": [
        "\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "\x1b" * 500, "\x1b[" * 500, "\x07\x08\x08\x0b\x0c\x0e\x7f", "\x9b31m",
        "a\rb\rc", "\x1b[" + "1;" * 2000,
    ],
    "writing both ways": [
        "\u202etxt.exe", "\u2066\u2067\u2068\u2069" * 20, "\u200f\u200e" * 50, "שלום עולם, hello مرحبا",
        "ثم نفس سقطت وبالتحديد", "\u202a" * 2000,
    ],
    "marks upon marks": [
        "e" + _MARKS * 20, _MARKS * 200, "Z" + "\u0337\u0322" * 500, "กำ" + "\u0e49" * 500, "\u0f77" * 100, "ﷺﷺﷺ" * 50,
        "\u1100\u1161\u11a8" * 200,
    ],
    "pictures": [
        "👩‍👩‍👧‍👦" * 50, "🏳️‍🌈🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇺🇸" * 51, "👍🏿" * 50, "1️⃣2️⃣", "\U000e0001\U000e0061" * 50, "\ufe0f" * 500, "☃️🤷‍♀️",
    ],
    "planes and places not to be used": [
        "\ufffe\uffff", "\U0010ffff" * 50, "\ue000\uf8ff", "\U000f0000" * 50, "\ufdd0", "\ufffd" * 300, "\ufff9\ufffa\ufffb",
        "𝕿𝖍𝖊 𝖖𝖚𝖎𝖈𝖐", "ⓣⓗⓔ", "\U0001d173",
    ],
    "letters that change their length": [
        "İıŞß" * 100, "ǅ ﬃ ﬅ ŉ ΐ ᾳ", "ſtraße STRASSE ẞ", "Σίσυφος ΣΊΣΥΦΟΣ", "K Å Ω", "ﬁ" * 500, "\u0130" * 1000, "ᏹ ꭹ",
    ],
    "damage": [
        "Ã©" * 300, "â€™" * 300, "Ã" * 3000, "â" * 3000, "ÃƒÂ¢Ã¢â€šÂ¬Ã¢â€žÂ¢" * 30, "Ð¿ÑÐ¸Ð²ÐµÑ", "�" * 500, "ï»¿",
        "\x80\x81\x8d\x8f\x90\x9d" * 50, "Êîíñòèòóöèÿ Ðîññèè " * 20, "ÖÐ¹úÈËÃñ" * 40, "ÄãºÃ" * 100, "åäö" * 300, "Ã©\xad" * 200,
        "é".join("abcd" * 100), "\xa0Â" * 300,
    ],
    "lines": [
        "\r" * 500, "\r\n" * 500, "\u2028" * 500, "\u2029\u0085\x0b\x0c" * 100, "a\n" * 3000, "\n" * 5000, "By \n" * 500,
        " \n\t\n" * 500, "Related News\n" * 500, "Read more\n\n" * 300, "- \n" * 500, "1.\n2.\n3.\n" * 100,
        "a b\n" * 1000 + "a sentence that is longer than the rest.",
    ],
    "length": [
        "x" * 20_000, "word " * 4000, "字" * 10_000, "ก" * 10_000, "a-" * 5000, "http://" + "a." * 3000, "A" * 10_000,
        "aA" * 5000, "1 " * 5000,
    ],
    "translation and names": [
        "It is said that " * 300, "the the " * 1000, "Al-" * 1000, "O'" * 1000, "von der " * 500, "Mc" * 1000,
        "\"Taliban\" " * 500, "A. " * 1500,
    ],
}  # fmt: skip
