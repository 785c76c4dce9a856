"""The rule packs of the languages other than English and Chinese: their examples, their folding, and what they must leave alone."""

from pathlib import Path

import pytest
import yaml

from pipeline.boilerplate.packs import check_pack, find_pack, shipped_pack, shipped_packs
from pipeline.boilerplate.rules import matches
from pipeline.schema import make_batch
from pipeline.stages.strip_boilerplate import StripBoilerplate

MAJOR = ["ar", "de", "es", "fa", "fr", "id", "pt", "ru"]
MINOR = ["it", "ja", "pl", "tr"]

LANGUAGES = yaml.safe_load((Path(__file__).parents[1] / "cases/packs/languages.yaml").read_text())


def strip(lang: str, *lines: str) -> list[str]:
    """The lines that are left of a document of this language."""
    batch = make_batch({"doc_id": ["a"], "text": ["\n".join(lines)], "lang": [lang]})
    stage = StripBoilerplate(max_removed_share=1.0, min_words_left=0)
    return str(stage(batch).batch.column("text")[0].as_py()).split("\n")


def hits(lang: str, *lines: str) -> list[tuple[str, str]]:
    """The rules of the language's pack that match one of the lines, zones aside, each with the line."""
    rules = shipped_pack(lang).rules
    return [(rule.id, line) for rule in rules for line, hit in zip(lines, matches(rule, lines), strict=True) if hit]


@pytest.mark.parametrize("lang", [*MAJOR, *MINOR])
def test_a_pack_passes_its_own_examples(lang):
    """Each rule strips what it says and keeps what it says; the pack bears the name of its language."""
    pack = check_pack(find_pack(lang))
    assert (pack.pack, pack.lang) == (lang, lang)
    assert len(pack.rules) >= (25 if lang in MAJOR else 12)


@pytest.mark.parametrize("lang", [*MAJOR, *MINOR])
def test_no_rule_takes_a_news_sentence_or_heading(lang):
    """In any pack, whatever the language of the sentence."""
    assert hits(lang, *(case[key] for case in LANGUAGES.values() for key in ("sentence", "heading"))) == []


@pytest.mark.parametrize("lang", [*MAJOR, *MINOR])
def test_what_surrounds_a_story_goes_and_the_story_stays(lang):
    """A date before it, a pointer between two paragraphs, and after it the head of a list and the list."""
    case = LANGUAGES[lang]
    first, heading, second = case["sentence"], case["heading"], case["sentence"][:-1] + " 2."
    left = strip(lang, case["date"], first, case["pointer"], heading, second, case["marker"], heading + " 2", heading + " 3")
    assert left == [first, heading, second]


@pytest.mark.parametrize("lang", MAJOR)
def test_other_languages_are_left_alone(lang):
    """Packs are chosen by the document's language: a German pointer in a French text stays."""
    other = MAJOR[MAJOR.index(lang) - 1]
    lines = [LANGUAGES[other]["sentence"], LANGUAGES[lang]["pointer"], LANGUAGES[other]["sentence"][:-1] + " 2."]
    assert strip(other, *lines) == lines


@pytest.mark.parametrize(
    ("lang", "rule", "lines"),
    [
        ("fa", "related_marker", ["اخبار مرتبط", "أخبار مرتبط:", "«اخبار مرتبط»"]),
        ("fa", "related_marker", ["پربازدیدترین‌ها", "پربازدیدترینها", "پر‌بازدید‌ترین‌ها"]),
        ("fa", "comment_form", ["تعداد نظرات: ۶ نظر", "تعداد نظرات: 12 نظر", "تعداد نظرات: ٣ نظر"]),
        ("fa", "related_marker", ["وبگردی", "وبگردي", "وب‌گردی"]),
        ("fa", "account", ["اشتراک", "اشتراك"]),
        ("ar", "related_marker", ["اقرأ أيضاً", "إقرأ أيضا", "اقرا ايضا:", "اقـــرأ أيضًا"]),
        ("ar", "related_marker", ["الأكثر قراءة", "الاكثر قراءة", "الأَكْثَر قِرَاءَة"]),
        ("ar", "comment_form", ["12 تعليق", "١٢ تعليق"]),
    ],
)
def test_persian_and_arabic_spellings_are_one(lang, rule, lines):
    """Zero-width joiners, Arabic yeh and kaf, hamza, tatweel, vowel signs and the digits of either script do not matter."""
    found = hits(lang, *lines)
    assert [line for line in lines if (rule, line) not in found] == []


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("de", "Vielen Dank für das interessante Interview!"),
        ("de", "Newsletter waren das Thema der Tagung."),
        ("de", "Die App kostet im Monat drei Euro."),
        ("de", "08.57 Uhr: Die Feuerwehr trifft ein"),
        ("de", "| Gewicht | 6 kg |"),
        ("es", "Según la agencia EFE, hay tres muertos."),
        ("es", "Sin comentarios"),
        ("fr", "Il vous reste dix jours pour voter."),
        ("fr", "À lire : trois romans de la rentrée. Et un essai."),
        ("pt", "Compartilhar a casa com estranhos virou regra."),
        ("ru", "Без комментариев"),
        ("ru", "Подписывайтесь под каждым листом договора."),
        ("ar", "اقرأ باسم ربك الذي خلق"),
        ("ar", "لا تعليق"),
        ("fa", "به گزارش ایلنا، دولت لایحه را پس گرفت."),
        ("fa", "نظر رئیس جمهور درباره بودجه"),
        ("id", "JAKARTA, KOMPAS.com - Polisi menangkap tiga orang."),
        ("id", "Ikuti kisahnya di panggung."),
        ("it", "Nessun commento da Palazzo Chigi"),
        ("ja", "＜震度4＞"),
        ("ja", "【ソウル＝小池和樹】韓国の大統領は会見を開いた。"),
        ("pl", "Bez komentarza"),
        ("tr", "402 MİLYON LİRALIK MAL VARLIĞINA EL KONULMUŞTU"),
        ("tr", "NE OLMUŞTU?"),
    ],
)
def test_keeps_what_resembles_boilerplate(lang, line):
    """Sentences, headings, datelines and tables that share words with buttons and credits."""
    assert hits(lang, line) == []


def test_each_of_these_packs_has_its_case():
    """So that a new pack gets its sentence and heading here, and what surrounds them."""
    assert set(LANGUAGES) == {*MAJOR, *MINOR} <= set(shipped_packs())
