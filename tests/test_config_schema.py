"""The JSON Schema of the run file: the shipped copy, the shipped run files, and the mistakes that it finds as `load_config` does."""

import dataclasses
import json
from typing import Any

import jsonschema
import pytest
import yaml

from pipeline.cli import app
from pipeline.config import InputConfig, OutputConfig
from pipeline.config_schema import run_file_schema
from pipeline.engines.settings import EngineConfig
from pipeline.errors import UserError
from pipeline.exits import guarded
from pipeline.run_file import parse_config
from pipeline.stages import STAGES
from tests.support import REPO

SCHEMA = run_file_schema()
SHIPPED = REPO / "configs" / "run-file.schema.json"
RUN_FILES = sorted((REPO / "configs").glob("*.yaml"))
PATHS = {"input": {"path": "in"}, "output": {"path": "out"}}


def mistakes(values: Any) -> list[str]:
    """What a validator finds wrong."""
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(values)]


def test_schema_is_a_schema() -> None:
    """By the rules of its own draft."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_shipped_schema_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """When a setting changes: `pipeline schema > configs/run-file.schema.json`."""
    assert guarded(lambda: app(["schema"], standalone_mode=False)) == 0
    assert capsys.readouterr().out == SHIPPED.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", RUN_FILES, ids=lambda path: path.stem)
def test_shipped_run_files_name_the_schema_and_pass_it(path: Any) -> None:
    """The first line is what editors look for; the file is beside."""
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SHIPPED.name}"
    assert mistakes(yaml.safe_load(text)) == []


def test_every_setting_is_there_with_its_default_and_help() -> None:
    """Editors show them."""
    for name, kind in {"input": InputConfig, "output": OutputConfig, "engine": EngineConfig, **STAGES}.items():
        properties = SCHEMA["$defs"][name]["properties"]
        assert set(properties) == {field.name for field in dataclasses.fields(kind)}
        for field in dataclasses.fields(kind):
            assert properties[field.name]["description"] == field.metadata["help"]
            if isinstance(field.default, str | int | float | bool):
                assert properties[field.name]["default"] == field.default


@pytest.mark.parametrize(
    "stages",
    [
        ["fix_encoding"],
        [{"fix_encoding": None}],
        [{"identify_language": {"keep": ["en", "fr"]}}, "drop_near_duplicates"],
        [{"drop_near_duplicates": {"keep": [{"sources": ["a"]}, "newest"], "containment": 0.9}}],
    ],
)
def test_right_files_pass_both(stages: list[Any]) -> None:
    """Names alone, without settings, with settings of several forms."""
    assert mistakes({**PATHS, "stages": stages}) == []
    assert parse_config({**PATHS, "stages": stages}, "test").stages


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": ["fix_encodin"]},
        {"stages": []},
        {"stages": "fix_encoding"},
        {"stages": [{"fix_encoding": {}, "strip_boilerplate": {}}]},
        {"stages": [{"drop_near_duplicates": {"treshold": 0.5}}]},
        {"stages": [{"drop_near_duplicates": {"threshold": 1.5}}]},
        {"stages": [{"drop_near_duplicates": {"threshold": "high"}}]},
        {"stages": [{"drop_near_duplicates": {"keep": "shortest"}}]},
        {"stages": [{"drop_near_duplicates": {"keep": {"source": ["a"]}}}]},
        {"stages": [{"strip_boilerplate": "auto"}]},
        {"input": {"path": "in", "fromat": "text"}},
        {"input": {"path": "in", "format": "texts"}},
        {"input": {"path": ["in"]}},
        {"output": {"path": "out", "part_bytes": 0}},
        {"outptu": {"path": "out"}},
    ],
    ids=lambda wrong: json.dumps(wrong),
)
def test_mistakes_are_found_by_both(wrong: dict[str, Any]) -> None:
    """What an editor marks is what a run refuses."""
    values = {**PATHS, "stages": ["fix_encoding"], **wrong}
    assert mistakes(values)
    with pytest.raises(UserError):
        parse_config(values, "test")
