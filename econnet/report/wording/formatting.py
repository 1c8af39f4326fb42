"""Numbers, periods and dates in words."""

import calendar
import re
from collections.abc import Sequence
from datetime import date

import pandas as pd

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def number(value: float, decimals: int, sign: bool = False) -> str:
    """Return `value` rounded, with a true minus sign; `sign` shows a plus too."""
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """Return a share of 1 in percent; a small one is never rounded to none."""
    if share in {0, 1}:
        return f"{share:.0%}"
    if share < 0.005:
        return "under 1%"
    if share >= 0.995:
        return "over 99%"
    return f"{round(100 * share)}%"


def percent_range(interval: tuple[float, float]) -> str:
    """Return an interval of shares in whole percent: `15% to 26%`."""
    low, high = (f"{round(100 * bound)}%" for bound in interval)
    return f"{low} to {high}"


def signed_percent_range(interval: tuple[float, float]) -> str:
    """Return an interval of shares with their signs, on the right side of zero.

    Examples
    --------
    >>> signed_percent_range((0.021, 0.094))
    '+2% to +9%'
    >>> signed_percent_range((0.004, 0.094))
    '+0.4% to +9%'
    """
    return " to ".join(
        change_percent(100 * share)
        if share and number(100 * share, 0) == "0"
        else signed_percent(share)
        for share in interval
    )


def change_percent(change: float) -> str:
    """Return a change in percent with its sign and enough decimals not to be zero.

    Examples
    --------
    >>> change_percent(0.041)
    '+0.04%'
    """
    decimals = 1
    while change and decimals < 4 and round(abs(change), decimals) == 0:
        decimals += 1
    return f"{number(change, decimals, sign=True)}%"


def large_number(value: float) -> str:
    """Return a value of any size with about four figures: `477.2 billion`."""
    size = abs(value)
    for bound, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if size >= bound:
            return f"{number(value / bound, 1)} {name}"
    return in_digits(value)


def in_digits(value: float) -> str:
    """Return a value in about four figures or more: `1,171,820`."""
    size = abs(value)
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def signed_percent(share: float) -> str:
    """Return a share of 1 in whole percent with its sign."""
    return f"{number(100 * share, 0, sign=True)}%"


def period_text(period: pd.Period) -> str:
    """Return a period as text: `2026 Q3`, `May 2026` or `2026`."""
    if period.freqstr.startswith("Q"):
        return f"{period.year} Q{period.quarter}"
    if period.freqstr.startswith("M"):
        return f"{period.strftime('%B')} {period.year}"
    return str(period.year)


def period_name(text: str) -> str:
    """Return a period that is given as text: `2026 Q3` for `2026Q3`."""
    if month := MONTH.fullmatch(text):
        return f"{calendar.month_name[int(month[2])]} {month[1]}"
    return text.replace("Q", " Q")


def period_short(text: str) -> str:
    """Return a period as it is written in tables: `2026 Q3`, `Sep 2026` or `2026`."""
    if month := MONTH.fullmatch(text):
        return f"{calendar.month_abbr[int(month[2])]} {month[1]}"
    return text.replace("Q", " Q")


def day(date_: date) -> str:
    """Return a date in words: `24 November 2026`."""
    return f"{date_.day} {date_.strftime('%B %Y')}"


def short_day(date_: date) -> str:
    """Return a date in few letters: `24 Nov 2026`."""
    return f"{date_.day} {date_.strftime('%b %Y')}"


def day_of(moment: str) -> str:
    """Return the day of an ISO date or time in words."""
    return day(date.fromisoformat(moment[:10]))


def count(n: int, noun: str, none: str = "0") -> str:
    """Return how many there are: `1 quarter`, `1,200 countries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun != "day" else f"{noun}s"
    return f"{f'{n:,}' if n else none} {noun if n == 1 else plural}"


def in_a_row(names: Sequence[str]) -> str:
    """Return names as a list within a sentence: `a, b and c`.

    Semicolons part names that contain commas: `a; permits, South; and c`.
    """
    *others, last = names
    if not others:
        return last
    if any(", " in name for name in names):
        return f"{'; '.join(others)}; and {last}"
    return f"{', '.join(others)} and {last}"


def points(probability: float, other: float) -> int:
    """Return the difference in points between two probabilities as they are printed."""
    return round(100 * probability) - round(100 * other)


def in_points(difference: int) -> str:
    """Return the size of a difference: `1 percentage point`, `12 percentage points`."""
    return count(abs(difference), "percentage point")
