"""Growth or contraction, by named rule, and when each label became known.

A rule marks every period of a level series 1 (contraction), 0 (expansion) or missing
(not to be told). It is asked anew on every day on which a level became known, of what
was known by then, and a `Label` holds every answer with its day: so no label is used
before it could have been written, and none that was written differently at the time.
`nber` and `given` do not look at levels: their marks are somebody else's, with dates of
their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet import dating
from econnet.core.periods import (
    FREQUENCY_OF_ALIAS,
    PANDAS_ALIAS,
    PERIODS_A_YEAR,
    Frequency,
)
from econnet.core.types import Floats
from econnet.errors import DataError, UsageError
from econnet.panel import Panel

Marks: TypeAlias = Callable[[Floats, Frequency], Floats]


@dataclass(frozen=True)
class Rule:
    """How contractions are told from a series of levels.

    Parameters
    ----------
    marks
        Takes levels without gaps in the periods, (days, periods), what was known on a
        day in each row, and their frequency; returns 1, 0 or missing for each.
    looks_ahead
        Periods that must pass before a mark stands for good; `None` where later levels
        may always revise it.
    looks_back
        Periods back to the level that growth is measured from; `None` for a year.
    frequencies
        Those for which the rule is defined.
    meaning
        What a contraction is: `output below that of the period before`.
    clause
        The same in a sentence that begins with `how likely is it that`, of output.
    clause_of_other
        The same of another indicator, whose title replaces `{title}`.
    caveat
        What to keep in mind of the rule; the name of a period replaces `{noun}`.
    """

    marks: Marks
    looks_ahead: int | None
    looks_back: int | None
    frequencies: tuple[Frequency, ...]
    meaning: str
    clause: str
    clause_of_other: str
    caveat: str = ""

    def mark(self, levels: pd.Series) -> pd.Series:
        """Return 1, 0 or missing for levels by (country, period), all being known."""
        periods = pd.PeriodIndex(levels.index.get_level_values("period"))
        frequency = FREQUENCY_OF_ALIAS[periods.freqstr[0]]

        def of_country(own: pd.Series) -> pd.Series:
            row = own.to_numpy(dtype=float)[None, :]
            return pd.Series(self.marks(row, frequency)[0], own.index)

        return levels.groupby(level="country", group_keys=False).apply(of_country)


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
        1 contraction, 0 expansion, missing not known: the newest that is said.
    known_at : Series (country, period)
        The date from which each of `values` has been said.
    meaning
        What a contraction is, in words.
    revisions : DataFrame
        `country, period, known_at, value`: every value that a label ever had and the
        date from which it had it, oldest first; the value is missing where the label
        was taken back.
    """

    name: str
    target: str
    values: pd.Series
    known_at: pd.Series
    meaning: str
    revisions: pd.DataFrame

    def on(self, day: pd.Timestamp) -> pd.Series:
        """Return what was said of each (country, period) at the end of a day."""
        known = self.days <= np.datetime64(day, "D")
        said = np.full(len(self.values), np.nan)
        # Of several for one place, the last assigned stays, and that is the newest.
        said[self.places[known]] = self.revisions["value"].to_numpy()[known]
        return pd.Series(said, self.values.index)

    @cached_property
    def settled(self) -> bool:
        """Whether no label was ever told in two ways."""
        return len(np.unique(self.places)) == len(self.places)

    @cached_property
    def places(self) -> npt.NDArray[np.intp]:
        """The position in `values` of each revision."""
        keys = pd.MultiIndex.from_frame(self.revisions[["country", "period"]])
        return self.values.index.get_indexer(keys)

    @cached_property
    def days(self) -> npt.NDArray[np.datetime64]:
        """The day of each revision."""
        return self.revisions["known_at"].to_numpy(dtype="datetime64[D]")


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
    revisions = _as_told(rule, panel.revisions(target), panel.frequency)
    return _label(panel, name, target, rule.meaning, revisions)


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


def clause(name: str, target: str, title: str) -> str:
    """Return what it is that may happen, within a sentence: `output contracts`.

    Parameters
    ----------
    title
        What `target` is called in a sentence.
    """
    if name.startswith("given:"):
        return f"{name.removeprefix('given:')} is 1"
    if name == "nber":
        return "the economy is in recession, as the NBER dates it,"
    rule = RULES[name]
    if target == "real_gdp":
        return rule.clause
    return rule.clause_of_other.format(title=title)


def growth(levels: pd.Series, periods: int = 1) -> pd.Series:
    """Return the change over `periods` in percent, within each country.

    Missing where either level is missing or the earlier one is not above zero.
    """
    earlier = levels.groupby(level="country").shift(periods)
    change = percent_change(levels.to_numpy(dtype=float), earlier.to_numpy(dtype=float))
    return pd.Series(change, levels.index)


def percent_change(levels: Floats, earlier: Floats) -> Floats:
    """Return the change in percent, missing where `earlier` is not above zero."""
    change: Floats = 100 * (levels / np.where(earlier > 0, earlier, np.nan) - 1)
    return change


def _as_told(rule: Rule, levels: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """Return all that the rule said of levels, `country, period, known_at, value`.

    Takes every value that a level ever had, likewise.
    """
    parts = [_of_country(rule, own, frequency) for _, own in levels.groupby("country")]
    told: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return told


def _of_country(rule: Rule, levels: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """Return what the rule said of one country, each time that it said something else.

    It is asked on every day on which a level became known.
    """
    ordinals = pd.PeriodIndex(levels["period"]).asi8
    days, day = np.unique(levels["known_at"].to_numpy(), return_inverse=True)
    known = _vintages(
        day, ordinals - ordinals.min(), levels["value"].to_numpy(dtype=float)
    )
    marks = rule.marks(known, frequency)
    before = np.vstack([np.full(marks.shape[1], np.nan), marks[:-1]])
    same = (marks == before) | (np.isnan(marks) & np.isnan(before))
    changed, place = np.nonzero(~same)
    periods = pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
        place + ordinals.min(), freq=PANDAS_ALIAS[frequency]
    )
    return pd.DataFrame(
        {
            "country": levels["country"].iloc[0],
            "period": periods,
            "known_at": days[changed],
            "value": marks[changed, place],
        }
    )


def _vintages(
    day: npt.NDArray[np.intp], place: npt.NDArray[np.int64], values: Floats
) -> Floats:
    """Return what was known on each day, (days, periods), from the newest value on it.

    A value that was set on a day stands on the days that follow, until it is set again.
    """
    shape = (int(day.max()) + 1, int(place.max()) + 1)
    known = np.full(shape, np.nan)
    known[day, place] = values
    set_on = np.zeros(shape, dtype=np.intp)
    set_on[day, place] = day
    newest: Floats = np.take_along_axis(
        known, np.maximum.accumulate(set_on, axis=0), axis=0
    )
    return newest


def _label(
    panel: Panel, name: str, target: str, meaning: str, revisions: pd.DataFrame
) -> Label:
    """Return the label of every period of the panel, with the newest that was said."""
    revisions = revisions.sort_values("known_at", kind="stable", ignore_index=True)
    newest = (
        revisions.drop_duplicates(["country", "period"], keep="last")
        .set_index(["country", "period"])
        .reindex(panel.values.index)
    )
    values = newest["value"]
    known_at = newest["known_at"].where(values.notna())
    return Label(
        name,
        target,
        values.rename(None),
        known_at.rename(None),
        meaning,
        revisions[["country", "period", "known_at", "value"]],
    )


def _mark_negative_growth(levels: Floats, _: Frequency) -> Floats:
    return _falling(levels, 1)


def _mark_year_on_year(levels: Floats, frequency: Frequency) -> Floats:
    return _falling(levels, PERIODS_A_YEAR[frequency])


def _mark_two_quarters(levels: Floats, _: Frequency) -> Floats:
    """Mark quarters of falling output that have another beside them.

    Both kinds wait for the next quarter: a rising one too, else the newest training
    rows would hold expansions alone.
    """
    falling = _falling(levels, 1)
    before, after = _shifted(falling, 1), _shifted(falling, -1)
    told = ~np.isnan(falling) & ~np.isnan(after)
    # The first quarter of all has no growth before it, which cannot hide a run that
    # goes on into the next.
    contraction = (falling == 1) & ((before == 1) | (after == 1))
    unsure = (falling == 1) & np.isnan(before) & (after == 0)
    return np.where(told & ~unsure, contraction, np.nan)


def _on_each_day(tell: Callable[[Floats, Frequency], Floats]) -> Marks:
    """Return the marks of a rule that tells one series of levels, (periods,)."""

    def marks(levels: Floats, frequency: Frequency) -> Floats:
        return np.stack([tell(known, frequency) for known in levels])

    return marks


def _falling(levels: Floats, periods: int) -> Floats:
    """Return 1 where growth over `periods` is below zero, 0 where not, else missing."""
    change = percent_change(levels, _shifted(levels, periods))
    return np.where(np.isnan(change), np.nan, change < 0)


def _shifted(values: Floats, periods: int) -> Floats:
    """Return the value `periods` before each, along the last axis."""
    shifted = np.full_like(values, np.nan)
    if periods > 0:
        shifted[..., periods:] = values[..., :-periods]
    else:
        shifted[..., :periods] = values[..., -periods:]
    return shifted


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
    meaning = f"the column {column} being 1"
    return _label(panel, name, target, meaning, panel.revisions(column))


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
    marks = marks.set_axis(index).rename(columns={"contraction": "value"}).dropna()
    revisions = marks[marks["known_at"] <= panel.as_of].reset_index()
    shown = target if target in panel.values else "industrial_production"
    meaning = "recession by the chronology of the NBER"
    return _label(panel, "nber", shown, meaning, revisions)


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


def nber_turning_points(frequency: Frequency) -> pd.DataFrame:
    """Return the chronology as `period, kind`, by months (`M`) or quarters (`Q`).

    The committee dates quarters by themselves: the peak of February 2020 is one of
    2019Q4.
    """
    chronology = [
        (peak, trough) if frequency == "M" else quarters
        for (peak, trough, *_), quarters in zip(
            NBER_CHRONOLOGY, NBER_QUARTERS, strict=True
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

GROWTH_CYCLE_CAVEAT = (
    "Output below its trend need not fall: it mostly grows, but slowly. And the trend "
    "is revised as later figures come in: the networks learn from what was told at the "
    "time, and are judged by what is told today."
)

RULES: Mapping[str, Rule] = {
    "negative-growth": Rule(
        _mark_negative_growth,
        looks_ahead=0,
        looks_back=1,
        frequencies=("A", "Q", "M"),
        meaning="output below that of the period before",
        clause="output contracts",
        clause_of_other="there is a fall in {title}",
        caveat="A single {noun} of falling output is not yet a recession, and where "
        "growth is slow a small error of measurement turns one into the other.",
    ),
    "year-on-year": Rule(
        _mark_year_on_year,
        looks_ahead=0,
        looks_back=None,
        frequencies=("A", "Q", "M"),
        meaning="output below that of a year before",
        clause="output is below its level of a year before",
        clause_of_other="there is a fall in {title} over a year",
    ),
    "two-quarters": Rule(
        _mark_two_quarters,
        looks_ahead=1,
        looks_back=1,
        frequencies=("Q",),
        meaning="output falling for two quarters or more in a row",
        clause="output falls, in a run of two quarters or more,",
        clause_of_other="there is a fall in {title}, one of two or more in a row,",
    ),
    "turning-points": Rule(
        _on_each_day(dating.contractions),
        looks_ahead=None,
        looks_back=1,
        frequencies=("A", "Q", "M"),
        meaning="output on its way from a peak to a trough",
        clause="output is on its way from a peak to a trough",
        clause_of_other="{title} is on its way from a peak to a trough",
        caveat="Turning points may be revised as later figures come in: the networks "
        "learn from what was told at the time, and are judged by what is told today.",
    ),
    "growth-cycle": Rule(
        _on_each_day(dating.below_hamilton_trend),
        looks_ahead=None,
        looks_back=1,
        frequencies=("A", "Q", "M"),
        meaning="output below its trend (Hamilton filter)",
        clause="output is below its trend",
        clause_of_other="{title} is below its trend",
        caveat=GROWTH_CYCLE_CAVEAT,
    ),
    "growth-cycle-hp": Rule(
        _on_each_day(dating.below_hp_trend),
        looks_ahead=None,
        looks_back=1,
        frequencies=("A", "Q", "M"),
        meaning="output below its trend (Hodrick-Prescott filter)",
        clause="output is below its trend",
        clause_of_other="{title} is below its trend",
        caveat=GROWTH_CYCLE_CAVEAT,
    ),
}

FREQUENCIES_OF: Mapping[str, tuple[Frequency, ...]] = {
    **{name: rule.frequencies for name, rule in RULES.items()},
    "nber": ("M", "Q"),
}
NAMES: tuple[str, ...] = (*FREQUENCIES_OF, "given:COLUMN")
