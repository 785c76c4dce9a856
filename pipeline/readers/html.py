"""HTML files: the main text of one page each, its name the id."""

from collections.abc import Iterator

from pipeline.readers.pages import make_page_record
from pipeline.readers.records import Record, Rejected
from pipeline.readers.spec import InputColumns, InputSpec, Piece
from pipeline.readers.text import read_whole

_COLUMNS = InputColumns("doc_id", "source", "url", "title", "published", "text")


def read_html_file(piece: Piece, spec: InputSpec) -> Iterator[Record | Rejected]:
    """The one record of a file. What gives no text goes to quarantine, whole."""
    raw, problem = read_whole(piece.path, spec)
    if problem is None:
        values, columns = {"doc_id": piece.name, "text": raw}, _COLUMNS._replace(html=spec.max_document_seconds)
        record = make_page_record(values, columns, file=piece.name, position="file", number=1, encoding="utf-8")
        if isinstance(record, Record):
            yield record
            return
        problem = record
    yield Rejected(piece.name, "file", problem, raw)
