"""From the stages of a run file to segments: runs of document stages between the barriers that corpus stages need."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import NamedStage
from pipeline.neardup.families import FindFamilies
from pipeline.stage import CorpusStage, Stage
from pipeline.stages.drop_near_duplicates import DropNearDuplicates


@dataclass(frozen=True)
class Step:
    """A stage with its number in the run file (from 1; 0 for what the planner puts in), which `edits/` names it by."""

    number: int
    name: str
    stage: Stage


@dataclass(frozen=True)
class Segment:
    """The verdicts of a corpus stage are applied first, if there is one, then the document stages run, shard by shard."""

    number: int
    barrier: Step | None
    steps: tuple[Step, ...]


def plan_segments(stages: Sequence[NamedStage]) -> list[Segment]:
    """The segments of a run, in order.

    Where a stage counts families, they are found in the text as it is: right after a leading `fix_encoding`, or at once.
    """
    steps = [Step(number, named.name, named.stage) for number, named in enumerate(stages, start=1)]
    if any(getattr(step.stage, "counts_families", False) for step in steps):
        steps.insert(1 if steps[0].name == "fix_encoding" else 0, Step(0, "find_families", _families(steps)))
    segments: list[Segment] = []
    barrier: Step | None = None
    run: list[Step] = []
    for step in steps:
        if isinstance(step.stage, CorpusStage):
            if run or barrier:
                segments.append(Segment(len(segments), barrier, tuple(run)))
            barrier, run = step, []
        else:
            run.append(step)
    segments.append(Segment(len(segments), barrier, tuple(run)))
    return segments


def _families(steps: Sequence[Step]) -> FindFamilies:
    """Families as the run's own near-duplicate stage would see them, so that its signatures can be used again."""
    for step in steps:
        if isinstance(step.stage, DropNearDuplicates):
            same = ("threshold", "shingle_words", "num_perm", "seed", "target_recall")
            return FindFamilies(**{name: getattr(step.stage, name) for name in same})
    return FindFamilies()
