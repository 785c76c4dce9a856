"""Columns of a table, and keys of a JSON object, that have one name: which is meant cannot be known, and none may be lost.

RFC 8259 leaves it open, parsers keep the last, and readers of tables number them. Here a doubled name that is taken for a column of ours
is a mistake that is told; of others all are kept, numbered.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from pipeline.errors import UserError
from pipeline.readers.spec import InputColumns
from pipeline.storage import shown


def distinct(names: Sequence[str]) -> list[str]:
    """The names in order, those that stood there before with a number that makes them new.

    >>> distinct(["tag", "text", "tag", "tag#2", "tag"])
    ['tag', 'text', 'tag#3', 'tag#2', 'tag#4']
    """
    if len(set(names)) == len(names):
        return list(names)
    taken, made, numbers = set(names), [], Counter[str]()
    for name in names:
        numbers[name] += 1
        if numbers[name] == 1:
            made.append(name)
            continue
        while (new := f"{name}#{numbers[name]}") in taken:
            numbers[name] += 1
        taken.add(new)
        made.append(new)
    return made


def doubled(names: Iterable[str], wanted: Collection[object]) -> str | None:
    """The first of the wanted names that stands there more than once."""
    counts = Counter(names)
    return next((name for name, count in counts.items() if count > 1 and name in wanted), None)


def refuse_doubled(names: Sequence[str], path: str, columns: InputColumns) -> None:
    """Raises UserError where two columns have a name that is taken for one of ours."""
    name = doubled(names, columns[:-1])
    if name is not None:
        places = " and ".join(str(place) for place, other in enumerate(names, 1) if other == name)
        raise UserError(
            f"{shown(path)}: columns {places} are all named {name!r}, and which is meant cannot be known; rename all but one, or map "
            f"a later one, such as {distinct([name, name])[1]!r}, with input.columns"
        )
