"""Dates as users give them: a `date`, or a text in ISO format, `2008-10-01`.

Other notations are refused: `01/10/2008` is the first of October or the tenth of
January, and a time of day or a time zone would make a moment of a date.
"""

import re
from datetime import date, datetime, time

from econnet.core.errors import UsageError
from econnet.core.text import one_line

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_YEAR = 1700  # no series is older, and pandas counts nanoseconds from 1678


def parse_date(text: str) -> date | None:
    """Return the date of a text in ISO format; `None` for any other text.

    >>> parse_date("2008-10-01"), parse_date("01.10.2008")
    (datetime.date(2008, 10, 1), None)
    """
    if not ISO_DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= FIRST_YEAR else None


def as_of_date(given: object, newest: date | None = None) -> date:
    """Return the date of `as_of`: a text in ISO format, or a date without a time.

    Parameters
    ----------
    newest
        The last date in the data; by default today.

    Raises
    ------
    UsageError
        It is not such a date, or it is after both today and `newest`.
    """
    day = parse_date(given) if isinstance(given, str) else _without_time(given)
    if day is None:
        raise UsageError(
            f"--as-of {one_line(repr(given), at_most=60)} is not a date: "
            "write 2008-10-01"
        )
    today = date.today()
    if day > max(today, newest or today):
        raise UsageError(
            f"--as-of {day} is in the future: leave it out to use all published data"
        )
    return day


def _without_time(given: object) -> date | None:
    """Return the date of a `date`, or of a `datetime` at midnight without a zone."""
    if not isinstance(given, datetime):
        return given if isinstance(given, date) else None
    # Missing dates of pandas are datetimes, too, and differ from themselves.
    if given != given or given.tzinfo is not None or given.time() != time():
        return None
    return given.date()
