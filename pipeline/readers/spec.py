"""What to read, and the pieces that a plan cuts it into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Gt, Le, MinLen

from pipeline.readers.compression import MAX_EXPANSION, MAX_WINDOW, Limits

MIB = 2**20

Format = Literal["text", "html", "jsonl", "csv", "tsv", "parquet", "arrow"]

# What a run file may name an input column for: columns of the schema, and "html" for a page that the text is extracted from.
FILLED = ("doc_id", "source", "url", "title", "published", "text", "html")


class InputColumns(NamedTuple):
    """The input column for each column of the schema that an input may fill; what a run finds out is not for the input to set.

    `html`: the column of the text holds web pages, and the text is to be extracted, in so many seconds a page.
    """

    doc_id: str
    source: str
    url: str
    title: str
    published: str
    text: str
    html: int | None = None


@dataclass(frozen=True)
class InputSpec:
    """What to read and in what portions. None of the portions changes a row or an id."""

    path: Annotated[str, MinLen(1)] = field(metadata={"help": "a file, a folder, a pattern such as news/**/*.jsonl.gz, or a URL"})
    format: Literal["auto", "text", "html", "jsonl", "csv", "tsv", "parquet", "arrow"] = field(
        default="auto", metadata={"help": "auto goes by the files' names"}
    )
    columns: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"help": "name in the schema, or html for pages to extract the text from -> column of the input"},
    )
    shard_bytes: Annotated[int, Gt(0)] = field(default=64 * MIB, metadata={"help": "text in a shard, about"})
    batch_bytes: Annotated[int, Gt(0)] = field(default=8 * MIB, metadata={"help": "text in a batch; at least one document"})
    max_record_bytes: Annotated[int, Gt(0)] = field(
        default=256 * MIB, metadata={"help": "a longer line, text file or row of strings goes to quarantine, cut off"}
    )
    max_document_seconds: Annotated[int, Gt(0)] = field(
        default=1800,
        metadata={
            "help": "of CPU for a page or stage; what takes longer goes to quarantine, and the manifest says `reproducible: false`"
        },
    )
    max_expansion: Annotated[int, Gt(0)] = field(
        default=MAX_EXPANSION,
        metadata={
            "help": "bytes of each byte of a compressed file; a file of which more come, and a gigabyte in all, is cut off"
        },
    )
    max_window: Annotated[int, Gt(0), Le(MAX_WINDOW)] = field(
        default=MAX_WINDOW,
        metadata={
            "help": "bytes that unpacking a zstd or xz file may hold, fewer under engine.max_memory; what needs more ends the run"
        },
    )

    @property
    def max_batch_bytes(self) -> int:
        """Bytes of text that a batch is cut at, since a shard is whole batches."""
        return min(self.batch_bytes, self.shard_bytes)

    @property
    def limits(self) -> Limits:
        """Those of a packed stream."""
        return Limits(self.max_expansion, self.max_window)

    def input_columns(self) -> "InputColumns":
        """The input column of each schema name: as mapped, else the one of the same name."""
        named = {name: self.columns.get(name, name) for name in FILLED if name != "html"}
        page = self.columns.get("html")
        seconds = None if page is None else self.max_document_seconds
        return InputColumns(**(named if page is None else {**named, "text": page}), html=seconds)


@dataclass(frozen=True)
class Piece:
    """A file, or a part of one that can be read by itself.

    `start` and `stop` are row groups for Parquet, and bytes for a large plain file of JSON Lines: the piece is the lines that begin
    between them. `stop` None is the end of the file. The first line and the first record of the piece are numbered from 1 in their file;
    lines are those of JSON Lines. Where these numbers are not known the piece is not `counted`.
    A `packed` piece is a whole file that cannot be read from the middle, and worth being unpacked first: into pieces that are work files,
    with the `encoding` of the bytes that they were made of, or the `problem` of the one line that they hold the beginning of.
    """

    path: str  # or URL
    name: str  # relative to the input folder, with "/": what ids and errors call the file
    format: Format
    size: int  # bytes on disk
    start: int = 0
    stop: int | None = None
    first_line: int = 1
    first_record: int = 1
    counted: bool = True
    packed: bool = False
    encoding: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class ReadTask:
    """What one worker reads in one go. `limit`: no more than so many records of it."""

    number: int
    pieces: tuple[Piece, ...]
    spec: InputSpec
    limit: int | None = None

    @property
    def packed(self) -> bool:
        """True for a piece, always alone in its task, that `unpack` has to go through first: a packed one, or one that is not counted."""
        return self.pieces[0].packed or not self.pieces[0].counted


@dataclass(frozen=True)
class InputPlan:
    """The tasks, in input order, and what tells this input from another or a changed one.

    `fingerprint` is JSON: by file its size, modification time and a digest of its edges. `skipped` names what lies in the folder and
    is not read, with the reason.
    """

    tasks: list[ReadTask]
    fingerprint: dict[str, Any]
    skipped: list[tuple[str, str]]
    bytes: int
