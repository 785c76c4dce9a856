"""Points in time as people and feeds write them, in milliseconds since 1970.

Read are ISO 8601 (also with slashes or dots), RFC 2822 ("Sun, 10 Oct 2021 12:00:00 +0200"), English dates by the month's name
("10 Oct 2021", "October 10th, 2021 at 3:45 pm"), 14 digits as web archives have them, and seconds since 1970 or a thousandth, millionth or
billionth of them by their number of digits. "10/11/2021" is not read: it is another day in Boston than in London.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# What Python's datetime can show, so that every consumer can: 0001-01-01 to 9999-12-31.
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
# The zones that RFC 2822 gives a meaning, in hours.
_ZONES = {
    "z": 0,
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}

_TIME = (
    r"(?:,?\s+(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?:\s*(?P<zone>[+-]\d\d:?\d\d|[a-z]{1,3})(?:\s*\([^)]*\))?)?)?\s*"
)
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<month>[a-z]{3,9})\.?", r"(?P<year>\d{4})"
_FORMS = [
    re.compile(form + _TIME, re.IGNORECASE | re.ASCII)
    for form in (
        rf"(?:[a-z]{{3,9}},?\s+)?{_DAY}(?:\s+of)?[\s-]*{_MONTH},?[\s-]*{_YEAR}",  # Sun, 10 Oct 2021; 10-Oct-2021; 10Feb2006
        rf"(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s+{_DAY},?\s+{_YEAR}",  # October 10, 2021
        rf"{_YEAR}[/.-](?P<month>\d{{1,2}})[/.-]{_DAY}",  # 2021/10/10
    )
]

# Whole seconds have 9 or 10 digits from 1973 to 2286; fewer are years, days (20211010) or numbers of something else.
_EPOCH_DIGITS = {9: 1000.0, 10: 1000.0, 12: 1.0, 13: 1.0, 15: 1e-3, 16: 1e-3, 18: 1e-6, 19: 1e-6}


def to_milliseconds(value: Any) -> int | None:
    """Milliseconds since 1970, rounded down, of a string or number; without a zone it is taken as UTC. None for anything else.

    >>> to_milliseconds("2021-10-10T12:00:00+02:00")
    1633860000000
    >>> to_milliseconds("Sun, 10 Oct 2021 12:00:00 +0200") == to_milliseconds(1633860000)
    True
    >>> to_milliseconds("10/11/2021") is None
    True
    """
    if isinstance(value, float) and 1e8 <= value < 1e19:  # seconds with their fraction, or whole parts of a second
        return int(value * 1000) if value < 1e10 else _from_digits(str(int(value)))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**19:
        value = str(value)
    stripped = value.strip() if isinstance(value, str) else ""
    return _from_string(stripped) if 0 < len(stripped) <= _LONGEST else None


# Characters. The longest seen are RFC 2822 with the zone's name behind it, some 70; what is remembered must have a bound in bytes too.
_LONGEST = 200


@lru_cache(maxsize=2**16)  # the documents of a day share theirs; 18 microseconds for "10Feb2006"
def _from_string(value: str) -> int | None:
    if value.isascii() and value.isdigit() and len(value) != 8:
        return _from_digits(value)
    moment = _from_iso(value) or _from_words(value)
    return None if moment is None else _milliseconds(moment)


def _from_digits(digits: str) -> int | None:
    if len(digits) == 14 and digits[:2] in ("19", "20"):
        moment = _from_iso(f"{digits[:8]}T{digits[8:]}")
        return None if moment is None else _milliseconds(moment)
    factor = _EPOCH_DIGITS.get(len(digits))
    if factor is None:
        return None
    return int(digits) * int(factor) if factor >= 1 else int(digits) // round(1 / factor)


def _from_iso(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _from_words(value: str) -> datetime | None:
    found = next((match for form in _FORMS if (match := form.fullmatch(value))), None)
    if found is None:
        return None
    month, hour, zone = _month(found["month"]), _hour(found["hour"], found["half"]), _zone(found["zone"])
    if month is None or hour is None or zone is None:
        return None
    year, day, minute, second = (int(found[name] or 0) for name in ("year", "day", "minute", "second"))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _month(name: str) -> int | None:
    """By number, or by a name of which at least the first three letters are there."""
    if name.isdigit():
        return int(name)
    return next((number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())), None)


def _hour(hour: str | None, half: str | None) -> int | None:
    """Of 24; None for an hour that the half of the day does not have."""
    number = int(hour or 0)
    if half is None:
        return number
    return number % 12 + (12 if half.lower() == "p" else 0) if 1 <= number <= 12 else None


def _zone(name: str | None) -> timezone | None:
    """UTC without one, None for one that is not known."""
    if name is None:
        return UTC
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[-2:])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes)) if minutes < 24 * 60 else None
    hours = _ZONES.get(name.lower())
    return None if hours is None else timezone(timedelta(hours=hours))


def _milliseconds(moment: datetime) -> int | None:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    milliseconds = (aware - _EPOCH) // _MILLISECOND
    return milliseconds if FIRST_MS <= milliseconds <= LAST_MS else None
