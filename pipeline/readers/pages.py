"""Records whose text is to be extracted from a web page first."""

from collections.abc import Mapping
from typing import Any

from pipeline.clock import TookTooLong, time_limit
from pipeline.readers.extraction import NoPageError, read_page
from pipeline.readers.records import Record, make_record, reason_for_no_text
from pipeline.readers.spec import InputColumns
from pipeline.readers.values import as_string
from pipeline.schema import TOOK_TOO_LONG


def make_page_record(
    values: Mapping[str, Any], columns: InputColumns, *, file: str, position: str, number: int, encoding: str
) -> Record | str:
    """`make_record` with the main text of the page that the column of the text holds, a string or bytes.

    Title, address and date that the record has not itself are those that the page tells; `lang` is what the page declares, until
    `identify_language` judges by the text.
    """
    raw = values.get(columns.text)
    if not isinstance(raw, str | bytes):
        return reason_for_no_text(columns.text, values)
    try:
        with time_limit(columns.html):
            page = read_page(raw, as_string(values.get(columns.url)))
    except NoPageError as error:
        return str(error)
    except TookTooLong:
        return f"the page {TOOK_TOO_LONG} (more than {columns.html} s)"
    told = {columns.title: page.title, columns.url: page.url, columns.published: page.published}
    missing = {column: value for column, value in told.items() if value is not None and values.get(column) in (None, "")}
    filled = {**values, **missing, columns.text: page.text}
    label = page.encoding if isinstance(raw, bytes) else encoding
    record = make_record(filled, columns, file=file, position=position, number=number, encoding=label)
    return record._replace(lang=page.lang) if isinstance(record, Record) else record
