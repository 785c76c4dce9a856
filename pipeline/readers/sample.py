"""How much an input will be as documents, judged by a little of it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.formats import read_pieces
from pipeline.readers.found import COMPRESSION_RATIO
from pipeline.readers.lines import blocks_of, count_lines
from pipeline.readers.parquet import open_parquet
from pipeline.readers.spec import Format, InputPlan, Piece, ReadTask
from pipeline.readers.streams import sniff, text_chunks
from pipeline.storage import is_url

_PIECES, _RECORDS = 12, 600  # of each format: some 50 milliseconds
_HELD_BYTES = _PLAIN_BYTES = 2**22  # of documents, and unpacked, of one piece
_USUAL_BYTES = 3000  # of a document of news on the disk, where nothing was looked at


class InputSize(NamedTuple):
    """Documents, their bytes as shards hold them, and the bytes of what has to be unpacked first."""

    documents: int
    bytes: int
    unpacked: int


class _Sample(NamedTuple):
    """Of one piece: bytes on the disk and in a shard for a document, and bytes that one packed byte becomes."""

    on_disk: float
    in_shard: float
    ratio: float


def judge_size(plan: InputPlan) -> InputSize:
    """The size of an input of files on this machine within a few per cent; of URLs, which are not read for it, a guess."""
    by_format: dict[Format, list[Piece]] = {}
    for task in plan.tasks:
        for piece in task.pieces:
            by_format.setdefault(piece.format, []).append(piece)
    sizes = [_size_of(pieces, plan.tasks[0]) for pieces in by_format.values()]
    documents, held, unpacked = (sum(column) for column in zip(*sizes)) if sizes else (0, 0, 0)
    limit = plan.tasks[0].limit if plan.tasks else None
    if limit is not None and documents > limit:
        return InputSize(limit, held * limit // documents, 0)
    return InputSize(documents, held, unpacked)


def _size_of(pieces: Sequence[Piece], task: ReadTask) -> InputSize:
    """The size of pieces of one format."""
    taken = pieces[:: -(-len(pieces) // _PIECES)]
    samples = [found for piece in taken if not is_url(piece.path) and (found := _look(piece, task, _RECORDS // len(taken)))]
    if not samples:
        samples = [_Sample(_USUAL_BYTES / COMPRESSION_RATIO, _USUAL_BYTES, COMPRESSION_RATIO)]
    on_disk, in_shard, ratio = (sum(column) / len(samples) for column in zip(*samples))
    documents = sum(piece.size for piece in pieces) / on_disk
    packed = sum(piece.size for piece in pieces if piece.packed)
    return InputSize(round(documents), round(documents * in_shard), round(packed * ratio))


def _look(piece: Piece, task: ReadTask, records: int) -> _Sample | None:
    """The first records of a piece; None where it begins with none."""
    documents = held = 0
    for part in read_pieces(ReadTask(0, (piece,), task.spec, records)):
        documents, held = documents + part.records, held + part.batch.nbytes
        last = part.position[-1].as_py() if len(part.position) else ""
        if held >= _HELD_BYTES:
            break
    if not documents or not held:
        return None
    ratio = _ratio(piece)
    if piece.format in ("jsonl", "csv", "tsv") and last:
        lines = int(last.split()[1]) - piece.first_line + 1
        on_disk = lines * _line_bytes(piece, lines, task) / documents / ratio
    elif piece.format == "parquet":
        with open_parquet(piece.path) as file:
            on_disk = piece.size / max(1, file.metadata.row_group(piece.start).num_rows)
    else:
        on_disk = held / documents if piece.format == "arrow" else piece.size
    return _Sample(on_disk, held / documents, ratio)


def _line_bytes(piece: Piece, wanted: int, task: ReadTask) -> float:
    """The mean length of the piece's first lines."""
    size = lines = 0
    for block in blocks_of(piece, task.spec)[0]:
        size, lines = size + block.size, lines + (1 if block.problem else count_lines(block.data)[0])
        if lines >= wanted:
            break
    return size / lines


def _ratio(piece: Piece) -> float:
    """What a byte on the disk becomes, by the file's beginning."""
    if piece.format in ("parquet", "arrow") or (head := sniff(piece.path)).compression is None:
        return 1.0
    plain, packed = 0, min(piece.size, _PLAIN_BYTES // COMPRESSION_RATIO)
    with suppress(BrokenStreamError):  # it is cut off there
        for chunk in text_chunks(piece.path, head, packed):
            plain += len(chunk)
    return max(1, plain) / packed
