"""Columns that repeat a value within its period, as a quarter's in its months.

Programs that merge tables of several frequencies write such columns. Read as monthly,
two of three changes would be zero, and a quarter's value would count as known after its
first month. They are read at the frequency that their values have.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from econnet.core.periods import PANDAS_ALIAS, PERIOD_NAME, PERIODS_A_YEAR, Frequency
from econnet.data.files import codes as codes_of
from econnet.data.files.codes import Codes, codes_in
from econnet.data.files.dated_rows import KEYS, NAMES, as_ordered
from econnet.data.files.reading import Reading


def without_repeats(
    rows: pd.DataFrame, reading: Reading
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return rows in which a value that is repeated within its period appears once.

    The second result has a remark on each column that repeats values. `rows` are sorted
    by country, indicator and period. Columns whose kind is given as `keep` are kept as
    they are.
    """
    found: dict[str, tuple[Frequency, pd.DataFrame]] = {}
    for name in _candidates(rows):
        part = rows[rows["indicator"] == name]
        frequency = _frequency_of_values(part)
        if frequency and reading.kinds.get(name) != "keep":
            found[name] = frequency, _once(part, frequency)
    if not found:
        return rows, {}
    remarks = {
        name: (
            f"{name}: read as {WORDS[frequency]}, because all parts of a period repeat "
            f"its value; --kind {name}=keep reads each part"
        )
        for name, (frequency, _) in found.items()
    }
    others = rows[~rows["indicator"].isin([*found])]
    parts = [others, *(part for _, part in found.values())]
    both = pd.concat(
        [part.astype(dict.fromkeys(NAMES, str)) for part in parts], ignore_index=True
    )
    for column in ("country", "indicator"):
        both[column] = both[column].astype(rows[column].dtype)
    for column in ("period", "frequency"):
        both[column] = as_ordered(pd.Categorical(both[column]))
    return both.sort_values(KEYS[:-1], ignore_index=True, kind="stable"), remarks


def _candidates(rows: pd.DataFrame) -> list[str]:
    """Return the columns in which most values equal the one before."""
    country, column = (codes_in(rows[name]) for name in ("country", "indicator"))
    values = rows["value"].to_numpy(dtype=float)
    same = values[1:] == values[:-1]
    if not same.any():
        return []
    same &= (country[1:] == country[:-1]) & (column[1:] == column[:-1])
    names = rows["indicator"].cat.categories
    n_same = codes_of.counts(column[1:][same], len(names))
    n = codes_of.counts(column, len(names))
    found = np.flatnonzero(n_same > MIN_SAME * n).tolist()
    return [str(names[code]) for code in found]


def _frequency_of_values(part: pd.DataFrame) -> Frequency | None:
    """Return the coarser frequency at which a column changes; `None` for others."""
    used = part["frequency"].unique()
    if len(used) > 1 or used[0] == "A" or part["value"].isin([0.0, 1.0]).all():
        return None
    if part.duplicated(["country", "period"]).any():
        return None
    written: Frequency = used[0]
    coarser: Sequence[Frequency] = ("A", "Q") if written == "M" else ("A",)
    for frequency in coarser:
        size = PERIODS_A_YEAR[written] // PERIODS_A_YEAR[frequency]
        groups = _groups(part, written, size)
        values = part["value"].groupby(groups, sort=False)
        whole = values.nunique()[values.size() == size]
        first = values.first()
        changes = (first != first.shift()).iloc[1:]
        if len(whole) >= MIN_PERIODS and (whole == 1).mean() > MIN_REPEATED:
            return frequency if changes.mean() > MIN_CHANGES else None
    return None


def _groups(part: pd.DataFrame, written: Frequency, size: int) -> Codes:
    """Return a number for each row's country and coarser period."""
    texts = part["period"].cat.categories
    codes = codes_in(part["period"])
    used = np.unique(codes)
    ordinals = np.zeros(len(texts), dtype=np.int64)
    periods = pd.PeriodIndex(texts[used].astype(str), freq=PANDAS_ALIAS[written])
    ordinals[used] = periods.asi8 // size
    country = codes_in(part["country"])
    new = np.zeros(len(part), dtype=np.int64)
    new[codes_of.starts(country, ordinals[codes])] = 1
    return np.cumsum(new)


def _once(part: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """Return the last row of each whole period, under the period's own text."""
    written: Frequency = part["frequency"].iloc[0]
    size = PERIODS_A_YEAR[written] // PERIODS_A_YEAR[frequency]
    groups = pd.Series(_groups(part, written, size), part.index)
    complete = groups.map(groups.value_counts()) == size
    last = part[complete & ~groups.duplicated(keep="last")]
    periods = pd.PeriodIndex(last["period"].astype(str), freq=PANDAS_ALIAS[written])
    texts = [PERIOD_NAME[frequency](period.end_time) for period in periods]
    return last.assign(period=texts, frequency=frequency)


WORDS = {"A": "annual", "Q": "quarterly"}
# Two of three months repeat a quarter's value.
MIN_SAME = 0.6
MIN_REPEATED = 0.98
MIN_CHANGES = 0.5
MIN_PERIODS = 8
