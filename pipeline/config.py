"""What a run file says, validated and with its defaults: values that the rest of the pipeline works by."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from annotated_types import Ge, Gt, Le, MinLen

from pipeline.engines.settings import EngineConfig
from pipeline.readers import InputSpec
from pipeline.stage import Stage
from pipeline.storage import shown

MIB = 2**20


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
        default=None,
        metadata={"help": "another folder for the work files than .work in the output, such as a fast disk; or a URL"},
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


def to_yaml(values: Mapping[str, Any]) -> str:
    """Resolved values as a run file reads."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
