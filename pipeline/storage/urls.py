"""What a path of the run file means: a file of this machine, or a URL, and how a URL is shown."""

import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pipeline.errors import UserError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_WEB = ("http", "https")


def is_url(path: str) -> bool:
    """True for `scheme://…` that is not this machine's own `file://`.

    >>> is_url("s3://bucket/news"), is_url("file:///data/news"), is_url("C:/news"), is_url("news/*.csv")
    (True, False, False, False)
    """
    found = _SCHEME.match(path)
    return found is not None and found[1].lower() != "file"


def is_web(url: str) -> bool:
    """True for http and https: servers that give one file by its address and cannot be asked what there is."""
    return url.partition("://")[0].lower() in _WEB


def local_path(path: str) -> Path:
    """The path of a file or folder of this machine, also of one that is given as `file://`; `~` is the home folder.

    As in a shell a name that begins so and is no user's stays as it is: `~$draft.txt`.

    >>> local_path("file:///data/news%20today/*.csv").as_posix(), local_path("file://localhost/data").as_posix()
    ('/data/news today/*.csv', '/data')
    """
    scheme = _SCHEME.match(path)
    if scheme:
        _, slash, rest = path[scheme.end() :].partition("/")
        path = unquote(slash + rest) or "/"
    return Path(os.path.expanduser(path))  # pathlib's own raises for `~` without a home folder


def file_name(url: str) -> str:
    """The last part of a URL's path, which tells the format.

    >>> file_name("https://example.org/dumps/news%20today.jsonl.gz?token=1")
    'news today.jsonl.gz'
    """
    return unquote(PurePosixPath(urlsplit(url).path).name) if is_web(url) else PurePosixPath(url).name


def check_address(url: str) -> None:
    """Raises UserError for a web address that is none."""
    try:
        as_sent(split_login(url)[0])
    except ValueError as error:
        raise UserError(f"{url}: not a web address ({error}); look at input.path") from None


def as_sent(url: str) -> str:
    """A web address in ASCII, as it goes over the wire; what is escaped already stays. Raises ValueError for one that is none.

    >>> as_sent("https://müller.example/Über uns.html?q=ä%20b")
    'https://xn--mller-kva.example/%C3%9Cber%20uns.html?q=%C3%A4%20b'
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:  # asking for the port raises for one that is no number
        raise ValueError("no host in it")
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
    path, query = (quote(part, safe="%/:@!$&'()*+,;=?~[]") for part in (parts.path, parts.query))
    return urlunsplit(parts._replace(netloc=host, path=path, query=query, fragment=""))


def split_login(url: str) -> tuple[str, str | None]:
    """A web address without the name and password in it, and those as "name:password"; None without any.

    >>> split_login("https://me:p%40ss@example.org/a.jsonl")
    ('https://example.org/a.jsonl', 'me:p@ss')
    """
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), unquote(login) if at else None


def shown(path: str) -> str:
    """The path as messages show it: a URL without the passwords and signatures that it may carry.

    >>> shown("https://me:secret@example.org/a.jsonl?X-Signature=1")
    'https://example.org/a.jsonl'
    """
    if not is_url(path):
        return path
    if not is_web(path):
        return re.sub(r"(?<=://)[^/@]*@", "", path)
    return urlunsplit(urlsplit(split_login(path)[0])._replace(query="", fragment=""))
