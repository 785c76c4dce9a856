"""The pipeline as a library: `run` for a run file, `clean` for texts in memory."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.checkpoints import NoCheckpoints
from pipeline.cleaned import Cleaned
from pipeline.config import RunConfig
from pipeline.engines.local import LocalEngine
from pipeline.files import open_ipc, write_ipc
from pipeline.job import Job, Progress, Silent
from pipeline.neardup.library import text_batches, text_ids
from pipeline.neardup.signatures import Texts, text_chunks
from pipeline.result import RunResult
from pipeline.run_file import load_config, parse_config, parse_stages
from pipeline.runner import run as carry_out
from pipeline.schema import SCHEMA
from pipeline.segments import run_segments
from pipeline.writer import read_edits

DOCUMENT_STAGES = ("fix_encoding", "identify_language", "strip_boilerplate")


def run(
    config: str | Path | Mapping[str, Any] | RunConfig,
    *,
    input_path: str | Path | None = None,
    output_path: str | Path | None = None,
    workers: int | None = None,
    limit: int | None = None,
    overwrite: bool = False,
    progress: bool | Progress = False,
) -> RunResult:
    """Does what `pipeline run` does, quietly, and returns the result as values.

    `config` is the path of a run file, or what one holds; `input_path` and `output_path` go before the paths in it. `workers` is the
    number of processes, by default one a core. They need nothing of the calling program, so that may be a notebook, standard input
    or a script without `if __name__ == "__main__"`. `progress=True` shows a bar (or log lines) on standard error. Raises UserError for
    what the caller can mend.

    >>> import pipeline
    >>> stages = ["fix_encoding", "strip_boilerplate", "drop_near_duplicates"]
    >>> result = pipeline.run({"input": {"path": "seeds/"}, "stages": stages, "output": {"path": "corpus/"}})
    >>> result.counts["kept"], result.counts["dropped_by_reason"]
    (4, {'near_duplicate': 1})
    >>> result.dropped.to_table(columns=["doc_id", "survivor_id"]).num_rows
    1
    """
    named_input, named_output = (None if path is None else str(path) for path in (input_path, output_path))
    if isinstance(config, RunConfig):
        loaded = _with_paths(config, named_input, named_output)
    elif isinstance(config, str | Path):
        loaded = load_config(Path(config), input_path=named_input, output_path=named_output)
    else:
        loaded = parse_config(dict(config), "config", input_path=named_input, output_path=named_output)
    with _shown() if progress is True else nullcontext(progress or Silent()) as told:
        return carry_out(loaded, told, workers=workers, limit=limit, overwrite=overwrite)


def clean(
    texts: Texts,
    stages: Sequence[str | Mapping[str, Any]] = DOCUMENT_STAGES,
    *,
    ids: Sequence[object] | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Cleaned:
    """The texts after the stages, one for each, in their order, with every change and its reason.

    `texts` is a list of strings or an Arrow array; None counts as empty. `stages` are named as in a run file, with or without settings.
    Stages that judge a text by the others may be among them (`list(pipeline.STAGES)` are all): then the texts are the corpus.
    `columns` holds what stages may go by besides: source, title, url, published. `ids` must differ; without any they are the places of
    the texts. One process; works in a temporary folder. Raises UserError for stages that there are not, ValueError for ids and
    columns that do not fit.

    >>> import pipeline
    >>> cleaned = pipeline.clean(["Itâ€™s a long way to Tipperary.", "Well met by moonlight."], ["fix_encoding"])
    >>> cleaned.texts
    ['It’s a long way to Tipperary.', 'Well met by moonlight.']
    >>> cleaned.edits.select(["doc_id", "removed", "inserted"]).to_pylist()
    [{'doc_id': '0', 'removed': 'â€™', 'inserted': '’'}]
    >>> copies = pipeline.clean(["Well met by moonlight", "well met, by moonlight!"], ["drop_near_duplicates"])
    >>> copies.kept, copies.drop_reasons
    (['well met, by moonlight!'], ['near_duplicate', None])
    """
    named = parse_stages(stages if isinstance(stages, str) else list(stages), "clean()")
    chunks = text_chunks(texts)
    count = sum(map(len, chunks))
    _check_columns(columns or {}, count)
    batches = list(text_batches(chunks, text_ids(ids, count), columns or {}))
    with tempfile.TemporaryDirectory(prefix="corpus-pipeline-") as folder, LocalEngine(1) as engine:
        job = Job(Path(folder), engine, Silent())
        job.checkpoints = NoCheckpoints(job.work)
        shard = job.work / "read" / "shard-00000.arrow"
        write_ipc(shard, batches, SCHEMA)
        done = run_segments(job, named, [str(shard)])
        last, edits = Path(done.shards[0]), [Path(path) for path in done.edits[0]]
        return Cleaned(open_ipc(last).read_all(), read_edits("edits", last, edits, 0, count), done.steps)


def _with_paths(config: RunConfig, input_path: str | None, output_path: str | None) -> RunConfig:
    read, written = config.input, config.output
    return replace(
        config,
        input=read if input_path is None else replace(read, path=input_path),
        output=written if output_path is None else replace(written, path=output_path),
    )


def _check_columns(columns: Mapping[str, Any], count: int) -> None:
    for name, values in columns.items():
        if name not in SCHEMA.names or name in ("doc_id", "text"):
            raise ValueError(f"columns holds {name!r}; names such as source, title, url and published were expected")
        if len(values) != count:
            raise ValueError(f"columns[{name!r}] holds {len(values)} values for {count} texts; one for each was expected")


def _shown() -> Any:
    """The command line's progress; its libraries are only needed where it is asked for."""
    from pipeline.terminal import progress

    return progress()
