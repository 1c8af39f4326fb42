"""Frequencies: their codes, their pandas aliases and the names of their periods."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, get_args

Frequency = Literal["A", "Q", "M"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)  # the coarsest first
PANDAS_ALIAS: Mapping[Frequency, str] = {"A": "Y", "Q": "Q", "M": "M"}
FREQUENCY_OF_ALIAS: Mapping[str, Frequency] = {"Y": "A", "Q": "Q", "M": "M"}
PERIODS_A_YEAR: Mapping[Frequency, int] = {"A": 1, "Q": 4, "M": 12}

FREQUENCY_WORDS: Mapping[Frequency, str] = {
    "A": "annual",
    "Q": "quarterly",
    "M": "monthly",
}
NOUN: Mapping[Frequency, str] = {"A": "year", "Q": "quarter", "M": "month"}

# The name of the period that contains a day: 2020, 2020Q1, 2020-01.
PERIOD_NAME: Mapping[Frequency, Callable[[date], str]] = {
    "A": lambda day: f"{day:%Y}",
    "Q": lambda day: f"{day:%Y}Q{(day.month + 2) // 3}",
    "M": lambda day: f"{day:%Y-%m}",
}
