"""Compare turning points with an official chronology."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import FREQUENCY_OF_ALIAS, PERIODS_A_YEAR, Frequency
from econnet.data.cycle import chronologies
from econnet.data.cycle import turning_points as cycle_turning_points
from econnet.data.cycle.growth import check_periods, log_percent, runs
from econnet.data.cycle.turning_points import TurningPoint


def turning_points(levels: pd.Series) -> pd.DataFrame:
    """Return the turning points of a series by period: `period, kind`, oldest first.

    `kind` is `peak` or `trough`.

    Notes
    -----
    Quarterly, the rules of D. Harding and A. Pagan, "Dissecting the cycle: a
    methodological investigation", *Journal of Monetary Economics* 49 (2002), 365-381;
    annual, the same with a window of one year. Monthly, the procedure of G. Bry and
    C. Boschan, *Cyclical Analysis of Time Series* (NBER, 1971), table 1.

    Examples
    --------
    >>> quarters = pd.period_range("2007Q1", periods=12, freq="Q")
    >>> output = [95, 96, 98, 100, 99, 97, 95, 94, 95, 96, 98, 99]
    >>> turning_points(pd.Series(output, quarters)).astype(str).values.tolist()
    [['2007Q4', 'peak'], ['2008Q4', 'trough']]
    """
    periods = pd.PeriodIndex(levels.index)
    check_periods(periods)
    frequency = FREQUENCY_OF_ALIAS[periods.freqstr[0]]
    logs = log_percent(levels.to_numpy(dtype=float))
    turns = [
        TurningPoint(run.start + turn.position, turn.is_peak)
        for run in runs(logs)
        for turn in cycle_turning_points.turning_points(logs[run], frequency)
    ]
    return _table(
        periods[[turn.position for turn in turns]],
        np.array([turn.is_peak for turn in turns]),
    )


def implied_turning_points(contraction: pd.Series) -> pd.DataFrame:
    """Return the turning points that contractions by period imply: `period, kind`.

    A peak is the period before a contraction, a trough its last. None is implied where
    the neighbouring period is missing.
    """
    periods = pd.PeriodIndex(contraction.index)
    change = contraction.to_numpy(dtype=float)[1:] - contraction.to_numpy()[:-1]
    places = np.flatnonzero(np.abs(change) == 1)
    return _table(periods[places], change[places] == 1)


def compare(
    found: pd.DataFrame, official: pd.DataFrame, reach: int | None = None
) -> pd.DataFrame:
    """Return which official turning points were found, which missed, which are extra.

    Both tables are `period, kind`. Turning points of one kind are matched to the
    nearest, each once, if they are at most `reach` periods apart, a year by default.

    Returns
    -------
    DataFrame
        `kind, official, found, periods_late, outcome`, in the order of time:
        `periods_late` is below zero where the turning point was found before the
        official one, and `outcome` is `matched`, `missed` or `extra`.
    """
    periods = pd.PeriodIndex(official["period"])
    if reach is None:
        reach = PERIODS_A_YEAR[FREQUENCY_OF_ALIAS[periods.freqstr[0]]]
    parts = []
    for kind in ("peak", "trough"):
        theirs = official.loc[official["kind"] == kind, "period"].tolist()
        ours = found.loc[found["kind"] == kind, "period"].tolist()
        partners = _partners(theirs, ours, reach)
        pairs: list[tuple[pd.Period | None, pd.Period | None]] = [
            *partners.items(),
            *((its, None) for its in theirs if its not in partners),
            *((None, mine) for mine in ours if mine not in partners.values()),
        ]
        part = pd.DataFrame(pairs, columns=["official", "found"], dtype=object)
        parts.append(part.assign(kind=kind))
    table = pd.concat(parts, ignore_index=True)
    late = [
        mine.ordinal - its.ordinal if its and mine else np.nan
        for its, mine in zip(table["official"], table["found"], strict=True)
    ]
    outcome = np.select(
        [table["found"].isna(), table["official"].isna()],
        ["missed", "extra"],
        "matched",
    )
    when = table["official"].fillna(table["found"])
    return (
        table.assign(periods_late=late, outcome=outcome, when=when)
        .sort_values("when", kind="stable", ignore_index=True)
        .loc[:, ["kind", "official", "found", "periods_late", "outcome"]]
    )


def _partners(
    theirs: Sequence[pd.Period], ours: Sequence[pd.Period], reach: int
) -> dict[pd.Period, pd.Period]:
    """Return ours for theirs, the nearest first, each once, within reach."""
    apart = sorted(
        (abs(mine.ordinal - its.ordinal), its, mine) for its in theirs for mine in ours
    )
    partners: dict[pd.Period, pd.Period] = {}
    for distance, its, mine in apart:
        if distance <= reach and its not in partners and mine not in partners.values():
            partners[its] = mine
    return partners


def _table(periods: pd.PeriodIndex, is_peak: npt.NDArray[np.bool_]) -> pd.DataFrame:
    kinds = np.where(is_peak, "peak", "trough")
    return pd.DataFrame({"period": periods, "kind": kinds})


def nber_turning_points(frequency: Frequency) -> pd.DataFrame:
    """Return the chronology as `period, kind`, by months (`M`) or quarters (`Q`).

    The committee dates quarters by themselves: the peak of February 2020 is one of
    2019Q4.
    """
    chronology = [
        (str(recession.peak), str(recession.trough)) if frequency == "M" else quarters
        for recession, quarters in zip(
            chronologies.load()["nber"].recessions, NBER_QUARTERS, strict=True
        )
    ]
    return pd.DataFrame(
        [
            (pd.Period(text, frequency), kind)
            for pair in chronology
            for text, kind in zip(pair, ("peak", "trough"), strict=True)
        ],
        columns=["period", "kind"],
    )


NBER_QUARTERS: tuple[tuple[str, str], ...] = (
    ("1948Q4", "1949Q4"),
    ("1953Q2", "1954Q2"),
    ("1957Q3", "1958Q2"),
    ("1960Q2", "1961Q1"),
    ("1969Q4", "1970Q4"),
    ("1973Q4", "1975Q1"),
    ("1980Q1", "1980Q3"),
    ("1981Q3", "1982Q4"),
    ("1990Q3", "1991Q1"),
    ("2001Q1", "2001Q4"),
    ("2007Q4", "2009Q2"),
    ("2019Q4", "2020Q2"),
)
