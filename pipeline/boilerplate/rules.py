"""Rules and packs of rules as they are written in YAML, and whether a rule matches a line.

A rule is a list of phrases, looked up as whole lines in normalised form (`kernels.lines.line_keys`: case, digits, accents and
punctuation do not matter), or a pattern for RE2 with open slots. Its examples, `strips` and `keeps`, are lines.
"""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.boilerplate.patterns import matching
from pipeline.kernels.lines import line_forms, line_spans
from pipeline.kernels.text import buffers

MAX_TOKENS = 60  # of any rule: longer lines are never looked at
# Bullets, quotes, pipes, arrows and dots around a line do not matter. Written out: [^\p{L}\p{N}] takes RE2 a millisecond to read.
_EDGE = r"[\s!-/:-@\[-`{-~\x{A0}-\x{A9}\x{AB}-\x{B1}\x{B4}-\x{B8}\x{BB}\x{BF}\x{2000}-\x{206F}\x{2190}-\x{2BFF}\x{3000}-\x{3004}"
_EDGE += r"\x{3008}-\x{3020}\x{FE00}-\x{FE6F}\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF20}\x{FF3B}-\x{FF40}\x{FF5B}-\x{FF65}"
_EDGE += r"\x{1F000}-\x{1FAFF}]*"
_FIRST_NOT_LATIN = "\u0370"  # Greek
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Rule(BaseModel):
    """One kind of line and what becomes of it.

    scope: the pattern is the whole line, its beginning, or anywhere in it. zone: `head` is what stands before the first body
    sentence, `tail` what follows the last one, `tail_block` the lines at the very end, each followed only by others that go.
    action: `drop` the line; `strip_prefix` cuts what the pattern matched; `cut_tail` drops it and all after it where no body
    sentence follows; `cut_section` drops it and all after it, sentences too, where little follows; `cut_references` drops it and
    the list of references after it; `cut_headlines` drops it and the headlines right after it; `tag` only notes it in the ledger.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: _Name
    family: _Name
    scope: Literal["line", "prefix", "contains"] = "line"
    zone: Literal["anywhere", "head", "tail", "tail_block"] = "anywhere"
    min_tokens: Annotated[int, Ge(0), Le(MAX_TOKENS)] = 0
    max_tokens: Annotated[int, Ge(1), Le(MAX_TOKENS)]
    action: Literal["drop", "strip_prefix", "cut_tail", "cut_section", "cut_references", "cut_headlines", "tag"] = "drop"
    why: Annotated[str, MinLen(1)]
    strips: Annotated[tuple[str, ...], MinLen(1)]
    seen: str = ""  # the site of a real page on which the first of `strips` stood, word for word
    keeps: Annotated[tuple[str, ...], MinLen(1)]
    phrases: tuple[str, ...] = ()
    pattern: tuple[str, ...] = ()  # alternatives

    @model_validator(mode="after")
    def _fits(self) -> "Rule":
        if bool(self.phrases) == bool(self.pattern):
            raise ValueError("a rule has either phrases or a pattern (a list of alternatives)")
        if self.phrases and self.scope != "line":
            raise ValueError("phrases are whole lines: scope line, or write a pattern")
        if self.action == "strip_prefix" and self.scope != "prefix":
            raise ValueError("the action strip_prefix goes with scope prefix")
        return self

    @property
    def regex(self) -> str:
        """The pattern for RE2, case-insensitive; "" for phrases. White space after the line may follow it."""
        if not self.pattern:
            return ""
        choice = f"(?i:{'|'.join(self.pattern)})"
        return {"line": f"^{_EDGE}{choice}{_EDGE}$", "prefix": f"^{_EDGE}{choice}", "contains": choice}[self.scope]

    @property
    def text(self) -> str:
        """The rule's phrases and patterns, one a line."""
        return "\n".join(self.phrases or self.pattern)


class Pack(BaseModel):
    """The rules of one language, or of all (`lang` is null)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pack: _Name
    lang: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None
    rules: Annotated[tuple[Rule, ...], MinLen(1)]

    @property
    def serves_unknown(self) -> bool:
        """Whether the rules may look at text of unknown language: if they are for all, for English or for another script than Latin."""
        if self.lang in (None, "en"):
            return True
        letters = [c for rule in self.rules for phrase in rule.strips for c in phrase if c.isalpha()]
        return 2 * sum(c < _FIRST_NOT_LATIN for c in letters) < len(letters)

    @cached_property
    def digest(self) -> str:
        """sha256 of the pack's content in canonical form: comments, order of keys and white space of the file do not matter."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


def matches(rule: Rule, lines: tuple[str, ...]) -> list[bool]:
    """Whether the rule matches each line, zones aside."""
    text = pa.array([line.replace("\n", " ") for line in lines], pa.large_string())
    keys, tokens = text_forms(text)
    return rule_mask(rule, text, keys, tokens).tolist()  # type: ignore[no-any-return]


def rule_mask(rule: Rule, text: pa.Array, keys: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Boolean per line: whether the rule matches it. `keys` and `tokens` are the lines' `line_forms`."""
    if rule.phrases:
        hit = np.isin(keys, phrase_keys(rule))
    else:
        hit = np.array(matching(rule.regex, text.cast(pa.large_binary()).to_pylist()), np.bool_)
    mask: np.ndarray = hit & (tokens >= rule.min_tokens) & (tokens <= rule.max_tokens)
    return mask


def phrase_keys(rule: Rule) -> np.ndarray:
    """The `line_keys` of the rule's phrases, in their order; without those that hold no letter, which would be any number."""
    return text_forms(pa.array([phrase for phrase in rule.phrases if has_letter(phrase)], pa.large_string()))[0]


def has_letter(phrase: str) -> bool:
    """Whether the phrase is more than digits and marks."""
    return any(character.isalpha() for character in phrase)


def text_forms(lines: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """`line_forms` of strings, each of which is a line: their keys and numbers of tokens."""
    offsets, data = buffers(lines)
    return line_forms(offsets, data, *line_spans(offsets, data))
