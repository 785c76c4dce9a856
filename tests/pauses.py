"""Runs that stop themselves (SIGSTOP) at a step of their own: a test finds them there, whatever else the machine has to do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.runs import group_members, wait_until
from tests.support import REPO

# Counts what is logged of a step, also in the form in which that is not shown. The workers are not stopped: they wait for work.
_PAUSES = """
import logging, os, signal, sys
from pipeline import cli

class Pause(logging.Handler):
    step, left = sys.argv.pop(1), int(sys.argv.pop(1))

    def emit(self, record):
        if getattr(record, "event", None) == "shard_done" and record.fields["step"].startswith(self.step):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)

steps = logging.getLogger("pipeline.job")
steps.addHandler(Pause())
steps.isEnabledFor = lambda level: True
cli.main()
"""


@contextmanager
def paused_run(
    config: Path, step: str, *options: str, items: int = 1, workers: int = 2, stderr: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """A run in a process group of its own, stopped when so many items are done of the steps whose names begin so.

    SIGCONT lets it go on. What comes before is finished, and other items of the step may be in hand. At the end none of it is left.
    """
    command = [sys.executable, "-c", _PAUSES, step, str(items), "run", str(config), "--workers", str(workers), *options]
    with subprocess.Popen(
        command, cwd=REPO, stdout=subprocess.DEVNULL, stderr=stderr, text=True, start_new_session=True
    ) as child:
        try:
            wait_until(lambda: _state(child) is not None)
            assert _state(child) == os.CLD_STOPPED, f"the run ended before {step}"
            yield child
        finally:
            kill_all(child)


def kill_all(child: subprocess.Popen[str]) -> None:
    """SIGKILL to what is left of a run and its workers; returns when none of them writes any more."""
    with suppress(ProcessLookupError):  # no more of them
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    wait_until(lambda: not group_members(child.pid))


def _state(child: subprocess.Popen[str]) -> int | None:
    """How it has stopped or ended, which leaves that to be asked again; None while it runs."""
    found = os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG)
    return None if found is None else found.si_code
