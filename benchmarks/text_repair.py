"""Microseconds a document of the three text stages, each apart, against ftfy.fix_text and langdetect on the same documents.

    text_repair.py [DOCS.jsonl[.zst]] [--limit 20000] [--plain 500] [--rounds 3]

CPU time of one process, the best of the rounds; the plain libraries see every so many-th document once. repair_translation is a
corpus stage: its judging and its applying are counted together, shards of 2,000 documents lie in files. The first call of each
stage (reading or building tables) is timed apart. Records are {text, …}. Without a file 4,000 documents are made, each from shuffled
sentences of one seed; one in ten has mojibake, one in ten is in another language, one in a hundred is from the translated seed: the
ratios on real text are those that count.
"""

import argparse
import io
import itertools
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ftfy
import langdetect
import pyarrow as pa
import yaml
import zstandard

from pipeline.files import open_ipc, read_batches, write_ipc
from pipeline.schema import SCHEMA, make_batch
from pipeline.stage import Corpus
from pipeline.stages.fix_encoding import FixEncoding
from pipeline.stages.identify_language import IdentifyLanguage
from pipeline.stages.repair_translation import RepairTranslation

REPO = Path(__file__).resolve().parent.parent
SHARD = 2000
LEAST_BYTES = 8_000_000  # whose speed is measured
TARGETS = {
    "ratio_of_the_three": 100,
    "ratio_identify_language_1_to_4_kB": 200,
    "fix_encoding_megabytes_per_second": {"ascii_unchanged": 500, "beyond_ascii_unchanged": 150},
}


def make_texts(count: int) -> Iterator[str]:
    """Texts of shuffled sentences of a seed (seeded draws)."""
    seeds = [path.read_text(encoding="utf-8").split(". ") for path in sorted((REPO / "seeds").glob("*.txt"))]
    cases = yaml.safe_load((REPO / "tests/cases/identify_language.yaml").read_text(encoding="utf-8"))
    others = [case["text"] for case in cases if case["expect"] not in ("en", "und")]
    draw = random.Random(1)
    for number in range(count):
        if number % 10 == 0:
            yield "\n".join([draw.choice(others)] * 20)
            continue
        # Seed 002 is the translated one.
        sentences = draw.choices(seeds[2] if number % 100 == 2 else seeds[draw.choice([0, 1, 3, 4])], k=5)
        if number % 10 == 1:
            sentences[2] = "\n" + sentences[2].encode().decode("latin-1") + "\n"
        yield ". ".join(sentences)


def read_texts(path: Path) -> Iterator[str]:
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw) if path.suffix == ".zst" else raw
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield json.loads(line)["text"]


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def repair_translation(batches: list[pa.RecordBatch], folder: Path) -> float:
    """CPU seconds of judging and applying."""
    folder.mkdir()
    shards = [folder / f"shard-{number:05d}.arrow" for number in range(len(batches))]
    rows = [write_ipc(path, [batch], SCHEMA) for path, batch in zip(shards, batches)]
    (folder / "own").mkdir()
    (folder / "shared").mkdir()
    corpus = Corpus(
        shards, rows, folder / "own", folder / "shared", lambda _, function, items: [function(item) for item in items]
    )
    stage = RepairTranslation()

    def work() -> None:
        stage.judge(corpus)
        for number, path in enumerate(shards):
            verdicts = open_ipc(corpus.folder / f"verdicts-{number:05d}.arrow").read_all()
            for batch in read_batches(path):
                stage.apply(batch, verdicts)

    return cpu_seconds(work)


def plain_seconds(texts: list[str]) -> tuple[float, float]:
    """CPU seconds of ftfy and of langdetect, a document at a time; langdetect's profiles are read before."""
    langdetect.DetectorFactory.seed = 0
    langdetect.detect("warm up the profiles")
    fixed = []

    def detect() -> None:
        for text in fixed:
            try:
                langdetect.detect(text)
            except langdetect.LangDetectException:
                continue

    return cpu_seconds(lambda: fixed.extend(map(ftfy.fix_text, texts))), cpu_seconds(detect)


def batches(texts: list[str]) -> list[pa.RecordBatch]:
    ids = [str(number) for number in range(len(texts))]
    return [make_batch({"doc_id": ids[i : i + SHARD], "text": texts[i : i + SHARD]}) for i in range(0, len(texts), SHARD)]


def fastest(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest round."""
    return min(cpu_seconds(work) for _ in range(rounds))


def scripts() -> dict[str, list[str]]:
    """Clean text of about 3 kB in each language of the golden cases."""
    cases = yaml.safe_load((REPO / "tests/cases/identify_language.yaml").read_text(encoding="utf-8"))
    return {case["label"]: ["\n".join([case["text"]] * 20)] * 300 for case in cases if case["expect"] != "und"}


def encoding_speed(fix: FixEncoding, texts: list[str], rounds: int) -> dict[str, object]:
    """Megabytes of UTF-8 a second through the whole stage: what it leaves as it is, and in the language where it is slowest."""
    fixed = [text for batch in batches(texts) for text in fix(batch).batch["text"].to_pylist()]
    unchanged = [text for text, after in zip(texts, fixed) if text == after]
    groups = {
        "ascii_unchanged": [text for text in unchanged if text.isascii()],
        "beyond_ascii_unchanged": [text for text in unchanged if not text.isascii()],
        **scripts(),
    }
    speeds = {}
    for name, group in groups.items():
        size = sum(len(text.encode()) for text in group)
        if size:
            times = -(-LEAST_BYTES // size)
            cut, size = batches(group * times), size * times
            speeds[name] = round(size / 1e6 / fastest(lambda cut=cut: [fix(batch) for batch in cut], rounds))
    own = {name: speeds.pop(name, None) for name in ("ascii_unchanged", "beyond_ascii_unchanged")}
    slowest = min(speeds, key=lambda name: speeds[name])
    return {**own, "slowest_language": {slowest: speeds[slowest]}, "changed_documents": len(texts) - len(unchanged)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="?", type=Path)
    parser.add_argument("--limit", type=int, default=20_000)
    parser.add_argument("--plain", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    texts = list(itertools.islice(read_texts(args.docs), args.limit)) if args.docs else list(make_texts(min(4000, args.limit)))
    came = batches(texts)

    fix, identify = FixEncoding(), IdentifyLanguage()
    first = {}
    for name, stage in (("fix_encoding", fix), ("identify_language", identify)):
        start = time.perf_counter()
        stage(came[0].slice(0, 1))
        first[name] = round(time.perf_counter() - start, 2)
    fixed = [fix(batch).batch for batch in came]
    labelled = [identify(batch).batch for batch in fixed]
    with tempfile.TemporaryDirectory() as name:
        repair_translation([labelled[0].slice(0, 50)], Path(name) / "warm")
        best = {
            "fix_encoding": fastest(lambda: [fix(batch) for batch in came], args.rounds),
            "identify_language": fastest(lambda: [identify(batch) for batch in fixed], args.rounds),
            "repair_translation": min(repair_translation(labelled, Path(name) / str(n)) for n in range(args.rounds)),
        }
    ours = {stage: 1e6 * seconds / len(texts) for stage, seconds in best.items()}
    sample = texts[:: max(1, len(texts) // args.plain)]
    ftfy_each, langdetect_each = (1e6 * seconds / len(sample) for seconds in plain_seconds(sample))
    of_1_to_4_kb = [text for text in texts if 1000 <= len(text.encode()) <= 4096]
    cut = batches(of_1_to_4_kb)
    identify_each = 1e6 * fastest(lambda: [identify(batch) for batch in cut], args.rounds) / max(1, len(of_1_to_4_kb))
    sample_of_1_to_4_kb = of_1_to_4_kb[:: max(1, len(of_1_to_4_kb) // args.plain)]
    langdetect_of_1_to_4_kb = 1e6 * plain_seconds(sample_of_1_to_4_kb)[1] / max(1, len(sample_of_1_to_4_kb))
    figures = {
        "data": args.docs.name if args.docs else "made from the seeds",
        "documents": len(texts),
        "bytes_per_document": round(sum(len(text.encode()) for text in texts) / len(texts)),
        "first_call_seconds": first,
        "microseconds_per_document": {stage: round(each, 1) for stage, each in ours.items()},
        "three_stages_microseconds": round(sum(ours.values()), 1),
        "plain_microseconds": {"ftfy": round(ftfy_each), "langdetect": round(langdetect_each), "documents": len(sample)},
        "ratio_fix_encoding": round(ftfy_each / ours["fix_encoding"], 1),
        "ratio_identify_language": round(langdetect_each / ours["identify_language"], 1),
        "ratio_identify_language_1_to_4_kB": round(langdetect_of_1_to_4_kb / identify_each, 1),
        "ratio_of_the_three": round((ftfy_each + langdetect_each) / sum(ours.values()), 1),
        "fix_encoding_megabytes_per_second": encoding_speed(fix, texts, args.rounds),
        "targets": TARGETS,
        "load_average": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
