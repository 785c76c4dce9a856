"""README, held to the code: its commands, run file, settings, names of outputs and snippets."""

import json
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
import yaml

import pipeline
from pipeline.arguments import find_config
from pipeline.cli import app
from pipeline.exits import EXIT_QUARANTINE, EXIT_SIGNAL, EXIT_USER
from pipeline.output_folder import OUTPUTS
from pipeline.run_file import parse_config
from pipeline.runner import run
from pipeline.stages import STAGES
from tests.report.outputs import Silent
from tests.support import REPO, SEEDS

README = (REPO / "README.md").read_text(encoding="utf-8")
CODE = re.sub(r"^```.*?^```", "", README, flags=re.M | re.S)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.M | re.S)
INLINE = re.findall(r"`([^`\n]+)`", CODE)
SHELL = re.sub(r"\$\([^)]*\)", "X", "".join(block for kind, block in BLOCKS if kind in ("", "sh")))
IN_BLOCKS = re.findall(r"(?:^|&& |; )(pipeline .*?)(?=$| [&|;#]| \d?>)", SHELL, flags=re.M)
COMMANDS = sorted({text.strip() for text in (*INLINE, *IN_BLOCKS) if text.startswith("pipeline ")})
COMMAND = typer.main.get_command(app)


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a language."""
    return [block for name, block in BLOCKS if name == kind]


@pytest.fixture(scope="module")
def seeds_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make run` writes, under the name that README gives it."""
    out = tmp_path_factory.mktemp("readme") / "data" / "seeds"
    run(pipeline.load_config(find_config("seeds"), input_path=str(REPO / "seeds"), output_path=str(out)), Silent(), workers=1)
    return out


def test_readme_has_commands_and_run_files_to_check() -> None:
    """Or the tests below would hold of nothing."""
    assert len(COMMANDS) >= 4
    assert blocks("yaml")
    assert blocks("python")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command: str) -> None:
    """Its name, arguments and options are those of the command line; words in capitals stand for the user's own."""
    words = [word for word in shlex.split(command)[1:] if word not in ("…", "...")]
    if not words or words[0].startswith("-"):
        return
    found = COMMAND.commands[words[0]]  # type: ignore[attr-defined]
    options = {name for parameter in found.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}
    if len(words) > 1 or not any(parameter.required for parameter in found.params):
        found.make_context(words[0], words[1:], resilient_parsing=True)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_run_files_are_valid(block: str) -> None:
    """Blocks with stages are run files: they load, and their comments are their own business."""
    values = yaml.safe_load(block)
    if "stages" in values:
        assert parse_config(values, "README.md").stages


def test_the_run_file_shows_every_stage_with_its_defaults() -> None:
    """Settings that are written out are the defaults, but for paths, columns and the languages to keep."""
    [values] = [loaded for block in blocks("yaml") if "stages" in (loaded := yaml.safe_load(block))]
    entries = [{entry: {}} if isinstance(entry, str) else entry for entry in values["stages"]]
    assert [next(iter(entry)) for entry in entries] == list(STAGES)
    bare = {"input": {"path": "in"}, "output": {"path": "out"}}
    defaults = parse_config({**bare, "stages": [next(iter(entry)) for entry in entries]}, "defaults").resolved()["stages"]
    for entry, default in zip(entries, defaults):
        [(name, settings)], [(_, filled)] = entry.items(), default.items()
        told = {key: value for key, value in (settings or {}).items() if (name, key) != ("identify_language", "keep")}
        assert told == {key: filled[key] for key in told}, name
    for section in ("input", "output"):
        told = {key: value for key, value in values[section].items() if key not in ("path", "columns")}
        assert told == {
            key: parse_config({**bare, "stages": ["fix_encoding"]}, "defaults").resolved()[section][key] for key in told
        }


def test_every_stage_is_described() -> None:
    """Each has its row."""
    assert {name for name in STAGES if f"| `{name}` |" not in README} == set()


def test_every_output_is_described(seeds_output: Path) -> None:
    """What a run leaves has its row in the table, and nothing that it cannot leave has one."""
    rows = re.findall(r"^\| (`[^|]+`(?:, `[^|]+`)*) \|", README.partition("## The output")[2].partition("\n## ")[0], flags=re.M)
    named = {name.partition("/")[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    left = {path.name for path in seeds_output.iterdir() if not path.name.startswith(".")}
    assert left <= named
    assert named <= {*OUTPUTS, "README.md"}


def test_columns_that_are_named_are_there(seeds_output: Path) -> None:
    """In the rows of the Parquet files."""
    section = README.partition("## The output")[2].partition("\n## ")[0]
    there = {name for path in seeds_output.rglob("*.parquet") for name in pq.read_schema(path).names}
    rows = [line for line in section.splitlines() if line.startswith("| `") and ".parquet" in line.split("|")[1]]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|", 2)[2])}
    assert named - set(STAGES) - {"against"} <= there
    assert {"text", "doc_id", "drop_reason", "similarity", "removed"} <= named


def test_before_and_after_is_what_the_run_does(seeds_output: Path) -> None:
    """Every line of the example is a line of seed 004, and what is taken off is what the run takes off."""
    [diff] = blocks("diff")
    rows = {row["doc_id"]: row for kind in ("documents", "dropped") for row in pq.read_table(seeds_output / kind).to_pylist()}
    [name] = [name for name in SEEDS if name.startswith("004")]
    before, after = SEEDS[name].split("\n"), rows[name]["text"].split("\n")
    shown = [line for line in diff.splitlines() if line.strip() not in ("", "…")]
    removed = [line[2:] for line in shown if line.startswith("- ")]
    assert all(line[2:] in before for line in shown)
    gone = Counter(line for line in before if line.strip()) - Counter(after)
    assert Counter(removed) == gone


@pytest.mark.parametrize("block", blocks("python"))
def test_snippets_run(block: str, seeds_output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand, where `make run` was called; those for a scheduler need its package and are compiled."""
    compiled = compile(block, "README.md", "exec")
    if "import airflow" in block or "from airflow" in block:
        return
    monkeypatch.chdir(seeds_output.parent.parent)
    (seeds_output.parent.parent / "seeds").exists() or (seeds_output.parent.parent / "seeds").symlink_to(REPO / "seeds")
    exec(compiled, {"__name__": "readme"})


def test_exit_codes_are_those_of_the_command_line() -> None:
    """The numbers that schedulers go by."""
    section = (
        README.partition("## Exit codes")[2].partition("\n## ")[0] or README.partition("## Schedulers")[2].partition("\n## ")[0]
    )
    told = {int(code) for code in re.findall(r"\b(\d{1,3})\b", section)}
    assert {0, EXIT_USER, 3, EXIT_QUARANTINE, EXIT_SIGNAL + 2, EXIT_SIGNAL + 15} <= told


def test_files_that_are_named_are_there() -> None:
    """Scripts, folders and pages of the project."""
    for name in re.findall(r"`((?:benchmarks|configs|tests)/[\w./-]+)", README):
        assert (REPO / name.rstrip(".")).exists(), name
    for name in re.findall(r"\b([A-Z]+\.md)\b", README):
        assert (REPO / name).exists() or name == "README.md", name


def test_help_of_the_command_line_is_quick() -> None:
    """Heavy imports wait until they are needed: `--help` loads no pyarrow, numpy or numba."""
    script = "import sys, pipeline.cli; print([name for name in ('pyarrow', 'numpy', 'numba') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPO)
    assert json.loads(done.stdout.replace("'", '"')) == []
