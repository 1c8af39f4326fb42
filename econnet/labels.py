"""Growth or contraction, by named rule, and when each label became known.

A rule marks every period of a level series 1 (contraction), 0 (expansion) or missing
(not to be told). A rule that looks ahead names how many later periods it waits for, so
that no label is used for training before it could have been written. `nber` and
`given` do not look at levels: their marks are somebody else's, with dates of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from econnet.catalog import Frequency
from econnet.errors import DataError, UsageError
from econnet.panel import PERIODS_A_YEAR, Panel


@dataclass(frozen=True)
class Rule:
    """How contractions are told from a series of levels.

    Parameters
    ----------
    mark
        Takes levels indexed by (country, period) without gaps, and returns 1, 0 or
        missing for each.
    looks_ahead
        Periods that must pass before a mark stands for good.
    looks_back
        Periods back to the level that growth is measured from; `None` for a year.
    frequencies
        Those for which the rule is defined.
    meaning
        What a contraction is: `output below that of the period before`.
    """

    mark: Callable[[pd.Series], pd.Series]
    looks_ahead: int
    looks_back: int | None
    frequencies: tuple[Frequency, ...]
    meaning: str


@dataclass(frozen=True, eq=False)
class Label:
    """Contractions by one rule, and when they became known.

    Parameters
    ----------
    name
        As on the command line: `two-quarters`, `given:recession`.
    target
        The indicator that was labelled; for `nber` and `given` the one that is shown.
    values : Series (country, period)
        1 contraction, 0 expansion, missing not known.
    known_at : Series (country, period)
        The date on which each value became known.
    meaning
        What a contraction is, in words.
    """

    name: str
    target: str
    values: pd.Series
    known_at: pd.Series
    meaning: str


def apply(panel: Panel, name: str, target: str = "real_gdp") -> Label:
    """Return the labels of every country of the panel by the rule of that name.

    Raises
    ------
    UsageError
        There is no such rule, or it is not defined at the panel's frequency.
    DataError
        The panel lacks the target or the column, or the column is not 0 and 1.
    """
    check(name, panel.frequency)
    if name.startswith("given:"):
        return _given(panel, name, target)
    if name == "nber":
        return _nber(panel, target)
    if target not in panel.values:
        raise DataError(
            f"the data have no {target} at frequency {panel.frequency}: choose another "
            f"--target ({', '.join(panel.columns[:5])}, ...) or --frequency"
        )
    rule = RULES[name]
    levels = panel.values[target]
    values = rule.mark(levels)
    known_at = _settled_at(panel.known_at[target], rule, panel.frequency)
    known_at = known_at.where(values.notna())
    return Label(name, target, values.where(known_at.notna()), known_at, rule.meaning)


def check(name: str, frequency: Frequency) -> None:
    """Raise `UsageError` unless `name` is a rule that is defined at `frequency`."""
    if name.startswith("given:") and name != "given:":
        return
    if name not in FREQUENCIES_OF:
        raise UsageError(
            f"no label rule is called {name!r}: choose one of {', '.join(NAMES)}"
        )
    frequencies = FREQUENCIES_OF[name]
    if frequency not in frequencies:
        raise UsageError(
            f"label {name} is not defined at frequency {frequency}: "
            f"choose --frequency {' or '.join(frequencies)}, or another --label"
        )


def growth(levels: pd.Series, periods: int = 1) -> pd.Series:
    """Return the change over `periods` in percent, within each country.

    Missing where either level is missing or the earlier one is not above zero.
    """
    earlier = levels.groupby(level="country").shift(periods)
    return 100 * (levels / earlier.where(earlier > 0) - 1)


def _mark_negative_growth(levels: pd.Series) -> pd.Series:
    return _below_zero(growth(levels))


def _mark_year_on_year(levels: pd.Series) -> pd.Series:
    periods = pd.PeriodIndex(levels.index.get_level_values("period"))
    year = {"Y": 1, "Q": 4, "M": 12}[periods.freqstr[0]]
    return _below_zero(growth(levels, year))


def _mark_two_quarters(levels: pd.Series) -> pd.Series:
    """Mark quarters of falling output that have another beside them.

    Both kinds wait for the next quarter: a rising one too, else the newest training
    rows would hold expansions alone.
    """
    falling = _mark_negative_growth(levels)
    by_country = falling.groupby(level="country")
    before, after = by_country.shift(1), by_country.shift(-1)
    told = falling.notna() & after.notna()
    # The first quarter of all has no growth before it, which cannot hide a run that
    # goes on into the next.
    contraction = (falling == 1) & ((before == 1) | (after == 1))
    unsure = (falling == 1) & before.isna() & (after == 0)
    return contraction.astype(float).where(told & ~unsure)


def _below_zero(change: pd.Series) -> pd.Series:
    return (change < 0).astype(float).where(change.notna())


def _settled_at(known_at: pd.Series, rule: Rule, frequency: Frequency) -> pd.Series:
    """Return when the last of the levels that a mark rests on became known."""
    by_country = known_at.groupby(level="country")
    looks_back = rule.looks_back or PERIODS_A_YEAR[frequency]
    shifts = [by_country.shift(by) for by in (looks_back, 0, -rule.looks_ahead)]
    return pd.concat(shifts, axis="columns").max(axis="columns", skipna=False)


def _given(panel: Panel, name: str, target: str) -> Label:
    column = name.removeprefix("given:")
    if column not in panel.values:
        raise DataError(
            f"the data have no column {column!r} for --label {name}: "
            f"they have {', '.join(panel.columns[:8])}"
        )
    values = panel.values[column]
    strange = values[~values.isin([0.0, 1.0]) & values.notna()]
    if len(strange):
        raise DataError(
            f"column {column!r} must hold 0 and 1 for --label {name}, "
            f"but has {strange.iloc[0]:g} in {strange.index[0][1]}"
        )
    known_at = panel.known_at[column].where(values.notna())
    return Label(name, target, values, known_at, f"the column {column} being 1")


def _nber(panel: Panel, target: str) -> Label:
    """Label the United States by the committee's chronology, other countries not.

    Output is not measured monthly; industrial production is shown in its place.
    """
    if "USA" not in panel.values.index.unique("country"):
        raise DataError(
            "label nber is the chronology of the United States, which the data do not "
            "hold: choose --country USA, or another --label"
        )
    periods = pd.PeriodIndex(panel.values.loc["USA"].index)
    marks = nber_marks(periods)
    index = pd.MultiIndex.from_product(
        [["USA"], periods], names=panel.values.index.names
    )
    marks = marks.set_axis(index).reindex(panel.values.index)
    known_at = marks["known_at"].where(marks["known_at"] <= panel.as_of)
    values = marks["contraction"].where(known_at.notna())
    shown = target if target in panel.values else "industrial_production"
    return Label(
        "nber", shown, values, known_at, "recession by the chronology of the NBER"
    )


def nber_marks(periods: pd.PeriodIndex) -> pd.DataFrame:
    """Return `contraction` and `known_at` of months or quarters since 1948-11.

    A month contracts from the one after a peak to the trough; a quarter contracts where
    a month of it does. A contraction is known when its peak is announced or, for the
    months after that, when its trough is. An expansion is never announced: it counts as
    known once the longest delay of any announced peak has passed, and not before the
    trough was announced from which it began.

    Notes
    -----
    National Bureau of Economic Research, *US Business Cycle Expansions and
    Contractions* and *Business Cycle Dating Committee Announcements*. Before 1980 there
    was no committee; a delay of a year is assumed.
    """
    frequency = periods.freqstr[0]
    months = pd.period_range("1948-12", periods.max().asfreq("M", "end"), freq="M")
    ends = months.to_timestamp(how="end").normalize().to_series(months)
    year = pd.DateOffset(years=1)
    contraction = pd.Series(0.0, months)
    known_at = ends + year
    for peak, trough, peak_announced, trough_announced in NBER_CHRONOLOGY:
        first, last = pd.Period(peak, "M") + 1, pd.Period(trough, "M")
        peak_known = pd.Timestamp(peak_announced or first.start_time + year)
        trough_known = pd.Timestamp(
            trough_announced or last.end_time.normalize() + year
        )
        during = (months >= first) & (months <= last)
        contraction[during] = 1.0
        known_at = known_at.mask(during, peak_known)
        known_at = known_at.mask(during & (ends > peak_known), trough_known)
        known_at = known_at.mask(
            (months > last) & (known_at < trough_known), trough_known
        )
    marks = pd.DataFrame({"contraction": contraction, "known_at": known_at})
    if frequency == "Q":
        whole = marks.groupby(months.asfreq("Q"))
        marks = whole.max().where(whole.size() == 3, axis="index")
    return marks.reindex(periods)


# Peak and trough months, and the days on which the committee announced them.
NBER_CHRONOLOGY: tuple[tuple[str, str, str | None, str | None], ...] = (
    ("1948-11", "1949-10", None, None),
    ("1953-07", "1954-05", None, None),
    ("1957-08", "1958-04", None, None),
    ("1960-04", "1961-02", None, None),
    ("1969-12", "1970-11", None, None),
    ("1973-11", "1975-03", None, None),
    ("1980-01", "1980-07", "1980-06-03", "1981-07-08"),
    ("1981-07", "1982-11", "1982-01-06", "1983-07-08"),
    ("1990-07", "1991-03", "1991-04-25", "1992-12-22"),
    ("2001-03", "2001-11", "2001-11-26", "2003-07-17"),
    ("2007-12", "2009-06", "2008-12-01", "2010-09-20"),
    ("2020-02", "2020-04", "2020-06-08", "2021-07-19"),
)

RULES: Mapping[str, Rule] = {
    "negative-growth": Rule(
        _mark_negative_growth,
        looks_ahead=0,
        looks_back=1,
        frequencies=("A", "Q", "M"),
        meaning="output below that of the period before",
    ),
    "year-on-year": Rule(
        _mark_year_on_year,
        looks_ahead=0,
        looks_back=None,
        frequencies=("A", "Q", "M"),
        meaning="output below that of a year before",
    ),
    "two-quarters": Rule(
        _mark_two_quarters,
        looks_ahead=1,
        looks_back=1,
        frequencies=("Q",),
        meaning="output falling for two quarters or more in a row",
    ),
}

FREQUENCIES_OF: Mapping[str, tuple[Frequency, ...]] = {
    **{name: rule.frequencies for name, rule in RULES.items()},
    "nber": ("M", "Q"),
}
NAMES: tuple[str, ...] = (*FREQUENCIES_OF, "given:COLUMN")
