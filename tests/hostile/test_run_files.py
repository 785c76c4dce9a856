"""Run files and rule packs that want to hurt whoever reads them, and what the program never does with a file."""

import ast
import time
from pathlib import Path

import pytest

from pipeline.boilerplate.packs import read_pack
from pipeline.boilerplate.rules import matches
from pipeline.errors import UserError
from pipeline.places import read_yaml
from pipeline.run_file import load_config
from tests.support import ENDLESS, REPO

_LAUGHS = "\n".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi"))

HOSTILE_YAML = {
    "aliases of aliases": (f"a: &a [x, x, x]\n{_LAUGHS}\n", "more than 100,000 values"),
    "an alias within itself": ("stages: &s [fix_encoding, *s]\n", "the alias 's' stands within what it names"),
    "brackets": ("[" * 1_000_000, "nested more than 50 deep"),
    "dashes": ("- " * 200_000, "nested more than 50 deep"),
    "braces": ("{a: " * 10_000 + "}" * 10_000, "nested more than 50 deep"),
    "many values": ("[" + "x, " * 200_000 + "]", "more than 100,000 values"),
    "a tag that runs a command": (
        "stages: !!python/object/apply:os.system ['touch pwned']\n",
        "could not determine a constructor",
    ),
    "a tag of a class": ("input: !!python/object:pipeline.config.RunConfig {}\n", "not YAML"),
    "a tag of our own": ("input: !include /etc/passwd\n", "not YAML"),
    "a key twice": ("input: {path: a, path: b}\n", "the key 'path' stands twice"),
    "no text": ("\x00\x01", "not YAML"),
}


@pytest.mark.parametrize("label", HOSTILE_YAML)
def test_hostile_yaml_is_refused_at_once(label: str, tmp_path: Path) -> None:
    """In a sentence with the line; nine aliases of nine, nine times, took minutes, and 50,000 brackets crashed the reader."""
    text, message = HOSTILE_YAML[label]
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    started = time.process_time()
    for read in (load_config, read_pack):
        with pytest.raises(UserError, match=message) as error:
            read(path)
        assert len(str(error.value)) < 1000
    assert time.process_time() - started < ENDLESS
    assert not Path("pwned").exists()


def test_an_alias_is_a_value_like_others(tmp_path: Path) -> None:
    """What is within measure works as YAML says."""
    (tmp_path / "run.yaml").write_text("a: &a [x, {y: 1}]\nb: [*a, *a]\n", encoding="utf-8")
    assert read_yaml(tmp_path / "run.yaml")[0]["b"] == [["x", {"y": 1}], ["x", {"y": 1}]]


_PACK = """
pack: evil
lang: en
rules:
  - {{id: r, family: f, max_tokens: 60, scope: contains, why: to hurt, strips: [{strips}], keeps: [kept], pattern: ['{pattern}']}}
"""


def pack(folder: Path, pattern: str, strips: str) -> Path:
    path = folder / "evil.yaml"
    path.write_text(_PACK.format(pattern=pattern, strips=strips), encoding="utf-8")
    return path


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a){12}b", r"([a-z]+)*\d\b", "(a?){50}a{50}b"])
def test_a_pattern_made_to_explode_takes_linear_time(pattern: str, tmp_path: Path) -> None:
    """With Python's own expressions the first would take longer than the universe on forty letters."""
    [rule] = read_pack(pack(tmp_path, pattern, "aab")).rules
    lines = ("a" * 1_000_000, "ab " * 100_000)
    started = time.process_time()
    matches(rule, lines)
    assert time.process_time() - started < ENDLESS


@pytest.mark.parametrize("pattern", ["((a{1,100}){1,100}){1,100}", "a{1001}", "(?=a)a", "(a)\\1", "(?P<n>a)(?P=n)", "(" * 2000])
def test_a_pattern_that_is_too_large_or_cannot_be_linear_is_refused(pattern: str, tmp_path: Path) -> None:
    """In RE2's words, with the rule named."""
    with pytest.raises(UserError, match="rule r: RE2 refuses its pattern"):
        read_pack(pack(tmp_path, pattern, "aab"))


_PICKLES = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "pandas"}
_EVALUATES = {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("path", sorted((REPO / "pipeline").rglob("*.py")), ids=lambda path: str(path.relative_to(REPO)))
def test_nothing_that_is_read_can_run(path: Path) -> None:
    """No pickle, no arrays of objects, no YAML but by the safe loader, no eval: told from the source.

    Engines send values between the processes of a run, in memory; they too load none from a file.
    """
    sent = {"pickle"} if path.parent.name == "engines" else set()
    assert set(dangers(path.read_text(encoding="utf-8"))) <= sent


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "pickle.load(stream)",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "np.load(path, 'r', True)",
        "yaml.load(text, yaml.Loader)",
        "yaml.unsafe_load(text)",
        "eval(text)",
    ],
)
def test_a_danger_would_be_seen(source: str) -> None:
    """The test above can fail."""
    assert len(list(dangers(source))) == 1


def dangers(source: str) -> list[str]:
    """What a file does that could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] in _PICKLES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _PICKLES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            allowed = [ast.unparse(word.value) for word in node.keywords if word.arg == "allow_pickle"]
            if called in ("np.load", "np.lib.format.read_array") and (len(node.args) > 2 or allowed not in ([], ["False"])):
                found.append(called)
            loads_yaml = called.startswith("yaml.") and "load" in called and called != "yaml.safe_load"
            if called in (*_EVALUATES, "pickle.load", "pickle.Unpickler") or loads_yaml:
                found.append(called)
    return found
