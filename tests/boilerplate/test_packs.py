"""Rule packs: the shipped ones pass their own examples, and faulty ones are answered with file, rule and fault."""

from pathlib import Path

import pytest
import yaml

from pipeline.boilerplate.packs import check_pack, find_pack, read_pack, shipped_packs
from pipeline.boilerplate.rules import Rule, matches
from pipeline.errors import UserError

RULE = {
    "id": "advert",
    "family": "advert",
    "max_tokens": 5,
    "why": "What stands where an advertisement was.",
    "phrases": ["Advertisement", "Story continues below"],
    "strips": ["- ADVERTISEMENT -"],
    "keeps": ["The advertisement was banned."],
}


def write(folder: Path, *rules: dict[str, object], **pack: object) -> Path:
    """A pack file of these rules."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "lang": "de", "rules": list(rules), **pack}, allow_unicode=True))
    return path


def without(*keys: str, **changes: object) -> dict[str, object]:
    """The rule without these keys and with these changes."""
    return {key: value for key, value in {**RULE, **changes}.items() if key not in keys}


@pytest.mark.parametrize("name", ["common", "en", "zh"])
def test_shipped_packs_pass_their_own_examples(name):
    """Each rule strips what it says and keeps what it says."""
    assert len(check_pack(find_pack(name)).rules) >= 10


def test_shipped_packs_are_found_by_name():
    """And only those that are there."""
    assert {"common", "en", "zh"} <= set(shipped_packs())
    assert all(name == path.stem for name, path in shipped_packs().items())


def test_every_shipped_rule_has_two_sides():
    """No rule is without an example of what it must leave alone."""
    for path in shipped_packs().values():
        for rule in read_pack(path).rules:
            assert rule.strips
            assert rule.keeps
            assert not set(rule.strips) & set(rule.keeps)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([without(max_token=3)], r"mine.yaml line \d+: rule advert: no key 'max_token' is known. Did you mean 'max_tokens'\?"),
        ([without("why")], r"rule advert: why is missing"),
        ([without("keeps")], r"rule advert: keeps is missing"),
        ([without(keeps=[])], r"rule advert: keeps: "),
        ([without(scope="word")], r"rule advert: scope: .*'word'"),
        ([without(max_tokens=61)], r"rule advert: max_tokens: .*60"),
        ([without(pattern=["x"])], r"rule advert: .*either phrases or a pattern"),
        ([without("phrases")], r"rule advert: .*either phrases or a pattern"),
        ([without(action="strip_prefix")], r"rule advert: .*scope prefix"),
        ([without(phrases=["---"])], r"rule advert: a phrase holds no letter"),
        ([RULE, RULE], r"rule advert: two rules have this id"),
        ([without("phrases", pattern=["(?:anzeige"])], r"rule advert: RE2 refuses its pattern"),
        ([without("phrases", pattern=["(?=anzeige)"])], r"rule advert: RE2 refuses its pattern"),
        ([without("phrases", pattern=[r"\banzeige"])], r"rule advert: \\b knows ASCII only"),
        ([without("phrases", pattern=[r"anzeige \w+"])], r"rule advert: \\w knows ASCII only"),
        ([], r"rules: "),
        (["advert"], r"rule 0: "),
    ],
)
def test_a_faulty_rule_is_named(tmp_path, rules, message):
    """The error says which file and rule, what was found, and what would be right."""
    with pytest.raises(UserError, match=message) as error:
        read_pack(write(tmp_path, *rules))
    assert "mine.yaml" in str(error.value)


def test_an_unknown_key_of_the_pack_is_named(tmp_path):
    """Not only those of its rules."""
    with pytest.raises(UserError, match="no key 'language' is known"):
        read_pack(write(tmp_path, RULE, language="de"))


@pytest.mark.parametrize("text", ["", "a string", "[1, 2]", "pack: x: y"])
def test_a_file_that_is_no_pack_is_refused(tmp_path, text):
    """Whatever else YAML can hold."""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"mine\.yaml"):
        read_pack(path)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (without(strips=["Werbung"]), "rule advert: its own example under strips is not matched: 'Werbung'"),
        (without(keeps=["Advertisement!"]), "rule advert: its own example under keeps is matched: 'Advertisement!'"),
    ],
)
def test_an_example_that_its_own_rule_fails_is_named(tmp_path, rule, message):
    """`check_pack` tries them; `read_pack` does not, so that a run starts fast."""
    path = write(tmp_path, rule)
    read_pack(path)
    with pytest.raises(UserError, match=message):
        check_pack(path)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            without(max_tokens=2),
            r"rule advert: the phrase 'Story continues below' has 3 tokens and can never match: max_tokens is 2",
        ),
        (without(min_tokens=2), r"rule advert: the phrase 'Advertisement' has 1 tokens and can never match: .*min_tokens 2"),
        (without(phrases=["12", "Advertisement"]), r"rule advert: the phrase '12' would be any number"),
    ],
)
def test_a_phrase_that_can_never_match_is_named(tmp_path, rule, message):
    """A limit that its own phrase breaks, or digits alone, are mistakes of the pack's author."""
    with pytest.raises(UserError, match=message):
        check_pack(write(tmp_path, rule))


# Rules whose first example stood on a real page, word for word; `seen` names the site. A floor goes up with the work.
SEEN = {"common": 27, "en": 41, "de": 37, "pt": 28, "es": 26, "fr": 28, "ru": 25, "ar": 25, "id": 25, "fa": 26, "zh": 26}
SEEN_OF_THE_SMALLER = {"ja": 13, "it": 12, "tr": 11, "pl": 10}


@pytest.mark.parametrize(("name", "floor"), [*SEEN.items(), *SEEN_OF_THE_SMALLER.items()])
def test_rules_are_shown_on_real_pages(name, floor):
    """Of a pack at least so many rules name the site where their first example stood."""
    assert sum(bool(rule.seen) for rule in read_pack(find_pack(name)).rules) >= floor


def test_each_of_the_eleven_packs_has_25_rules_seen_on_real_pages():
    """No floor of theirs is lower, and the packs are those for all, English, and nine more languages."""
    assert set(SEEN) == {"common", "en", "de", "fr", "es", "pt", "ru", "zh", "ar", "fa", "id"}
    assert min(SEEN.values()) >= 25
    assert {*SEEN, *SEEN_OF_THE_SMALLER} == set(shipped_packs())


def test_an_escaped_backslash_is_no_class(tmp_path):
    r"""`\\w` in a pattern is a backslash and a w."""
    rule = without("phrases", pattern=[r"a\\w"], strips=[r"a\w"])
    check_pack(write(tmp_path, rule))


def test_digest_is_of_the_content(tmp_path):
    """Order of keys, comments and white space do not matter; a phrase more does."""
    path = write(tmp_path, RULE)
    digest = read_pack(path).digest
    path.write_text("# a comment\n" + yaml.safe_dump({"rules": [dict(reversed(RULE.items()))], "lang": "de", "pack": "mine"}))
    assert read_pack(path).digest == digest
    assert read_pack(write(tmp_path, without(phrases=[*RULE["phrases"], "Anzeige"]))).digest != digest


@pytest.mark.parametrize(
    ("scope", "line", "hit"),
    [
        ("line", "• Read on: x »", True),
        ("line", "To read on: x", False),
        ("prefix", "READ ON: x and y", True),
        ("prefix", "To read on: x", False),
        ("contains", "To read on: x and y", True),
        ("contains", "Reading on: x", False),
    ],
)
def test_scopes(scope, line, hit):
    """A whole line between bullets, a beginning, or anywhere; case does not matter."""
    rule = Rule.model_validate({**without("phrases"), "scope": scope, "pattern": ["read on: x"], "max_tokens": 9})
    assert matches(rule, (line,)) == [hit]


def test_limits_count_tokens():
    """A line with more tokens than `max_tokens`, or fewer than `min_tokens`, is not matched; a Chinese character is a token."""
    rule = Rule.model_validate({**without("phrases"), "pattern": [".*"], "min_tokens": 2, "max_tokens": 3})
    assert matches(rule, ("one", "one two", "one two three four", "中文字", "中文字符")) == [False, True, False, True, False]
