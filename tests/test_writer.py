"""What goes into the parts of an output: the same bytes however the rows came."""

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from pipeline.files import write_ipc
from pipeline.writer import RUN_ROWS, in_runs, write_parquet, write_table


def _table(rows: int) -> pa.Table:
    """Texts of more than a page together, with a null and a list now and then."""
    texts = [f"{row} " * (row % 700) for row in range(rows)]
    flags = [["odd"] * (row % 3) if row % 5 else None for row in range(rows)]
    return pa.table({"doc_id": [str(row) for row in range(rows)], "text": pa.array(texts, pa.large_string()), "flags": flags})


ROWS = _table(3 * RUN_ROWS + 100)


@given(st.lists(st.integers(0, 2 * RUN_ROWS), max_size=12))
def test_runs_hold_the_rows_in_order_and_are_of_one_size_but_for_the_last(sizes: list[int]) -> None:
    """Whatever tables the rows come in, empty ones too; every run is one chunk."""
    tables, at = [], 0
    for size in sizes:
        tables.append(ROWS.slice(at, size))
        at = min(len(ROWS), at + size)
    runs = list(in_runs(iter(tables)))
    assert [len(run) for run in runs[:-1]] == [RUN_ROWS] * (len(runs) - 1)
    assert all(len(run) <= RUN_ROWS and run["text"].num_chunks <= 1 for run in runs)
    assert pa.concat_tables([ROWS.slice(0, 0), *runs]).equals(ROWS.slice(0, at))


def test_a_part_has_the_bytes_of_one_chunk(tmp_path: Path) -> None:
    """Chunks of RUN_ROWS leave no trace in the file; chunks of another size would."""
    whole, odd = tmp_path / "whole.parquet", tmp_path / "odd.parquet"
    write_parquet(whole, ROWS.combine_chunks())
    write_parquet(tmp_path / "runs.parquet", pa.concat_tables(in_runs([ROWS.slice(0, 1500), ROWS.slice(1500)])))
    write_parquet(odd, pa.concat_tables([ROWS.slice(0, 777), ROWS.slice(777)]))
    assert (tmp_path / "runs.parquet").read_bytes() == whole.read_bytes()
    assert odd.read_bytes() != whole.read_bytes()
    assert pq.ParquetFile(whole).metadata.num_row_groups == 1


def test_a_table_has_the_same_bytes_from_any_files(tmp_path: Path) -> None:
    """However its rows lie in Arrow files and batches; of no file it is empty, with the schema."""
    made = []
    for cuts in ([0, len(ROWS)], [0, 777, len(ROWS)], [0, 5, 5, 2 * RUN_ROWS, len(ROWS)]):
        folder = tmp_path / str(len(cuts))
        sources = [folder / f"{number}.arrow" for number in range(len(cuts) - 1)]
        for source, (start, stop) in zip(sources, pairwise(cuts)):
            write_ipc(source, ROWS.slice(start, stop - start).to_batches(max_chunksize=500), ROWS.schema)
        made.append(write_table(str(folder / "a.parquet"), [str(source) for source in sources]))
    assert made[0]["rows"] == len(ROWS)
    assert made == [made[0]] * 3
    assert write_table(str(tmp_path / "a.parquet"), [], schema=ROWS.schema)["rows"] == 0
    assert pq.read_table(tmp_path / "a.parquet").equals(ROWS.slice(0, 0))
