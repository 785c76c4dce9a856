"""How often the best label is the right one and is langdetect's, and for each text on which the two differ which is right.

    language_agreement.py SETS.jsonl... [--differences]

Records are {lang, text}. langdetect is seeded with 0, and once more with 1 to see how often it agrees with itself. Texts in languages of
which it has no profile are left out of accuracy and agreement: of them the share that is flagged `und` is printed, as is the share of
the others that is. With --differences each text on which the two differ is printed, with its label, ours and theirs.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import langdetect
import numpy as np
import pyarrow as pa

from pipeline.kernels.language_tables import label_names
from pipeline.language.guesses import best_labels
from pipeline.schema import make_batch
from pipeline.stages.identify_language import UNDETERMINED, IdentifyLanguage


class Judged(NamedTuple):
    """A text with the labels that it has been given."""

    lang: str
    ours: str  # before the margin
    told: str  # with it: perhaps `und`
    theirs: tuple[str, str]  # with either seed
    text: str


def by_langdetect(text: str, seed: int) -> str:
    """langdetect's label, "" where it gives none; `zh` for both kinds of Chinese."""
    langdetect.DetectorFactory.seed = seed
    try:
        return str(langdetect.detect(text)).split("-")[0]
    except langdetect.LangDetectException:
        return ""


def judge(path: Path) -> list[Judged]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [record["text"] for record in records]
    column, names = pa.array(texts, pa.large_string()), label_names()
    ours = [names[label] for label in best_labels(column, np.arange(len(texts))).labels.tolist()]
    batch = make_batch({"doc_id": [str(number) for number in range(len(texts))], "text": column})
    told = IdentifyLanguage()(batch).batch["lang"].to_pylist()
    theirs = [(by_langdetect(text, 0), by_langdetect(text, 1)) for text in texts]
    return [Judged(record["lang"], *labels) for record, *labels in zip(records, ours, told, theirs, texts, strict=True)]


def describe(judged: list[Judged]) -> dict[str, Any]:
    known = [one for one in judged if one.lang in label_names()]
    unknown = [one for one in judged if one.lang not in label_names()]
    differing = [one for one in known if one.ours != one.theirs[0]]
    right = Counter("ours" if one.ours == one.lang else "theirs" if one.theirs[0] == one.lang else "neither" for one in differing)
    return {
        "texts": len(known),
        "ours_right_percent": percent(one.ours == one.lang for one in known),
        "langdetect_right_percent": percent(one.theirs[0] == one.lang for one in known),
        "agreement_percent": percent(one.ours == one.theirs[0] for one in known),
        "langdetect_with_itself_percent": percent(one.theirs[0] == one.theirs[1] for one in known),
        "agreement_or_ours_is_right_percent": percent(one.ours in (one.theirs[0], one.lang) for one in known),
        "differences": len(differing),
        "right_where_they_differ": dict(sorted(right.items())),
        "undetermined_percent": percent(one.told == UNDETERMINED for one in known),
        "of_these_best_label_wrong": sum(one.told == UNDETERMINED and one.ours != one.lang for one in known),
        "without_profile": len(unknown),
        "of_these_undetermined_percent": percent(one.told == UNDETERMINED for one in unknown),
    }


def percent(hits: Any) -> float | None:
    found = list(hits)
    return round(100 * sum(found) / len(found), 2) if found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--differences", action="store_true")
    args = parser.parse_args()
    sets = {path.stem: judge(path) for path in args.sets}
    pooled = [one for judged in sets.values() for one in judged]
    print(json.dumps({name: describe(judged) for name, judged in [*sets.items(), ("pooled", pooled)]}, indent=2))
    for one in pooled if args.differences else []:
        if one.lang in label_names() and one.ours != one.theirs[0]:
            print(
                f"{one.lang}: ours {one.ours}, langdetect {' and '.join(dict.fromkeys(one.theirs))}: {' '.join(one.text.split())[:90]}"
            )


if __name__ == "__main__":
    main()
