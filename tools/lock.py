"""Writes requirements.lock (what `make run` installs) and requirements-dev.lock (the tests' packages as well) from what is installed.

    .venv/bin/python tools/lock.py

The packages of pyproject.toml, and all that they need, in the versions of this environment; those that it has besides are left out.
"""

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def closure(wanted: list[str]) -> list[str]:
    """`name==version` of these requirements and of everything that they need here, by name."""
    todo = [Requirement(line) for line in wanted]
    met: set[tuple[str, str]] = set()
    pins: dict[str, str] = {}
    while todo:
        requirement = todo.pop()
        for extra in ("", *requirement.extras):
            name = canonicalize_name(requirement.name)
            if (name, extra) in met:
                continue
            met.add((name, extra))
            found = metadata.distribution(requirement.name)
            pins[name] = f"{found.metadata['Name']}=={found.version}"
            needed = map(Requirement, found.requires or [])
            todo += [need for need in needed if need.marker is None or need.marker.evaluate({"extra": extra})]
    return [pins[name] for name in sorted(pins)]


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    base = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    for name, wanted in (
        ("requirements.lock", base),
        ("requirements-dev.lock", base + project["project"]["optional-dependencies"]["dev"]),
    ):
        (ROOT / name).write_text("\n".join(closure(wanted)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
