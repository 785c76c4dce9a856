"""The folder that a run writes into: what may stand there, whether it holds this run's work or another's, and what is swept."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any

from pipeline.checkpoints import boot_id, roll_back
from pipeline.errors import UserError
from pipeline.files import remove_tree, write_json
from pipeline.lock import LOCK
from pipeline.report.card import CARD, is_card
from pipeline.storage import StorePath, is_url, local_path, place, sweep_uploads
from pipeline.whole import WORK, is_leftover, sync

FOLDERS = ("documents", "dropped", "edits", "quarantine", "signatures")
TABLES = ("aliases", "line_counts")  # left by corpus stages
OUTPUTS = (*FOLDERS, "duplicates.parquet", *(f"{name}.parquet" for name in TABLES), "manifest.json", "report.json", "report.html")

_PART = re.compile(r"part-\d{5,}\.(parquet|arrow)(\.\d+\.tmp)?")  # in the folders, also what killed processes have left of them


def work_home(output: str, work: str | None) -> Path:
    """The folder in which a run with this output has its work folder and its lock: the output, or one of its own in another place."""
    home = settled(output)
    if work is None:
        return home
    return settled(work) / f"{home.name}-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"


def settled(path: str) -> Path:
    """The folder or URL that a path means, also after the process has gone to another working folder."""
    found = place(path)
    return found if isinstance(found, StorePath) else found.absolute()


def open_output(
    output: Path, fingerprint: dict[str, Any], *, overwrite: bool, work: Path | None = None, spread: bool = False
) -> dict[str, Any] | None:
    """Makes the output and the work folder ready for a run with this fingerprint.

    Returns the manifest if that very run is finished already, else None. Raises UserError when the folder holds the result of another
    run (or one that is under way) and `overwrite` is off, or files that no run wrote. `spread`: what workers on other machines write
    lasts when a step ends, so it does not matter where this process is started again.
    """
    work = work or output / WORK
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: a file stands where the output folder should be; name another path")
    there = _written_by_runs(output)
    if overwrite:
        _check_contents(output)
        remove_outputs(output)
        _remove_work(work)
        there = _written_by_runs(output)
    finished = _read_same(output / "manifest.json", fingerprint, f"{output}: holds the result of another run")
    if finished is not None:
        return finished
    begun = _read_same(work / "run.json", fingerprint, f"{output}: holds the unfinished work of another run")
    boot = None if spread else boot_id()
    if begun is not None:
        if not _leads_to(begun["work"], work):
            raise UserError(f"{work}: was begun as {begun['work']}; move it back there, or use --overwrite")
        _resume(work, begun, boot)
    elif there:
        remedy = "they cannot be removed; name another path" if overwrite else "name another path or use --overwrite"
        raise UserError(f"{output}: holds files but no manifest.json; {remedy}")
    else:
        _remove_work(work)  # nothing is done before run.json is there, or after it was removed
        _write_start(work, fingerprint, boot)
    _remove_leftovers(output, work)
    return None


def _written_by_runs(output: Path) -> list[str]:
    """What stands in the folder but for work, a lock and leftovers. Raises UserError for what no run wrote."""
    entries = sorted(output.iterdir()) if output.exists() else []
    ours = (*OUTPUTS, WORK, LOCK)
    whole = [path for path in entries if not (is_leftover(path) and path.name.startswith(ours))]
    for path in whole:
        if path.name not in ours and not is_card(path):
            raise UserError(f"{output}: holds {path.name!r}, which no run wrote; name an empty or new folder")
    return [path.name for path in whole if path.name not in (LOCK, WORK)]


def _check_contents(output: Path) -> None:
    """Raises UserError where a folder or a manifest of an output, which is to be removed, holds what no run wrote."""
    _read_note(output / "manifest.json")
    for folder in (output / name for name in FOLDERS):
        for path in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else ():
            if not _PART.fullmatch(path.name) or path.is_dir():
                raise UserError(
                    f"{output}: holds '{folder.name}/{path.name}', which no run wrote; move it away, or name another path"
                )


def _remove_work(work: Path) -> None:
    """Removes the work of another run; what says whose it is first, so that the rest is nobody's should this process be killed here.

    Raises UserError where marks stay: this run would take them for its own.
    """
    (work / "run.json").unlink(missing_ok=True)
    remove_tree(work)
    if (work / "done").exists():
        raise UserError(f"{work}: cannot be removed; remove it by hand, or name another path")


def _read_same(path: Path, fingerprint: dict[str, Any], found: str) -> dict[str, Any] | None:
    """What a run with this fingerprint left in a file, None where there is none. Raises UserError that begins with `found` for another."""
    left = _read_note(path)
    if left is None:
        return None
    changed = _differences(_by_meaning(left["fingerprint"]), _by_meaning(fingerprint))
    if changed:
        raise UserError(f"{found} (changed since: {', '.join(changed)}); name another path or use --overwrite")
    return left


def _by_meaning(fingerprint: dict[str, Any]) -> dict[str, Any]:
    """The fingerprint with the input's path in the one form of all that mean it: `in/` and `./in` are `in`, a URL has no slash at its end.

    For comparing only, so that what earlier runs left as it was written is taken for the same too. A relative path stays one: with
    what they hold, folders may have been moved together.
    """
    match fingerprint:
        case {"run_file": {"input": {"path": str(path), **others}, **sections}, **rest}:
            form = path.rstrip("/") if is_url(path) else str(local_path(path))
            return {**rest, "run_file": {**sections, "input": {**others, "path": form}}}
    return fingerprint


def _read_note(path: Path) -> dict[str, Any] | None:
    """What a run wrote of itself into a file, None where there is none. Raises UserError for a file of another program."""
    if not path.exists():
        return None
    try:
        left = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        left = None
    if not isinstance(left, dict) or "fingerprint" not in left:
        raise UserError(f"{path}: no run wrote it; move it away, or name another path")
    return left


def _resume(work: Path, begun: dict[str, Any], boot: str | None) -> None:
    """Takes over the work of a run: back to its last checkpoint if the machine has been started anew since."""
    started_anew = begun["boot"] not in (None, boot_id()) and not isinstance(work, StorePath)
    if started_anew:
        roll_back(work)
    if started_anew or (begun["boot"] is None and boot is not None):
        _write_start(work, begun["fingerprint"], boot)


def _leads_to(path: str, work: Path) -> bool:
    """Whether a path means this folder: what is finished names its files by it, and where work was moved away another run's may lie now."""
    return path == str(work) or (not isinstance(work, StorePath) and os.path.exists(path) and os.path.samefile(path, work))


def _remove_leftovers(*folders: Path) -> None:
    """Removes what killed processes have left of files that they were writing."""
    for folder in folders:
        if isinstance(folder, StorePath):
            sweep_uploads(str(folder))
            continue
        for path in list(folder.rglob("*.tmp")):
            if is_leftover(path):
                path.unlink(missing_ok=True)


def _write_start(work: Path, fingerprint: dict[str, Any], boot: str | None) -> None:
    """Writes whose work this is and where, and that it lasts only until the machine is started anew, unless `boot` is None."""
    path, started = work / "run.json", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(path, {"fingerprint": fingerprint, "started": started, "boot": boot, "work": str(work)})
    for written in (path, work) if not isinstance(work, StorePath) else ():
        sync(written)


def remove_outputs(output: Path) -> None:
    """Removes what runs write into an output folder, and nothing else; the manifest first, without which there is no result."""
    (output / "manifest.json").unlink(missing_ok=True)
    _remove_work(output / WORK)
    for name in (*OUTPUTS, *([CARD] if is_card(output / CARD) else [])):
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
