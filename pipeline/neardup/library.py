"""Near-duplicates of texts in memory: for notebooks and other programs, with the answers of the stage."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import open_ipc, write_ipc
from pipeline.neardup.find import find_clusters
from pipeline.neardup.keep import Keep, PreferredSources, Rule
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.search import MIN_SHARED, Search
from pipeline.neardup.signatures import Texts, text_chunks
from pipeline.neardup.verdicts import VERDICTS
from pipeline.schema import SCHEMA, make_batch
from pipeline.stage import Corpus

DUPLICATES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),  # place in the texts
        pa.field("doc_id", pa.string(), nullable=False),
        *list(VERDICTS)[1:],
    ]
)

_BATCH_ROWS = 10_000
_SHARD_BATCHES = 10


def find_duplicates(
    texts: Texts,
    ids: Sequence[object] | None = None,
    threshold: float = 0.5,
    *,
    keep: Keep | Sequence[Any] | Mapping[str, Sequence[str]] = "longest",
    containment: float | None = None,
    shingle_words: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    target_recall: float = 0.99,
    min_shared_shingles: int = MIN_SHARED,
    columns: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Every member of every cluster of near-duplicates (DUPLICATES), in the order of the texts.

    `survivor_id` is null for the members that would be kept; for the others it names the kept one that they were compared with,
    `similarity` the exact Jaccard similarity of the two. `ids` are taken as strings and must differ; without any they are the places
    of the texts. `columns` holds what `keep` goes by: `published` for newest and oldest, `source`, `mt_score`. The answers are those
    of the stage `drop_near_duplicates` with the same settings. Works in a temporary folder (about 800 bytes a text beside a copy
    of the texts). Raises ValueError for settings out of range and for ids that do not fit.

    >>> find_duplicates(["Well met by moonlight", "well met, by moonlight!", "a"])["survivor_id"].to_pylist()
    ['1', None]
    """
    for name, value in (("threshold", threshold), ("containment", containment), ("target_recall", target_recall)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f"{name} is {value}; more than 0 and at most 1 was expected")
    if min_shared_shingles < 1:
        raise ValueError(f"min_shared_shingles is {min_shared_shingles}; at least 1 was expected")
    chunks = text_chunks(texts)
    count = sum(map(len, chunks))
    rules = SignatureRules(num_perm, seed, shingle_words)
    search = Search(threshold, rules, target_recall, _keep(keep), containment, min_shared_shingles=min_shared_shingles)
    with tempfile.TemporaryDirectory() as name:
        corpus = _write_corpus(Path(name), chunks, text_ids(ids, count), columns or {})
        find_clusters(corpus, search)
        return _members(corpus)


def _keep(keep: Any) -> Keep:
    """What a run file may say, as the stage has it."""
    return tuple(_rule(rule) for rule in ([keep] if isinstance(keep, str | Mapping | PreferredSources) else keep))


def _rule(rule: Any) -> Rule | PreferredSources:
    if isinstance(rule, Mapping) and list(rule) == ["sources"]:
        return PreferredSources(tuple(rule["sources"]))
    if isinstance(rule, PreferredSources) or rule in get_args(Rule):
        named: Rule | PreferredSources = rule
        return named
    raise ValueError(f"keep is {rule!r}; one of {', '.join(get_args(Rule))} or {{'sources': [...]}} was expected")


def text_ids(ids: Sequence[object] | None, count: int) -> list[str]:
    """One string for each text: its own, or else its place. Raises ValueError where they do not fit or repeat."""
    if ids is None:
        return [str(place) for place in range(count)]
    named = [str(value) for value in ids]
    if len(named) != count:
        raise ValueError(f"{len(named)} ids for {count} texts; one for each was expected")
    repeated = [name for name, times in Counter(named).items() if times > 1]
    if repeated:
        raise ValueError(f"the id {repeated[0]!r} occurs twice; different ones were expected")
    return named


def _write_corpus(folder: Path, chunks: list[pa.Array], ids: list[str], columns: Mapping[str, Any]) -> Corpus:
    batches = list(text_batches(chunks, ids, columns))
    shards, rows = [], []
    for first in range(0, len(batches), _SHARD_BATCHES):
        shards.append(folder / f"shard-{first:07d}.arrow")
        rows.append(write_ipc(shards[-1], batches[first : first + _SHARD_BATCHES], SCHEMA))
    (folder / "own").mkdir()
    return Corpus(shards, rows, folder / "own", folder / "shared", _map)


def text_batches(chunks: list[pa.Array], ids: list[str], columns: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
    """The texts as batches of the schema, with these ids and more columns; a text that is null is empty."""
    at = 0
    for chunk in chunks:
        for start in range(0, len(chunk), _BATCH_ROWS):
            part = pc.fill_null(chunk.slice(start, _BATCH_ROWS), "")
            stop = at + len(part)
            yield make_batch(
                {"doc_id": ids[at:stop], "text": part, **{name: values[at:stop] for name, values in columns.items()}}
            )
            at = stop


def _map(name: str, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]


def _members(corpus: Corpus) -> pa.Table:
    tables = [DUPLICATES.empty_table()]
    for number, first in enumerate(corpus.first_rows()):
        verdicts = open_ipc(corpus.folder / f"verdicts-{number:05d}.arrow").read_all()
        rows = verdicts["row"].to_numpy().astype(np.int64)
        ids = open_ipc(corpus.shards[number]).read_all()["doc_id"].take(pa.array(rows))
        tables.append(pa.Table.from_arrays([pa.array(rows + first), ids, *verdicts.columns[1:]], schema=DUPLICATES))
    return pa.concat_tables(tables).combine_chunks()
