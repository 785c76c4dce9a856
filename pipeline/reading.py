"""The first step of a run: every record of the input into a shard or into quarantine."""

from functools import partial

from pipeline.config import InputConfig
from pipeline.errors import UserError
from pipeline.files import remove_tree
from pipeline.job import Job
from pipeline.readers import (
    InputPlan,
    ReadCorpus,
    ReadResult,
    ReadTask,
    read_task,
    refuse_changed,
    resolve_duplicate_ids,
    unpack,
    unpacked_tasks,
)


def read_corpus(job: Job, settings: InputConfig, plan: InputPlan) -> ReadCorpus:
    """What was read, with unique ids: shards and quarantine under the job's work folder, and counts. Raises UserError."""
    folder, unpacked = str(job.work / "read"), job.work / "unpacked"

    def read_all() -> ReadCorpus:
        packed = [task for task in plan.tasks if task.packed]
        pieces = job.map("unpack", partial(unpack, str(unpacked)), packed) if packed else []
        results = job.map("read", partial(_read_one, folder), unpacked_tasks(plan.tasks, pieces))
        refuse_changed(plan)
        if not any(result["rows"] + result["quarantined"] for result in results):
            raise UserError(f"{settings.path}: holds no record; nothing to do")
        return resolve_duplicate_ids(folder, results, settings.on_duplicate_id)

    read: ReadCorpus = job.once("ids", read_all)
    remove_tree(unpacked)
    return read


def _read_one(folder: str, task: ReadTask) -> ReadResult:
    return read_task(task, folder)
