"""Patterns for files: *, ? and [ ] within a name, ** for any number of folders. The same for local folders and for stores."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase


def has_signs(path: str) -> bool:
    """True for a path with *, ? or [ in it.

    >>> has_signs("news/*.csv"), has_signs("news/2021.csv")
    (True, False)
    """
    return re.search(r"[*?\[]", path) is not None


def split_pattern(path: str) -> tuple[str, tuple[str, ...]]:
    """The folder before the first part with a sign, and the parts from there on.

    >>> split_pattern("s3://bucket/news/20*/*.csv")
    ('s3://bucket/news', ('20*', '*.csv'))
    """
    parts = path.split("/")
    first = next(place for place, part in enumerate(parts) if has_signs(part))
    return "/".join(parts[:first]), tuple(parts[first:])


def matches(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a name are those of the pattern; `**` stands for any number of folders."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return len(pattern) == 1 or any(matches(name[skipped:], pattern[1:]) for skipped in range(len(name)))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and matches(name[1:], pattern[1:])


def may_hold(folder: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether files that match may lie under a folder: others are not entered, since they may be many, or closed."""
    for part, wanted in zip(folder, pattern):
        if wanted == "**":
            return True
        if not fnmatchcase(part, wanted):
            return False
    return len(folder) < len(pattern)
