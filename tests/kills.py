"""Runs that are killed at seeded moments until so many kills are done, each started again until it gets through."""

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.runs import COMMAND, PATIENCE, children, group_members, wait_until
from tests.support import REPO


@dataclass
class Kills:
    """What was killed, in which step of a run, and whether an item was in hand; and how many runs got through."""

    targets: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    at_work: int = 0
    runs: int = 0

    @property
    def total(self) -> int:
        return self.targets.total()

    def histogram(self) -> str:
        """One line a step, most often killed first."""
        lines = [f"{count:4d} {'#' * count} {step}" for step, count in self.steps.most_common()]
        return "\n".join([f"{self.total} kills ({dict(self.targets)}), {self.at_work} of them at work, {self.runs} runs", *lines])


class Child:
    """A run, on two workers unless it is told another engine, in a process group of its own; follows its events."""

    def __init__(self, config: Path, *engine: str) -> None:
        command = [*COMMAND, "run", str(config), *(engine or ("--workers", "2")), "--log-format", "json"]
        self.process = subprocess.Popen(
            command, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.step, self.all, self.left, self.items = "start", 0, 0, 0
        self.wounded = False
        self.told: list[str] = []
        self._reader = threading.Thread(target=self._follow)
        self._reader.start()

    def _follow(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(line)
            if not line.startswith("{"):  # what Python itself has to say in a worker whose parent is gone
                continue
            event = json.loads(line)
            if event["event"] == "step_started":
                self.step, self.all, self.left = event["step"], event["counts"]["to_do"], event["counts"]["to_do"]
            elif event["event"] == "shard_done":
                self.left -= 1
                self.items += 1

    def kill(self, target: str) -> None:
        """SIGKILL to one worker, to the parent alone, or to all."""
        workers = [pid for server in children(self.process.pid) for pid in children(server)]
        if target == "worker" and workers:
            with suppress(ProcessLookupError):  # it has ended meanwhile, with its run
                os.kill(workers[0], signal.SIGKILL)
            self.wounded = True
            return
        if target == "parent":
            self.process.kill()
        else:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.end()
        wait_until(lambda: not group_members(self.process.pid))

    def end(self) -> int:
        """Its exit code, when it has ended and all that it said is read."""
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join()
        return code


def kill_and_restart(
    config: Path, out: Path, kills: int, check: Callable[[Path], None], *, most_items: int, seed: int = 1
) -> Kills:
    """Starts the run, kills it with up to `most_items` done and more in hand, and so on, until so many kills are done and it gets through.

    Each output of a run that gets through is handed to `check`; while kills are left it is removed and begun anew.
    """
    draw, done = random.Random(seed), Kills()
    while True:
        child = Child(config)
        while done.total < kills and child.process.poll() is None:
            _kill_once(child, done, draw, child.items + draw.randint(0, most_items))
        code = child.end()
        assert code in (0, -signal.SIGKILL), "".join(child.told)
        if code == 0:
            check(out)
            done.runs += 1
            if done.total >= kills:
                return done
            shutil.rmtree(out)


def _kill_once(child: Child, done: Kills, draw: random.Random, items: int) -> None:
    """At up to 20 milliseconds after so many items are done and another is in hand, unless the run is over before."""
    wait_until(lambda: (child.items >= items and child.left > 0) or child.process.poll() is not None)
    time.sleep(draw.random() * 0.02)
    if child.process.poll() is not None:
        return
    # A worker only once: killed again while its shard is done alone, the run would stop, as it should.
    target = draw.choice(["parent", "all"] if child.wounded else ["worker", "parent", "all"])
    done.targets[target] += 1
    done.steps[child.step] += 1
    done.at_work += child.left > 0
    child.kill(target)
