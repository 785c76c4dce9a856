"""Near-duplicates at scale: documents per second by step, memory of all processes, disk, on a corpus made from real sentences.

    near_duplicates.py --documents 1000000 [--workers 2] [--sentences DOCS.jsonl[.zst]] [--folder DIR]

Runs `pipeline run` with the one stage `drop_near_duplicates` over JSON Lines. The corpus is seeded and made of the sentences of DOCS
(records with `text`) or, without any, of the licence texts of the package licensedcode-data (extra `bench`). A document is a few
sentences, their number lognormal, 500 bytes on average. When N needs more sentences than there are, a sentence is put together from
pieces of five, about four words each: so the pool grows with N, and five words in a row are not met more often in a larger corpus.
10 % are edited copies in clusters of power-law size (a sentence replaced where there are six or more, else a word put before), 1 %
pages that share a template of half their length: one giant bucket in many bands. Memory is the sum of RssAnon over this process and
its workers, the making of the corpus not counted.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]{40,400}')  # needs no escapes in JSON
TARGET_BYTES = 500
BLOCK = 200_000
PIECES = 5


def texts_of(docs: Path | None):
    """The texts of a JSON Lines file, or of the licences that licensedcode-data ships."""
    if docs is None:
        import importlib.util

        spec = importlib.util.find_spec("licensedcode")
        if spec is None or not spec.submodule_search_locations:
            sys.exit(
                "near_duplicates.py: needs --sentences DOCS.jsonl or the package licensedcode-data (pip install licensedcode-data)"
            )
        for path in sorted((Path(next(iter(spec.submodule_search_locations))) / "data").rglob("*.[LR][IU][CL]*E")):
            yield path.read_text(encoding="utf-8", errors="replace").split("\n---\n", 1)[-1]
        return
    with open(docs, "rb") as raw:
        stream = raw
        if docs.suffix == ".zst":
            import zstandard

            stream = zstandard.ZstdDecompressor().stream_reader(raw)
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield json.loads(line)["text"]


def sentence_pool(docs: Path | None, wanted: int) -> list[str]:
    """Distinct sentences without quotation marks, at most as many as wanted, in the order met."""
    found: dict[str, None] = {}
    for text in texts_of(docs):
        for sentence in SENTENCE.split(" ".join(text.split())):
            if PLAIN.fullmatch(sentence):
                found[sentence] = None
        if len(found) >= wanted:
            break
    return list(found)[:wanted]


def pieces_of(sentences: list[str]) -> list[pa.Array]:
    """The first, second … fifth piece of each sentence, cut at spaces; together they are the sentence."""
    cuts = [[0, *(s.rfind(" ", 0, len(s) * p // PIECES + 1) + 1 for p in range(1, PIECES)), len(s)] for s in sentences]
    return [pa.array([s[c[p] : max(c[p], c[p + 1])] for s, c in zip(sentences, cuts)]) for p in range(PIECES)]


def make_corpus(path: Path, count: int, docs: Path | None) -> None:
    """Writes the corpus and prints what it is."""
    draw = np.random.default_rng(1)
    pool = sentence_pool(docs, 2_000_000)
    pieces = pieces_of(pool)
    mean = max(TARGET_BYTES / (sum(map(len, pool)) / len(pool) + 1), 1.0)
    crossed = count * mean > len(pool)
    sizes = np.clip(draw.lognormal(np.log(mean) - 0.245, 0.7, count).round(), 1, 60).astype(np.int64)
    copies, templates = count // 10, count // 100
    original = np.arange(count)
    at = count - copies - templates  # copies and template pages stand at the end, then all is shuffled
    while at < count - templates:
        size = min(int(draw.zipf(2.2)), 5000, count - templates - at)
        original[at : at + size] = draw.integers(0, count - copies - templates)
        at += size
    template = draw.integers(0, len(pool), 2)
    words = pa.array(["", *sorted({s.split(" ", 1)[0] + " " for s in pool[:20_000]})])
    sizes[count - templates :] = 4
    order = draw.permutation(count)
    written = 0
    with open(path, "wb") as out:
        for start in range(0, count, BLOCK):
            here = order[start : start + BLOCK]
            source = original[here]
            size = sizes[source]
            starts = np.concatenate([[0], np.cumsum(size)])
            place = np.arange(starts[-1]) - np.repeat(starts[:-1], size)
            key = np.repeat(source, size).astype(np.uint64) * np.uint64(64) + place.astype(np.uint64)
            copied = here != source
            swapped = copied & (size >= 6)
            key[starts[:-1][swapped] + (here[swapped] % size[swapped])] = here[swapped].astype(np.uint64) * np.uint64(
                64
            ) + np.uint64(63)
            page = np.repeat(here >= count - templates, size) & (place < 2)
            parts = []
            for number, piece in enumerate(pieces):
                chosen = mixed(key + np.uint64(number * crossed << 58)) % np.uint64(len(pool))
                chosen[page] = template[place[page]]
                parts.append(piece.take(pa.array(chosen)))
            sentences = pc.binary_join_element_wise(*parts, "")
            text = pc.binary_join(pa.ListArray.from_arrays(pa.array(starts, pa.int32()), sentences), " ")
            put_before = np.where(copied & ~swapped, here % (len(words) - 1) + 1, 0)
            text = pc.binary_join_element_wise(words.take(pa.array(put_before)), text, "")
            ids = pa.array(here).cast(pa.string())
            lines = pc.binary_join_element_wise('{"id": "', ids, '", "text": "', text, '"}\n', "")
            written += out.write(pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "")[0].as_buffer())
    kind = {"documents": count, "input_bytes": written, "sentences": len(pool), "crossed_sentences": bool(crossed)}
    print(json.dumps(kind | {"edited_copies": copies, "template_pages": templates}))


def mixed(key: np.ndarray) -> np.ndarray:
    """64 random-looking bits of each key, so that a copy's sentences are those of its original without keeping them."""
    key = (key ^ (key >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    key = (key ^ (key >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return key ^ (key >> np.uint64(33))


class Sampler(threading.Thread):
    """Peaks of the sum of RssAnon over this process and those below it, and of the bytes under a folder; by step."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.memory, self.disk, self.by_step = folder, 0, 0, {}
        self.steps: list[tuple[str, float]] = []
        self.running = True

    def run(self) -> None:
        while self.running:
            memory, disk = anonymous_bytes(os.getpid()), folder_bytes(self.folder)
            self.memory, self.disk = max(memory, self.memory), max(disk, self.disk)
            if self.steps:
                step = self.by_step.setdefault(self.steps[-1][0], [0, 0])
                step[0], step[1] = max(step[0], memory), max(step[1], disk)
            time.sleep(0.2)

    def start_step(self, name: str) -> None:
        self.steps.append((name, time.perf_counter()))


class StepNames:
    """The run's progress, handed to the sampler."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def start(self, name: str, total: int) -> None:
        self.sampler.start_step(name)

    def advance(self) -> None: ...


def anonymous_bytes(root: int) -> int:
    """RssAnon of a process and all below it."""
    parent, anonymous = {}, {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/status", encoding="ascii", errors="replace") as stream:
                    fields = dict(line.split(":", 1) for line in stream)
            except OSError:
                continue  # it has ended meanwhile
            parent[int(entry.name)] = int(fields["PPid"])
            anonymous[int(entry.name)] = int(fields.get("RssAnon", "0 kB").split()[0]) * 1024
    ours = {root}
    for _ in range(4):
        ours |= {pid for pid, above in parent.items() if above in ours}
    return sum(anonymous.get(pid, 0) for pid in ours)


def folder_bytes(folder: Path) -> int:
    """Bytes of the blocks that the files below a folder take."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_blocks * 512
            except OSError:
                continue  # removed meanwhile
    return total


def measure(corpus: Path, output: Path, workers: int) -> dict:
    """One run, watched."""
    from pipeline.run_file import parse_config
    from pipeline.runner import run

    read = {"path": str(corpus), "columns": {"doc_id": "id"}}
    values = {"input": read, "stages": ["drop_near_duplicates"], "output": {"path": str(output)}}
    sampler = Sampler(output)
    sampler.start()
    start = time.perf_counter()
    result = run(parse_config(values, "benchmark"), StepNames(sampler), workers=workers)
    seconds = time.perf_counter() - start
    sampler.running = False
    count, size = result.counts["records"], corpus.stat().st_size
    ends = [at for _, at in sampler.steps[1:]] + [start + seconds]
    steps = {}
    for (name, at), end in zip(sampler.steps, ends):
        memory, disk = sampler.by_step.get(name, (0, 0))
        rate = count / max(end - at, 1e-9)
        steps[name] = f"{end - at:.1f} s, {rate:,.0f} documents/s, {memory >> 20} MiB, disk {disk / size:.2f} x input"
    summary = next(step["summary"] for step in result.manifest["stages"] if "summary" in step)
    return {
        "workers": workers,
        "seconds": round(seconds, 1),
        "documents_per_second": round(count / seconds),
        "microseconds_per_document": round(1e6 * seconds / count, 2),
        "peak_rss_anon_mib": sampler.memory >> 20,
        "peak_rss_anon_bytes_per_document": round(sampler.memory / count, 1),
        "peak_disk_times_input": round(sampler.disk / size, 2),
        "output_times_input": round(folder_bytes(output) / size, 2),
        "load_average": [round(x, 1) for x in os.getloadavg()],
        "steps": steps,
        "summary": summary,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sentences", type=Path)
    parser.add_argument("--folder", type=Path, help="where the corpus and the output go; a temporary folder by default")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make:
        make_corpus(args.make, args.documents, args.sentences)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        corpus = Path(name) / "corpus.jsonl"
        command = [sys.executable, __file__, "--documents", str(args.documents), "--make", str(corpus)]
        command += ["--sentences", str(args.sentences)] if args.sentences else []
        made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(json.dumps(made | measure(corpus, Path(name) / "out", args.workers), indent=2))


if __name__ == "__main__":
    main()
