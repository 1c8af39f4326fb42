"""What a forecaster could have read off the data on the last day of each origin.

Every indicator is transformed (growth, log-difference, difference, level or ratio),
and each origin takes the newest transformed value that was known on its last day, some
values before that, and their moving averages. A value serves for at most a year after
it was published. From the labels known at the origin come the last known phase, how
long it has lasted and how often the country has contracted so far; from the other
countries, their mean growth and the share of them that shrank.

Missing values stay missing here: `Scaler`, fitted on the training rows of each origin
alone, replaces them by the training median and adds a flag that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.catalog import PANDAS_ALIAS, Frequency, Indicator
from econnet.labels import RULES, Label, growth
from econnet.panel import Days, Panel

Floats = npt.NDArray[np.float64]
Event: TypeAlias = Literal["at", "within"]

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Shape:
    """Which past values of an indicator become columns, counted from the newest known.

    Parameters
    ----------
    lags
        Periods back from the newest value; 0 is the newest.
    means
        Lengths of the moving averages that end in the newest value.
    deviations
        Lengths of the moving standard deviations that end in it.
    """

    lags: tuple[int, ...]
    means: tuple[int, ...]
    deviations: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """One column of `X`: which indicator it comes from, and how.

    Parameters
    ----------
    newest_weight
        How much the column moves when the indicator's newest value moves by 1.
    """

    name: str
    indicator: str
    newest_weight: float = 0.0


@dataclass(frozen=True, eq=False)
class Features:
    """The rows a model may learn from and forecast, one a country and origin.

    Parameters
    ----------
    X : array (rows, columns)
        Features in the units of their transforms; missing values are NaN.
    index
        Country and origin of each row, sorted.
    columns
        What each column of `X` is.
    y : array (rows,)
        1 where the event came about, 0 where it did not, NaN where not known.
    known_at : array (rows,)
        The last day of the origin, in days since 1970-01-01.
    target_known_at : array (rows,)
        The day on which `y` became known; the largest integer where it never did.
    label
        What `y` is made of.
    horizon, event
        `at`: the period `horizon` after the origin contracts. `within`: a period after
        the origin does, up to that one. With a horizon of 0, the origin itself.
    """

    X: Floats
    index: pd.MultiIndex
    columns: tuple[Column, ...]
    y: Floats
    known_at: Days
    target_known_at: Days
    label: Label
    horizon: int
    event: Event

    @property
    def countries(self) -> npt.NDArray[np.object_]:
        """The country of each row."""
        return self.index.get_level_values("country").to_numpy(dtype=object)

    @property
    def origins(self) -> pd.PeriodIndex:
        """The origin of each row."""
        return pd.PeriodIndex(self.index.get_level_values("origin"))

    @property
    def newest(self) -> npt.NDArray[np.int64]:
        """The positions of the columns that hold an indicator's newest value."""
        return np.flatnonzero(
            [column.name == column.indicator for column in self.columns]
        )

    def named(self, name: str) -> Floats:
        """Return the column of that name, (rows,)."""
        position = [column.name for column in self.columns].index(name)
        values: Floats = self.X[:, position]
        return values


def build(panel: Panel, label: Label, horizon: int, event: Event = "at") -> Features:
    """Return the features of every country that has labels, and of every origin.

    A country's last origin is the period in which the newest value of the target became
    known. For labels that are given, not computed from the target, it is the period by
    which the newest values of half its indicators were known.
    """
    countries = [
        country
        for country in panel.countries
        if label.values.loc[country].notna().any()
    ]
    inputs = _inputs(panel, label.target, countries)
    blocks, indexes = [], []
    for country in countries:
        origins = _origins(panel, label, country)
        ends = _days(origins.end_time.normalize())
        parts = [item.rows(country, ends) for item in inputs]
        blocks.append(np.column_stack([*parts, _phase(label, country, ends)]))
        indexes.append(pd.MultiIndex.from_product([[country], origins]))
    X = np.concatenate(blocks)
    index = indexes[0].append(indexes[1:]).set_names(["country", "origin"])
    columns = [column for item in inputs for column in item.columns]
    columns += [Column(name, PHASE) for name in PHASE_COLUMNS]
    names = [column.name for column in columns]
    if label.target in names and len(countries) >= FEWEST_COUNTRIES_ABROAD:
        newest = X[:, names.index(label.target)]
        X = np.column_stack([X, _abroad(newest, index)])
        columns += [Column(name, ABROAD) for name in ABROAD_COLUMNS]
    origins = pd.PeriodIndex(index.get_level_values("origin"))
    known_at = _days(origins.end_time.normalize())
    y, target_known_at = targets(label, index, horizon, event)
    return Features(
        X,
        index,
        tuple(columns),
        y,
        known_at,
        target_known_at,
        label,
        horizon,
        event,
    )


def with_target(made: Features, horizon: int, event: Event = "at") -> Features:
    """Return the same features with another target, which costs next to nothing."""
    y, target_known_at = targets(made.label, made.index, horizon, event)
    return replace(
        made, y=y, target_known_at=target_known_at, horizon=horizon, event=event
    )


def targets(
    label: Label, index: pd.MultiIndex, horizon: int, event: Event
) -> tuple[Floats, Days]:
    """Return whether the event came about after each origin, and when that was known.

    `within` waits for all its periods, whatever comes about: were a contraction known
    with the first period that brings one, the newest training rows would hold
    contractions alone.
    """
    rows = _rows_ahead(label.values.index, index, horizon, event)
    inside = rows >= 0
    values = np.where(inside, label.values.to_numpy(dtype=float)[rows], np.nan)
    known_at = np.where(inside, _days(label.known_at)[rows], NEVER)
    return values.max(axis=1), known_at.max(axis=1)


def transformed(panel: Panel, indicator: Indicator) -> tuple[pd.Series, pd.Series]:
    """Return an indicator's transformed values and when each became known.

    Rates of change and ratios are in percent, differences in the indicator's own unit.
    """
    levels, known_at = panel.values[indicator.key], panel.known_at[indicator.key]
    before = levels.groupby(level="country").shift(1)
    before_known_at = known_at.groupby(level="country").shift(1)
    match indicator.transform:
        case "level":
            return levels, known_at
        case "difference":
            change = levels - before
        case "growth":
            change = growth(levels)
        case "log-difference":
            change = 100 * (
                levels.where(levels > 0).map(np.log)
                - before.where(before > 0).map(np.log)
            )
        case "ratio":
            divisor = panel.values[indicator.denominator]
            divisor_known_at = panel.known_at[indicator.denominator]
            share = 100 * levels / divisor.where(divisor > 0)
            return share, known_at.where(known_at > divisor_known_at, divisor_known_at)
    return change, known_at.where(known_at > before_known_at, before_known_at)


@dataclass(frozen=True, eq=False)
class _Input:
    """One indicator's transformed values, and the columns that are made of them."""

    key: str
    shape: Shape
    values: Mapping[str, Floats]
    known_at: Mapping[str, Days]

    @property
    def columns(self) -> list[Column]:
        """The columns that `rows` returns, in their order."""
        key, shape = self.key, self.shape
        lags = [
            Column(f"{key} lag {lag}", key) if lag else Column(key, key, 1.0)
            for lag in shape.lags
        ]
        means = [Column(f"{key} mean {n}", key, 1 / n) for n in shape.means]
        return [
            *lags,
            *means,
            *(Column(f"{key} deviation {n}", key) for n in shape.deviations),
        ]

    def rows(self, country: str, ends: Days) -> Floats:
        """Return the columns as known on the days `ends`, (ends, columns)."""
        values = self.values[country]
        newest = _newest_known(self.known_at[country], ~np.isnan(values), ends)
        parts = [_at(values, newest - lag, newest) for lag in self.shape.lags]
        parts += [
            _at(_trailing_mean(values, length), newest, newest)
            for length in self.shape.means
        ]
        parts += [
            _at(_trailing_deviation(values, length), newest, newest)
            for length in self.shape.deviations
        ]
        return np.column_stack(parts)


def _inputs(panel: Panel, target: str, countries: list[str]) -> list[_Input]:
    """Return the indicators that at least half the countries have."""
    inputs = []
    rows = panel.rows_of_countries()
    for indicator in panel.indicators.values():
        if indicator.key not in panel.values:
            continue
        if indicator.transform == "ratio" and indicator.denominator not in panel.values:
            continue
        values, known_at = transformed(panel, indicator)
        shapes = TARGET_SHAPES if indicator.key == target else SHAPES
        array, days = values.to_numpy(dtype=float), _days(known_at)
        by_country = {country: array[rows[country]] for country in countries}
        have = sum(not np.isnan(block).all() for block in by_country.values())
        if 2 * have < len(countries) or have == 0:
            continue
        inputs.append(
            _Input(
                indicator.key,
                shapes[panel.frequency],
                by_country,
                {country: days[rows[country]] for country in countries},
            )
        )
    return inputs


def _origins(panel: Panel, label: Label, country: str) -> pd.PeriodIndex:
    """Return the origins of a country, from its first period on."""
    known_at = panel.known_at.loc[country]
    computed = label.name in RULES
    newest = known_at[[label.target]].max() if computed else known_at.max()
    dates = newest.dropna().sort_values()
    last = pd.Timestamp(dates.iloc[(len(dates) - 1) // 2])
    alias = PANDAS_ALIAS[panel.frequency]
    return pd.period_range(known_at.index.min(), last.to_period(alias), freq=alias)


def _newest_known(known_at: Days, valid: npt.NDArray[np.bool_], ends: Days) -> Days:
    """Return the position of the newest valid value known on each day; -1 for none.

    A value that was published more than a year before the day no longer serves.
    """
    positions = np.flatnonzero(valid)
    published = np.maximum.accumulate(known_at[positions])
    which = np.searchsorted(published, ends, side="right") - 1
    newest = np.where(which >= 0, positions[which], -1) if len(positions) else which
    fresh = (which >= 0) & (ends - published[which] <= 366) if len(positions) else False
    return np.where(fresh, newest, -1)


def _at(values: Floats, positions: Days, newest: Days) -> Floats:
    """Return the values at `positions`, missing before the first or without newest."""
    inside = (positions >= 0) & (newest >= 0)
    return np.where(inside, values[np.where(inside, positions, 0)], np.nan)


def _trailing_mean(values: Floats, length: int) -> Floats:
    """Return the mean of the last `length` values, if at least half are there."""
    windows, n = _trailing_windows(values, length)
    mean: Floats = np.nansum(windows, axis=1) / np.where(2 * n >= length, n, np.nan)
    return mean


def _trailing_deviation(values: Floats, length: int) -> Floats:
    """Return the standard deviation of the last `length` values, likewise."""
    windows, n = _trailing_windows(values, length)
    errors = windows - _trailing_mean(values, length)[:, None]
    variance = np.nansum(errors**2, axis=1) / np.where(2 * n >= length, n - 1, np.nan)
    deviation: Floats = np.sqrt(variance)
    return deviation


def _trailing_windows(values: Floats, length: int) -> tuple[Floats, Floats]:
    """Return the last `length` values at each position, and how many are there."""
    padded = np.concatenate([np.full(length - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)
    return windows, (~np.isnan(windows)).sum(axis=1).astype(float)


def _phase(label: Label, country: str, ends: Days) -> Floats:
    """Return the columns of the last known phase, `PHASE_COLUMNS`."""
    values = label.values.loc[country].to_numpy(dtype=float)
    valid = ~np.isnan(values)
    newest = _newest_known(_days(label.known_at.loc[country]), valid, ends)
    known = pd.Series(values[valid])
    lasted = np.full(len(values), np.nan)
    lasted[valid] = known.groupby((known != known.shift()).cumsum()).cumcount() + 1
    share = np.full(len(values), np.nan)
    share[valid] = (known.cumsum() + 1) / (np.arange(len(known)) + PRIOR_PERIODS)
    parts = (values, np.log(lasted), share)
    return np.column_stack([_at(part, newest, newest) for part in parts])


def _abroad(grown: Floats, index: pd.MultiIndex) -> Floats:
    """Return the other countries' mean growth and the share of them that shrank."""
    origins = index.get_level_values("origin")
    known = ~np.isnan(grown)
    # A collapse in one small country says little about the world.
    bounded = np.clip(np.where(known, grown, 0.0), -10.0, 10.0)
    table = pd.DataFrame({"n": known, "sum": bounded, "shrank": known & (grown < 0)})
    others = table.astype(float).groupby(origins).transform("sum") - table
    n = others["n"].where(others["n"] > 0)
    return np.column_stack([others["sum"] / n, 100 * others["shrank"] / n])


def _rows_ahead(
    labelled: pd.Index, index: pd.MultiIndex, horizon: int, event: Event
) -> npt.NDArray[np.int64]:
    """Return where the labels of each target stand, (rows, periods); -1 for nowhere."""
    countries = index.get_level_values("country")
    origins = pd.PeriodIndex(index.get_level_values("origin"))
    first = 1 if event == "within" and horizon > 0 else horizon
    return np.column_stack(
        [
            labelled.get_indexer(
                pd.MultiIndex.from_arrays([countries, origins + ahead])
            )
            for ahead in range(first, horizon + 1)
        ]
    )


def _days(dates: pd.Series | pd.DatetimeIndex) -> Days:
    """Return dates as days since 1970-01-01, `NEVER` for a missing one."""
    days = np.asarray(dates, dtype="datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Scaler:
    """Turns features into the numbers that a model takes.

    Values are held within the training rows' 1st and 99th percentile, missing ones take
    the median, and what results is centred, divided by its standard deviation and held
    within three of them. A column that the training rows mostly lack, or that does not
    vary there, becomes 0 throughout, so that the width does not depend on the rows. An
    indicator that is missing in some of them gets a flag.

    Parameters
    ----------
    low, median, high, mean : array (columns,)
        Percentiles and means of the training rows; 0 in columns that are not used.
    scale : array (columns,)
        What the deviation from the mean is multiplied by; 0 in columns not used.
    flaggable : array (flags,)
        Positions of the columns whose absence may be flagged.
    flagged : array (flags,)
        1 where it is, else 0.
    """

    low: Floats
    median: Floats
    high: Floats
    mean: Floats
    scale: Floats
    flaggable: npt.NDArray[np.int64]
    flagged: Floats

    @classmethod
    def fit(cls, X: Floats, flaggable: npt.NDArray[np.int64]) -> "Scaler":
        """Return the scaler of the training rows `X`, (rows, columns)."""
        share_missing = np.isnan(X).mean(axis=0)
        used = np.flatnonzero(share_missing <= MOST_MISSING)
        low, median, high, mean, scale = np.zeros((5, X.shape[1]))
        low[used], median[used], high[used] = np.nanquantile(
            X[:, used], [0.01, 0.5, 0.99], axis=0
        )
        used = np.flatnonzero(high > low)
        filled = _fill(X[:, used], low[used], median[used], high[used])
        mean[used] = filled.mean(axis=0)
        scale[used] = 1 / filled.std(axis=0)
        for moments in (low, median, high):
            moments[scale == 0] = 0
        flagged = (scale > 0) & (share_missing >= FEWEST_FLAGGED)
        return cls(
            low, median, high, mean, scale, flaggable, flagged[flaggable].astype(float)
        )

    def transform(self, X: Floats) -> Floats:
        """Return `X` scaled, (rows, columns + flags)."""
        filled = _fill(X, self.low, self.median, self.high)
        z = np.clip((filled - self.mean) * self.scale, -3.0, 3.0)
        return np.column_stack([z, np.isnan(X[:, self.flaggable]) * self.flagged])


def _fill(X: Floats, low: Floats, median: Floats, high: Floats) -> Floats:
    filled: Floats = np.where(np.isnan(X), median, np.clip(X, low, high))
    return filled


# Columns that are missing in more than half of the training rows are not used, and
# those that hardly ever are get no flag.
MOST_MISSING = 0.5
FEWEST_FLAGGED = 0.02

PHASE = "phase"
PHASE_COLUMNS = ("last known phase", "log periods in phase", "share of contractions")
# A share of one in five, from five periods, until the country has a history.
PRIOR_PERIODS = 6

ABROAD = "abroad"
ABROAD_COLUMNS = ("growth abroad", "share shrinking abroad")
FEWEST_COUNTRIES_ABROAD = 3

SHAPES: Mapping[Frequency, Shape] = {
    "A": Shape(lags=(0,), means=(3,), deviations=()),
    "Q": Shape(lags=(0, 1), means=(4,), deviations=()),
    "M": Shape(lags=(0,), means=(3, 12), deviations=()),
}
# Of the target also its trend and its volatility over ten years.
TARGET_SHAPES: Mapping[Frequency, Shape] = {
    "A": Shape(lags=(0, 1, 2), means=(3, 10), deviations=(10,)),
    "Q": Shape(lags=(0, 1, 2, 3), means=(4, 40), deviations=(40,)),
    "M": Shape(lags=(0, 1, 2), means=(3, 12, 120), deviations=(120,)),
}
