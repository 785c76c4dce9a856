"""How a run keeps to the memory that a worker may take, `engine.max_memory`.

What decides the output is never changed for it: a longest document or a part that cannot fit is an error before any work. Shards and
batches, which leave no trace, are cut smaller.
"""

import dataclasses

from pipeline.config import MIB, RunConfig
from pipeline.errors import UnfinishedError, UserError
from pipeline.neardup.candidates import DOCUMENTS_PER_RANGE
from pipeline.stage import CorpusStage

# Resident sets of workers, mapped files counted, as tests/gates/test_memory.py measures them again.
_WORKER = 400 * MIB  # libraries, tables, kernels and rule packs, with nothing in hand
_OF_DOCUMENT = 17  # bytes for one of a document's, most where its shingles are sorted; texts of 1 to 100 MB
_OF_PART = 3.5  # for one of a part's text while it is written
_OF_BATCH = 12  # for one of a batch's text, in the hungriest stage
_OF_SHARD = 1.5  # the mapped file, with its edits or signatures beside it
# Of the whole corpus, in a worker with all stages: 173 bytes, 20,000 to 180,000 documents, a tenth of them near-duplicates.
_A_DOCUMENT = 200


def fit_memory(config: RunConfig) -> RunConfig:
    """The run file with shards and batches that fit. Raises UserError for a longest document or a part that does not."""
    limit = config.engine.max_memory
    if limit is None:
        return config
    room = limit - _WORKER
    for name, value, factor in (
        ("input.max_record_bytes", config.input.max_record_bytes, _OF_DOCUMENT),
        ("output.part_bytes", config.output.part_bytes, _OF_PART),
    ):
        if value * factor > room:
            most = f"at most {int(room / factor)}, or " if room > factor else ""
            raise UserError(
                f"{config.origin}: engine.max_memory: {limit} bytes do not hold what {name} allows ({value}); "
                f"set {name} to {most}engine.max_memory to at least {int(_WORKER + value * factor)}"
            )
    batch, shard = (max(1, int(room / 2 / factor)) for factor in (_OF_BATCH, _OF_SHARD))
    portions = dataclasses.replace(
        config.input,
        batch_bytes=min(config.input.batch_bytes, batch),
        shard_bytes=min(config.input.shard_bytes, shard),
        max_window=min(config.input.max_window, room),
    )
    return dataclasses.replace(config, input=portions)


def check_documents(config: RunConfig, documents: int) -> None:
    """Raises UnfinishedError where so many documents are more than a worker can judge together."""
    limit, needed = config.engine.max_memory, _WORKER + min(documents, DOCUMENTS_PER_RANGE) * _A_DOCUMENT
    judged = any(isinstance(named.stage, CorpusStage) for named in config.stages)
    if limit is not None and judged and needed > limit:
        raise UnfinishedError(
            f"{config.origin}: engine.max_memory: {limit} bytes do not hold what has to be known of all {documents} documents at once; "
            f"set it to at least {needed}, or split the corpus and use `against`"
        )
