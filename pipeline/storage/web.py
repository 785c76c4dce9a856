"""Files on web servers, by plain GET: whole or from any byte on, also from servers that know no ranges."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPResponse
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pipeline.storage.status import CHUNK_BYTES, FileStatus, check_unchanged
from pipeline.storage.urls import as_sent, split_login

_TIMEOUT_SECONDS = 60  # without a byte
_SIZE = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")


class WebFile:
    """A file by its address. What one request does; trying again is `retries`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.version: str | None = None

    def status(self) -> FileStatus:
        """Size and version, by a GET of the first byte (a signed address may not allow HEAD).

        Where the server does not tell the size the file is read through, and its digest is the version.
        """
        try:
            with self._get(0, 1) as response:
                ranges = response.status == 206
                size = _whole_size(response) if ranges else _length(response)
                version = _version(response)
        except HTTPError as error:
            if error.code != 416:  # of an empty file no byte can be had
                raise
            size, version, ranges = 0, None, True
        if size is not None:
            return FileStatus(size, version, ranges)
        digest, size = sha256(), 0
        for chunk in self.chunks(0, None):
            digest.update(chunk)
            size += len(chunk)
        return FileStatus(size, f"sha256:{digest.hexdigest()}", ranges=False)

    def chunks(self, start: int, stop: int | None) -> Iterator[bytes]:
        """The bytes [start, stop) as they come. Raises OSError or HTTPException where the transfer ends before its time."""
        try:
            response = self._get(start, stop)
        except HTTPError as error:
            if error.code == 416:  # nothing at or after `start`
                return
            raise
        with response:
            self.version = check_unchanged(self.version, _version(response), self.url)
            skip = start if response.status != 206 else 0
            left, expected, got = None if stop is None else stop - start, _length(response), 0
            while left != 0 and (chunk := response.read(CHUNK_BYTES)):
                got += len(chunk)
                chunk, skip = chunk[skip:], max(0, skip - len(chunk))
                chunk = chunk[:left]
                left = None if left is None else left - len(chunk)
                if chunk:
                    yield chunk
            if left != 0 and expected is not None and got < expected:
                raise ConnectionError(f"the transfer stopped after {got} of {expected} bytes")

    def _get(self, start: int, stop: int | None) -> HTTPResponse:
        headers = {"User-Agent": "corpus-pipeline"}
        if start or stop is not None:
            headers["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        address, login = split_login(self.url)
        request = Request(as_sent(address), headers=headers)
        if login is not None:
            request.add_unredirected_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
        response: HTTPResponse = urlopen(request, timeout=_TIMEOUT_SECONDS)
        return response


def _length(response: HTTPResponse) -> int | None:
    """Bytes of the body, where the server tells."""
    told = response.headers.get("Content-Length")
    return int(told) if told is not None and told.isdigit() else None


def _whole_size(response: HTTPResponse) -> int | None:
    """Bytes of the file of which the body is a range."""
    found = _SIZE.match(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _version(response: HTTPResponse) -> str | None:
    return response.headers.get("ETag") or response.headers.get("Last-Modified")
