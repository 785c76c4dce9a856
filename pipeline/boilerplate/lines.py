"""The non-blank lines of a batch of texts as columns, and where the body of each document lies among them."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.lines import TERMINAL, blank_lines, line_endings, line_forms, line_spans
from pipeline.kernels.text import buffers, strings

BODY_TOKENS = 20  # a line this long that ends like a sentence is body text
MAX_HEAD_LINES = 10
BODILESS_EDGE = 3  # lines at either end that count as head and tail where there is no body line
BLOCK_LINES = 8  # at the end, in one pass


@dataclass(frozen=True)
class Lines:
    """Non-blank lines, in order. Columns with one entry a line."""

    number: np.ndarray  # the line among all lines of the batch, blank ones too
    row: np.ndarray
    cut: np.ndarray  # bytes taken from its beginning
    all_text: pa.Array  # of all lines of the batch, by number, with the newline where there is one
    key: np.ndarray
    tokens: np.ndarray
    ending: np.ndarray

    def where(self, mask: np.ndarray) -> "Lines":
        """The lines for which the mask is True."""
        if mask.all():
            return self
        columns = {name: getattr(self, name)[mask] for name in ("number", "row", "cut", "key", "tokens", "ending")}
        return Lines(all_text=self.all_text, **columns)

    def texts(self, at: np.ndarray) -> pa.Array:
        """The text of the lines at these positions."""
        return self.all_text.take(pa.array(self.number[at]))

    def text(self, i: int) -> str:
        """The text of the line at this position."""
        return str(self.all_text[int(self.number[i])].as_py())

    def without_prefixes(self, at: np.ndarray, texts: list[str]) -> "Lines":
        """With these texts in place of the lines at these positions: what is left of each when a prefix is cut."""
        short = tabulate(pa.array([text.replace("\n", "") for text in texts], pa.large_string()))[1]
        if len(short.number) != len(at):
            raise ValueError("a prefix rule takes its whole line")
        cut, mask = self.cut.copy(), np.zeros(len(self.all_text), np.bool_)
        cut[at] += pc.binary_length(self.texts(at)).to_numpy() - np.array([len(text.encode()) for text in texts], np.int64)
        mask[self.number[at]] = True
        changed = {}
        for name in ("key", "tokens", "ending"):
            changed[name] = getattr(self, name).copy()
            changed[name][at] = getattr(short, name)
        text = pc.replace_with_mask(self.all_text, pa.array(mask), pa.array(texts, pa.large_string()))
        return replace(self, cut=cut, all_text=text, **changed)


@dataclass(frozen=True)
class AllLines:
    """Every line of a batch, blank ones too, as the kernels take them."""

    offsets: np.ndarray
    data: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


def tabulate(text: pa.Array) -> tuple[AllLines, Lines]:
    """All lines of these texts, and the non-blank ones."""
    offsets, data = buffers(text)
    rows, starts, stops = line_spans(offsets, data)
    number = np.flatnonzero(~blank_lines(offsets, data, rows, starts, stops))
    span = (rows[number], starts[number], stops[number])
    key, tokens = line_forms(offsets, data, *span)
    lines = Lines(
        number=number,
        row=span[0],
        cut=np.zeros(len(number), np.int64),
        all_text=strings(np.append(offsets[rows] + starts, offsets[-1]), data),
        key=key,
        tokens=tokens,
        ending=line_endings(offsets, data, *span),
    )
    return AllLines(offsets, data, rows, starts, stops), lines


@dataclass(frozen=True)
class Zones:
    """Boolean columns: the zones that each line is in, and whether body stands before it and none after it."""

    head: np.ndarray
    tail: np.ndarray
    tail_block: np.ndarray
    after_body: np.ndarray

    @classmethod
    def of(cls, lines: Lines, no_body: np.ndarray) -> "Zones":
        """The zones; `no_body` are lines that a rule takes wherever they stand, so however long they are no body."""
        count = len(lines.row)
        body = (lines.tokens >= BODY_TOKENS) & (lines.ending == TERMINAL) & ~no_body
        new_row = np.append(True, lines.row[1:] != lines.row[:-1])[:count]
        group = np.cumsum(new_row) - 1
        first = np.flatnonzero(new_row)
        size = np.diff(np.append(first, count))
        place = np.arange(count) - first[group]
        from_end = size[group] - 1 - place
        # Positions of each document's first and last body line, the last that is written; one with none keeps these initial values.
        first_body, last_body = np.full(len(first), np.iinfo(np.int64).max), np.full(len(first), -1)
        body_group, body_place = group[body], place[body]
        first_body[body_group[::-1]] = body_place[::-1]
        last_body[body_group] = body_place
        bodiless = (last_body < 0)[group]
        after_body = ~bodiless & (place > last_body[group])
        head = np.where(bodiless, place < BODILESS_EDGE, place < np.minimum(first_body, MAX_HEAD_LINES)[group])
        tail = np.where(bodiless, from_end < BODILESS_EDGE, after_body)
        return cls(head, tail, from_end < BLOCK_LINES, after_body)

    def of_name(self, zone: str) -> np.ndarray:
        """The column of a zone by the name that rules use."""
        if zone == "anywhere":
            return np.ones(len(self.head), np.bool_)
        column: np.ndarray = getattr(self, zone)
        return column
