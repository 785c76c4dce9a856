"""Which column of the input fills which of the schema: the one that is mapped, else the one of that name, else one that people call so."""

import difflib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.errors import UserError, listed
from pipeline.readers.arrow import open_arrow
from pipeline.readers.arrow_errors import BrokenFileError
from pipeline.readers.csv import header_of
from pipeline.readers.doubled import distinct, refuse_doubled
from pipeline.readers.found import InputFile
from pipeline.readers.jsonl import first_columns
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import FILLED, InputSpec
from pipeline.storage import shown

log = logging.getLogger(__name__)

# How far a column is looked for before it counts as absent or misspelt.
_CHECKED_FILES, _CHECKED_RECORDS = 8, 100

_WITHOUT_COLUMNS = ("text", "html")

_TOLD = 100  # of the columns for `meta`: some tables have thousands

# What is taken where a column is neither mapped nor there by its own name. Only for what a run cannot do without: the id, as other corpus
# tools name it, and the text, if it is but one of these, "html" with extraction.
_USUAL_ID = "id"
_USUAL_TEXTS = ("body", "content", "html")


def resolve_columns(files: Sequence[InputFile], spec: InputSpec) -> InputSpec:
    """The spec with a mapping for each column that is taken under another name than its own.

    Raises UserError for a mapping to a column that is not there, and where the text is in none or may be in several.
    """
    for name in spec.columns:
        if name not in FILLED:
            raise UserError(f"input.columns: no column {name!r} to fill. {_nearest(name, FILLED)}")
    if "text" in spec.columns and "html" in spec.columns:
        raise UserError("input.columns: both text and html are named; the text comes from one column, name that")
    looked = _looked_at(files)
    names = _names(looked, spec)
    found = _found(names)
    if not found:
        return spec
    where = shown(looked[0].path) + (" and the files after it" if len(looked) > 1 else "")
    for name, column in spec.columns.items():
        if column not in found:
            raise UserError(f"input.columns.{name}: no column {column!r} in {where}. {_nearest(column, found)}")
    columns, free = dict(spec.columns), found - set(spec.columns.values())
    if "doc_id" not in columns and "doc_id" not in found and _USUAL_ID in free:
        columns["doc_id"] = _USUAL_ID
    if not columns.keys() & {"text", "html"} and "text" not in found:
        column = _usual_text(free, found, where)
        columns["html" if column == "html" else "text"] = column
    resolved = replace(spec, columns=columns)
    for path, there in names.items():
        refuse_doubled(there, path, resolved.input_columns())
    return resolved


def describe_columns(files: Sequence[InputFile], spec: InputSpec) -> list[str]:
    """Which columns are taken for what, for people; nothing where files have none. Raises UserError as `resolve_columns` does."""
    columns, found = resolve_columns(files, spec).columns, _found(_names(_looked_at(files), spec))
    if not found:
        return []
    unmapped = {name: name for name in FILLED if name not in ("text", "html")} | ({} if "html" in columns else {"text": "text"})
    taken = {name: column for name, column in (unmapped | dict(columns)).items() if column in found}
    rest = sorted(found - set(taken.values()))
    told = ", ".join(name if name == column else f"{name} from {column!r}" for name, column in taken.items())
    return [f"columns: {told}" + (f"; in meta: {_some(rest)}" if rest else "")]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_TOLD]) + (f", … ({len(names):,} in all)" if len(names) > _TOLD else "")


def _usual_text(free: set[str], found: set[str], where: str) -> str:
    """The one column that may be the text. Raises UserError for none and for several."""
    there = [name for name in _USUAL_TEXTS if name in free]
    if len(there) == 1:
        return there[0]
    hint = f"It may be in {' or '.join(map(repr, there))}: set input.columns.text" if there else _nearest("text", found)
    raise UserError(f"input.columns.text: no column 'text' in {where}. {hint}")


def _looked_at(files: Sequence[InputFile]) -> list[InputFile]:
    return [file for file in files if file.format not in _WITHOUT_COLUMNS and file.size][:_CHECKED_FILES]


def _found(names: Mapping[str, Sequence[str]]) -> set[str]:
    """The names that the files have between them, each its own."""
    return {name for there in names.values() for name in distinct(there)}


def _names(files: Sequence[InputFile], spec: InputSpec) -> dict[str, Sequence[str]]:
    """The columns of these files by path, or the keys of their first records. Raises BrokenFileError where all are broken."""
    names: dict[str, Sequence[str]] = {}
    broken: list[BrokenFileError] = []
    for file in files:
        try:
            names[file.path] = _column_names(file, spec)
        except BrokenFileError as error:
            broken.append(error)
    if broken and len(broken) == len(files):
        raise broken[0]
    for failure in broken:
        log.warning("%s (it goes to quarantine)", failure)
    return names


def _column_names(file: InputFile, spec: InputSpec) -> Sequence[str]:
    if file.format == "jsonl":
        return sorted(first_columns(file.path, _CHECKED_RECORDS, spec.limits))
    if file.format in ("csv", "tsv"):
        return header_of(file.path, file.format, _text_names(spec), spec)
    if file.format == "arrow":
        with open_arrow(file.path) as arrow:
            return list(arrow.schema.names)
    with open_parquet(file.path) as parquet:
        return list(parquet.schema_arrow.names)


def _text_names(spec: InputSpec) -> set[str]:
    """The columns of which a header must have one."""
    named = {spec.columns[name] for name in ("text", "html") if name in spec.columns}
    return named or {"text", *_USUAL_TEXTS}


def _nearest(name: str, known: Iterable[str]) -> str:
    ordered = sorted(known)
    close = difflib.get_close_matches(name, ordered, n=1, cutoff=0.7)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {listed(ordered)}."
