"""The run file: YAML in, a validated run out. Every error names the file, the place, the value and the nearest right name."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from annotated_types import Ge, Gt, Le, MinLen
from pydantic import TypeAdapter, ValidationError

from pipeline.config_errors import RunFilePlaces, nearest, quoted
from pipeline.engines.settings import EngineConfig
from pipeline.places import Node, read_yaml
from pipeline.readers import InputSpec
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.storage import shown

MIB = 2**20
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class InputConfig(InputSpec):
    """What to read, and what to do about records that cannot be taken as they are."""

    on_duplicate_id: Literal["error", "quarantine", "number"] = dataclasses.field(
        default="error", metadata={"help": "a second document with an id: stop, set it aside, or call it id#2"}
    )
    max_quarantined: Annotated[float, Ge(0), Le(1)] = dataclasses.field(
        default=0.01, metadata={"help": "share of records in quarantine above which a finished run exits with 4"}
    )


@dataclasses.dataclass(frozen=True)
class OutputConfig:
    """Where and how to write."""

    path: Annotated[str, MinLen(1)] = dataclasses.field(
        metadata={"help": "a folder that is new, empty, or holds an earlier result; or a URL (s3, gs)"}
    )
    work: str | None = dataclasses.field(
        default=None, metadata={"help": "another folder for the work files than .work in the output, such as a fast disk; or a URL"}
    )
    part_bytes: Annotated[int, Gt(0), Le(1024 * MIB)] = dataclasses.field(
        default=128 * MIB, metadata={"help": "text in a Parquet part, which is one row group"}
    )
    dataset_card: bool = dataclasses.field(
        default=False, metadata={"help": "also write README.md, the dataset card that the Hugging Face hub and `datasets` read"}
    )
    license: str | None = dataclasses.field(
        default=None, metadata={"help": "licence of the corpus for the card, by the hub's name for it, such as cc-by-4.0"}
    )


@dataclasses.dataclass(frozen=True)
class NamedStage:
    """A stage of the run with the name that the run file gives it."""

    name: str
    stage: Stage


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """A validated run file with the defaults filled in."""

    input: InputConfig
    stages: tuple[NamedStage, ...]
    output: OutputConfig
    origin: str
    engine: EngineConfig = dataclasses.field(default_factory=EngineConfig)

    def resolved(self) -> dict[str, Any]:
        """The whole run file as JSON values, defaults filled in."""
        stages = [{s.name: json.loads(json.dumps(dataclasses.asdict(s.stage)))} for s in self.stages]  # type: ignore[call-overload]
        settings, written, engine = (dataclasses.asdict(part) for part in (self.input, self.output, self.engine))
        return {"input": settings, "stages": stages, "output": written, "engine": engine}

    def recorded(self) -> dict[str, Any]:
        """`resolved` as the output keeps it: without the engine, and, where the input is a URL, the passwords and signatures in it."""
        values = self.resolved()
        values["input"]["path"] = shown(self.input.path)
        values["output"] |= {"path": shown(self.output.path)} | ({"work": shown(self.output.work)} if self.output.work else {})
        del values["engine"]
        return values

    def digest(self) -> str:
        """sha256 of what decides the output: not the two paths (the input's files have a fingerprint), nor the card and the engine."""
        values = self.resolved() | {"output": {"part_bytes": self.output.part_bytes}}
        del values["input"]["path"], values["engine"]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


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
    return parse_config(
        values, str(path), node, input_path=input_path, output_path=output_path, engine=engine, address=address
    )


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
    place.check_names((), values, ["input", "stages", "output", "engine"])
    sections = {}
    for name, override in (("input", input_path), ("output", output_path)):
        section = values.get(name, {})
        if not isinstance(section, dict):
            raise place.error((name,), f"found {quoted(section)}; expected a mapping such as {{path: …}}")
        sections[name] = {**section, **({"path": override} if override is not None else {})}
        if "path" not in sections[name]:
            raise place.error((name,), f"no path; name one in the run file or with --{name}")
    return RunConfig(
        input=_build(InputConfig, sections["input"], ("input",), place),
        stages=_stages(values.get("stages"), place),
        output=_build(OutputConfig, sections["output"], ("output",), place),
        origin=origin,
        engine=_engine(values.get("engine", {}), {"name": engine, "address": address}, place),
    )


def parse_input(values: Mapping[str, Any], origin: str) -> InputConfig:
    """The settings of a run file's input by themselves. Raises UserError."""
    return _build(InputConfig, values, ("input",), RunFilePlaces(origin, None))


def parse_stages(stages: Any, origin: str) -> tuple[NamedStage, ...]:
    """The stages of a run file's list by itself. Raises UserError."""
    return _stages(stages, RunFilePlaces(origin, None))


def _engine(section: Any, given: Mapping[str, str | None], place: RunFilePlaces) -> EngineConfig:
    """The engine by its name alone or with settings; what the command line gives goes before both."""
    values = {"name": section} if isinstance(section, str) else section
    if not isinstance(values, dict):
        raise place.error(("engine",), f"found {quoted(section)}; expected local, ray, or a mapping such as {{name: ray, address: …}}")
    if given["name"] == "local":  # the address is that of the run file's engine
        values = {name: value for name, value in values.items() if name != "address"}
    values = {**values, **{name: value for name, value in given.items() if value is not None}}
    engine = _build(EngineConfig, values, ("engine",), place)
    if engine.address is not None and engine.name == "local":
        raise place.error(("engine",), f"an address ({engine.address}), and the engine is local; set its name to ray, or leave it out")
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
        raise place.error(where, f"found {quoted(entry)}; expected a stage name, or {{name: {{setting: value}}}}")
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


def to_yaml(values: Mapping[str, Any]) -> str:
    """Resolved values as a run file reads."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
