"""Web pages: their main text and what they say of themselves; what is no page has a reason."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("trafilatura")

from pipeline.readers.charset import declared_charset, decode_page
from pipeline.readers.extraction import MAX_PAGE_BYTES, NoPageError, read_page
from tests.readers.reading import read, write_arrow, write_bytes, write_csv, write_jsonl, write_parquet
from tests.support import ENDLESS

STORY = "The river rose by two metres in the night, and the town closed its bridges until further notice."


def page(story: str = STORY, *, head: str = "", lang: str = 'lang="en-GB"', title: str = "Rivers rise") -> str:
    return (
        f"<!doctype html><html {lang}><head>{head}<title>{title}</title>"
        '<meta property="article:published_time" content="2021-10-10T08:00:00+02:00">'
        '<link rel="canonical" href="https://example.org/news/rivers"></head>'
        '<body><nav><a href="/">Home</a> <a href="/sports">Sports</a></nav>'
        f"<article><p>{story}</p><p>{story[::-1]}</p></article><footer>All rights reserved. Imprint.</footer></body></html>"
    )


PAGES = {
    "rivers": page(),
    "schools": page("Die Schulen bleiben geschlossen, sagte der Minister. " * 3, lang="lang=de", title="Schulen"),
}


def test_a_page_gives_its_text_and_what_it_says_of_itself(tmp_path: Path) -> None:
    """Title, day, address and language fill their columns; menus and footers are not the text."""
    [document] = read(write_bytes(tmp_path / "a.html", page().encode())).documents
    assert document["text"] == f"{STORY}\n{STORY[::-1]}"
    assert (document["doc_id"], document["title"], document["url"]) == (
        "a.html",
        "Rivers rise",
        "https://example.org/news/rivers",
    )
    assert (str(document["published"]), document["lang"]) == ("2021-10-10 00:00:00+00:00", "en")
    assert (document["encoding"], document["meta"], document["source"]) == ("utf-8", None, None)


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.xhtml", "a.HTML", "a.html.gz", "a.html.zst", "a.html.bz2", "a.html.xz"])
def test_pages_go_by_their_suffix(tmp_path: Path, name: str) -> None:
    """Compressed or not."""
    assert read(write_bytes(tmp_path / name, page().encode())).column("title") == ["Rivers rise"]


def test_every_format_with_an_html_column_gives_the_same_documents(tmp_path: Path) -> None:
    """And the same as the pages in files of their own, but for the ids."""
    records = [{"doc_id": name, "html": html, "words": "3"} for name, html in PAGES.items()]
    paths = [
        write_jsonl(tmp_path / "a.jsonl", records),
        write_jsonl(tmp_path / "a.jsonl.zst", records),
        write_csv(tmp_path / "a.csv", records),
        write_csv(tmp_path / "a.tsv", records),
        write_arrow(tmp_path / "a.arrow", records),
        write_parquet(tmp_path / "a.parquet", records),
    ]
    expected = read(paths[0]).documents
    assert [document["lang"] for document in expected] == ["en", "de"]
    for path in paths:
        assert read(path).documents == expected
        assert read(path, columns={"html": "html"}, shard_bytes=1).documents == expected
    for name, html in PAGES.items():
        write_bytes(tmp_path / "pages" / f"{name}.html", html.encode())
    files = read(tmp_path / "pages").documents
    assert [{**d, "doc_id": d["doc_id"].removesuffix(".html"), "meta": '{"words":"3"}'} for d in files] == expected


def test_bytes_in_a_column_are_decoded_as_files_are(tmp_path: Path) -> None:
    """As crawlers store pages."""
    html = page("Правительство объявило о новых мерах поддержки экономики страны. " * 2, head='<meta charset="windows-1251">')
    table = [{"doc_id": "a", "page": html.encode("cp1251")}, {"doc_id": "b", "page": b"\x89PNG\x00"}]
    reading = read(write_parquet(tmp_path / "a.parquet", table), columns={"html": "page"})
    assert reading.column("text")[0].startswith("Правительство объявило")
    assert reading.column("encoding") == ["cp1251"]
    assert [position for position, _ in reading.reasons] == ["row 2"]


def test_what_the_record_says_itself_goes_first(tmp_path: Path) -> None:
    """A feed knows better than the page; what it leaves empty is filled."""
    given: dict[str, Any] = {"title": "Given", "url": "https://feed.example/1", "published": "2020-01-02", "source": "dpa"}
    records = [{"html": page(), **given}, {"html": page(), **dict.fromkeys(given)}]
    first, second = read(write_jsonl(tmp_path / "a.jsonl", records)).documents
    assert (first["title"], first["url"], first["source"]) == ("Given", "https://feed.example/1", "dpa")
    assert str(first["published"]).startswith("2020-01-02")
    assert (second["title"], second["url"], second["source"]) == ("Rivers rise", "https://example.org/news/rivers", None)


@pytest.mark.parametrize(
    "html", ["<p>One paragraph of a feed.</p>", "One paragraph of a feed.<br>", "<div><p>One paragraph of a feed."]
)
def test_a_piece_of_a_page_is_read(html: str) -> None:
    """As feeds have it."""
    assert read_page(html).text == "One paragraph of a feed."


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty page"),
        (b" \n\t ", "empty page"),
        (b"<html><body></body></html>", "no main text in the page"),
        (b"<html><body><script>var a = '<p>text</p>'</script></body></html>", "no main text in the page"),
        (b"just words, a < b and c > d", "not HTML (no tag in it)"),
        (b'{"text": "JSON"}', "not HTML (no tag in it)"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text (binary"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)), "not text (binary"),
        (b"<p>" + b"x" * MAX_PAGE_BYTES, "page too long ("),
        (b"<html><body>" + b"<p><b>x" * 60_000, "page too long (120002 tags, the limit is 100000)"),
        (b"<html><body>" + b"<div>" * 40_000 + b"text" + b"</div>" * 40_000, "no main text in the page"),
    ],
)
def test_what_is_no_page_goes_to_quarantine(tmp_path: Path, raw: bytes, reason: str) -> None:
    """Whole, with its reason; it stops nothing."""
    write_bytes(tmp_path / "a.html", raw)
    write_bytes(tmp_path / "b.html", page().encode())
    reading = read(tmp_path)
    assert reading.column("doc_id") == ["b.html"]
    [(position, found)] = reading.reasons
    assert position == "file"
    assert found.startswith(reason)
    assert reading.quarantine[0]["raw"] == raw


@pytest.mark.parametrize("unit", ["<a", "<html ", "a", " ", "<!-- ", '<p a="', "</", "<p lang="])
def test_no_page_takes_the_patterns_for_ever(unit: str) -> None:
    """What is made to be tried over and over is done within the time of a long page."""
    started = time.process_time()
    for before in ("<", "<html lang=", "<html><body><p>x</p>"):
        with suppress(NoPageError):
            read_page(before + unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < ENDLESS


_PARTS = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<html>",
        "<div",
        ">",
        "&amp;",
        "&#0;",
        "&#xD800;",
        "<!--",
        "-->",
        "<title>",
        "<meta charset=koi8-r>",
        "word ",
        "é",
    ]
)


@settings(max_examples=60)
@given(st.lists(_PARTS | st.text(max_size=5), max_size=25).map("".join) | st.binary(max_size=200))
def test_every_page_is_a_document_or_has_a_reason(made: str | bytes) -> None:
    """Whatever it holds, and twice the same."""

    def outcome() -> object:
        try:
            page = read_page(made)
        except NoPageError as error:
            return str(error)
        page.text.encode()
        return page

    assert outcome() == outcome()


def test_a_page_with_a_lone_surrogate_goes_to_quarantine(tmp_path: Path) -> None:
    """JSON can hold one, UTF-8 cannot."""
    reading = read(write_jsonl(tmp_path / "a.jsonl", [b'{"html": "<p>\\ud800 some text of a page</p>"}', {"html": page()}]))
    assert reading.column("doc_id") == ["a.jsonl#2"]
    assert len(reading.quarantine) == 1


def test_a_row_without_a_page_goes_to_quarantine(tmp_path: Path) -> None:
    """As one without text does."""
    records = [{"html": None}, {"html": page()}, {"html": 17}, {"other": 1}]
    reading = read(write_jsonl(tmp_path / "a.jsonl", records))
    assert [reason for _, reason in reading.reasons] == [
        "no text (column 'html' is null)",
        "text is no string (column 'html' holds 17)",
        "no text (column 'html' is missing)",
    ]
    table = pa.table({"html": [page(), None]}).to_pylist()
    assert [p for p, _ in read(write_parquet(tmp_path / "a.parquet", table)).reasons] == ["row 2"]


CYRILLIC = "Правительство объявило о новых мерах поддержки экономики, сообщили в понедельник в Москве. " * 3
FRENCH = "Le président a déclaré que l'été serait très chaud à Orléans, où les élèves préparent la fête. " * 3
CHINESE = "国务院周四宣布了新的经济措施，专家认为这将有助于经济复苏。" * 5
TRADITIONAL = "國務院週四宣布了新的經濟措施，專家認為這將有助於經濟復甦。" * 5


@pytest.mark.parametrize(
    ("text", "codec", "declared", "label"),
    [
        (CYRILLIC, "cp1251", "windows-1251", "cp1251"),
        (CYRILLIC, "koi8-r", "koi8-r", "koi8-r"),
        (CYRILLIC, "cp1251", "iso-8859-1", "cp1251"),  # wrongly, by default
        (CYRILLIC, "cp1251", "utf-8", "cp1251"),  # wrongly
        (CYRILLIC, "utf-8", "windows-1251", "utf-8"),  # wrongly
        (CYRILLIC, "utf-16", "utf-8", "utf-16-le"),
        (FRENCH, "cp1252", "iso-8859-1", "cp1252"),
        (FRENCH, "cp1252", "no-such-charset", "iso8859-15"),
        (FRENCH, "utf-8", "iso-8859-1", "utf-8"),
        (CHINESE, "gb18030", "gb2312", "gb18030"),
        (TRADITIONAL, "big5hkscs", "Big5", "big5hkscs"),
        (CHINESE, "gb18030", "iso-8859-1", "gb18030"),
    ],
)
def test_encodings_are_read_also_where_they_are_wrongly_declared(text: str, codec: str, declared: str, label: str) -> None:
    """What the bytes are goes before what they say; what they say goes before a guess."""
    found, encoding = decode_page(page(text, head=f'<meta charset="{declared}">').encode(codec))
    assert text in found
    assert encoding == label


def test_a_page_cut_off_within_a_character_is_read() -> None:
    """The declared charset holds but for its last byte."""
    raw = page(CHINESE * 10, head='<meta charset="gbk">').encode("gb18030")
    cut = raw[: raw.rindex("苏".encode("gb18030")) + 1]
    assert decode_page(cut)[0].count("\ufffd") <= 1
    assert CHINESE in decode_page(cut)[0]


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        (b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        (b"<meta charset=Shift_JIS>", "cp932"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?><html>', "iso8859-2"),
        (b"<meta charset=utf-7>", None),
        (b"<meta charset=rot13>", None),
        (b"<p>charset=koi8-r</p>", None),
    ],
)
def test_a_declared_charset_is_found(raw: bytes, charset: str | None) -> None:
    """In a tag that declares one, and only such as pages are in."""
    assert declared_charset(raw) == charset


def test_a_page_is_the_same_whatever_came_before() -> None:
    """The library has caches; none of them may tell. Nor may the day tell which dates are believed."""
    future = page(head="<meta name='date' content='2099-03-04'>").replace("article:published_time", "x")
    pages = [page(), future, page(STORY * 2), *PAGES.values(), page(lang="")]
    alone = [read_page(html) for html in pages]
    for _ in range(3):
        assert [read_page(html) for html in reversed(pages)] == alone[::-1]
    assert alone[1].published == "2099-03-04"


def test_pages_do_not_depend_on_zone_or_locale(tmp_path: Path) -> None:
    """Asked in processes with other settings."""
    write_bytes(tmp_path / "a.html", page().encode())
    code = f"""
from pathlib import Path
from pipeline.readers.extraction import read_page
print(read_page(Path({str(tmp_path / "a.html")!r}).read_bytes()))
"""
    found = set()
    for changes in (
        {"TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"TZ": "America/Los_Angeles", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"},
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **changes}, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path) -> None:
    """What to install, word by word; asked in a process that has it not."""
    write_bytes(tmp_path / "a.html", page().encode())
    code = f"""
import sys
sys.modules["trafilatura"] = None
from pipeline.errors import UserError
from pipeline.readers import InputSpec, plan_input, read_task
try:
    for task in plan_input(InputSpec({str(tmp_path)!r}), None).tasks:
        read_task(task, {str(tmp_path)!r})
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "HTML needs a package that is not installed: pip install 'corpus-pipeline[html]'\n"


def test_nothing_is_said_of_pages_without_text(capfd: pytest.CaptureFixture[str]) -> None:
    """The library's own warnings would fill the log; the reasons are in the quarantine."""
    with pytest.raises(NoPageError):
        read_page("<html><body></body></html>")
    assert capfd.readouterr().err == ""
