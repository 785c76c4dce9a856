"""How well mt_score tells machine translation from human text: area under the curve, and recall at one per cent of false positives.

    translation_score.py HUMAN.txt MACHINE.txt... [--block 10]

Files of lines that say the same, one text each; blocks of lines stand for documents. The threshold for the recall is the score that
one per cent of the human blocks exceed; `passes` is the share of blocks that pass the default gate.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.stages.repair_translation import RepairTranslation
from pipeline.translation.scope import lengths
from pipeline.translation.score import scan, score


def score_blocks(path: Path, size: int) -> np.ndarray:
    """The score of each block of lines, ascending."""
    lines = path.read_text("utf-8").splitlines()
    text = pa.array(["\n".join(lines[i : i + size]) for i in range(0, len(lines) - size + 1, size)], pa.large_string())
    return np.sort(score(scan(text, np.arange(len(text))).hits, lengths(text)))


def area(human: np.ndarray, machine: np.ndarray) -> float:
    """The chance that a machine's block scores above a person's; ties count half."""
    below = np.searchsorted(human, machine, "left") + np.searchsorted(human, machine, "right")
    return float(below.mean() / 2 / len(human))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("human", type=Path)
    parser.add_argument("machine", type=Path, nargs="+")
    parser.add_argument("--block", type=int, default=10)
    args = parser.parse_args()
    gate = RepairTranslation().min_score
    human = score_blocks(args.human, args.block)
    least = human[-1 - len(human) // 100]
    figures = {args.human.name: {"blocks": len(human), "passes": round(float((human >= gate).mean()), 3)}}
    for path in args.machine:
        machine = score_blocks(path, args.block)
        figures[path.name] = {
            "auc": round(area(human, machine), 3),
            "recall_at_1_percent": round(float((machine > least).mean()), 3),
            "passes": round(float((machine >= gate).mean()), 3),
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
