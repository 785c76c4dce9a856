"""The formats, by name. A new one is a line here, its name in `spec` and its suffixes in `found`."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby

from pipeline.readers.arrow import arrow_batches
from pipeline.readers.batches import Parsed, read_rows
from pipeline.readers.csv import read_csv
from pipeline.readers.html import read_html_file
from pipeline.readers.jsonl import read_jsonl
from pipeline.readers.parquet import parquet_batches
from pipeline.readers.spec import Format, InputSpec, Piece, ReadTask
from pipeline.readers.tables import read_tables
from pipeline.readers.text import read_text_file

ReadPieces = Callable[[Iterable[Piece], InputSpec, int | None], Iterator[Parsed]]

READERS: dict[Format, ReadPieces] = {
    "text": partial(read_rows, read_text_file),
    "html": partial(read_rows, read_html_file),
    "jsonl": partial(read_rows, read_jsonl),
    "csv": partial(read_rows, read_csv),
    "tsv": partial(read_rows, read_csv),
    "parquet": partial(read_tables, parquet_batches),
    "arrow": partial(read_tables, arrow_batches),
}


def read_pieces(task: ReadTask) -> Iterator[Parsed]:
    """The records of a task in input order, as batches with what failed between them."""
    left = task.limit
    for name, pieces in groupby(task.pieces, key=lambda piece: piece.format):
        for parsed in READERS[name](pieces, task.spec, left):
            yield parsed
            left = None if left is None else left - parsed.records
        if left is not None and left <= 0:
            return
