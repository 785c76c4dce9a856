"""Sound small files of every format and compression, for damage to begin with; made here, the same every time."""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.strings import HOSTILE
from tests.readers.reading import compress

_TEXTS = [
    "The council voted on Monday to keep the library open. Nobody spoke against it.",
    "Правительство объявило о новых мерах поддержки экономики и транспорта.",
    "中文的一行，没有空格。第二句在这里。",
    "wasnâ€™t cafÃ© &amp; more\r\nRelated News\n" + "A line that is long enough to be a paragraph of its own. " * 3,
    "",
    *[text for texts in HOSTILE.values() for text in texts if len(text) < 200][:40],
]


def records() -> list[dict[str, Any]]:
    """Records with every column that an input may fill, and one of every JSON type besides."""
    day = datetime(2021, 10, 10, tzinfo=UTC).isoformat()
    rest = [{"n": 1}, {"n": 1.5}, {"n": None}, {"n": [1, {"deep": True}]}, {"n": "x"}]
    return [
        {
            "doc_id": f"d{number}",
            "text": text,
            "source": "s",
            "url": "https://example.org/a",
            "title": text[:20],
            "published": day,
        }
        | rest[number % len(rest)]
        for number, text in enumerate(_TEXTS)
    ]


def sound_files() -> Iterator[tuple[str, bytes]]:
    """Names and contents."""
    lines = "\n".join(json.dumps(record, ensure_ascii=number % 2 == 0) for number, record in enumerate(records()[:20])).encode()
    table = "text,doc_id,n\n" + "".join(f'"{_quoted(r["text"])}",{r["doc_id"]},{n}\n' for n, r in enumerate(records()[:20]))
    text = "\n".join(_TEXTS[:4])
    plain = {"a.jsonl": lines, "a.csv": table.encode(), "a.html": _PAGE.encode(), "a.txt": text.encode()}
    yield from plain.items()
    yield "a.tsv", b"text\tdoc_id\nfirst\t1\nsecond\t2\n"
    yield "b.csv", "text;n\nfünf;1\n".encode("cp1252")
    yield "b.html", _PAGE.replace("utf-8", "windows-1251").replace("library", "библиотека").encode("cp1251")
    for encoding in ("utf-16", "utf-32-be", "cp1251", "gb18030", "shift_jis", "iso2022_jp", "utf-7"):
        yield f"{encoding}.txt", "Правительство объявило. 图书馆, 文章 Größe\n".encode(encoding, "replace")
    yield "wide.jsonl", lines.decode().encode("utf-16")
    yield "wide.csv", table.encode("utf-16")
    for name, content in plain.items():
        for suffix in (".gz", ".zst", ".bz2", ".xz"):
            yield name + suffix, compress(content, suffix)
    yield "nested.jsonl.gz", compress(compress(lines, ".gz"), ".gz")
    yield from _parquet_files()
    yield from _arrow_files()


def _quoted(text: str) -> str:
    return text.replace('"', '""')


_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The library stays</title>'
    '<meta property="article:published_time" content="2021-10-10"></head><body><nav><a href="/">Home</a></nav><article>'
    + "".join(
        f"<p>The council voted on Monday to keep the library open, part {n}, and nobody spoke against it.</p>" for n in range(8)
    )
    + "<table><tr><td>1</td></tr></table></article><script>var a = '<p>text</p>'</script></body></html>"
)


def _table() -> pa.Table:
    columns: Mapping[str, Any] = {
        "text": pa.array([r["text"] for r in records()[:30]]),
        "doc_id": pa.array([r["doc_id"] for r in records()[:30]]),
        "published": pa.array([datetime(2021, 1, 1, tzinfo=UTC)] * 30, pa.timestamp("us", tz="UTC")),
        "nested": pa.array([[{"k": "v", "n": number}] for number in range(30)]),
        "number": pa.array([float(number) for number in range(30)]),
        "word": pa.array(["a", "b"] * 15).dictionary_encode(),
        "map": pa.array([[("k", 1)]] * 30, pa.map_(pa.string(), pa.int64())),
    }
    return pa.table(dict(columns))


def _parquet_files() -> Iterator[tuple[str, bytes]]:
    for number, options in enumerate(
        [
            {"compression": "none", "use_dictionary": False},
            {"compression": "snappy", "row_group_size": 7},
            {"compression": "zstd", "data_page_version": "2.0", "write_page_index": True},
            {"compression": "gzip", "use_dictionary": False, "column_encoding": {"text": "DELTA_LENGTH_BYTE_ARRAY"}},
            {
                "compression": "lz4",
                "use_dictionary": False,
                "column_encoding": {"text": "DELTA_BYTE_ARRAY"},
                "write_page_checksum": True,
            },
        ]
    ):
        sink = io.BytesIO()
        pq.write_table(_table(), sink, **options)
        yield f"{number}.parquet", sink.getvalue()


def _arrow_files() -> Iterator[tuple[str, bytes]]:
    for stream in (False, True):
        for compression in (None, "zstd", "lz4"):
            sink = io.BytesIO()
            make = pa.ipc.new_stream if stream else pa.ipc.new_file
            with make(sink, _table().schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
                writer.write_table(_table(), max_chunksize=10)
            yield f"{'stream' if stream else 'file'}-{compression}.arrow", sink.getvalue()
