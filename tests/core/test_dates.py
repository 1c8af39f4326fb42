from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.dates import as_of_date, parse_date
from econnet.core.errors import UsageError

NO_DATES = [
    *(
        "",
        "-1",
        "0",
        "today",
        "now",
        "NaT",
        "2008",
        "2008-10",
        "20081001",
        "2008-W40-3",
    ),
    *("01/10/2008", "10/1/2008", "01.10.2008", "29.02.2016", "16-03-01", "2008-10-1"),
    *("2008-02-30", "2008-10-01T00:00:00+02:00", "2008-10-01 12:00", " 2008-10-01"),
    *("0001-01-01", "\uff12\uff10\uff10\uff18-10-01", "2008\u201310\u201301"),
]
NO_DATES_OF_PYTHON = [
    datetime(2008, 10, 1, 12),
    datetime(2008, 10, 1, tzinfo=UTC),
    pd.Timestamp("2008-10-01", tz="Asia/Tokyo"),
    pd.NaT,
    20081001,
    float("nan"),
]


@given(st.dates(date(1700, 1, 1)))
def test_date_in_iso_format_is_read(day: date) -> None:
    assert parse_date(day.isoformat()) == day


@given(st.text())
def test_other_text_is_not_a_date(text: str) -> None:
    day = parse_date(text)
    assert day is None or day.isoformat() == text


@pytest.mark.parametrize("text", NO_DATES)
def test_other_notation_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date: write 2008-10-01"):
        as_of_date(text)


@pytest.mark.parametrize("given", NO_DATES_OF_PYTHON, ids=repr)
def test_moment_is_not_a_date(given: object) -> None:
    with pytest.raises(UsageError, match="is not a date: write 2008-10-01"):
        as_of_date(given)


@pytest.mark.parametrize(
    "given", [date(2008, 10, 1), datetime(2008, 10, 1), pd.Timestamp("2008-10-01")]
)
def test_date_of_python_is_a_date(given: object) -> None:
    assert as_of_date(given) == date(2008, 10, 1)


def test_future_date_is_refused_unless_the_data_have_it() -> None:
    tomorrow = date.today() + timedelta(days=1)
    with pytest.raises(UsageError, match="in the future"):
        as_of_date(tomorrow)
    assert as_of_date(tomorrow, newest=tomorrow) == tomorrow
