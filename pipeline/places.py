"""YAML with places: values by the safe loader, and the line on which each of them stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import UserError

Node = yaml.Node

# Of a file, its aliases written out: the largest shipped pack has 2,300 values, nested 5 deep. Nine aliases of nine, nine times, kept
# the reader busy for five minutes, and 50,000 brackets crashed the process.
_MAX_VALUES, _MAX_DEPTH = 100_000, 50

# libyaml's reader where PyYAML was built with it, as its wheels are: eight times as fast on the rule packs (0.2 s for all of them).
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, *, measured: bool = False) -> tuple[Any, Node | None]:
    """The values of a YAML file and its node tree. Raises UserError for a file that cannot be read, is not YAML, uses tags,
    gives a key twice, or is more than a run file or a pack can need. Whether it is more is not asked of a file that was `measured`
    before: that takes half as long as all the rest."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    try:
        if not measured:
            _check_size(path, text)
        loader = _LOADER(text)
        node = loader.get_single_node()
        _refuse_double_keys(path, node)
        return loader.construct_document(node) if node is not None else None, node
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        hint = "; it is indented by spaces, not tabs" if "\t" in text else ""
        raise UserError(f"{path}{where}: not YAML ({getattr(error, 'problem', None) or error}){hint}") from None


def _check_size(path: Path, text: str) -> None:
    """Raises UserError for nesting or aliases without measure; goes through the file without building anything."""
    sizes: dict[str, int] = {}  # values below each anchor that is complete
    opened: list[tuple[str | None, int]] = []  # the anchors that are not, and how many values came before them
    total = 0
    for event in yaml.parse(text, Loader=_LOADER):
        where = f"{path} line {event.start_mark.line + 1 if event.start_mark else 1}"
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in sizes:
                total += sizes[event.anchor]
            elif any(anchor == event.anchor for anchor, _ in opened):
                raise UserError(f"{where}: the alias {event.anchor!r} stands within what it names")
        elif isinstance(event, yaml.NodeEvent):
            opened.append((event.anchor, total))
            total += 1
        if isinstance(event, yaml.CollectionEndEvent | yaml.ScalarEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = total - before
        if len(opened) > _MAX_DEPTH or total > _MAX_VALUES:
            fault = f"nested more than {_MAX_DEPTH} deep" if len(opened) > _MAX_DEPTH else f"more than {_MAX_VALUES:,} values"
            raise UserError(f"{where}: {fault}; that is no run file and no pack")


def line_of(node: Node | None, where: Sequence[str | int]) -> int | None:
    """The line (from 1) of the value at this path of keys and indexes, or of its nearest parent that stands in the file."""
    if node is None:
        return None
    for key in where:
        child = _child(node, key)
        if child is None:
            break
        node = child
    return int(node.start_mark.line) + 1


def _child(node: Node, key: str | int) -> Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]  # type: ignore[no-any-return]
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == str(key)), None)
    return None


def _refuse_double_keys(path: Path, node: Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if str(name.value) in seen:
                raise UserError(f"{path} line {name.start_mark.line + 1}: the key {name.value!r} stands twice; keep one")
            seen.add(str(name.value))
            _refuse_double_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(path, value)
