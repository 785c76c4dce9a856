"""Rule packs: what a boilerplate line looks like in one language, as YAML with examples that the rules must pass.

Here they are found, read and checked; `rules` says what a rule is.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.boilerplate.patterns import check_pattern
from pipeline.boilerplate.rules import Pack, Rule, has_letter, matches, text_forms
from pipeline.errors import UserError
from pipeline.places import line_of, read_yaml
from pipeline.resources import shipped_config, shipped_configs

_ASCII_CLASSES = re.compile(r"\\\\|\\[wWbBdD]")


def shipped_packs() -> dict[str, Path]:
    """The packs that come with the package: name -> file."""
    return {path.stem: path for path in shipped_configs("packs")}


def find_pack(name: str) -> Path:
    """The file of a shipped pack by its name, or of any pack by its path. Raises UserError where there is none."""
    shipped = shipped_config(f"packs/{name}.yaml") if re.fullmatch(r"[\w-]+", name) else None
    if shipped is not None:
        return shipped
    if Path(name).is_file():
        return Path(name)
    known = shipped_packs()
    raise UserError(f"packs: no pack and no file {name!r}.{_nearest(name, known)} Shipped are {', '.join(known)}.")


def read_pack(path: Path, *, tried: bool = False) -> Pack:
    """The rules of a file. Raises UserError that names file, rule and fault; the examples are `check_pack`'s.

    Of a file that was `tried` before neither the size nor the patterns are: each is shown to RE2, which takes a millisecond or two.
    """
    values, node = read_yaml(path, measured=tried)
    try:
        pack = Pack.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path} line {line_of(node, first['loc'])}: {_fault(values, first)}") from None
    seen: set[str] = set()
    for rule in pack.rules:
        if rule.id in seen:
            raise UserError(f"{path}: rule {rule.id}: two rules have this id; give one of them another")
        seen.add(rule.id)
        if not tried:
            _check_pattern(path, pack, rule)
    return pack


@cache
def shipped_pack(name: str) -> Pack:
    """A shipped pack by its name, read once a process; that it is as it should be is for the tests and `pipeline check` to say."""
    return read_pack(find_pack(name), tried=True)


def check_pack(path: Path) -> Pack:
    """`read_pack`, and every rule tried on its own examples. Raises UserError with the first example that fails."""
    pack = read_pack(path)
    for rule in pack.rules:
        for phrase, tokens in zip(rule.phrases, text_forms(pa.array(rule.phrases, pa.large_string()))[1]):
            if not has_letter(phrase):
                fault = "would be any number (digits are masked); write a pattern"
                raise UserError(f"{path}: rule {rule.id}: the phrase {phrase!r} {fault}")
            if not rule.min_tokens <= tokens <= rule.max_tokens:
                fault = f"has {tokens} tokens and can never match: max_tokens is {rule.max_tokens}, min_tokens {rule.min_tokens}"
                raise UserError(f"{path}: rule {rule.id}: the phrase {phrase!r} {fault}")
        for example, hit in zip(rule.strips, matches(rule, rule.strips)):
            if not hit:
                raise UserError(f"{path}: rule {rule.id}: its own example under strips is not matched: {example!r}")
        for example, hit in zip(rule.keeps, matches(rule, rule.keeps)):
            if hit:
                raise UserError(f"{path}: rule {rule.id}: its own example under keeps is matched: {example!r}")
    return pack


def _check_pattern(path: Path, pack: Pack, rule: Rule) -> None:
    if not all(any(character.isalnum() for character in phrase) for phrase in rule.phrases):
        raise UserError(f"{path}: rule {rule.id}: a phrase holds no letter and no digit; write a pattern")
    if pack.lang != "en":
        for found in _ascii_classes(rule.text):
            raise UserError(
                f"{path}: rule {rule.id}: {found} knows ASCII only in RE2; say \\p{{L}} (letters) or \\p{{Nd}} (digits) instead"
            )
    try:
        check_pattern(rule.regex)
    except ValueError as error:
        raise UserError(f"{path}: rule {rule.id}: RE2 refuses its pattern ({error}): {rule.text!r}") from None


def _ascii_classes(pattern: str) -> Iterator[str]:
    return (found for found in _ASCII_CLASSES.findall(pattern) if found != "\\\\")


def _fault(values: object, error: ErrorDetails) -> str:
    """One sentence on a pydantic error: the rule, the key, what was found and the nearest right name."""
    where, kind = error["loc"], error["type"]
    rule, place = "", [str(key) for key in where]
    if len(where) > 1 and where[0] == "rules" and isinstance(values, dict):
        found = values["rules"][where[1]]
        rule = f"rule {found.get('id', where[1])}: " if isinstance(found, dict) else f"rule {where[1]}: "
        place = place[2:]
    if kind == "extra_forbidden":
        known = Rule.model_fields if rule else Pack.model_fields
        return f"{rule}no key {place[-1]!r} is known.{_nearest(place[-1], known)}"
    if kind == "missing":
        return f"{rule}{'.'.join(place)} is missing"
    found = f", found {error['input']!r}" if place and isinstance(error["input"], str | int) else ""
    return f"{rule}{'.'.join([*place, ''])[:-1]}: {error['msg']}{found}".replace(": : ", ": ")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
