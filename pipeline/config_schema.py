"""The JSON Schema of the run file, made from the same dataclasses that read it: editors complete and check with it."""

import dataclasses
from typing import Any

from pydantic import TypeAdapter

from pipeline.config import InputConfig, OutputConfig
from pipeline.engines.settings import EngineConfig
from pipeline.readers.spec import InputColumns
from pipeline.stages import STAGES

Schema = dict[str, Any]


def run_file_schema() -> Schema:
    """The schema of a whole run file (draft 2020-12), with the help of every setting as its description.

    Refuses what `load_config` refuses but for what one value says of another. The two paths may be missing, since `--input` and
    `--output` can give them.
    """
    kinds: dict[str, Any] = {"input": InputConfig, "output": OutputConfig, "engine": EngineConfig, **STAGES}
    definitions: Schema = {}
    for name, kind in kinds.items():
        definitions |= _definitions(name, kind)
    for name in ("input", "output"):
        definitions[name].pop("required", None)
    definitions["input"]["properties"]["columns"]["propertyNames"] = {"enum": list(InputColumns._fields)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Run file of corpus-pipeline",
        "type": "object",
        "additionalProperties": False,
        "required": ["stages"],
        "properties": {
            "input": _reference("input"),
            "stages": {
                "type": "array",
                "minItems": 1,
                "items": _stage(),
                "description": "The stages, in the order in which they run.",
            },
            "output": _reference("output"),
            "engine": {"anyOf": [{"enum": definitions["engine"]["properties"]["name"]["enum"]}, _reference("engine")]},
        },
        "$defs": definitions,
    }


def _stage() -> Schema:
    """A stage by its name alone, or with settings."""
    names: Schema = {"anyOf": [{"const": name, "description": _summary(kind)} for name, kind in STAGES.items()]}
    settings = {
        name: {"anyOf": [_reference(name), {"type": "null"}], "description": _summary(kind)} for name, kind in STAGES.items()
    }
    with_settings = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": settings,
    }
    return {"anyOf": [names, with_settings]}


def _definitions(name: str, kind: type[Any]) -> Schema:
    """The dataclass as an object with its fields' help, and what it is made of besides."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
    inner: Schema = schema.pop("$defs", {})
    for field in dataclasses.fields(kind):
        made = schema["properties"][field.name]
        made.pop("title", None)
        made["description"] = field.metadata.get("help", "")
    schema |= {"title": name, "description": _summary(kind), "additionalProperties": False}
    return {**{part: _closed(values) for part, values in inner.items()}, name: schema}


def _closed(schema: Schema) -> Schema:
    return schema | ({"additionalProperties": False} if schema.get("type") == "object" else {})


def _summary(kind: type[Any]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
