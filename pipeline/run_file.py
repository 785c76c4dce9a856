"""The run file: YAML in, a validated run out. Every error names the file, the place, the value and the nearest right name."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.config import InputConfig, NamedStage, OutputConfig, RunConfig
from pipeline.config_errors import RunFilePlaces, nearest, quoted
from pipeline.engines.settings import EngineConfig
from pipeline.places import Node, read_yaml
from pipeline.readers.spec import InputColumns
from pipeline.stages import STAGES

T = TypeVar("T")


def load_config(
    path: Path,
    *,
    input_path: str | None = None,
    output_path: str | None = None,
    engine: str | None = None,
    address: str | None = None,
) -> RunConfig:
    """Reads and validates a run file; the two paths and the engine with its address, where given, go before those of the file.

    Raises UserError.
    """
    values, node = read_yaml(path)
    return parse_config(values, str(path), node, input_path=input_path, output_path=output_path, engine=engine, address=address)


def parse_config(
    values: Any,
    origin: str,
    node: Node | None = None,
    *,
    input_path: str | None = None,
    output_path: str | None = None,
    engine: str | None = None,
    address: str | None = None,
) -> RunConfig:
    """`load_config` for values that are already in memory; `origin` is what errors call the file."""
    place = RunFilePlaces(origin, node)
    if not isinstance(values, dict):
        raise place.error((), f"found {quoted(values)}; expected the keys input, stages and output")
    place.check_names((), values, ["input", "stages", "output", "engine"], noun="key")
    sections = {}
    for name, override in (("input", input_path), ("output", output_path)):
        section = values.get(name, {})
        if not isinstance(section, dict):
            raise place.error((name,), f"found {quoted(section)}; expected a mapping such as {{path: …}}")
        sections[name] = {**section, **({"path": override} if override is not None else {})}
        if "path" not in sections[name]:
            raise place.error((name,), f"no path; name one in the run file or with --{name}")
    return RunConfig(
        input=_input(sections["input"], place),
        stages=_stages(values.get("stages"), place),
        output=_build(OutputConfig, sections["output"], ("output",), place),
        origin=origin,
        engine=_engine(values.get("engine", {}), {"name": engine, "address": address}, place),
    )


def parse_input(values: Mapping[str, Any], origin: str) -> InputConfig:
    """The settings of a run file's input by themselves. Raises UserError."""
    return _input(values, RunFilePlaces(origin, None))


def parse_stages(stages: Any, origin: str) -> tuple[NamedStage, ...]:
    """The stages of a run file's list by itself. Raises UserError."""
    return _stages(stages, RunFilePlaces(origin, None))


def _input(section: Mapping[str, Any], place: RunFilePlaces) -> InputConfig:
    built = _build(InputConfig, section, ("input",), place)
    place.check_names(("input", "columns"), built.columns, InputColumns._fields, noun="column")
    return built


def _engine(section: Any, given: Mapping[str, str | None], place: RunFilePlaces) -> EngineConfig:
    """The engine by its name alone or with settings; what the command line gives goes before both."""
    values = {"name": section} if isinstance(section, str) else section
    if not isinstance(values, dict):
        raise place.error(
            ("engine",), f"found {quoted(section)}; expected local, ray, or a mapping such as {{name: ray, address: …}}"
        )
    if given["name"] == "local":  # the address is that of the run file's engine
        values = {name: value for name, value in values.items() if name != "address"}
    values = {**values, **{name: value for name, value in given.items() if value is not None}}
    engine = _build(EngineConfig, values, ("engine",), place)
    if engine.address is not None and engine.name == "local":
        raise place.error(
            ("engine",), f"an address ({engine.address}), and the engine is local; set its name to ray, or leave it out"
        )
    return engine


def _stages(stages: Any, place: RunFilePlaces) -> tuple[NamedStage, ...]:
    if not isinstance(stages, list) or not stages:
        raise place.error(("stages",), f"found {quoted(stages)}; expected a list of stage names, each with or without settings")
    return tuple(_stage(entry, index, place) for index, entry in enumerate(stages))


def _stage(entry: Any, index: int, place: RunFilePlaces) -> NamedStage:
    where: tuple[str | int, ...] = ("stages", index)
    settings: Any = {}
    if isinstance(entry, str):
        name = entry
    elif isinstance(entry, dict) and len(entry) == 1 and isinstance(next(iter(entry)), str):
        name, given = next(iter(entry.items()))
        settings = {} if given is None else given
    else:
        hint = (
            "; its settings are indented further than its name"
            if isinstance(entry, dict) and next(iter(entry), None) in STAGES
            else ""
        )
        raise place.error(where, f"found {quoted(entry)}; expected a stage name, or {{name: {{setting: value}}}}{hint}")
    if name not in STAGES:
        raise place.error(where, f"no stage {name!r}. {nearest(name, STAGES)}")
    if not isinstance(settings, dict):
        raise place.error((*where, name), f"found {quoted(settings)}; expected a mapping of settings")
    return NamedStage(name, _build(STAGES[name], settings, (*where, name), place))


def _build(kind: type[T], values: Mapping[str, Any], where: tuple[str | int, ...], place: RunFilePlaces) -> T:
    """The dataclass with these values, checked against its type hints."""
    place.check_names(where, values, [f.name for f in dataclasses.fields(kind)])  # type: ignore[arg-type]
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise place.validation(where, error) from None
