"""The run file: what is accepted, and what a mistake is answered with."""

from pathlib import Path

import pytest

from pipeline.engines.settings import EngineConfig
from pipeline.errors import UserError
from pipeline.run_file import load_config, parse_config
from tests.support import REPO

GOOD = {"input": {"path": "in"}, "stages": ["fix_encoding"], "output": {"path": "out"}}


def error_of(text: str, tmp_path: Path) -> str:
    """What load_config says of this run file."""
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_config(path)
    return str(caught.value).replace(f"{tmp_path}/", "")


HEAD = "input: {path: in}\noutput: {path: out}\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            HEAD + "stages:\n  - fix_encodin\n",
            ["run.yaml line 4: stages[0]", "no stage 'fix_encodin'", "Did you mean 'fix_encoding'?"],
        ),
        (
            HEAD + "stages:\n  - drop_near_duplicates: {treshold: 0.5}\n",
            ["line 4", "stages[0].drop_near_duplicates.treshold", "Did you mean 'threshold'?"],
        ),
        (HEAD + "stages:\n  - drop_near_duplicates: {threshold: 1.5}\n", ["threshold", "1.5"]),
        (HEAD + "stages:\n  - drop_near_duplicates: {threshold: high}\n", ["threshold", "'high'"]),
        (HEAD + "stages:\n  - identify_language: {keep: [eng]}\n", ["stages[0]", "'eng'", "Did you mean 'en'?"]),
        (
            HEAD + "stages:\n  - identify_language: {keep: en}\n",
            ["identify_language.keep: found 'en'; expected a list such as [a, b]"],
        ),
        (
            HEAD + "stages:\n  - strip_boilerplate: {packs: en}\n",
            ["packs: found 'en'; expected 'auto', or a list such as [a, b]"],
        ),
        (
            HEAD + "stages:\n  - drop_near_duplicates: {keep: [longest, last]}\n",
            ["keep[1]: found 'last'; expected 'longest', 'newest'"],
        ),
        (HEAD + "stages:\n  - drop_near_duplicates: {shingle_words: 0}\n", ["shingle_words: found 0; expected at least 1"]),
        (HEAD + "stages:\n  - strip_repeated_lines: {min_share: 5%}\n", ["min_share: found '5%'; expected a number"]),
        (HEAD + "stages:\n  - identify_language: {per_line: maybe}\n", ["per_line: found 'maybe'; expected true or false"]),
        (HEAD + "stages:\n  - strip_boilerplate:\n    packs: [en]\n", ["expected a stage name", "settings are indented further"]),
        (
            "output: {path: out}\ninput: {path: in, shard_bytes: 64MB}\n",
            ["input.shard_bytes: found '64MB'; expected a whole number"],
        ),
        ("output: {path: out}\ninput: {path: }\n", ["input.path: found nothing; expected text"]),
        (
            "output: {path: out}\ninput: {path: in, columns: {body: text}}\n",
            ["input.columns.body: no column 'body'. There are: doc_id"],
        ),
        ("output: {path: out}\ninput: {path: in, columns: [text]}\n", ["input.columns: found ['text']; expected a mapping"]),
        ("input:\n\tpath: in\n", ["line 2: not YAML", "by spaces, not tabs"]),
        (HEAD + "stages: fix_encoding\n", ["stages", "expected a list"]),
        (HEAD + "stages: []\n", ["stages", "expected a list"]),
        (
            "input: {path: in, fromat: text}\noutput: {path: out}\nstages: [fix_encoding]\n",
            ["line 1", "input.fromat", "'format'"],
        ),
        (
            "input: {path: in, format: texts}\noutput: {path: out}\nstages: [fix_encoding]\n",
            ["input.format", "'texts'", "'text'"],
        ),
        ("output: {path: out}\nstages: [fix_encoding]\n", ["input", "no path"]),
        ("inptu: {path: in}\n", ["no key 'inptu'", "'input'"]),
        ("input: {path: in}\ninput: {path: there}\n", ["line 2", "'input' stands twice"]),
        ("input: [\n", ["not YAML"]),
        ("input: !!python/object/apply:os.system [true]\n", ["not YAML", "python"]),
        (HEAD + "stages: [fix_encoding]\nengine: rya\n", ["engine.name", "'rya'", "'ray'"]),
        (HEAD + "stages: [fix_encoding]\nengine: [ray]\n", ["line 4", "engine", "expected local, ray, or a mapping"]),
        (HEAD + "stages: [fix_encoding]\nengine: {address: 'a:1'}\n", ["line 4", "the engine is local", "set its name to ray"]),
        ("just text\n", ["expected the keys"]),
        ("", ["expected the keys"]),
    ],
)
def test_mistake_is_answered_with_place_value_and_nearest_name(text: str, parts: list[str], tmp_path: Path) -> None:
    """One sentence: where, what was found, what was expected."""
    message = error_of(text, tmp_path)
    assert all(part in message for part in parts), message


def test_defaults_are_filled_in() -> None:
    """The resolved run file holds every setting."""
    resolved = parse_config(GOOD, "here").resolved()
    assert resolved["input"]["format"] == "auto"
    assert resolved["output"]["part_bytes"] == 128 * 2**20


def test_digest_follows_settings_and_not_paths() -> None:
    """Moving a corpus does not make another run; a setting does."""
    one = parse_config(GOOD, "here")
    assert parse_config(GOOD, "there", input_path="a", output_path="b").digest() == one.digest()
    other = parse_config({**GOOD, "stages": ["fix_encoding", "strip_boilerplate"]}, "here")
    assert other.digest() != one.digest()


def test_engine_by_its_name_or_with_settings() -> None:
    """The command line goes before the run file; what the output keeps, and what makes another run, is without it."""
    local = parse_config(GOOD, "here")
    assert local.engine == EngineConfig("local")
    named = parse_config({**GOOD, "engine": "ray"}, "here", address="10.0.0.5:6379")
    assert named.engine == EngineConfig("ray", "10.0.0.5:6379")
    given = {"name": "ray", "address": "10.0.0.5:6379", "max_memory": 2**31}
    assert parse_config({**GOOD, "engine": given}, "here").engine == EngineConfig(**given)
    assert parse_config({**GOOD, "engine": given}, "here", engine="ray", address="b:1").engine == EngineConfig(
        "ray", "b:1", 2**31
    )
    assert parse_config({**GOOD, "engine": given}, "here", engine="local").engine == EngineConfig("local", None, 2**31)
    assert named.digest() == local.digest()
    assert named.recorded() == local.recorded()
    assert named.resolved()["engine"]["name"] == "ray"


@pytest.mark.parametrize("path", sorted((REPO / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_run_files_are_valid(path: Path) -> None:
    """What we ship loads."""
    assert load_config(path, input_path="in").stages
