"""Text files: one document each, its name the id."""

from collections.abc import Iterator

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.lines import KEPT_BYTES, too_long
from pipeline.readers.records import Record, Rejected
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.streams import raw_chunks


def read_text_file(piece: Piece, spec: InputSpec) -> Iterator[Record | Rejected]:
    """The one record of a file; an empty file is a document with empty text."""
    raw, problem = read_whole(piece.path, spec)
    if problem is None:
        try:
            decoded = decode(raw)
        except UndecodableError as error:
            problem = f"not text ({error})"
    if problem is not None:
        yield Rejected(piece.name, "file", problem, raw)
        return
    yield Record(
        file=piece.name,
        position="file",
        undated=False,
        doc_id=piece.name,
        source=None,
        url=None,
        title=None,
        published=None,
        encoding=decoded.encoding,
        text=decoded.text.encode(),
        meta=None,
    )


def read_whole(path: str, spec: InputSpec) -> tuple[bytes, str | None]:
    """The decompressed bytes of a file, and why there are no more of them; None when they are all."""
    max_bytes = spec.max_record_bytes
    held: list[bytes] = []
    size = 0
    try:
        for chunk in raw_chunks(path, spec.limits):
            if size <= max_bytes:
                held.append(chunk)
            size += len(chunk)
    except BrokenStreamError as error:
        return b"".join(held)[: KEPT_BYTES if size > max_bytes else None], str(error)
    return (b"".join(held)[:KEPT_BYTES], too_long(size, max_bytes)) if size > max_bytes else (b"".join(held), None)
