"""What has to be known of a large file before its parts can be read side by side, by lines and records as they are numbered in it.

The ranges of a plain file are counted, each by itself. A file that cannot be read from the middle is made into work files that can:
decompressed, in UTF-8, cut where a record ends. That goes from the beginning to the end, in one process; what comes after it, which takes
some ten times as long, is done side by side and goes on where it was.

So does this: each work file has a note of where the next one begins, and of a point of the stream a little before that at which a decoder
can begin (restart.py): a block of gzip or bzip2, a frame of zstd, a stream of xz. A stream that is one frame or has no such point, and
one in UTF-16, is decompressed from its beginning again; what is there is not parsed or written twice. Of 10 GB that is 13 seconds of a core
for zstd: its format lets a block refer back through the whole window, and the library hands out none.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypedDict

from pipeline.readers.csv_rows import CsvRow, CsvRows
from pipeline.readers.lines import Block, blocks_of, count_lines, line_blocks
from pipeline.readers.restart import RestartPoints
from pipeline.readers.spec import InputSpec, Piece, ReadTask
from pipeline.readers.streams import later_chunks, sniff
from pipeline.readers.work_files import Place, WorkFiles


class Unpacked(TypedDict):
    """What a piece has become: pieces in order, with lines and records numbered from its beginning, and how many it has. JSON."""

    pieces: list[dict[str, Any]]
    lines: int
    records: int


def unpack(folder: str, task: ReadTask) -> Unpacked:
    """Counts the one piece of a task, or writes its work files, which hold `shard_bytes` of records or a little more."""
    [piece] = task.pieces
    if not piece.packed:
        return _counted(piece, task.spec)
    make = _pieces_of_lines if piece.format == "jsonl" else _pieces_of_rows
    pieces = make(WorkFiles(folder, task))
    return Unpacked(pieces=[asdict(made) for made in pieces], lines=0, records=0)  # nothing comes behind a whole file


def _counted(piece: Piece, spec: InputSpec) -> Unpacked:
    """The range itself: 0.6 ms a megabyte, from a store as long as the transfer."""
    lines = records = 0
    for block in blocks_of(piece, spec)[0]:
        block_lines, block_records = (1, 1) if block.problem else count_lines(block.data)
        lines, records = lines + block_lines, records + block_records
    return Unpacked(pieces=[asdict(replace(piece, counted=True))], lines=lines, records=records)


class _Later:
    """The lines of a packed file from a place on, and what a note of a later place takes."""

    def __init__(self, task: ReadTask, begin: Place) -> None:
        [packed], spec = task.pieces, task.spec
        self.head = sniff(packed.path)
        # Half a work file is a tenth of a second of gzip; the looking costs an eighth of unpacking it.
        self._points = RestartPoints(max(1, spec.shard_bytes // 2), begin.restart)
        chunks = later_chunks(packed.path, self.head, begin.text, spec.limits, begin.restart, self._points)
        self.blocks = line_blocks(chunks, spec.max_record_bytes)

    def place(self, text: int, lines: int, records: int) -> Place:
        return Place(text, lines, records, self._points.before(text + self.head.mark_bytes))


def _pieces_of_lines(work: WorkFiles) -> list[Piece]:
    """For JSON Lines. A line that cannot be read is a piece by itself."""
    pieces, begin = work.finished(Place())
    later = _Later(work.task, begin)
    text, lines, records = begin.text, begin.lines, begin.records
    for _, run in groupby(_numbered_blocks(later.blocks, work.task.spec.shard_bytes), key=itemgetter(0)):
        if pieces:
            work.note(len(pieces) - 1, pieces[-1], later.place(text, lines, records))
        made = replace(work.piece(len(pieces), later.head.label), first_line=lines + 1, first_record=records + 1)
        with work.writing(made) as stream:
            for _, block in run:
                stream.write(block.data)
                made = replace(made, size=made.size + len(block.data), problem=block.problem)
                block_lines, block_records = (1, 1) if block.problem else count_lines(block.data)
                text, lines, records = text + block.size, lines + block_lines, records + block_records
        pieces.append(made)
    return pieces


def _numbered_blocks(blocks: Iterator[Block], shard_bytes: int) -> Iterator[tuple[int, Block]]:
    """Each block with the number of its work file."""
    number = size = 0
    for block in blocks:
        if size and (size >= shard_bytes or block.problem):
            number, size = number + 1, 0
        yield number, block
        size = shard_bytes if block.problem else size + block.size


def _pieces_of_rows(work: WorkFiles) -> list[Piece]:
    """For CSV, each with the header above its rows; the file as it is, where lines are in it of which only the beginning is known."""
    [packed], spec = work.task.pieces, work.task.spec
    as_it_is = [replace(packed, packed=False)]
    above = CsvRows.of(packed, spec)
    if not above.header({spec.input_columns().text}) or above.waiting:
        return as_it_is
    header, height = b"".join(line.raw for line in above.taken), len(above.taken)
    pieces, begin = work.finished(Place(above.read_bytes, above.read_lines))
    later, records = _Later(work.task, begin), begin.records
    rows = above.behind(later.blocks, begin.text, begin.lines)
    rows.with_blank = True  # what comes after a quote that is not closed is counted
    for _, run in groupby(_numbered_rows(rows, spec.shard_bytes), key=itemgetter(0)):
        _, first, text, lines = next(run)
        if pieces:
            work.note(len(pieces) - 1, pieces[-1], later.place(text, lines, records))
        made = replace(work.piece(len(pieces), rows.encoding), first_line=first.line - height, first_record=records + 1)
        size = 0
        with work.writing(made) as stream:
            stream.write(header)
            for row in chain([first], (row for _, row, _, _ in run)):
                if row.problem and any(line.problem for line in (*rows.taken, *rows.waiting)):
                    return as_it_is
                stream.write(row.raw)
                size += len(row.raw)
                records += bool(row.fields or row.problem)
        pieces.append(replace(made, size=size))
    return pieces


def _numbered_rows(rows: CsvRows, shard_bytes: int) -> Iterator[tuple[int, CsvRow, int, int]]:
    """Each row with the number of its work file; one begins only where no row before it was judged by lines that come after.

    With it come the bytes and lines before the work file, if it is the first there.
    """
    number = size = 0
    text, lines, free = rows.read_bytes, rows.read_lines, True
    for row in rows:
        if size >= shard_bytes and free:
            number, size = number + 1, 0
        before = text, lines
        text, lines, free = rows.read_bytes, rows.read_lines, not rows.waiting
        yield number, row, *before
        size += len(row.raw)
