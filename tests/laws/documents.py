"""Documents that Hypothesis makes for the laws: real lines, boilerplate, damage, and every script, in any order."""

import pyarrow as pa
from hypothesis import strategies as st

from tests.support import SEEDS, batch_of

SEED_LINES = sorted({line for text in SEEDS.values() for line in text.splitlines() if line.strip()})
ODD_LINES = [
    "Related News", "Click to continue reading", "Advertisement", "Read more: A headline of some length", "By Jane Doe",
    "A video has gone viral showing a shepherd…", "An official reports that the lake is better than last…", "All rights reserved.",
    "", "", "   ", "\t", "—", "…", "&amp; &lt;b&gt;", "â€œquotedâ€\x9d and cafÃ©", "ﬁve ﬂags",
    "Ａ ＢＣ， １２", "e\u0301tude", "a\u200db", "\u200f\u202bעברית",

    "\x00\x1b[31m", "line\r", "中文的一行，没有空格。", "ภาษาไทยไม่มีช่องว่าง", "한국어 문장입니다.", "Это предложение на русском языке.",
    "Dies ist ein deutscher Satz mit Umlauten: äöüß.", "the the talks, It is said that the US side on the 10th",
    "12345 67,890", "😀😀 🏳️‍🌈", "İstanbul STRASSE straße",
    "Taliban spokesman ned Price told the associated press", "Original title: a thing",
]  # fmt: skip

lines = st.one_of(st.sampled_from(SEED_LINES), st.sampled_from(ODD_LINES), st.text(max_size=40))
texts = st.one_of(st.lists(lines, max_size=12).map("\n".join), st.sampled_from(list(SEEDS.values())))


@st.composite
def batches(draw: st.DrawFn) -> pa.RecordBatch:
    """A batch of up to eight documents; some are copies, some marked, sources and languages vary."""
    made = draw(st.lists(texts, min_size=1, max_size=6))
    made += [made[i] for i in draw(st.lists(st.integers(0, len(made) - 1), max_size=2))]
    count = len(made)

    def column(values: list[str | None]) -> list[str | None]:
        return draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))

    return batch_of(
        made,
        source=column(["paper", "wire", None]),
        url=column(["https://example.org/a", None]),
        title=column(["US, Taliban hold first talks since Afghanistan withdrawal", None]),
        lang=column(["en", "en", "en", "zh", "und", None]),
        drop_reason=column([None, None, None, "too_short"]),
    )
