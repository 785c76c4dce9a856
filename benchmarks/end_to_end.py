"""Documents per second of the whole pipeline against the plain use of its libraries, on the same documents.

    end_to_end.py [DOCS.jsonl[.zst]] [--limit 20000] [--rounds 1]

Both read the file, do all their work on one process and write Parquet: the pipeline with its default stages and its whole output,
the plain stack as in plain_stack.py. The plain stack's imports and profiles are not counted, so neither are our imports, kernels and
rule packs: the process takes the first 300 documents before. With all of that, `pipeline run` from its start to its end is printed
beside it, and the kernels' first compilation. Records are {id, text, …}.
Without a file, 2,000 documents are made from shuffled sentences of the seeds: smaller and more alike than real text, so the
figure says little beyond that the script runs.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parent.parent
COMMAND = "from pipeline.cli import main; main()"
# An installed package has its bytecode, and so have the plain stack's libraries: here the first run, which is not counted, may write it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
STAGES = [
    "fix_encoding",
    "identify_language",
    "strip_boilerplate",
    "strip_repeated_lines",
    "repair_translation",
    "drop_near_duplicates",
]


def make_documents(path: Path, count: int) -> None:
    """Documents of shuffled seed sentences (seeded)."""
    sentences = [s for p in sorted((REPO / "seeds").glob("*.txt")) for s in p.read_text(encoding="utf-8").split(". ")]
    draw = random.Random(1)
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            out.write(json.dumps({"id": str(number), "text": ". ".join(draw.choices(sentences, k=25))}) + "\n")


def run_file(docs: Path, folder: Path) -> Path:
    """A run file with the default stages over the documents."""
    columns = {"doc_id": "id", **({"source": "senator"} if "senate" in docs.name else {})}
    values = {"input": {"path": str(docs), "columns": columns}, "stages": STAGES, "output": {"path": str(folder / "out")}}
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def run_command(config: Path, limit: int) -> float:
    """Seconds of `pipeline run` with one worker, from the shell's start of it to its end."""
    arguments = ["run", str(config), "--workers", "1", "--limit", str(limit), "--overwrite"]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COMMAND, *arguments], check=True, cwd=REPO, capture_output=True, env=ENVIRONMENT)
    return time.perf_counter() - start


def run_warm(config: Path, limit: int) -> dict:
    """The manifest of a run with one worker in a process that has taken 300 documents before."""
    script = "import pipeline\nfor limit in {}: pipeline.run({!r}, workers=1, limit=limit, overwrite=True)"
    subprocess.run([sys.executable, "-c", script.format([300, limit], str(config))], check=True, cwd=REPO)
    return json.loads((config.parent / "out" / "manifest.json").read_text(encoding="utf-8"))


def run_plain(docs: Path, folder: Path, limit: int) -> dict:
    """The plain stack's own figures; its imports and profile loading are not counted."""
    command = [
        sys.executable,
        str(REPO / "benchmarks" / "plain_stack.py"),
        str(docs),
        str(folder / "plain.parquet"),
        "--limit",
        str(limit),
    ]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="?", type=Path)
    parser.add_argument("--limit", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=1, help="the fastest of so many, of both sides, which take turns")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = args.docs or folder / "made.jsonl"
        if args.docs is None:
            make_documents(docs, 2000)
        config = run_file(docs, folder)
        compile_seconds = run_command(config, 50)
        commands, warm, plains = [], [], []
        for _ in range(args.rounds):
            commands.append(run_command(config, args.limit))
            warm.append(run_warm(config, args.limit))
            plains.append(run_plain(docs, folder, args.limit)["documents_per_second"])
    manifest = min(warm, key=lambda manifest: manifest["times"]["seconds"])
    records = manifest["counts"]["records"]
    ours, plain = manifest["times"]["documents_per_second"], max(plains)
    figures = {
        "data": str(args.docs.name) if args.docs else "made from the seeds",
        "documents": records,
        "first_run_of_50_documents_seconds": round(compile_seconds, 1),
        "pipeline_documents_per_second": ours,
        "pipeline_documents_per_second_with_start_up": round(records / min(commands), 1),
        "plain_documents_per_second": plain,
        "ratio": round(ours / plain, 1),
        "stages": manifest["times"]["stages"],
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
