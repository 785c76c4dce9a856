"""Steps in proportion to the text, whatever it is made of: judgements of a corpus stand under no clock, and no stage should need one."""

import random
import time

import pytest

from pipeline.neardup.families import FindFamilies
from pipeline.stage import Stage
from pipeline.stages import STAGES
from tests.support import SEEDS, batch_of, run_stage

pytestmark = pytest.mark.gate  # clocks

_DRAW = random.Random(1)
_WORDS = ["".join(_DRAW.choices("abcdefghijklmnop", k=6)) for _ in range(50_000)]
SHAPES = {
    "one word": "a ",
    "empty lines": "\n",
    "no end of a word": "x",
    "one line": "Read more about it here\n",
    "one name": "Joe Biden said. ",
    "one sentence": "The man said that he would go. ",
    "no spaces": "图",
    "marks": "e\u0301",
    "mojibake": "Ã©",
    "entities": "&amp;",
    "commas": "a,a",
    "columns": "| 1 ",
    "tags": "<meta ",
    "quotation marks": "“ a ” ",
    "keys and values": "Key: value\n",
    "said twice": "the man the man ",
    "other words": " ".join(_WORDS),
    "other lines": "\n".join(f"{word} and what follows it" for word in _WORDS),
    "other names": " ".join(f"{word.title()} {other.title()} said." for word, other in zip(_WORDS, _WORDS[7:])),
}
JUDGED: dict[str, Stage] = {name: kind() for name, kind in STAGES.items()} | {"find_families": FindFamilies()}


@pytest.mark.parametrize("name", JUDGED)
def test_the_time_of_a_stage_grows_as_the_text_does(name: str) -> None:
    """Eight times the bytes take eight times the time, twice as much by chance, and not thrice in a row; all pairs would take 64 times."""
    stage = JUDGED[name]

    def seconds(text: str) -> float:
        batch = batch_of([text, "A second document, which is short."], lang=["en", "en"], source=["s", "s"])
        started = time.process_time()
        run_stage(stage, [[batch]])
        return time.process_time() - started

    seconds(" ".join(SEEDS.values()))  # loads tables and kernels
    for shape, pattern in SHAPES.items():
        small, large = ((pattern * (size // len(pattern) + 1))[:size] for size in (50_000, 400_000))
        assert any(seconds(large) < 16 * seconds(small) + 0.2 for _ in range(3)), shape
