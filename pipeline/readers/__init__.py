"""The input edge: files of several formats become shards of batches of the schema, and a quarantine of what cannot be read.

`plan_input` lists what to read and cuts it into tasks; `read_task` carries one out, in a worker; `resolve_duplicate_ids` puts
the results together. A format is a module with a line in `formats.READERS`: it yields records (or batches made from columns, see
`tables`), and everything after is the same for all.
"""

from pipeline.readers.duplicates import ReadCorpus, resolve_duplicate_ids
from pipeline.readers.ids import DuplicateId, find_duplicate_ids
from pipeline.readers.plan import describe_input, plan_input
from pipeline.readers.read import ReadResult, read_task
from pipeline.readers.records import QUARANTINE
from pipeline.readers.spec import InputPlan, InputSpec, ReadTask

__all__ = [
    "QUARANTINE",
    "DuplicateId",
    "InputPlan",
    "InputSpec",
    "ReadCorpus",
    "ReadResult",
    "ReadTask",
    "describe_input",
    "find_duplicate_ids",
    "plan_input",
    "read_task",
    "resolve_duplicate_ids",
]
