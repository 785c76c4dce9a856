"""Files by path or URL: the little that a pathlib path can do for readers and writers, for object stores and web servers as well.

Local files are read as they always were; a URL of http(s) by the standard library, any other through fsspec. So that a run goes through
a bad hour, what fails on the way is tried again and counted, and a transfer that ends early is never taken for the end of the file.
What is written to a store is there whole or not at all.
"""

from pipeline.storage.arrays import StoredArray
from pipeline.storage.paths import StorePath, place
from pipeline.storage.pieces import PieceFile
from pipeline.storage.reading import first_bytes, open_seekable, read_range
from pipeline.storage.remote import fetch, remote_files, remote_status
from pipeline.storage.retries import counted_retries
from pipeline.storage.scratch import scratch_file
from pipeline.storage.status import CHUNK_BYTES, FileStatus
from pipeline.storage.stores import open_store
from pipeline.storage.urls import check_address, file_name, is_url, is_web, local_path, shown
from pipeline.storage.writing import check_writable, create_object, remove_folder, sweep_uploads, upload

__all__ = [
    "CHUNK_BYTES",
    "FileStatus",
    "PieceFile",
    "StorePath",
    "StoredArray",
    "check_address",
    "check_writable",
    "counted_retries",
    "create_object",
    "fetch",
    "file_name",
    "first_bytes",
    "is_url",
    "is_web",
    "local_path",
    "open_seekable",
    "open_store",
    "place",
    "read_range",
    "remote_files",
    "remote_status",
    "remove_folder",
    "scratch_file",
    "shown",
    "sweep_uploads",
    "upload",
]
