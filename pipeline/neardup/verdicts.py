"""Verdicts on near-duplicates: written for each shard, and laid over the columns of a batch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import write_ipc
from pipeline.stage import Corpus

VERDICTS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("cluster_id", pa.string(), nullable=False),
        pa.field("cluster_size", pa.int32(), nullable=False),
        ("survivor_id", pa.string()),  # null: kept
        ("similarity", pa.float64()),
        ("containment", pa.float64()),
    ]
)


def write_verdicts(corpus: Corpus, members: np.ndarray, doc_id: pa.ChunkedArray, clustered: pa.Table) -> None:
    """Writes `verdicts-N.arrow` (VERDICTS) for each shard.

    `members` and `doc_id` are places in the corpus and ids of what CLUSTERED refers to by number.
    """
    rows = members[clustered["member"].to_numpy()].astype(np.int64)
    firsts = corpus.first_rows()
    bounds = np.searchsorted(rows, [*firsts, sum(corpus.rows)])
    for number, first in enumerate(firsts):
        part = clustered.slice(bounds[number], bounds[number + 1] - bounds[number])
        verdicts = _verdicts(part, doc_id, rows[bounds[number] : bounds[number + 1]] - first)
        write_ipc(corpus.folder / f"verdicts-{number:05d}.arrow", verdicts.to_batches(), VERDICTS)


def _verdicts(part: pa.Table, doc_id: pa.ChunkedArray, rows: np.ndarray) -> pa.Table:
    dropped = pc.not_equal(part["member"], part["survivor"])
    columns = [
        pa.array(rows, pa.int32()),
        doc_id.take(part["cluster"]),
        part["cluster_size"],
        pc.if_else(dropped, doc_id.take(part["survivor"]), None),
        pc.if_else(dropped, pc.divide(pc.cast(part["shared"], pa.float64()), pc.cast(part["union"], pa.float64())), None),
        pc.if_else(dropped, pc.divide(pc.cast(part["shared"], pa.float64()), pc.cast(part["own"], pa.float64())), None),
    ]
    return pa.Table.from_arrays(columns, schema=VERDICTS)


def overlay(batch: pa.RecordBatch, verdicts: pa.Table, name: str, column: str | None = None) -> pa.Array:
    """The batch's column (`name` unless another is given) with the values `name` of the verdicts at their rows."""
    below = batch[column or name]
    at = np.zeros(batch.num_rows, np.bool_)
    at[verdicts["row"].to_numpy()] = True
    return pc.replace_with_mask(below, pa.array(at), verdicts[name].combine_chunks().cast(below.type))
