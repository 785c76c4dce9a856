"""How much disk a run will take, told before it begins, and its refusal where there is clearly less."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import NamedStage
from pipeline.errors import UserError
from pipeline.logs import event
from pipeline.neardup.families import FindFamilies
from pipeline.plan import plan_segments
from pipeline.readers import InputSize
from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from pipeline.storage import StorePath

log = logging.getLogger(__name__)

# Copies of the corpus that lie in the work folder at once: what a segment reads and what it writes, and behind a second segment for a
# moment some of what was before. Measured on press releases, documents of one letter and one of 50 MB: 1.9 to 2.5; tests/test_forecast.py.
_COPIES, _MORE_COPIES = 2.2, 0.5
_SEARCH_BYTES = 500  # of work files for a document whose near-duplicates are looked for: its signature, band keys and candidates

# Of a byte of text: in Parquet (zstd; press releases 0.29), and of its shingles in signatures/ (0.38). Of a document: ids and scores.
_PARQUET, _SHINGLES = 0.35, 0.42
_ROW_BYTES, _SIGNATURE_BYTES = 60, 280
_ALWAYS = 2**20  # report, manifest, marks of finished work

# A forecast is 1.0 to 1.6 of what a run takes in the end; with less room than this share of it no run gets through.
_CLEARLY_TOO_LITTLE = 0.6


@dataclass(frozen=True)
class Forecast:
    """Bytes at the most: of work files, of the output in the end, and of both at one time."""

    work: int
    output: int
    both: int


def forecast_disk(size: InputSize, stages: Sequence[NamedStage]) -> Forecast:
    """What a run with these stages takes for an input of this size."""
    segments = plan_segments(stages)
    barriers = [segment.barrier.stage for segment in segments if segment.barrier]
    kept = any(isinstance(stage, DropNearDuplicates) and stage.keep_signatures for stage in barriers)
    copies = _COPIES + (_MORE_COPIES if len(segments) > 1 else 0)
    searched = size.documents * _SEARCH_BYTES * any(isinstance(stage, DropNearDuplicates | FindFamilies) for stage in barriers)
    output = size.bytes * (_PARQUET + _SHINGLES * kept) + size.documents * (_ROW_BYTES + _SIGNATURE_BYTES * kept)
    work = max(size.unpacked + size.bytes, size.bytes * copies + searched)
    both = max(work, size.bytes + searched + output)
    return Forecast(*(round(number) + _ALWAYS for number in (work, output, both)))


def check_room(forecast: Forecast, output: Path, home: Path) -> None:
    """Tells what a run will need; raises UserError where a disk has clearly less. Stores are not asked.

    `home` is the folder of the work files. What an earlier try has left in the folders counts as room.
    """
    needs = {output: forecast.both} if _same_disk(output, home) else {output: forecast.output, home: forecast.work}
    for folder, needed in needs.items():
        if isinstance(folder, StorePath):
            continue
        free = shutil.disk_usage(folder).free
        told = event("disk_forecast", folder=str(folder), needed=needed, free=free)
        log.info("%s: about %s of disk will be needed, %s are free", folder, in_units(needed), in_units(free), extra=told)
        if free + _bytes_in(folder) < needed * _CLEARLY_TOO_LITTLE:
            raise UserError(
                f"{folder}: the run needs about {in_units(needed)} of disk, and {in_units(free)} are free; "
                "make room, or name another folder with --output or output.work"
            )


def in_units(count: int) -> str:
    """Bytes as people read them.

    >>> in_units(999_949), in_units(2_500_000_000)
    ('1.0 MB', '2.5 GB')
    """
    for unit, size in (("TB", 10**12), ("GB", 10**9)):
        if count >= 0.9995 * size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 10**6:.1f} MB"


def _same_disk(output: Path, home: Path) -> bool:
    if isinstance(output, StorePath) or isinstance(home, StorePath):
        return output == home
    return output.stat().st_dev == home.stat().st_dev


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
