"""What a machine must have to work for a run: the same versions, the input, and the output folder as the run sees it."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipeline.errors import UserError
from pipeline.lock import LOCK
from pipeline.manifest import versions
from pipeline.readers import ReadTask
from pipeline.storage import is_url, place, shown


@dataclass(frozen=True)
class MachineCheck:
    """Raises UserError when called on a machine that cannot work for the run which made it. Picklable; leaves nothing behind.

    What the run wrote into the lock of its output folder must be read there, so the folder is the same and not another of that name.
    """

    versions: dict[str, str]
    output: str
    lock: str  # what stands in the lock
    first_input: str | None

    def __call__(self) -> None:
        here = versions()
        for name, wanted in self.versions.items():
            if here[name] != wanted:
                raise UserError(f"has {name} {here[name]}, and the run {wanted}; install the same version everywhere")
        lock = place(self.output) / LOCK
        try:
            found = lock.read_text(encoding="utf-8")
        except OSError:
            found = ""
        if found != self.lock:
            raise UserError(
                f"does not share the folder {shown(self.output)}; name one that all nodes have, or a URL such as s3://…"
            )
        if self.first_input is not None and not os.access(self.first_input, os.R_OK):
            raise UserError(
                f"cannot read {self.first_input}; put the input where all nodes have it, or name a URL such as s3://…"
            )
        if not is_url(self.output):
            _check_writable(lock)


def machine_check(output: Path, tasks: list[ReadTask]) -> MachineCheck:
    """The check for a run that holds the lock of its output folder."""
    first = next((piece.path for task in tasks for piece in task.pieces), None)
    readable = None if first is None or is_url(first) else first
    return MachineCheck(versions(), str(output), (output / LOCK).read_text(encoding="utf-8"), readable)


def _check_writable(lock: Path) -> None:
    beside = lock.with_name(f"{lock.name}.{uuid4().int}.tmp")  # swept by the next run, should this process be killed here
    try:
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise UserError(
            f"cannot write into {lock.parent} ({error.strerror}); give the user of the Ray workers the right to"
        ) from None
