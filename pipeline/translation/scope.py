"""Which documents are judged: English that no stage has marked."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import live_rows

# Where `lang` is null (no stage has looked), a text is taken for English if it holds " the " this often: English news has one in
# 120 bytes; Dutch, French and German text has none but in titles.
_THE_BYTES = 400


def judged_rows(batch: pa.RecordBatch) -> np.ndarray:
    """Rows (int64, ascending) that are unmarked and English: `lang` is `en`, or null and the text looks English."""
    lang = batch.column("lang")
    rows: np.ndarray = np.flatnonzero(live_rows(batch) & _true(pc.equal(lang, "en")))
    unknown = np.flatnonzero(live_rows(batch) & _true(lang.is_null()))
    if len(unknown):
        text = batch.column("text").take(pa.array(unknown))
        count = pc.count_substring(text, " the ").to_numpy()
        rows = np.sort(np.concatenate([rows, unknown[(count > 0) & (count * _THE_BYTES >= lengths(text))]]))
    return rows


def family_of(batch: pa.RecordBatch) -> pa.Array:
    """The family of each document; its own id where none was found."""
    return pc.coalesce(batch.column("family_id"), batch.column("doc_id"))


def lengths(text: pa.Array) -> np.ndarray:
    """Bytes of each text, int64."""
    result: np.ndarray = pc.binary_length(text).to_numpy()
    return result


def _true(condition: pa.Array) -> np.ndarray:
    result: np.ndarray = condition.fill_null(False).to_numpy(zero_copy_only=False)
    return result
