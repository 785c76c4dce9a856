"""The report of a run: what it counts, which examples it takes, and that nothing in a corpus can break the page."""

import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.boilerplate.packs import check_pack
from pipeline.errors import UserError
from pipeline.exits import guarded
from pipeline.report import make_report, render_html, report_again
from pipeline.report.examples import CONTEXT, _differing
from pipeline.report.repeated import learned_pack
from tests.report.outputs import SCRIPT, hostile_records, run_over

VOID = {"meta", "br", "img", "link", "input", "hr"}
SVG_EMPTY = {"path", "rect"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "h1", "h2", "h3", "h4", "p", "dl", "dt", "dd", "small", "nav",
    "ul", "li", "main", "section", "span", "b", "strong", "svg", "path", "rect", "details", "summary", "figure", "figcaption", "del", "ins",
    "defs", "mark", "fieldset", "legend", "label", "input", "table", "thead", "tbody", "tr", "th", "td", "article", "pre", "footer",
}  # fmt: skip


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_EMPTY
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def report(hostile_output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((hostile_output / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def html(hostile_output: Path) -> str:
    return (hostile_output / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_markup_in_a_corpus_stays_text(page: Page, html: str) -> None:
    """In id, source, title, text, repeated lines and broken records: no element but ours, no handler of events."""
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "<script" not in html.lower()
    text = "".join(page.text)
    for place in (f"id{SCRIPT}", f"bad{SCRIPT}", 'Title "><img src=x onerror=alert(2)>', f"newsroom {SCRIPT}"):
        assert place in text


def test_page_needs_nothing_from_elsewhere(page: Page, html: str) -> None:
    """No address is fetched, and a policy forbids it besides; every link leads to a place in the page."""
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert links
    assert all(link is not None and link.startswith("#") and link[1:] in ids for link in links)
    assert not {name for _, attributes in page.elements for name in attributes} & {"src", "srcset", "action", "data", "poster"}
    assert "url(" not in html
    assert "@import" not in html
    [policy] = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_headings_do_not_skip_a_level(page: Page) -> None:
    """Readers of screens go by them."""
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_flow_adds_up(report: dict[str, Any]) -> None:
    """What goes out of a step comes into the next, and the last is what was kept."""
    flow, counts = report["flow"], report["counts"]
    assert flow[0]["documents_in"] == counts["records"]
    for before, after in pairwise(flow):
        assert before["documents_out"] == after["documents_in"]
        assert before["characters_out"] == after["characters_in"]
    assert flow[-1]["documents_out"] == counts["kept"]
    assert flow[-1]["characters_out"] == counts["characters_kept"]
    assert sum(row["documents_lost"] for row in flow) == counts["dropped"] + counts["quarantined"]


def test_characters_are_those_of_the_documents(report: dict[str, Any], hostile_output: Path) -> None:
    """Counted in code points of the cleaned text."""
    kept = pq.read_table(hostile_output / "documents")["text"].to_pylist()
    assert report["counts"]["characters_kept"] == sum(map(len, kept))
    dropped = pq.read_table(hostile_output / "dropped").to_pylist()
    reasons = {document["drop_reason"] for document in dropped}
    by_reason = {reason: sum(len(d["text"]) for d in dropped if d["drop_reason"] == reason) for reason in reasons}
    assert report["counts"]["characters_dropped_by_reason"] == by_reason


def test_every_rule_has_real_examples(report: dict[str, Any], hostile_output: Path) -> None:
    """Each example is an edit of the ledger, with the words that stood around it: three of three documents, where there are so many."""
    edits = pq.read_table(hostile_output / "edits").to_pylist()
    assert {(r["step"], r["rule"], r["kind"]) for r in report["rules"]} == {(e["step"], e["rule"], e["kind"]) for e in edits}
    for rule in report["rules"]:
        assert rule["count"] == sum(
            (e["step"], e["rule"], e["kind"]) == (rule["step"], rule["rule"], rule["kind"]) for e in edits
        )
        found = {e["doc_id"] for e in edits if (e["step"], e["rule"], e["kind"]) == (rule["step"], rule["rule"], rule["kind"])}
        assert len({e["doc_id"] for e in rule["examples"]}) == len(rule["examples"]) == min(3, len(found))
        for example in rule["examples"]:
            assert any(
                (e["doc_id"], e["removed"], e["rule"]) == (example["doc_id"], example["removed"], rule["rule"]) for e in edits
            )
            assert len(example["before"]) <= CONTEXT + 1
    [mojibake] = [r for r in report["rules"] if r["rule"] == "encoding/mojibake"]
    assert any(e["before"].endswith("wasn") and e["after"].startswith("t <script>") for e in mojibake["examples"])


def test_examples_that_change_other_words_come_first() -> None:
    """A rule is better known by what differs; copies of one document fill up what is left."""
    told = [("a", "x"), ("b", "x"), ("c", "X "), ("c", "y"), ("d", "z")]
    edits = [{"doc_id": doc_id, "removed": removed, "inserted": ""} for doc_id, removed in told]
    assert [edit["doc_id"] for edit in _differing(edits)] == ["a", "c", "d"]
    assert [edit["doc_id"] for edit in _differing(edits[:3])] == ["a", "b", "c"]


def test_a_source_that_lost_more_than_a_third_is_an_alarm(report: dict[str, Any], page: Page) -> None:
    """It stands first, and at the head of the page."""
    first = report["sources"][0]
    assert (first["source"], first["documents"], first["dropped"], first["alarm"]) == (f"bad{SCRIPT}", 4, 3, True)
    assert [row["alarm"] for row in report["sources"][1:]] == [False, False]
    assert "1 source has lost more than 30 %" in "".join(page.text)


def test_shares_of_a_source_are_of_documents_and_of_characters(report: dict[str, Any], hostile_output: Path) -> None:
    """What edits took off and what went with dropped documents, of what came in."""
    edits = pq.read_table(hostile_output / "edits").to_pylist()
    for row in report["sources"]:
        tables = [pq.read_table(hostile_output / kind).to_pylist() for kind in ("documents", "dropped")]
        kept, dropped = ([document for document in table if document["source"] == row["source"]] for table in tables)
        ids = {document["doc_id"] for document in kept + dropped}
        edited = sum(len(e["removed"]) - len(e["inserted"]) for e in edits if e["doc_id"] in ids and e["kind"] == "edit")
        assert (row["documents"], row["dropped"]) == (len(ids), len(dropped))
        assert row["characters_removed"] == edited + sum(len(d["text"]) for d in dropped)
        assert row["characters"] == edited + sum(len(d["text"]) for d in kept + dropped)
        assert row["characters_share"] == round(row["characters_removed"] / row["characters"], 4)


def test_boilerplate_is_told_by_language(report: dict[str, Any], hostile_output: Path, page: Page) -> None:
    """The characters that each step took off the texts of a language."""
    documents = [d for kind in ("documents", "dropped") for d in pq.read_table(hostile_output / kind).to_pylist()]
    lang = {document["doc_id"]: document["lang"] for document in documents}
    expected: dict[str, dict[str, int]] = {}
    for edit in pq.read_table(hostile_output / "edits").to_pylist():
        if edit["kind"] == "edit":
            steps = expected.setdefault(lang[edit["doc_id"]], {})
            steps[str(edit["step"])] = steps.get(str(edit["step"]), 0) + len(edit["removed"])
    assert {row["language"]: row["removed"] for row in report["languages"] if row["removed"]} == expected
    assert "Boilerplate by language" in page.text


def test_the_head_tells_the_story(report: dict[str, Any], page: Page) -> None:
    """What stays, what was dropped for what, what was broken: each with its number."""
    text = "".join(page.text).replace("\u00a0", " ")
    assert "9 of 14 records are the clean corpus (64.3 %)." in text
    for fate in ("kept 9 64.3 %", "near-duplicates 3 21.4 %", "other languages 1 7.1 %", "could not be read 1 7.1 %"):
        assert fate in text


def test_rules_can_be_shown_by_kind_where_there_are_several(page: Page, report: dict[str, Any]) -> None:
    """A filter that would change nothing is not there."""
    kinds = {rule["kind"] for rule in report["rules"]}
    radios = [attributes["id"] for tag, attributes in page.elements if tag == "input"]
    assert radios == (
        ["only-all", *(f"only-{kind}" for kind in ("edit", "proposal", "flag") if kind in kinds)] if len(kinds) > 1 else []
    )


def test_clusters_show_the_survivor_first_and_then_what_resembles_it_least(report: dict[str, Any]) -> None:
    """With how each begins, so that a person can judge."""
    [cluster] = report["clusters"]
    assert cluster["size"] == 4
    assert [member["kept"] for member in cluster["members"]] == [True, False, False, False]
    similarities = [member["similarity"] for member in cluster["members"][1:]]
    assert similarities == sorted(similarities)
    assert all(member["beginning"] for member in cluster["members"])
    assert sum(row["documents"] for row in report["similarities"]) == 3
    assert report["cluster_sizes"] == [{"size": 4, "clusters": 1}]


def test_languages_and_quarantine_are_counted(report: dict[str, Any]) -> None:
    """With what was dropped, and where a record was that could not be read."""
    assert [(row["language"], row["documents"], row["dropped"]) for row in report["languages"]] == [("en", 12, 3), ("fr", 1, 1)]
    [entry] = report["quarantine"]
    assert (entry["reason"], entry["records"]) == ("not JSON", 1)
    assert entry["examples"][0]["position"] == "line 14"


def test_lines_learned_from_the_corpus_are_shown(report: dict[str, Any]) -> None:
    """By how often they were taken off."""
    assert report["repeated_lines"][0]["line"].startswith("Call our newsroom")
    assert report["repeated_lines"][0]["times"] >= 8
    assert report["repeated_lines"][0]["families"] >= 3
    assert 0 < report["repeated_lines"][0]["share"] <= 1


def test_lines_learned_from_the_corpus_are_a_pack_to_look_through(report: dict[str, Any], tmp_path: Path) -> None:
    """As it stands it passes the check of packs."""
    (tmp_path / "learned.yaml").write_text(report["learned_pack"], encoding="utf-8")
    [rule] = check_pack(tmp_path / "learned.yaml").rules
    assert rule.phrases[0] == report["repeated_lines"][0]["line"]


def test_a_pack_of_lines_that_cannot_be_phrases() -> None:
    """Several lines in one, notices, and what has no letter: nothing to paste."""
    assert learned_pack([{"line": line} for line in ("a\nb", "word " * 40, "--- 5 ---")]) == ""


def test_report_is_made_again_from_the_output_alone(hostile_output: Path, tmp_path: Path) -> None:
    """The very same files."""
    again = shutil.copytree(hostile_output, tmp_path / "again")
    written = {name: (again / name).read_bytes() for name in ("report.json", "report.html")}
    for name in written:
        (again / name).unlink()
    report_again(again)
    assert {name: (again / name).read_bytes() for name in written} == written


def test_a_folder_without_a_finished_run_is_the_users_mistake(tmp_path: Path) -> None:
    """One sentence, exit code 2."""
    with pytest.raises(UserError, match="no manifest"):
        report_again(tmp_path)
    assert guarded(lambda: report_again(tmp_path)) == 2


def test_texts_of_other_outputs_are_left_out_and_said_so(hostile_output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A survivor may be of an earlier run (`against`); the page says that its text is not here."""
    manifest = json.loads((hostile_output / "manifest.json").read_text(encoding="utf-8"))
    monkeypatch.setattr("pipeline.report.make.find_documents", lambda output, ids: {})
    html = render_html(make_report(manifest, hostile_output))
    assert "The text is not in this output." in "".join(Page(html).text)


def test_names_as_long_as_stories_do_not_fill_the_page(tmp_path: Path) -> None:
    """Some feeds put the text into the title, or an address of a kilobyte into the source."""
    records = [{**record, "source": "s" * 5000, "title": "t" * 5000} for record in hostile_records()[8:12]]
    html = (run_over(tmp_path, records) / "report.html").read_text(encoding="utf-8")
    assert "s" * 100 in html
    assert "s" * 200 not in html
    assert "t" * 200 not in html
