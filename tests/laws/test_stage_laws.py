"""Every stage in the list under every law, on what Hypothesis makes and on the seeds; and every law seen failing."""

import dataclasses
import pickle
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.edits import NO_EDITS, Span, apply_spans
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Outcome
from pipeline.stages import STAGES
from tests.laws import laws
from tests.laws.documents import batches
from tests.support import SEEDS, batch_of

STAGE_NAMES = sorted(STAGES)
slow_is_fine = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", STAGE_NAMES)
def test_stage_keeps_law_on_made_documents(name: str, law: laws.Law) -> None:
    """Hypothesis looks for a batch with which the stage breaks the law."""
    stage = STAGES[name]()

    @slow_is_fine
    @given(batches())
    def holds(batch: pa.RecordBatch) -> None:
        law(stage, batch)

    holds()


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", STAGE_NAMES)
def test_stage_keeps_law_on_seeds(name: str, law: laws.Law) -> None:
    """The five real documents, twice, one of them marked."""
    texts = [*SEEDS.values(), *SEEDS.values()]
    marks = [None] * 6 + ["too_short"] + [None] * 3
    law(STAGES[name](), batch_of(texts, lang=["en"] * 10, source=["paper", "wire"] * 5, drop_reason=marks))


@dataclasses.dataclass(frozen=True)
class LosesRow:
    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        return Outcome(batch.slice(0, batch.num_rows - 1), NO_EDITS)


@dataclasses.dataclass(frozen=True)
class Shouts:
    """Honest edits of every row, marked ones too."""

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        text, edits = apply_spans(batch["text"], [Span(row, 0, 0, "!", "shout") for row in range(batch.num_rows)])
        return Outcome(replace_columns(batch, text=text), edits)


@dataclasses.dataclass(frozen=True)
class CountsRows:
    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        scores = pa.array(range(batch.num_rows), pa.int32()).filter(pa.array(live_rows(batch)))
        return Outcome(replace_columns(batch, mt_score=_spread(scores, batch)), NO_EDITS)


def _spread(scores: pa.Array, batch: pa.RecordBatch) -> pa.Array:
    values = iter(scores.to_pylist())
    return pa.array([next(values) if live else None for live in live_rows(batch)], pa.int32())


SEEN: list[int] = []


@dataclasses.dataclass(frozen=True)
class Remembers:
    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        SEEN.append(batch.num_rows)
        return Outcome(replace_columns(batch, mt_score=pa.array([len(SEEN)] * batch.num_rows, pa.int32())), NO_EDITS)


@dataclasses.dataclass(frozen=True)
class HoldsFunction:
    function: Any = dataclasses.field(default_factory=lambda: lambda batch: Outcome(batch, NO_EDITS))

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        return self.function(batch)


@dataclasses.dataclass(frozen=True)
class HidesEdit:
    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        return Outcome(
            replace_columns(batch, text=pa.array([t.upper() for t in batch["text"].to_pylist()], pa.large_string())), NO_EDITS
        )


BROKEN: list[tuple[Any, laws.Law]] = [
    (LosesRow(), laws.same_rows_ids_schema),
    (Shouts(), laws.marked_rows_untouched),
    (CountsRows(), laws.boundaries_do_not_matter),
    (Remembers(), laws.first_call_equals_later_ones),
    (HoldsFunction(), laws.pickles),
    (HidesEdit(), laws.edits_restore_the_input),
    (Shouts(), laws.second_pass_changes_nothing),
]


@pytest.mark.parametrize(("stage", "law"), BROKEN, ids=lambda value: getattr(value, "__name__", type(value).__name__))
def test_law_can_fail(stage: Any, law: laws.Law) -> None:
    """A stage broken on purpose is caught by the law it breaks."""
    with pytest.raises((AssertionError, AttributeError, pickle.PicklingError)):
        law(stage, batch_of(["one", "two", "three"], drop_reason=[None, "too_short", None]))


def test_every_law_has_been_broken() -> None:
    """No law stands that nobody has seen fail."""
    assert {law for _, law in BROKEN} == set(laws.LAWS)
