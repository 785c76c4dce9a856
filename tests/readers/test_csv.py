"""CSV and TSV as they come: quotes, line feeds in fields, byte order marks, other delimiters, and rows that are none."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from tests.readers.reading import Reading, read, write_bytes


def read_bytes(folder: Path, data: bytes, name: str = "a.csv", **settings: int) -> Reading:
    return read(write_bytes(folder / name, data), **settings)


def test_fields_hold_delimiters_quotes_and_line_feeds(tmp_path: Path) -> None:
    """RFC 4180; positions are the lines where rows begin."""
    reading = read_bytes(tmp_path, b'title,text\n"a, ""b""","one\r\ntwo\n\nthree"\nplain,"bad "row"\nlast,text\n')
    assert reading.column("title") == ['a, "b"', "last"]
    assert reading.column("text") == ["one\r\ntwo\n\nthree", "text"]
    assert reading.reasons == [("line 6", "not CSV (',' expected after '\"')")]
    assert reading.column("doc_id") == ["a.csv#1", "a.csv#3"]


def test_a_ragged_row_goes_to_quarantine_whole(tmp_path: Path) -> None:
    """With too few fields or too many; also one over several lines."""
    reading = read_bytes(tmp_path, b'title,text\na\nb,c\nd,"e\nf",g\n')
    assert reading.column("text") == ["c"]
    assert reading.reasons == [
        ("line 2", "ragged row (1 field, the header has 2)"),
        ("line 4", "ragged row (3 fields, the header has 2)"),
    ]
    assert reading.quarantine[1]["raw"] == b'd,"e\nf",g\n'


def test_a_quote_that_is_not_closed_costs_one_row(tmp_path: Path) -> None:
    """Not the rest of the file."""
    rows = b"".join(b"t%d,row %d\n" % (n, n) for n in range(50))
    reading = read_bytes(tmp_path, b'title,text\nx,"open\n' + rows)
    assert reading.column("text") == [f"row {n}" for n in range(50)]
    assert reading.reasons == [("line 2", "not CSV (unexpected end of data)")]


def test_a_row_over_the_limit_is_given_up(tmp_path: Path) -> None:
    """Whether the field is one long line or many; what follows is read."""
    long_line = b'x,"' + b"y" * 500 + b'"\n'
    reading = read_bytes(tmp_path, b"title,text\n" + long_line + b"a,b\n", max_record_bytes=200)
    assert (reading.column("text"), reading.reasons[0][0]) == (["b"], "line 2")
    assert reading.reasons[0][1].startswith("too long (504 bytes, the limit is 200")
    many_lines = b'x,"' + b"yyyy, z\n" * 100 + b'"\n'
    reading = read_bytes(tmp_path, b"title,text\n" + many_lines + b"a,b\n", max_record_bytes=200)
    assert reading.column("text")[-1] == "b"
    assert reading.reasons[0][0] == "line 2"
    assert "too long" in reading.reasons[0][1]


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_byte_order_mark_is_not_in_the_first_name(tmp_path: Path, mark: str) -> None:
    """As spreadsheets write it."""
    reading = read_bytes(tmp_path, "text,title\nGröße,b\n".encode(mark))
    assert reading.column("text") == ["Größe"]
    assert reading.column("title") == ["b"]


def test_legacy_charset_is_decoded_by_line(tmp_path: Path) -> None:
    """And told in the column of encodings."""
    reading = read_bytes(tmp_path, "text,title\nDie Größe der Maßnahmen überraschte, b\nplain,c\n".encode("cp1252"))
    assert reading.column("text") == ["Die Größe der Maßnahmen überraschte", "plain"]
    assert reading.column("encoding")[1] == "utf-8"
    assert reading.column("encoding")[0] != "utf-8"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_told_by_the_header(tmp_path: Path, delimiter: str) -> None:
    """A .csv of a German spreadsheet has semicolons."""
    reading = read_bytes(tmp_path, f"title{delimiter}text\na,1{delimiter}b,2\n".encode())
    assert reading.column("text") == ["b,2"]


def test_tabs_alone_divide_tsv(tmp_path: Path) -> None:
    """Commas are text there."""
    assert read_bytes(tmp_path, b"text\ttitle\na,b\tc\n", "a.tsv").column("text") == ["a,b"]


def test_an_empty_field_is_null_but_for_the_text(tmp_path: Path) -> None:
    """An empty text is judged by the stages, a missing title is none."""
    reading = read_bytes(tmp_path, b"text,title,section\n,,\n")
    assert (reading.column("text"), reading.column("title"), reading.column("meta")) == ([""], [None], ['{"section":null}'])


@pytest.mark.parametrize(
    ("data", "records"), [(b"", 0), (b"text\n", 0), (b"text\n\n  \n\n", 0), (b"text\r\na\r\n", 1), (b"text\na", 1)]
)
def test_header_alone_and_blank_lines_hold_no_record(tmp_path: Path, data: bytes, records: int) -> None:
    """The last line need not end."""
    assert len(read_bytes(tmp_path, data).documents) == records


def test_no_column_of_that_name_is_the_users_mistake(tmp_path: Path) -> None:
    """With the names that there are."""
    with pytest.raises(UserError, match=r"no column 'text' in .*a.csv. Did you mean 'texts'"):
        read_bytes(tmp_path, b"title,texts\na,b\n")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_file_that_is_no_table_goes_to_quarantine(tmp_path: Path, name: str) -> None:
    """A picture called .csv: nothing of it becomes text, and nothing stops."""
    write_bytes(tmp_path / "b.csv", b"text\nfine\n")
    write_bytes(tmp_path / name, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\n\xff\xfe\x00")
    reading = read(tmp_path)
    assert reading.column("text") == ["fine"]
    assert {failure["file"] for failure in reading.quarantine} == {name}


_FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff\x1b"), max_size=12)


@settings(max_examples=40)
@given(st.lists(st.tuples(_FIELD, _FIELD), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_wrote_comes_back(tmp_path: Path, rows: list[tuple[str, str]], line_end: str) -> None:
    """Every text, whatever it holds."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "text"), *rows])
    reading = read_bytes(tmp_path, stream.getvalue().encode())
    assert list(zip(reading.column("title"), reading.column("text"))) == [(title or None, text) for title, text in rows]
    assert reading.quarantine == []


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"a", b"\r", b"\xff", b"\x00", b' "', b"b c"]), max_size=60), st.integers(3, 80)
)
def test_every_line_is_in_a_document_or_in_quarantine(tmp_path: Path, pieces: list[bytes], limit: int) -> None:
    """Whatever the bytes are, nothing raises, and no line is read twice."""
    data = b"".join(pieces)
    reading = read_bytes(tmp_path, b"x,text\n" + data, max_record_bytes=limit)
    filled = sum(bool(line.strip()) for line in data.split(b"\n"))
    header = sum(reason == "no header that can be read" for _, reason in reading.reasons)
    assert reading.corpus["records"] <= filled + header
    assert reading.corpus["records"] > 0 or filled == 0


def test_a_quote_that_is_not_closed_ends_after_so_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes a line would make a row of as many lines as the limit has bytes; each line is then taken by itself, none is lost."""
    monkeypatch.setattr("pipeline.readers.csv_rows._MAX_ROW_LINES", 100)
    reading = read_bytes(tmp_path, b'text,n\nfirst,1\n"' + b"a\n" * 150 + b"last,2\n")
    assert reading.column("text") == ["first", "last"]
    assert reading.reasons[0] == ("line 3", "too long (more than 100 lines; is a quote not closed?)")
    assert reading.reasons[1:] == [(f"line {n}", "ragged row (1 field, the header has 2)") for n in range(4, 153)]
    whole = b'text,n\n"' + b"a\n" * 99 + b'",2\n'
    assert read_bytes(tmp_path, whole).column("text") == ["a\n" * 99]


@pytest.mark.parametrize("settings", [{}, {"shard_bytes": 30}])
def test_carriage_returns_end_lines_where_there_is_no_line_feed(tmp_path: Path, settings: dict[str, int]) -> None:
    """As the old Macintosh had it, and Excel still offers; within quotes they are text."""
    (tmp_path / "a.csv").write_bytes(b'doc_id,text\r1,first\r2,"sec\rond"\r3,third')
    reading = read(tmp_path, **settings)
    assert reading.column("text") == ["first", "sec\rond", "third"]
    assert reading.quarantine == []


def test_a_carriage_return_among_line_feeds_ends_no_row(tmp_path: Path) -> None:
    """Of a text that holds one no half is taken for the whole; also in the last line, which has no line feed."""
    (tmp_path / "a.csv").write_bytes(b"doc_id,text\n1,fir\rst\n2,second\n3,thi\rrd")
    reading = read(tmp_path)
    assert reading.column("doc_id") == ["2"]
    assert [failure["position"] for failure in reading.quarantine] == ["line 2", "line 4"]


def test_a_header_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Nothing vanishes: not the line itself either, where the rest of the file is in it."""
    (tmp_path / "a.csv").write_bytes(b"doc_id,text\n1,sound\n")
    (tmp_path / "b.csv").write_bytes(b'"doc_id",te"xt,"\n1,sound\n')
    reading = read(tmp_path)
    assert reading.column("text") == ["sound"]
    assert reading.reasons == [("line 1", "no header that can be read"), ("line 2", "ragged row (2 fields, the header has 0)")]
