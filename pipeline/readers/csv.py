"""CSV and TSV: a header, then a record a row; fields in double quotes may hold delimiters, quotes and line feeds.

Every field is a string; an empty one is null, but for the text. Rows that have not as many fields as the header go to quarantine.
Where a quote is not closed the row's first line alone is given up and reading goes on with the next, so that one slip costs one row and
not the rest of the file.
"""

from collections.abc import Container, Iterator

from pipeline.readers.csv_rows import DELIMITERS, CsvRows
from pipeline.readers.doubled import distinct, refuse_doubled
from pipeline.readers.lines import LOOKED_BYTES, line_blocks
from pipeline.readers.pages import make_page_record
from pipeline.readers.records import Record, Rejected, make_record
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.streams import sniff, text_chunks


def read_csv(piece: Piece, spec: InputSpec) -> Iterator[Record | Rejected]:
    """The records of a file, in order."""
    columns, rows = spec.input_columns(), CsvRows.of(piece, spec)
    make = make_page_record if columns.html else make_record
    header = rows.header({columns.text})
    if header is None:
        return
    if not header:
        yield Rejected(piece.name, "line 1", "no header that can be read", rows.taken[0].raw)
    refuse_doubled(header, piece.name, columns)
    names = distinct(header)
    for number, row in enumerate(rows, piece.first_record):
        position = f"line {row.line}"
        problem = row.problem
        if problem is None and len(row.fields) != len(header):
            problem = f"ragged row ({_fields(len(row.fields))}, the header has {len(header)})"
        if problem is None:
            values = {name: field if field or name == columns.text else None for name, field in zip(names, row.fields)}
            record = make(values, columns, file=piece.name, position=position, number=number, encoding=row.encoding)
            if isinstance(record, Record):
                yield record
                continue
            problem = record
        yield Rejected(piece.name, position, problem, row.raw)


def header_of(path: str, kind: str, wanted: Container[str], spec: InputSpec) -> list[str]:
    """The names in the header, one of which is wanted; none in an empty file."""
    head = sniff(path)
    blocks = line_blocks(text_chunks(path, head, LOOKED_BYTES, spec.limits), spec.max_record_bytes)
    return CsvRows(blocks, head.label, DELIMITERS[kind], spec.max_record_bytes).header(wanted) or []


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
