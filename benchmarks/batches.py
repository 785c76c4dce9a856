"""A corpus in batches, each against all before it, and in one run: what is kept, and what the earlier documents cost.

    batches.py DOCS.jsonl[.zst] [--limit 72644] [--batches 10]

Both keep the first of a cluster. A pair at the threshold is a candidate with a chance of 99.6 %, and in batches it has that one chance,
where in one run a third version of the story may bring the two together: so a few documents may differ. For the last batch also the
seconds that going over the signatures of all earlier documents took. One worker.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from near_duplicates_peers import copy_documents

from pipeline.run_file import parse_config
from pipeline.runner import run


class Clock:
    """When each map of a run began."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, float]] = []

    def start(self, name: str, total: int) -> None:
        self.begun.append((name, time.perf_counter()))

    def advance(self) -> None: ...

    def seconds(self, name: str) -> float:
        """Between the end of the map before and the end of the map that ends so."""
        at = next(i for i, (begun, _) in enumerate(self.begun) if begun.endswith(name))
        return self.begun[at + 1][1] - self.begun[at][1]


def kept_of(docs: Path, output: Path, clock: Clock, against: list[Path]) -> set[str]:
    """The ids that a run over the documents keeps."""
    stage = {"drop_near_duplicates": {"keep": "first", "against": [str(path) for path in against]}}
    values = {"input": {"path": str(docs), "columns": {"doc_id": "id"}}, "stages": [stage], "output": {"path": str(output)}}
    run(parse_config(values, "benchmark"), clock, workers=1)
    return set(pq.read_table(output / "documents", columns=["doc_id"])["doc_id"].to_pylist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path)
    parser.add_argument("--limit", type=int, default=100_000)
    parser.add_argument("--batches", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = copy_documents(args.docs, folder / "all.jsonl", args.limit)
        lines = (folder / "all.jsonl").read_text(encoding="utf-8").splitlines()
        once = kept_of(folder / "all.jsonl", folder / "once", Clock(), [])
        outputs: list[Path] = []
        batched: set[str] = set()
        for number in range(args.batches):
            part = folder / f"{number}.jsonl"
            part.write_text(
                "\n".join(lines[number * count // args.batches : (number + 1) * count // args.batches]), encoding="utf-8"
            )
            clock, before = Clock(), len(batched)
            batched |= kept_of(part, folder / f"out-{number}", clock, outputs)
            outputs.append(folder / f"out-{number}")
        stored = sum(path.stat().st_size for path in (folder / "once" / "signatures").iterdir())
        figures = {"data": args.docs.name, "documents": count, "batches": args.batches, "kept_in_one_run": len(once)}
        figures |= {"kept_in_batches": len(batched), "kept_in_one_of_them_only": len(once ^ batched)}
        figures |= {"earlier_documents": before, "seconds_over_their_signatures": round(clock.seconds(" earlier"), 3)}
        figures |= {
            "store_bytes_a_document": round(stored / len(once)),
            "text_bytes_a_document": round(sum(map(len, lines)) / count),
        }
        print(json.dumps(figures | {"load_average": [round(x, 1) for x in os.getloadavg()]}, indent=2))


if __name__ == "__main__":
    main()
