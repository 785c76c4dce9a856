"""The input edge: files of several formats become shards of batches of the schema, and a quarantine of what cannot be read.

`plan_input` lists what to read and cuts it into tasks; where a large file cannot be cut, `unpack` makes it into work files, which
are tasks by themselves (`unpacked_tasks`). `read_task` carries a task out, in a worker; `resolve_duplicate_ids` puts the results
together. A format is a module with a line in `formats.READERS`: it yields records (or batches made from columns, see `tables`), and
everything after is the same for all.
"""

from pipeline.readers.corpus import ReadCorpus, measure_withdrawn, withdraw, withdrawn_batch
from pipeline.readers.duplicates import resolve_duplicate_ids
from pipeline.readers.ids import DuplicateId, find_duplicate_ids, origins
from pipeline.readers.listing import refuse_shared_folders, refuse_to_clear
from pipeline.readers.plan import describe_input, plan_input, refuse_changed, unpacked_tasks
from pipeline.readers.read import ReadResult, read_task
from pipeline.readers.records import QUARANTINE
from pipeline.readers.sample import InputSize, judge_size
from pipeline.readers.spec import InputPlan, InputSpec, ReadTask
from pipeline.readers.unpack import unpack

__all__ = [
    "QUARANTINE",
    "DuplicateId",
    "InputPlan",
    "InputSize",
    "InputSpec",
    "ReadCorpus",
    "ReadResult",
    "ReadTask",
    "describe_input",
    "find_duplicate_ids",
    "judge_size",
    "measure_withdrawn",
    "origins",
    "plan_input",
    "read_task",
    "refuse_changed",
    "refuse_shared_folders",
    "refuse_to_clear",
    "resolve_duplicate_ids",
    "unpack",
    "unpacked_tasks",
    "withdraw",
    "withdrawn_batch",
]
