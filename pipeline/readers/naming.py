"""Which column of the input fills which of the schema: the one that is mapped, else the one of that name, else one that people call so."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.errors import UserError
from pipeline.readers.arrow import open_arrow
from pipeline.readers.csv import header_of
from pipeline.readers.found import InputFile
from pipeline.readers.jsonl import first_columns
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import FILLED, InputSpec
from pipeline.storage import shown

# How far a column is looked for before it counts as absent or misspelt.
_CHECKED_FILES, _CHECKED_RECORDS = 8, 100

_WITHOUT_COLUMNS = ("text", "html")

# What is taken where a column is neither mapped nor there by its own name, if there is but one of them. Only for what a run cannot do
# without: the id that other corpus tools read and write, and the text. Column in the input -> what it fills.
_USUAL: Mapping[str, Mapping[str, str]] = {
    "doc_id": {"id": "doc_id"},
    "text": {"content": "text", "body": "text", "html": "html"},
}


def resolve_columns(files: Sequence[InputFile], spec: InputSpec) -> InputSpec:
    """The spec with a mapping for each column that the first records of the first files have.

    Raises UserError for a mapping to a column that is not there, and where the text is in none or may be in several.
    """
    for name in spec.columns:
        if name not in FILLED:
            raise UserError(f"input.columns: no column {name!r} to fill. {_nearest(name, FILLED)}")
    if "text" in spec.columns and "html" in spec.columns:
        raise UserError("input.columns: both text and html are named; the text comes from one column, name that")
    files = [file for file in files if file.format not in _WITHOUT_COLUMNS and file.size][:_CHECKED_FILES]
    found = set().union(*(_column_names(file, spec) for file in files))
    if not found:
        return spec
    where = shown(files[0].path) + (" and the files after it" if len(files) > 1 else "")
    for name, column in spec.columns.items():
        if column not in found:
            raise UserError(f"input.columns.{name}: no column {column!r} in {where}. {_nearest(column, found)}")
    columns = dict(spec.columns)
    for name, usual in _USUAL.items():
        if name in columns or name in found or (name == "text" and "html" in columns):
            continue
        there = sorted(found & usual.keys() - set(columns.values()))
        if len(there) == 1:
            columns[usual[there[0]]] = there[0]
        elif name == "text":
            hint = f"it may be in {' or '.join(map(repr, there))}: set input.columns.text" if there else _nearest("text", found)
            raise UserError(f"input.columns.text: no column 'text' in {where}; {hint}")
    return replace(spec, columns=columns)


def describe_columns(files: Sequence[InputFile], spec: InputSpec) -> list[str]:
    """Which columns are taken for what, for people; nothing where files have none. Raises UserError as `resolve_columns` does."""
    resolved = resolve_columns(files, spec)
    looked = [file for file in files if file.format not in _WITHOUT_COLUMNS and file.size][:_CHECKED_FILES]
    found = set().union(*(_column_names(file, resolved) for file in looked))
    if not found:
        return []
    mapped = {name: resolved.columns.get(name, name) for name in FILLED if name != "html" or name in resolved.columns}
    if "html" in mapped:
        del mapped["text"]
    taken = [name if name == column else f"{name} from {column!r}" for name, column in mapped.items() if column in found]
    rest = sorted(found - set(mapped.values()))
    return [f"columns: {', '.join(taken)}" + (f"; in meta: {', '.join(rest)}" if rest else "")]


def _column_names(file: InputFile, spec: InputSpec) -> set[str]:
    if file.format == "jsonl":
        return first_columns(file.path, _CHECKED_RECORDS)
    if file.format in ("csv", "tsv"):
        return set(header_of(file.path, file.format, _text_names(spec)))
    if file.format == "arrow":
        with open_arrow(file.path) as arrow:
            return set(arrow.schema.names)
    with open_parquet(file.path) as parquet:
        return set(parquet.schema_arrow.names)


def _text_names(spec: InputSpec) -> set[str]:
    """The columns of which a header must have one."""
    named = {spec.columns[name] for name in ("text", "html") if name in spec.columns}
    return named or {"text", *_USUAL["text"]}


def _nearest(name: str, known: Iterable[str]) -> str:
    ordered = sorted(known)
    close = difflib.get_close_matches(name, ordered, n=1, cutoff=0.7)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(ordered)}."
