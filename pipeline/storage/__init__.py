"""Files by path or URL: the little that a pathlib path can do for a reader, for object stores and web servers as well.

Local files are read as they always were; a URL of http(s) by the standard library, any other through fsspec. So that a run goes through
a bad hour, what fails on the way is tried again and counted, and a transfer that ends early is never taken for the end of the file.
"""

from pipeline.storage.reading import first_bytes, open_seekable, read_range
from pipeline.storage.remote import remote_files, remote_status
from pipeline.storage.retries import counted_retries
from pipeline.storage.status import CHUNK_BYTES, FileStatus
from pipeline.storage.urls import check_address, file_name, is_url, is_web, local_path, shown

__all__ = [
    "CHUNK_BYTES",
    "FileStatus",
    "check_address",
    "counted_retries",
    "file_name",
    "first_bytes",
    "is_url",
    "is_web",
    "local_path",
    "open_seekable",
    "read_range",
    "remote_files",
    "remote_status",
    "shown",
]
