"""Turns scraped news and web text into a clean, deduplicated corpus in Parquet, with a record of every change.

`run` carries out a run file, `clean` takes texts in memory, `open_result` opens what an earlier run wrote, `find_duplicates` compares
texts, `restore` brings an original back. They are imported when they are first used, so that `import pipeline` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.cleaned import Cleaned
    from pipeline.config import RunConfig
    from pipeline.edits import restore
    from pipeline.errors import UserError
    from pipeline.library import clean, run
    from pipeline.neardup.library import find_duplicates
    from pipeline.result import RunResult, open_result
    from pipeline.run_file import load_config
    from pipeline.schema import SCHEMA
    from pipeline.stages import STAGES

__version__ = "0.1.0"

_HOMES = {
    "SCHEMA": "schema",
    "STAGES": "stages",
    "Cleaned": "cleaned",
    "RunConfig": "config",
    "RunResult": "result",
    "UserError": "errors",
    "clean": "library",
    "find_duplicates": "neardup.library",
    "load_config": "run_file",
    "open_result": "result",
    "restore": "edits",
    "run": "library",
}

__all__ = [
    "SCHEMA",
    "STAGES",
    "Cleaned",
    "RunConfig",
    "RunResult",
    "UserError",
    "__version__",
    "clean",
    "find_duplicates",
    "load_config",
    "open_result",
    "restore",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # found at once the next time
    return value


def __dir__() -> list[str]:
    return __all__
