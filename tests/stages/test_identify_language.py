"""`identify_language`: langdetect's profiles and rules, without its dice."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import langdetect
import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from langdetect.detector import Detector
from langdetect.utils.ngram import NGram

from pipeline.kernels.addresses import blank_addresses, has_address
from pipeline.kernels.language import MAX_BYTES, PIECE_BYTES, identify
from pipeline.kernels.language_classes import mostly_not_latin as kernel_mostly_not_latin
from pipeline.kernels.language_tables import Profiles, label_names, load_profiles
from pipeline.kernels.text import buffers
from pipeline.language.guesses import best_labels
from pipeline.stages.identify_language import IdentifyLanguage
from tests.support import REPO, SEEDS, batch_of
from tools.make_language_profiles import Shares, class_of_code_point, read_shares, score

CASES = yaml.safe_load((REPO / "tests/cases/identify_language.yaml").read_text(encoding="utf-8"))
GERMAN = "Der Stadtrat hat die Entscheidung über die neue Brücke verschoben. "
ENGLISH = "The council has put off its decision about the new bridge. "
NAMES = GERMAN + "Þórður Xhqwz mćwędź kqyvö jžžuxh. "
NEVER = 10**6  # a margin that no text reaches: all of it is read


@pytest.fixture(scope="module")
def shares() -> Shares:
    """langdetect's profiles, read from its JSON files."""
    return read_shares(Path(langdetect.__file__).parent / "profiles")


def languages() -> list[str]:
    with np.load(REPO / "pipeline/tables/language_profiles.npz") as table:
        return table["languages"].tolist()


def labelled(texts: list[str], stage: IdentifyLanguage | None = None, **columns: list[str | None]) -> pa.RecordBatch:
    return (stage or IdentifyLanguage())(batch_of(texts, **columns)).batch


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_case(case: dict[str, str]) -> None:
    """The language that tests/cases/identify_language.yaml names."""
    assert labelled([case["text"]])["lang"].to_pylist() == [case["expect"]]


def test_seeds_are_english() -> None:
    """Well above every threshold."""
    batch = labelled(list(SEEDS.values()))
    assert batch["lang"].to_pylist() == ["en"] * 5
    assert min(batch["lang_score"].to_pylist()) > 300


def test_score_is_zero_where_nothing_was_read() -> None:
    """And null only where the row was not looked at."""
    batch = labelled(["123", GERMAN, GERMAN], drop_reason=[None, None, "too_short"])
    assert batch["lang_score"].to_pylist()[0] == 0
    assert batch["lang_score"].to_pylist()[1] > 0
    assert batch["lang"].to_pylist()[2] is batch["lang_score"].to_pylist()[2] is None


def test_marks_unwanted_languages() -> None:
    """With the label as the reason; und is kept unless told otherwise; marked rows keep their mark."""
    texts, marks = [ENGLISH, GERMAN, "123", GERMAN], [None, None, None, "too_short"]
    keeps = labelled(texts, IdentifyLanguage(keep=("en",)), drop_reason=marks)
    assert keeps["drop_reason"].to_pylist() == [None, "language:de", None, "too_short"]
    strict = labelled(texts, IdentifyLanguage(keep=("en",), keep_und=False), drop_reason=marks)
    assert strict["drop_reason"].to_pylist() == [None, "language:de", "language:und", "too_short"]
    assert labelled(texts, drop_reason=marks)["drop_reason"].to_pylist() == marks


def test_no_document_is_dropped_for_a_label_that_may_well_be_wrong() -> None:
    """Two English words that look Catalan are undetermined where Catalan is not wanted; a sentence of German is German."""
    texts = ["Media Alert:", GERMAN]
    assert labelled(texts)["lang"].to_pylist() == ["ca", "de"]
    wanted = labelled(texts, IdentifyLanguage(keep=("ca",)))
    assert wanted["lang"].to_pylist() == ["ca", "de"]
    assert wanted["drop_reason"].to_pylist() == [None, "language:de"]
    unwanted = labelled(texts, IdentifyLanguage(keep=("en",)))
    assert unwanted["lang"].to_pylist() == ["und", "de"]
    assert unwanted["drop_reason"].to_pylist() == [None, "language:de"]


def test_margin_and_share_decide_about_und() -> None:
    """At zero a text of an unknown language has the label of its nearest; at the top none has any."""
    zulu = next(case["text"] for case in CASES if case["label"] == "zulu")
    assert labelled([zulu], IdentifyLanguage(min_margin=0, min_known=0))["lang"].to_pylist() == ["sw"]
    assert labelled([GERMAN], IdentifyLanguage(min_margin=10_000))["lang"].to_pylist() == ["und"]
    assert labelled([NAMES], IdentifyLanguage(min_known=1000))["lang"].to_pylist() == ["und"]


def test_short_text_may_stray_further_from_its_profile() -> None:
    """One sentence with names of elsewhere is German still; a page of such sentences is in no language that a profile is of."""
    assert labelled([NAMES, NAMES * 20])["lang"].to_pylist() == ["de", "und"]


@pytest.mark.parametrize("text", ["Hello", "Dobré ráno!", "Привет"])
def test_greeting_whose_languages_come_close_is_undetermined(text: str) -> None:
    """Several profiles hold these n-grams as often."""
    assert labelled([text])["lang"].to_pylist() == ["und"]


@pytest.mark.parametrize(("text", "label"), [("Good morning", "en"), ("Guten Tag", "de"), ("Rat vertagt Entscheidung", "de")])
def test_few_words_that_tell_are_labelled(text: str, label: str) -> None:
    """A headline is enough where it holds what one language alone has."""
    assert labelled([text])["lang"].to_pylist() == [label]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("eng", "no language 'eng'. Did you mean 'en'?"),
        ("zh-cn", "no language 'zh-cn'. Did you mean 'zh'?"),
        ("EN", "no language 'EN'. Did you mean 'en'?"),
        ("und", "no language 'und'. `keep_und` says whether undetermined documents are kept."),
    ],
)
def test_refuses_language_it_cannot_name(name: str, message: str) -> None:
    """With the nearest one that it can."""
    with pytest.raises(ValueError, match="no language") as caught:
        IdentifyLanguage(keep=("en", name))
    assert str(caught.value) == message


def test_settings_from_a_list_equal_those_from_a_tuple() -> None:
    """A run file gives a list; a stage must stay hashable."""
    stage = IdentifyLanguage(keep=["en", "de"])  # type: ignore[arg-type]
    assert stage == IdentifyLanguage(keep=("en", "de"))
    assert hash(stage)


def test_first_calls_from_many_threads_agree() -> None:
    """langdetect, called first from several threads, takes German for Polish; here tables are a pure function's cache."""
    load_profiles.cache_clear()
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(labelled([GERMAN, ENGLISH])["lang"].to_pylist())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["de", "en"]] * 8


def test_other_process_with_another_hash_seed_agrees() -> None:
    """langdetect without a seed labels some texts anew in each process."""
    script = (
        "import sys, json; from tests.stages.test_identify_language import labels_of_cases; print(json.dumps(labels_of_cases()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", script], cwd=REPO, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == labels_of_cases()


def labels_of_cases() -> list[list[str | int]]:
    """Label and score of each case, and of the undetermined ones of a strict stage."""
    batch = labelled([case["text"] for case in CASES], IdentifyLanguage(min_margin=200))
    return [batch["lang"].to_pylist(), batch["lang_score"].to_pylist()]


def test_reads_no_more_than_it_needs() -> None:
    """The first piece decides where it can; a text is never read past MAX_BYTES, nor a character cut."""
    head = GERMAN * (PIECE_BYTES // len(GERMAN) + 1)
    assert labelled([head + ENGLISH * 1000])["lang"].to_pylist() == ["de"]
    assert labelled(["1" * MAX_BYTES + ENGLISH])["lang"].to_pylist() == ["und"]
    endless = labelled(["ü" * 5_000_000, "1" + "ü" * 5_000_000])
    assert endless.equals(labelled(["ü" * 5_000_000, "1" + "ü" * 5_000_000]))


@pytest.mark.parametrize("text", ["a", "OK", "I", "é", "的", "A a a", "x\ny"])
def test_few_letters_tell_nothing(text: str) -> None:
    """Whatever the margin for each of their n-grams."""
    assert labelled([text])["lang"].to_pylist() == ["und"]


@pytest.mark.parametrize("label", ["english", "german", "french", "turkish", "russian", "greek"])
def test_text_in_capitals_is_read_in_small_letters(label: str) -> None:
    """langdetect passes over runs of capitals, and raises where there is nothing else."""
    case = next(case for case in CASES if case["label"] == label)
    assert labelled([case["text"].upper()])["lang"].to_pylist() == [case["expect"]]


def test_capitals_say_nothing_in_a_language_without_profile() -> None:
    """Nor do a few acronyms."""
    zulu = next(case["text"] for case in CASES if case["label"] == "zulu")
    assert labelled([zulu.upper(), "IBM HP AMD NVIDIA INTEL", "USA UK EU UN"])["lang"].to_pylist() == ["und"] * 3


ODD = {
    "one letter": "x",
    "digits": "0123456789 " * 1000,
    "emoji": "😀🎉🏳️‍🌈 " * 1000,
    "no-break spaces": "\xa0" * 1000,
    "zero-width": "\u200b\u200d\u2060" * 100,
    "direction marks": "\u200f\u202b\u202c" * 100,
    "Javanese script": "ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁ" * 100,
    "Gothic script": "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 " * 100,
    "private use": "\ue000\uf8ff" * 100,
    "one word of 10 MB": "1" * 10_000_000,
    "10 MB of a script without profile": "𐌰" * 2_500_000,
}


@pytest.mark.parametrize("label", ODD)
def test_text_that_says_nothing_is_undetermined(label: str) -> None:
    """Without an error, a warning or a wait."""
    batch = labelled([ODD[label]])
    assert batch["lang"].to_pylist() == ["und"]
    assert batch["drop_reason"].to_pylist() == [None]


def test_right_to_left_text_with_marks_and_digits() -> None:
    """Direction marks are no letters; the language is that of the words."""
    arabic = next(case["text"] for case in CASES if case["label"] == "arabic")
    assert labelled([f"\u202b{arabic}\u202c 2024 \u200f({arabic})"])["lang"].to_pylist() == ["ar"]


def test_shares_by_line_for_those_who_ask() -> None:
    """A flag in the ledger for documents with lines of several languages; lines that tell nothing do not count."""
    texts = [ENGLISH * 3 + "\n12.5.\n" + GERMAN * 2 + "\nOK", ENGLISH + "\n\n" + ENGLISH, "", GERMAN + "\n" + ENGLISH]
    outcome = IdentifyLanguage(per_line=True)(batch_of(texts, drop_reason=[None, None, None, "too_short"]))
    assert IdentifyLanguage()(batch_of(texts)).edits.num_rows == 0
    (flag,) = outcome.edits.to_pylist()
    assert (flag["row"], flag["rule"], flag["kind"]) == (0, "language/lines", "flag")
    assert json.loads(flag["evidence"]) == {"de": 43, "en": 56}
    assert outcome.batch["text"].to_pylist() == texts


def test_headings_do_not_make_a_document_mixed() -> None:
    """Two words tell little, and of many lines some look like another language."""
    text = "Media Alert:\n" + ENGLISH + "\nBerlin\n" + ENGLISH
    assert labelled(["Media Alert:"])["lang"].to_pylist() == ["ca"]
    assert IdentifyLanguage(per_line=True)(batch_of([text])).edits.num_rows == 0


def test_offsets_of_a_slice() -> None:
    """A slice of a larger array gives what its texts give."""
    text = pa.array([GERMAN, ENGLISH, GERMAN], pa.large_string())
    assert labelled([ENGLISH])["lang"].to_pylist() == ["en"]
    assert [column.tolist() for column in best_labels(text.slice(1, 1), np.array([0]))] == [
        column.tolist() for column in best_labels(pa.array([ENGLISH], pa.large_string()), np.array([0]))
    ]


def known_scores(profiles: Profiles, gram: str) -> dict[str, int]:
    """Language -> score of an n-gram, walked through the shipped trie."""
    (classes, _), (cells, scores, _, _) = profiles
    state = 1
    for char in gram:
        cell = int(cells["base"][state]) + int(classes[ord(char)])
        if cells["parent"][cell] != state:
            return {}
        state = cell
    row = scores[cells["row"][state]].tolist()
    return {name: value for name, value in zip(languages(), row) if value}


def test_table_holds_langdetects_profiles(shares: Shares) -> None:
    """Every n-gram of its JSON files that normalised text can hold, with its rounded score, and nothing besides."""
    profiles = load_profiles()
    expected: dict[str, dict[str, int]] = {}
    for name, of_language in shares.items():
        for gram, share in of_language.items():
            capitals = len(gram) > 1 and gram[-1].isupper() and gram[-2].isupper()
            if not capitals and all(NGram.normalize(char) == char for char in gram):
                expected.setdefault(gram, {})[name] = score(share)
    cells, scores = profiles.scoring[:2]
    assert len(scores) == len(expected) + 1
    assert sorted(cells["row"][cells["row"] > 0].tolist()) == list(range(1, len(scores)))
    assert int((scores != 0).sum()) == sum(map(len, expected.values()))
    names = languages()
    assert sorted(shares) == names
    assert label_names() == tuple(sorted({"zh" if name.startswith("zh") else name for name in names}))
    for gram in sorted(expected)[::17]:
        assert known_scores(profiles, gram) == expected[gram], gram


def test_classes_follow_langdetects_normalisation(shares: Shares) -> None:
    """Two characters share a class where langdetect makes them one; the case of a class is that of its character."""
    classes, first_upper = load_profiles().classes[0], load_profiles().scoring[3]
    seen = {" ": 1}
    for gram in shares["en"] | shares["ru"] | shares["ja"]:
        for char in gram:
            seen[char] = int(classes[ord(char)])
    other_upper = int(classes.max())
    for code_point in [*range(0x3200), *range(0x4E00, 0xA000, 7), *range(0xAC00, 0xD7A4, 101), 0xFF21, 0x10400, 0x1D400]:
        char = NGram.normalize(chr(code_point))
        if char in seen and NGram.normalize(char) == char:
            assert classes[code_point] == class_of_code_point(code_point, seen, other_upper)
        assert (classes[code_point] >= first_upper) == char.isupper()


@pytest.fixture(scope="module")
def factory(shares: Shares) -> SimpleNamespace:
    """What langdetect's Detector needs to clean a text and cut it into n-grams."""
    return SimpleNamespace(word_lang_prob_map={gram for grams in shares.values() for gram in grams}, langlist=[], seed=0)


CHARACTERS = "aeoEAZz  \n.,-_@:/hts0[ÀéßŠșỆ\u0301\u0323你們のカ한дДیا\u2019😀𝐀"
made_texts = st.one_of(
    st.text(st.sampled_from(CHARACTERS), max_size=60),
    st.text(max_size=60),
    st.sampled_from([case["text"] for case in CASES]),
)


def mostly_not_latin(text: str) -> bool:
    return 2 * sum("A" <= char <= "z" for char in text) < sum(char >= "\u0300" for char in text)


@settings(max_examples=150, derandomize=True)
@given(text=made_texts)
def test_scores_are_those_of_langdetects_ngrams(text: str, factory: SimpleNamespace, shares: Shares) -> None:
    """The sums over the n-grams that langdetect itself cuts from the text give the same best label, margin and counts."""
    detector = Detector(factory)
    detector.append(text)
    assume(mostly_not_latin(text) == mostly_not_latin(detector.text))  # for texts of marks and addresses: see the kernel
    detector.cleaning_text()
    grams = [gram for gram in detector._extract_ngrams() if any(gram in of_language for of_language in shares.values())]
    totals = {name: sum(score(known[gram]) for gram in grams if gram in known) for name, known in shares.items()}
    offsets, data = buffers(pa.array([text], pa.large_string()))
    best, margin, ngrams, known, _ = identify(offsets, data, np.array([0]), NEVER, *load_profiles())[0].tolist()
    assert ngrams == len(grams)
    if grams:
        name = languages()[best]
        others = [total for other, total in totals.items() if other[:2] != name[:2]]
        assert totals[name] == max(totals.values())
        assert margin == totals[name] - max(others)
        assert known == sum(gram in shares[name] for gram in grams)


@pytest.mark.parametrize("size", [5, 63, 64, 65, 200])
def test_addresses_are_seen_wherever_they_stand(size: int) -> None:
    """The bytes are read 64 at a time; no place among them is special, but an @ that ends the text is no address."""
    for sign in (b"@", b":/"):
        for at in range(size - len(sign)):
            text = b"x" * at + sign + b"y" * (size - len(sign) - at)
            assert has_address(np.frombuffer(b"@@@" + text + b"@", np.uint8), 3, 3 + size)
    assert not has_address(np.frombuffer(b"@" + b": /x" * size + b"@:/", np.uint8), 1, 1 + 4 * size)


@settings(max_examples=100, derandomize=True)
@given(latin=st.integers(0, 90), other=st.integers(0, 90), rest=st.integers(0, 70), first=st.integers(0, 5))
def test_letters_are_counted_to_the_last(latin: int, other: int, rest: int, first: int) -> None:
    """A text of more than twice as many letters past U+0300 as in A..z is said to be so, whatever the number of bytes."""
    text = "д" * first + "é-" * rest + "z" * latin + "д" * other
    data = np.frombuffer((text + "д").encode(), np.uint8)
    assert kernel_mostly_not_latin(data, 2 * first, len(text.encode())) == mostly_not_latin(text[first:])


def test_scores_begin_where_a_cache_line_begins() -> None:
    """A row of scores, 128 bytes, lies in two lines of the processor's cache and not in three."""
    assert load_profiles().scoring[1].ctypes.data % 64 == 0


address_text = st.one_of(
    st.text(st.sampled_from(list("ahtps:/.@-_ é\n")), max_size=50),
    st.lists(st.sampled_from([*"a@. é", "http://", "https://", "b.c", "mailto:", "x" * 70, "y" * 300]), max_size=12).map("".join),
)


@settings(max_examples=300, derandomize=True)
@given(text=address_text)
def test_addresses_are_blanked_as_langdetect_does(text: str) -> None:
    """URLs first, then mail addresses, with the lengths of its two expressions."""
    data = np.frombuffer(text.encode(), np.uint8)
    out = np.empty(len(data) + 1, np.uint8)
    expected = Detector.MAIL_RE.sub(" ", Detector.URL_RE.sub(" ", text))
    assert out[: blank_addresses(data, 0, len(data), out)].tobytes().decode() == expected
    assert has_address(data, 0, len(data)) or expected == text
