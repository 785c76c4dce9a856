"""What a run file says of the engine, and the engine that it means."""

import os
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge

from pipeline.engines import Engine
from pipeline.engines.local import LocalEngine
from pipeline.errors import UserError

# The largest process of a whole run takes 0.7 GiB on 72,644 press releases, and 1.1 GiB while it writes parts of 128 MiB.
_TASK_MEMORY = 3 * 2**29


@dataclass(frozen=True)
class EngineConfig:
    """Who does the work. It leaves no trace in the output: one engine may go on with the work of another."""

    name: Literal["local", "ray"] = field(
        default="local",
        metadata={"help": "local: processes of this machine; ray: a Ray cluster that is there already (extra ray)"},
    )
    address: str | None = field(
        default=None,
        metadata={"help": "host:port of the Ray cluster; without it RAY_ADDRESS, or the one that this machine belongs to"},
    )
    max_memory: Annotated[int, Ge(2**28)] | None = field(
        default=None,
        metadata={
            "help": "bytes that a worker may take: portions are cut to fit, and Ray sets as many aside for a task (else 1.5 GiB)"
        },
    )


def open_engine(config: EngineConfig, workers: int | None) -> Engine:
    """The engine, to be entered; `workers` is the number of processes, or of tasks at a time on a cluster."""
    if config.name == "local":
        return LocalEngine(workers)
    # Ray prints what it knows of workers that were killed, between the lines of a log; the engine tells it in the run's own form.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    try:
        from pipeline.engines.ray import RayEngine
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UserError("engine: ray needs the extra `ray`: pip install 'corpus-pipeline[ray]'") from None
    return RayEngine(config.address, workers=workers, task_memory=config.max_memory or _TASK_MEMORY)
