from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.errors import UsageError
from econnet.core.period_days import (
    END,
    FIXED_DAYS,
    MIDDLE,
    START,
    DayOfPeriod,
    days_in,
    latest_fixed_day,
    next_fixed_date,
    parse_day,
    parse_days,
    period_of,
)
from econnet.core.periods import PANDAS_ALIAS, PERIODS_A_YEAR, Frequency

DATES = st.dates(date(1950, 1, 1), date(2099, 12, 31))
EVERY = st.sampled_from(list(PERIODS_A_YEAR))


def text(period: str, frequency: Frequency, day: DayOfPeriod) -> str:
    ordinal = pd.Period(period, PANDAS_ALIAS[frequency]).ordinal
    return str(days_in(ordinal, frequency, day).astype("datetime64[D]"))


@pytest.mark.parametrize(
    ("period", "frequency", "dates"),
    [
        ("2023Q1", "Q", ["2023-01-15", "2023-02-14", "2023-03-16", "2023-03-31"]),
        ("2024Q3", "Q", ["2024-07-15", "2024-08-14", "2024-09-13", "2024-09-30"]),
        ("2024-02", "M", ["2024-02-15", "2024-02-29"]),
        ("2024", "A", ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
    ],
)
def test_fixed_days_of_a_period_are_these_dates(
    period: str, frequency: Frequency, dates: list[str]
) -> None:
    days = FIXED_DAYS[frequency]
    assert [text(period, frequency, day) for day in days] == dates


def test_start_is_the_day_before_the_period() -> None:
    assert text("2024Q3", "Q", START) == "2024-06-30"
    assert text("2024", "A", START) == "2023-12-31"


def test_day_beyond_the_end_of_a_period_is_its_last() -> None:
    assert text("2023-02", "M", DayOfPeriod(0, 30)) == "2023-02-28"


@given(DATES, EVERY)
def test_latest_fixed_day_has_passed_and_the_following_one_has_not(
    day: date, frequency: Frequency
) -> None:
    period = period_of(day, frequency)
    assert period == pd.Period(day, PANDAS_ALIAS[frequency]).ordinal
    number = np.datetime64(day, "D").astype(int)
    latest = latest_fixed_day(day, frequency)
    assert days_in(period, frequency, latest) <= number
    later = FIXED_DAYS[frequency].index(latest) + 1 if latest != START else 0
    for fixed in FIXED_DAYS[frequency][later:]:
        assert days_in(period, frequency, fixed) > number


@given(DATES, EVERY)
def test_state_of_information_is_the_same_until_the_next_fixed_date(
    day: date, frequency: Frequency
) -> None:
    following = next_fixed_date(day, frequency)
    assert period_of(following, frequency) == period_of(day, frequency)
    assert next_fixed_date(following, frequency) == following
    if following > day:
        before = following - timedelta(days=1)
        assert latest_fixed_day(before, frequency) == latest_fixed_day(day, frequency)
        assert latest_fixed_day(following, frequency) != latest_fixed_day(
            day, frequency
        )


def test_day_is_parsed_from_its_name_or_number() -> None:
    assert parse_day("end", "M") == END["M"]
    assert [parse_day("middle", it) for it in MIDDLE] == [*MIDDLE.values()]
    assert parse_day("20", "Q") == DayOfPeriod(0, 20)
    for day in FIXED_DAYS["Q"]:
        assert parse_day(day.text("Q"), "Q") == day


def test_all_days_are_the_fixed_ones_and_none_is_repeated() -> None:
    assert parse_days(["all"], "A") == [*FIXED_DAYS["A"]]
    fixed = [DayOfPeriod(0, 45), DayOfPeriod(0, 15), DayOfPeriod(0, 75), END["Q"]]
    assert parse_days(["middle", "all", "75"], "Q") == fixed


@pytest.mark.parametrize("wrong", ["93", "-1", "first", "4.5", "", "²"])
def test_other_days_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="number from 0 to 92"):
        parse_day(wrong, "Q")
