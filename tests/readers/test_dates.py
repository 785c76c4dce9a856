"""Points in time in the forms that feeds and people write."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.dates import _from_string, to_milliseconds

NOON = 1_633_860_000_000  # 2021-10-10 10:00 UTC
MIDNIGHT = 1_633_824_000_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1969-12-31T23:59:59.9999", -1),
        ("2021-10-10 12:00:00+02:00", NOON),
        (" 20211010 ", MIDNIGHT),
        (20211010, MIDNIGHT),
        ("20211010100000", NOON),
        ("2021/10/10", MIDNIGHT),
        ("2021.10.10", MIDNIGHT),
        ("10 Oct 2021", MIDNIGHT),
        ("10-OCT-2021", MIDNIGHT),
        ("10Oct2021", MIDNIGHT),
        ("Sunday, October 10th, 2021", MIDNIGHT),
        ("10 October 2021 10:00", NOON),
        ("Oct. 10, 2021 at 6:00 am EDT", NOON),
        ("Sun, 10 Oct 2021 12:00:00 +0200", NOON),
        ("Sun, 10 Oct 2021 10:00:00 GMT", NOON),
        ("Sun, 10 Oct 2021 10:00:00 +0000 (UTC)", NOON),
        (1_633_860_000, NOON),
        (1_633_860_000.25, NOON + 250),
        ("1633860000", NOON),
        (1_633_860_000_123, NOON + 123),
        (1_633_860_000_123_999, NOON + 123),
        (1_633_860_000_123_999_999, NOON + 123),
    ],
)
def test_points_in_time(value: object, expected: int) -> None:
    """ISO 8601, RFC 2822, English dates, digits; in UTC where no zone is given; rounded down to milliseconds."""
    assert to_milliseconds(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "10/11/2021",
        "10.11.2021",
        "2021-02-30",
        "31 Feb 2021",
        "10 Okt 2021",
        "10 Oct 21",
        "2021",
        2021,
        17,
        -1_633_860_000,
        10**30,
        1e300,
        float("nan"),
        float("inf"),
        True,
        "",
        "yesterday",
        "13:00 pm, 10 Oct 2021",
        "10 Oct 2021 13:00 pm",
        "10 Oct 2021 10:00 XYZ",
        "Sun, 10 Oct 2021 12:00:00 +9900",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        None,
        ["2021-10-10"],
    ],
)
def test_what_is_no_point_in_time_is_not_guessed(value: object) -> None:
    """Days and months that could be swapped, years alone, small numbers, nonsense."""
    assert to_milliseconds(value) is None


@given(
    st.datetimes(min_value=datetime(1973, 4, 1), max_value=datetime(2099, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_all_forms_of_a_moment_agree(moment: datetime) -> None:
    """Whichever a feed chose."""
    aware = moment.replace(tzinfo=UTC)
    seconds = int(aware.timestamp())
    forms = ["%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S +0000", "%B %d, %Y %I:%M:%S %p", "%Y%m%d%H%M%S"]
    values = [aware.strftime(form) for form in forms] + [seconds, seconds * 1000]
    assert {to_milliseconds(value) for value in values} == {seconds * 1000}


@given(st.text(max_size=30) | st.integers() | st.floats())
def test_anything_gives_a_point_in_time_or_none(value: object) -> None:
    """No error gets out."""
    found = to_milliseconds(value)
    assert found is None or isinstance(found, int)


def test_what_is_too_long_for_a_date_is_not_remembered() -> None:
    """65,536 values are; of a megabyte each they would fill the memory."""
    before = _from_string.cache_info().currsize
    assert to_milliseconds("2021-10-10" + " " * 1_000_000) is not None
    assert to_milliseconds("2021-10-10 " + "x" * 1_000_000) is None
    assert _from_string.cache_info().currsize <= before + 1
