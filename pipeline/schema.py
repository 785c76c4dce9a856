"""The one Arrow schema of a batch of documents, and small ways to read and replace its columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        ("source", pa.string()),
        ("url", pa.string()),
        ("title", pa.string()),
        ("published", pa.timestamp("ms", tz="UTC")),
        ("encoding", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
        ("lang", pa.string()),
        ("lang_score", pa.int32()),  # margin of the label over the next, thousandths of a nat per n-gram
        ("mt_score", pa.int32()),  # weight of evidence that the text was machine-translated, thousandths
        ("mt_evidence", pa.string()),  # JSON object: signal -> count
        ("flags", pa.list_(pa.string())),
        ("family_id", pa.string()),
        ("cluster_id", pa.string()),
        ("cluster_size", pa.int32()),
        ("survivor_id", pa.string()),
        ("similarity", pa.float64()),  # exact Jaccard with the survivor
        ("containment", pa.float64()),
        ("drop_reason", pa.string()),
        ("meta", pa.string()),  # JSON object of every input column that is not named here
    ]
)


def make_batch(columns: Mapping[str, Any]) -> pa.RecordBatch:
    """A batch of the schema from some of its columns; the others are null. `doc_id` and `text` are needed."""
    count = len(columns["text"])
    arrays = []
    for field in SCHEMA:
        value = columns.get(field.name)
        if value is None:
            arrays.append(pa.nulls(count, field.type))
        elif isinstance(value, pa.Array):
            arrays.append(value.cast(field.type))
        else:
            arrays.append(pa.array(value, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def replace_columns(batch: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    """The batch with these columns in place of its own; raises KeyError on a name that the schema does not have."""
    arrays = list(batch.columns)
    for name, array in columns.items():
        index = SCHEMA.get_field_index(name)
        if index < 0:
            raise KeyError(name)
        arrays[index] = array
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def live_rows(batch: pa.RecordBatch) -> np.ndarray:
    """Boolean per row: True where no stage has marked the row yet. Stages leave the other rows untouched."""
    live: np.ndarray = batch.column("drop_reason").is_null().to_numpy(zero_copy_only=False)
    return live


# Stands in the reason of what the clock has stopped. A document whose `drop_reason` begins with it ends in quarantine.
TOOK_TOO_LONG = "took too long"


def stopped_rows(documents: pa.RecordBatch | pa.Table) -> np.ndarray:
    """Boolean per row: True for documents that the clock has stopped."""
    stopped: np.ndarray = (
        pc.starts_with(documents.column("drop_reason"), TOOK_TOO_LONG).fill_null(False).to_numpy(zero_copy_only=False)
    )
    return stopped


def add_flags(batch: pa.RecordBatch, flag: str, rows: np.ndarray) -> pa.RecordBatch:
    """The batch with `flag` appended to the flags of these rows (positions); a flag that a row already has stays single."""
    if len(rows) == 0:
        return batch
    flags = batch.column("flags").to_pylist()
    for row in rows.tolist():
        if flag not in (flags[row] or ()):
            flags[row] = [*(flags[row] or ()), flag]
    return replace_columns(batch, flags=pa.array(flags, pa.list_(pa.string())))


_HOST = r"^[a-z][a-z0-9+.-]*://(?:[^/@?#]*@)?(?:www\.)?(?P<host>[^/:?#]+)"


def sources_of(documents: pa.RecordBatch | pa.Table) -> Any:
    """The `source` of each document, else the host of its `url` (small letters, without "www."), else null."""
    host = pc.struct_field(pc.extract_regex(pc.utf8_lower(documents.column("url")), _HOST), "host")
    return pc.coalesce(documents.column("source"), host)
