"""Sends hostile texts through the stages for a while: `python -m tests.hostile.fuzz_stages SEED EXECUTIONS FOLDER`.

An execution is one batch through one stage under one law. Prints one JSON object with counts; a law that is broken ends it with a
traceback, and the batch lies in FOLDER.
"""

import json
import logging
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from pipeline.files import write_ipc
from pipeline.schema import SCHEMA
from pipeline.stages import STAGES
from tests.hostile.fuzz_readers import MAX_SECONDS, bytes_in_use, limit_memory
from tests.hostile.mutate import mutated
from tests.hostile.strings import HOSTILE
from tests.laws import laws
from tests.laws.documents import ODD_LINES, SEED_LINES
from tests.support import SEEDS, batch_of

LAWS = [laws.same_rows_ids_schema, laws.edits_restore_the_input, laws.boundaries_do_not_matter, laws.second_pass_changes_nothing]
_LANGUAGES = ["en", "en", "zh", "de", "ar", "th", "und", None]


def main(seed: int, executions: int, folder: Path) -> None:
    logging.disable(logging.WARNING)  # ftfy's own failures, which leave a line as it is
    limit_memory()
    draw = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest, early = (0.0, ""), 0
    for stage in STAGES.values():
        laws.same_rows_ids_schema(stage(), batch_of(list(SEEDS.values())))
    for number in range(executions):
        name, law, batch = draw.choice(list(STAGES)), draw.choice(LAWS), hostile_batch(draw)
        write_ipc(folder / "batch.arrow", [batch], SCHEMA)
        started = time.process_time()
        law(STAGES[name](), batch)
        slowest = max(slowest, (time.process_time() - started, name))
        assert slowest[0] < MAX_SECONDS, f"{name} took {slowest[0]:.1f} s"
        counts[f"{name} {law.__name__}"] += 1
        if number == executions // 4:
            early = bytes_in_use()
    grown = bytes_in_use() - early
    sys.stdout.write(json.dumps({"executions": executions, "laws": counts, "slowest": slowest, "grown": grown}) + "\n")


def hostile_batch(draw: random.Random) -> pa.RecordBatch:
    """A few documents, one of them alike to another, some marked."""
    texts = [hostile_text(draw) for _ in range(draw.randint(1, 5))]
    texts.append(draw.choice(texts) + draw.choice(("", " ", "\n", "x")))
    count = len(texts)
    return batch_of(
        texts,
        source=[draw.choice(("paper", "\x00", "<script>", None)) for _ in range(count)],
        title=[draw.choice((hostile_text(draw)[:200], None)) for _ in range(count)],
        lang=[draw.choice(_LANGUAGES) for _ in range(count)],
        drop_reason=[draw.choice((None, None, None, "too_short")) for _ in range(count)],
    )


def hostile_text(draw: random.Random) -> str:
    """Hostile strings, real lines and boilerplate in any order; at times damaged as bytes, or read with a wrong charset."""
    pieces = [_piece(draw) for _ in range(draw.choice((1, 2, 5, 20)))]
    text = draw.choice(("", " ", "\n", "\n\n", "\r\n")).join(pieces)[:20_000]
    way = draw.random()
    if way < 0.2:
        text = mutated(text.encode("utf-8", "surrogatepass"), draw).decode("utf-8", "replace")
    elif way < 0.3:
        text = text.encode("utf-8", "replace").decode(draw.choice(("latin-1", "cp1252", "cp1251", "gb18030")), "replace")
    return text.encode("utf-8", "replace").decode()


def _piece(draw: random.Random) -> str:
    which = draw.random()
    if which < 0.5:
        return draw.choice(draw.choice(list(HOSTILE.values())))[: draw.choice((20, 500, 10_000))]
    if which < 0.8:
        return draw.choice(draw.choice((SEED_LINES, ODD_LINES)))
    if which < 0.9:
        return draw.choice(list(SEEDS.values()))
    low, high = draw.choice(((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)))
    return "".join(chr(draw.randint(low, high)) for _ in range(draw.choice((1, 20, 300))))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
