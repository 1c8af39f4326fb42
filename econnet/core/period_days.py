"""The days of a period on which forecasts are made.

What is known of an economy grows from day to day. A forecast and the past forecasts by
which it is judged must rest on the same state of information, so both are made on the
same day of their periods: one of a few *fixed days*. Before the first of them, the
state is that of the end of the period before, `START`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from econnet.core.errors import UsageError
from econnet.core.numbers import parse_whole
from econnet.core.periods import NOUN, PERIODS_A_YEAR, Frequency

Days = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DayOfPeriod:
    """A day of a period: so many whole months and days of it have passed by its end.

    `DayOfPeriod(0, 45)` is the 45th day, `DayOfPeriod(6, 0)` the last of June in a
    year, `DayOfPeriod(0, 0)` the last day of the period before. A day beyond the end of
    a period is its last one.
    """

    months: int
    days: int

    def text(self, frequency: Frequency) -> str:
        """Return the day as `--day` takes it, or `end of June`.

        >>> [END["Q"].text("Q"), DayOfPeriod(0, 45).text("Q"), MIDDLE["A"].text("A")]
        ['end', '45', 'end of June']
        """
        if self == END[frequency]:
            return "end"
        if self.months:
            return f"end of {date(2000, self.months, 1):%B}"
        return str(self.days)


def days_in(ordinals: npt.ArrayLike, frequency: Frequency, day: DayOfPeriod) -> Days:
    """Return a day of each period, in days since 1970-01-01.

    `ordinals` are the numbers of periods since 1970, as pandas counts.
    """
    first_month = np.asarray(ordinals, dtype=np.int64) * MONTHS[frequency]
    wanted = _first_days(first_month + day.months) + day.days - 1
    return np.minimum(wanted, _first_days(first_month + MONTHS[frequency]) - 1)


def _first_days(months: Days) -> Days:
    """Return the first day of each month since 1970-01."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def period_of(day: date, frequency: Frequency) -> int:
    """Return the number since 1970 of the period that contains a day."""
    return (12 * (day.year - 1970) + day.month - 1) // MONTHS[frequency]


def latest_fixed_day(day: date, frequency: Frequency) -> DayOfPeriod:
    """Return the latest fixed day of a day's period that has passed or is that day."""
    passed = [
        fixed for fixed in FIXED_DAYS[frequency] if _date(day, frequency, fixed) <= day
    ]
    return passed[-1] if passed else START


def next_fixed_date(day: date, frequency: Frequency) -> date:
    """Return the first date on or after a day that is a fixed day of its period."""
    dates = (_date(day, frequency, fixed) for fixed in FIXED_DAYS[frequency])
    return next(fixed for fixed in dates if fixed >= day)


def _date(day: date, frequency: Frequency, fixed: DayOfPeriod) -> date:
    """Return a fixed day of the period that contains `day`."""
    number = days_in(period_of(day, frequency), frequency, fixed)
    found: date = number.astype("datetime64[D]").item()
    return found


def parse_day(text: str, frequency: Frequency) -> DayOfPeriod:
    """Return the day that `--day` names: `end`, `middle`, or the number of a day."""
    named = {"end": END, "middle": MIDDLE}
    if text in named:
        return named[text][frequency]
    number = parse_whole(text)
    if number is None or not 0 <= number <= LAST[frequency]:
        raise UsageError(
            f"--day {text!r} is not a day of a {NOUN[frequency]}: write middle, end, "
            f"all or a number from 0 to {LAST[frequency]}"
        )
    return DayOfPeriod(0, number)


def parse_days(texts: Sequence[str], frequency: Frequency) -> list[DayOfPeriod]:
    """Return the days that several `--day` name, each once; `all` is each fixed day."""
    days: list[DayOfPeriod] = []
    for text in texts:
        if text == ALL_DAYS:
            days += FIXED_DAYS[frequency]
        else:
            days.append(parse_day(text, frequency))
    return [*dict.fromkeys(days)]


ALL_DAYS = "all"
MONTHS: Mapping[Frequency, int] = {
    frequency: 12 // number for frequency, number in PERIODS_A_YEAR.items()
}
# The longest period of each frequency, in days.
LAST: Mapping[Frequency, int] = {"A": 366, "Q": 92, "M": 31}
START = DayOfPeriod(0, 0)
END: Mapping[Frequency, DayOfPeriod] = {
    frequency: DayOfPeriod(months, 0) for frequency, months in MONTHS.items()
}
MIDDLE: Mapping[Frequency, DayOfPeriod] = {
    "A": DayOfPeriod(6, 0),
    "Q": DayOfPeriod(0, 45),
    "M": DayOfPeriod(0, 15),
}
FIXED_DAYS: Mapping[Frequency, tuple[DayOfPeriod, ...]] = {
    "A": tuple(DayOfPeriod(months, 0) for months in (3, 6, 9, 12)),
    "Q": (*(DayOfPeriod(0, days) for days in (15, 45, 75)), END["Q"]),
    "M": (DayOfPeriod(0, 15), END["M"]),
}
