"""Frequencies and periods: their names, and the one parser of a period's text.

The standard text of a period is `2020`, `2020Q1` or `2020-01`. Users also write
`2020-Q1`, `2020 q1`, `2020M1` or a date.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

Frequency = Literal["A", "Q", "M"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)  # the coarsest first
PANDAS_ALIAS: Mapping[Frequency, str] = {"A": "Y", "Q": "Q", "M": "M"}
FREQUENCY_OF_ALIAS: Mapping[str, Frequency] = {"Y": "A", "Q": "Q", "M": "M"}
MAX_LAG = 100  # periods until a value of a user's file is published
PERIODS_A_YEAR: Mapping[Frequency, int] = {"A": 1, "Q": 4, "M": 12}

FREQUENCY_WORDS: Mapping[Frequency, str] = {
    "A": "annual",
    "Q": "quarterly",
    "M": "monthly",
}
NOUN: Mapping[Frequency, str] = {"A": "year", "Q": "quarter", "M": "month"}

# The text of the period that contains a day.
PERIOD_NAME: Mapping[Frequency, Callable[[date], str]] = {
    "A": lambda day: f"{day:%Y}",
    "Q": lambda day: f"{day:%Y}Q{(day.month + 2) // 3}",
    "M": lambda day: f"{day:%Y-%m}",
}

# Also valid in SQL, where `FREQUENCY_SQL` gives the frequency of a column `period`.
PERIOD_PATTERN = "[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))?"
FREQUENCY_SQL = (
    "CASE WHEN length(period) = 4 THEN 'A' "
    "WHEN contains(period, 'Q') THEN 'Q' ELSE 'M' END"
)
# As users write it.
WRITTEN = re.compile(
    r"([12]\d{3})"
    r"(?:[- ]?Q([1-4])|[-M](0?[1-9]|1[0-2])|-(0[1-9]|1[0-2])-(\d{2}))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class WrittenPeriod:
    """A period as somebody wrote it: a year, and a quarter, a month or a date in it."""

    year: int
    quarter: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def is_date(self) -> bool:
        """Whether it is a single day."""
        return self.day is not None

    @property
    def frequency(self) -> Frequency | None:
        """The frequency; `None` for a date, which may lie in any period."""
        if self.is_date:
            return None
        return "Q" if self.quarter else "M" if self.month else "A"

    @property
    def text(self) -> str:
        """The standard text; a date in ISO format."""
        if self.quarter:
            return f"{self.year}Q{self.quarter}"
        month = f"-{self.month:02d}" if self.month else ""
        return f"{self.year}{month}" + (f"-{self.day:02d}" if self.day else "")

    def ordinal(self, frequency: Frequency) -> int | None:
        """Return the number of the period since 1970, as pandas counts.

        A date means the period that contains it. `None` if the period has another
        frequency.
        """
        if self.frequency not in {None, frequency}:
            return None
        years = self.year - 1970
        if frequency == "A":
            return years
        if self.quarter:
            return 4 * years + self.quarter - 1
        months = 12 * years + (self.month or 1) - 1
        return months if frequency == "M" else months // 3


def parse_period(text: str) -> WrittenPeriod | None:
    """Return the period that a text names; `None` if it is not a period.

    >>> [parse_period(text).text for text in ("2020", "2020 q1", "2020M1")]
    ['2020', '2020Q1', '2020-01']
    """
    match = WRITTEN.fullmatch(text)
    if match is None:
        return None
    year, quarter, month, month_of_date, day = (
        int(part) if part else None for part in match.groups()
    )
    if year is None or (day is not None and not _is_date(text)):
        return None
    return WrittenPeriod(year, quarter, month or month_of_date, day)


def frequency_of(text: str) -> Frequency:
    """Return the frequency of a period from its standard text."""
    return "Q" if "Q" in text else "M" if "-" in text else "A"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
