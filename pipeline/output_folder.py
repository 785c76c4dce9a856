"""The folder that a run writes into: what may stand there, whether it holds this run's work or another's, and what is swept."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from pipeline.checkpoints import boot_id, roll_back
from pipeline.errors import UserError
from pipeline.files import WORK, is_leftover, remove_tree, sync, write_json
from pipeline.lock import LOCK
from pipeline.report.card import CARD, is_card
from pipeline.storage import StorePath, place, sweep_uploads

FOLDERS = ("documents", "dropped", "edits", "quarantine", "signatures")
TABLES = ("aliases", "line_counts")  # left by corpus stages
OUTPUTS = (*FOLDERS, "duplicates.parquet", *(f"{name}.parquet" for name in TABLES), "manifest.json", "report.json", "report.html")


def work_home(output: str, work: str | None) -> Path:
    """The folder in which a run with this output has its work folder and its lock: the output, or one of its own in another place."""
    home = place(output)
    if work is None:
        return home
    whose = str(home if isinstance(home, StorePath) else home.absolute())
    return place(work) / f"{home.name}-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"


def open_output(
    output: Path, fingerprint: dict[str, Any], *, overwrite: bool, work: Path | None = None, spread: bool = False
) -> dict[str, Any] | None:
    """Makes the output and the work folder ready for a run with this fingerprint.

    Returns the manifest if that very run is finished already, else None. Raises UserError when the folder holds the result of another
    run (or one that is under way) and `overwrite` is off, or files that no run wrote. `spread`: what workers on other machines write
    lasts at once, so it does not matter where this process is started again.
    """
    boot = None if spread else boot_id()
    work = work or output / WORK
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: a file stands where the output folder should be; name another path")
    if overwrite:
        remove_outputs(output)
        remove_tree(work)
    ours = (*OUTPUTS, WORK, LOCK)
    entries = sorted(output.iterdir()) if output.exists() else []
    foreign = [p.name for p in entries if p.name not in ours and not (is_leftover(p) and p.name.startswith(ours)) and not is_card(p)]
    if foreign:
        raise UserError(f"{output}: holds {foreign[0]!r}, which no run wrote; name an empty or new folder")
    for path, state in ((output / "manifest.json", "the result of"), (work / "run.json", "the unfinished work of")):
        if not path.exists():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = _differences(found["fingerprint"], fingerprint)
        if changed:
            raise UserError(
                f"{output}: holds {state} another run (changed since: {', '.join(changed)}); name another path or use --overwrite"
            )
        if state == "the result of":
            return dict(found)
        if found["boot"] not in (None, boot_id()) and not isinstance(work, StorePath):
            roll_back(work)
            _write_start(path, fingerprint, boot)
        elif found["boot"] is None and not spread:
            _write_start(path, fingerprint, boot)
        _remove_leftovers(output, work)
        return None
    if any(not is_leftover(path) and path.name not in (LOCK, WORK) for path in entries if path.exists()):
        raise UserError(f"{output}: holds files but no manifest.json; name another path or use --overwrite")
    _remove_leftovers(output, work)
    remove_tree(work)  # nothing is done before run.json is there, or after it was removed
    _write_start(work / "run.json", fingerprint, boot)
    return None


def _remove_leftovers(*folders: Path) -> None:
    """Removes what killed processes have left of files that they were writing."""
    for folder in folders:
        if isinstance(folder, StorePath):
            sweep_uploads(str(folder))
            continue
        for path in list(folder.rglob("*.tmp")):
            if is_leftover(path):
                path.unlink(missing_ok=True)


def _write_start(path: Path, fingerprint: dict[str, Any], boot: str | None) -> None:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(path, {"fingerprint": fingerprint, "started": started, "boot": boot})
    for written in (path, path.parent) if not isinstance(path, StorePath) else ():
        sync(written)


def remove_outputs(output: Path) -> None:
    """Removes what runs write into an output folder, and nothing else; the manifest first, without which there is no result."""
    for name in ("manifest.json", *OUTPUTS, WORK, *([CARD] if is_card(output / CARD) else [])):
        path = output / name
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)


def _differences(found: Any, wanted: Any, where: str = "") -> list[str]:
    """Dotted names of what differs; at most five."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        names = [
            d
            for key in sorted({*found, *wanted})
            for d in _differences(found.get(key), wanted.get(key), f"{where}.{key}".lstrip("."))
        ]
        return names[:5]
    return [] if found == wanted else [where]
