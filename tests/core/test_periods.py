import re
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.periods import (
    FREQUENCIES,
    PANDAS_ALIAS,
    PERIOD_PATTERN,
    Frequency,
    frequency_of,
    parse_period,
)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@given(ordinal=st.integers(-970 * 12, 1029 * 12))
def test_standard_text_and_ordinal_are_those_of_pandas(
    frequency: Frequency, ordinal: int
) -> None:
    ordinal = ordinal * {"A": 1, "Q": 4, "M": 12}[frequency] // 12
    alias = PANDAS_ALIAS[frequency]
    text = str(pd.Period(ordinal=ordinal, freq=alias))
    period = parse_period(text)
    assert period is not None
    assert (period.text, period.frequency) == (text, frequency)
    assert period.ordinal(frequency) == ordinal
    assert re.fullmatch(PERIOD_PATTERN, text)
    assert frequency_of(text) == frequency
    assert all(
        period.ordinal(other) is None for other in FREQUENCIES if other != frequency
    )


@given(day=st.dates(date(1000, 1, 1), date(2999, 12, 31)))
def test_date_means_the_period_that_contains_it(day: date) -> None:
    period = parse_period(day.isoformat())
    assert period is not None
    assert period.is_date
    assert period.text == day.isoformat()
    assert period.frequency is None
    for frequency in FREQUENCIES:
        expected = pd.Period(day.isoformat(), PANDAS_ALIAS[frequency]).ordinal
        assert period.ordinal(frequency) == expected


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2020-Q1", "2020Q1"),
        ("2020 q4", "2020Q4"),
        ("2020m1", "2020-01"),
        ("2020-1", "2020-01"),
        ("2020M12", "2020-12"),
    ],
)
def test_variants_name_the_same_period(written: str, text: str) -> None:
    period = parse_period(written)
    assert period is not None
    assert period.text == text
    assert not re.fullmatch(PERIOD_PATTERN, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "2020Q5",
        "2020-13",
        "2020-02-30",
        "2020-1-15",
        "2020Q",
        "\u0662020",
    ],
)
def test_other_text_is_not_a_period(text: str) -> None:
    assert parse_period(text) is None
    assert not re.fullmatch(PERIOD_PATTERN, text)
