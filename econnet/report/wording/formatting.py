"""Numbers, periods and dates in words."""

from collections.abc import Sequence
from datetime import date
from math import log

import pandas as pd

ORDINALS = ("first", "second", "third", "fourth")


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


def signed_percent(share: float) -> str:
    """Return a share of 1 in whole percent with its sign."""
    return f"{number(100 * share, 0, sign=True)}%"


def odds(probability: float) -> str:
    """Return a probability as odds: `1 in 5`.

    Examples
    --------
    >>> odds(0.21)
    '1 in 5'
    """
    if probability < 0.01:
        return "under 1 in 100"
    if probability > 0.99:
        return "over 99 in 100"

    def distance(fraction: tuple[int, int]) -> float:
        share = fraction[0] / fraction[1]
        return abs(log(share / (1 - share)) - log(probability / (1 - probability)))

    return "{} in {}".format(*min(SPOKEN_FRACTIONS, key=distance))


def period_in_words(period: pd.Period) -> str:
    """Return `the third quarter of 2026`, `May 2026` or `2026`."""
    if period.freqstr.startswith("Q"):
        return f"the {ORDINALS[period.quarter - 1]} quarter of {period.year}"
    if period.freqstr.startswith("M"):
        return f"{period.strftime('%B')} {period.year}"
    return str(period.year)


def day(date_: date) -> str:
    """Return a date in words: `24 November 2026`."""
    return f"{date_.day} {date_.strftime('%B %Y')}"


def day_of(moment: str) -> str:
    """Return the day of an ISO date or time in words."""
    return day(date.fromisoformat(moment[:10]))


def count(n: int, noun: str, none: str = "0") -> str:
    """Return how many there are: `1 quarter`, `1,200 countries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun != "day" else f"{noun}s"
    return f"{f'{n:,}' if n else none} {noun if n == 1 else plural}"


def in_a_row(names: Sequence[str]) -> str:
    """Return names as a list within a sentence: `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def points(probability: float, other: float) -> int:
    """Return the difference in points between two probabilities as they are printed."""
    return round(100 * probability) - round(100 * other)


def in_points(difference: int) -> str:
    """Return the size of a difference: `1 point`, `12 points`."""
    return f"{abs(difference)} {'point' if abs(difference) == 1 else 'points'}"


SPOKEN_FRACTIONS: tuple[tuple[int, int], ...] = (
    *((1, n) for n in (100, 50, 30, 20, 15, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2)),
    *((3, 10), (2, 5), (3, 5), (2, 3), (3, 4), (4, 5), (5, 6), (7, 8), (9, 10)),
    *((19, 20), (49, 50), (99, 100)),
)
