"""What a forecaster could have read off the data on the last day of each origin.

Every indicator is transformed (growth, log-difference, difference, level or ratio),
and each origin takes the newest transformed value that was known on its last day, some
values before that, and their moving averages; of unemployment also its rise above its
low of the year before. A value serves for at most a year after it was published. From
the labels known at the origin come the last known phase, how long it has lasted and how
often the country has contracted so far; from the other countries, their mean growth and
the share of them that shrank.

Where the data have vintages, an origin takes those of its last day, and the label as it
was told then. `Features.as_known_on` hides what a model may not see on a day.

Missing values stay missing here: `Scaler`, fitted on the training rows of each origin
alone, replaces them by the training median and adds a flag that says so.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.catalog import Indicator
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.labels import RULES, Label
from econnet.panel import Days, Panel
from econnet.readings import (
    ALWAYS,
    NEVER,
    Origins,
    Phases,
    days_of,
    phases,
    readings,
)


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

    @property
    def length(self) -> int:
        """How many of the newest values the columns are made of."""
        lags = [lag + 1 for lag in self.lags]
        return max(*lags, *self.means, *self.deviations)

    def columns(self, indicator: Indicator) -> list["Column"]:
        """Return what the columns of an indicator are."""
        key = indicator.key
        # The change of a thing is another thing.
        measures = indicator.measures if indicator.transform == "level" else ""
        newest = Column(key, key, 1.0, measures=measures)
        lags = [Column(f"{key} lag {lag}", key) if lag else newest for lag in self.lags]
        means = [Column(f"{key} mean {n}", key, 1 / n) for n in self.means]
        deviations = [Column(f"{key} deviation {n}", key) for n in self.deviations]
        return [*lags, *means, *deviations]

    def of(self, newest: Floats) -> Floats:
        """Return the columns made of newest values, oldest first: (rows, columns)."""
        parts = [newest[:, -1 - lag] for lag in self.lags]
        there = ~np.isnan(newest[:, -1])
        # Without a newest value there is nothing that a mean could end in.
        parts += [np.where(there, _mean(newest[:, -n:]), np.nan) for n in self.means]
        parts += [
            np.where(there, _deviation(newest[:, -n:]), np.nan) for n in self.deviations
        ]
        return np.column_stack(parts)


def _mean(values: Floats) -> Floats:
    """Return the mean of each row, if at least half of it is there."""
    n = (~np.isnan(values)).sum(axis=1)
    enough = np.where(2 * n >= values.shape[1], n, np.nan)
    mean: Floats = np.nansum(values, axis=1) / enough
    return mean


def _deviation(values: Floats) -> Floats:
    """Return the standard deviation of each row, likewise."""
    n = (~np.isnan(values)).sum(axis=1)
    errors = values - _mean(values)[:, None]
    enough = np.where(2 * n >= values.shape[1], n - 1, np.nan)
    deviation: Floats = np.sqrt(np.nansum(errors**2, axis=1) / enough)
    return deviation


@dataclass(frozen=True)
class Column:
    """One column of `X`: which indicator it comes from, and how.

    Parameters
    ----------
    newest_weight
        How much the column moves when the indicator's newest value moves by 1.
    measures
        What it holds the newest figure of, in words known to all: a key of the
        catalog, such as `term_spread`, or `sahm_gap`; empty for anything else.
    emphasis
        How freely models may lean on it; 1 is the usual.
    """

    name: str
    indicator: str
    newest_weight: float = 0.0
    measures: str = ""
    emphasis: float = 1.0


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
    seen_from : array (rows, columns)
        The day before which a feature may not be used, though its origin is earlier:
        that of the first vintage that it rests on, where this brought the history.
    label, label_seen_from
        What `y` is made of; the day before which a row's may not be used, (rows,).
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
    seen_from: Days
    label: Label
    label_seen_from: Days
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
    def emphasis(self) -> Floats:
        """How freely models may lean on each column, (columns,)."""
        return np.array([column.emphasis for column in self.columns])

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

    def measured(self, what: str) -> str | None:
        """Return the name of the column that measures this; `None` where none does."""
        return next((it.name for it in self.columns if it.measures == what), None)

    def as_known_on(self, day: np.int64) -> "Features":
        """Return the features and targets that a model may see on a day.

        Targets are as they were told by then, NaN where they were not. Origins after
        the day keep the features of their own last day.
        """
        seen = self.seen_from <= np.maximum(self.known_at, day)[:, None]
        X = self.X if seen.all() else np.where(seen, self.X, np.nan)
        y, known_at = self._told_by(day)
        there = ~np.isnan(y) & (known_at <= day)
        return replace(
            self,
            X=X,
            y=np.where(there, y, np.nan),
            target_known_at=np.where(there, known_at, NEVER),
        )

    def _told_by(self, day: np.int64) -> tuple[Floats, Days]:
        """Return the targets by the labels as told by a day, and since when they are.

        Not the day from which the newest value has stood: that is after the day, where
        the label was revised since.
        """
        if self.label.settled:
            return self.y, self.target_known_at
        told = self.label.on(pd.Timestamp(day, unit="D"))
        since = np.full(len(told), NEVER)
        days = self.label.days.astype(np.int64)
        since[self.label.places[days <= day]] = days[days <= day]
        y, known_at = _brought_about(told, since, self._places)
        return y, np.maximum(known_at, self.label_seen_from)

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        return _places_ahead(self.label, self.index, self.horizon, self.event)


def build(panel: Panel, label: Label, horizon: int, event: Event = "at") -> Features:
    """Return the features of every country that has labels, and of every origin.

    A country's last origin is the period in which the newest value of the target became
    known. For labels that are given, not computed from the target, it is the period by
    which the newest values of half its indicators were known.
    """
    origins = _origins(panel, label)
    shapes = _shapes(panel, label.target, origins.countries)
    read = readings(panel, origins, {key: it.length for key, it in shapes.items()})
    parts = [shape.of(read[key]) for key, shape in shapes.items()]
    columns = [
        it
        for key, shape in shapes.items()
        for it in shape.columns(panel.indicators[key])
    ]
    unemployment = _unemployment(panel, shapes)
    if unemployment is not None:
        span = SAHM_SPANS[panel.frequency]
        parts.append(_sahm_gap(panel, origins, unemployment, span))
        columns.append(_sahm_column(unemployment, span))
    parts.append(_phase_columns(phases(label, panel, origins)))
    columns += [
        Column(name, PHASE, emphasis=EMPHASIS.get(name, 1.0)) for name in PHASE_COLUMNS
    ]
    if label.target in shapes and len(origins.countries) >= FEWEST_COUNTRIES_ABROAD:
        parts.append(_abroad(read[label.target][:, -1], origins.index))
        columns += [Column(name, ABROAD) for name in ABROAD_COLUMNS]
    nothing = np.full(len(origins.days), np.nan)
    made = Features(
        X=np.column_stack(parts),
        index=origins.index,
        columns=tuple(columns),
        y=nothing,
        known_at=origins.days,
        target_known_at=np.full(len(nothing), NEVER),
        seen_from=_seen_from(panel, label, origins, columns),
        label=label,
        label_seen_from=_first_vintages(panel, _labelled(label), origins),
        horizon=horizon,
        event=event,
    )
    return with_target(made, horizon, event)


def with_target(made: Features, horizon: int, event: Event = "at") -> Features:
    """Return the same features with another target, which costs next to nothing."""
    y, known_at = targets(made.label, made.index, horizon, event)
    return replace(
        made,
        y=y,
        target_known_at=np.maximum(known_at, made.label_seen_from),
        horizon=horizon,
        event=event,
    )


def targets(
    label: Label, index: pd.MultiIndex, horizon: int, event: Event
) -> tuple[Floats, Days]:
    """Return whether the event came about after each origin, and when that was known.

    `within` waits for all its periods, whatever comes about: were a contraction known
    with the first period that brings one, the newest training rows would hold
    contractions alone.
    """
    places = _places_ahead(label, index, horizon, event)
    return _brought_about(label.values, days_of(label.known_at), places)


def _origins(panel: Panel, label: Label) -> Origins:
    """Return the origins of each country with labels, from its first period on."""
    rows_of = panel.rows_of_countries()
    labelled = ~np.isnan(label.values.to_numpy(dtype=float))
    countries = [name for name, rows in rows_of.items() if labelled[rows].any()]
    known_at = panel.known_at[[label.target]] if label.name in RULES else panel.known_at
    days = days_of(known_at)
    last_days = [_middle(days[rows_of[country]]) for country in countries]
    alias = PANDAS_ALIAS[panel.frequency]
    last = pd.DatetimeIndex(np.array(last_days, "datetime64[D]")).to_period(alias).asi8
    periods = pd.PeriodIndex(panel.values.index.get_level_values("period")).asi8
    first = periods[[rows_of[country].start for country in countries]]
    lengths = np.maximum(last - first + 1, 0)
    number = np.repeat(np.arange(len(countries)), lengths)
    ordinals = np.arange(len(number)) - np.repeat(
        np.cumsum(lengths) - lengths - first, lengths
    )
    origins = pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
        ordinals, freq=alias
    )
    return Origins(
        index=pd.MultiIndex.from_arrays(
            [np.array(countries, dtype=object)[number], origins],
            names=["country", "origin"],
        ),
        countries=countries,
        rows=[rows_of[country] for country in countries],
        country=number,
        days=days_of(origins.end_time.normalize()),
    )


def _middle(days: Days) -> np.int64:
    """Return the day by which the newest values of half the columns were known."""
    newest = np.where(days == NEVER, ALWAYS, days).max(axis=0)
    newest = np.sort(newest[newest > ALWAYS])
    middle: np.int64 = newest[(len(newest) - 1) // 2]
    return middle


def _shapes(panel: Panel, target: str, countries: Sequence[str]) -> dict[str, Shape]:
    """Return the shapes of the indicators that at least half the countries have."""
    there = panel.values.notna().groupby(level="country").any().loc[list(countries)]
    shapes = {}
    for indicator in panel.indicators.values():
        parts = {indicator.key, indicator.denominator or indicator.key}
        if not parts <= {*panel.values.columns}:
            continue
        n_have = int(there[list(parts)].all(axis="columns").sum())
        if n_have == 0 or 2 * n_have < len(countries):
            continue
        kind = TARGET_SHAPES if indicator.key == target else SHAPES
        shapes[indicator.key] = kind[panel.frequency]
    return shapes


def _unemployment(panel: Panel, used: Collection[str]) -> Indicator | None:
    """Return what measures unemployment, where it is measured within the year."""
    if panel.frequency not in SAHM_SPANS:
        return None
    measuring = (panel.indicators[key] for key in used)
    return next((it for it in measuring if it.measures == "unemployment"), None)


def _sahm_gap(
    panel: Panel, origins: Origins, unemployment: Indicator, span: tuple[int, int]
) -> Floats:
    """Return unemployment's rise above its low of the year before, (rows,).

    Notes
    -----
    C. Sahm, "Direct stimulus payments to individuals", in *Recession Ready* (2019): the
    mean of three months less the lowest such mean of the twelve months before. It
    reaches 0.5 early in a US recession. In quarters, which are means of three months
    themselves, the newest less the lowest of the four before.
    """
    averaged, before = span
    rates = replace(unemployment, transform="level")
    as_rates = replace(panel, indicators={**panel.indicators, rates.key: rates})
    newest = readings(as_rates, origins, {rates.key: averaged + before})[rates.key]
    means = np.column_stack(
        [_mean(newest[:, start : start + averaged]) for start in range(before + 1)]
    )
    enough = 2 * (~np.isnan(means[:, :-1])).sum(axis=1) >= before
    lowest = np.fmin.reduce(means[:, :-1], axis=1)
    there = enough & ~np.isnan(newest[:, -1])
    return np.where(there, means[:, -1] - lowest, np.nan)


def _sahm_column(unemployment: Indicator, span: tuple[int, int]) -> Column:
    averaged, _ = span
    # A change or a level moves the rate as much; what growth does depends on the rate.
    moves = unemployment.transform in ("difference", "level")
    weight = 1 / averaged if moves else 0.0
    return Column("sahm gap", unemployment.key, weight, measures="sahm_gap")


def _phase_columns(known: Phases) -> Floats:
    """Return the columns of the last known phase, `PHASE_COLUMNS`."""
    share = (known.contractions + 1) / (known.known + PRIOR_PERIODS - 1)
    return np.column_stack([known.phase, np.log(known.lasted), share])


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


def _seen_from(
    panel: Panel, label: Label, origins: Origins, columns: Sequence[Column]
) -> Days:
    """Return the day before which each feature may not be used, (rows, columns)."""
    shape = (len(origins.days), len(columns))
    if panel.series["first_vintage"].isna().all():
        return np.broadcast_to(np.int64(ALWAYS), shape)
    seen_from = np.full(shape, ALWAYS)
    for place, column in enumerate(columns):
        if column.indicator == PHASE:
            parts = _labelled(label)
        elif column.indicator == ABROAD:
            seen_from[:, place] = _first_vintages(panel, [label.target], origins).max()
            continue
        else:
            parts = [column.indicator]
            parts += [panel.indicators[column.indicator].denominator or parts[0]]
        seen_from[:, place] = _first_vintages(panel, parts, origins)
    return seen_from


def _labelled(label: Label) -> list[str]:
    """Return the indicators that a label rests on."""
    if label.name.startswith("given:"):
        return [label.name.removeprefix("given:")]
    return [label.target] if label.name in RULES else []


def _first_vintages(panel: Panel, parts: Sequence[str], origins: Origins) -> Days:
    """Return the first day of real vintages of each row's indicators, (rows,)."""
    own = panel.series[panel.series["indicator"].isin(parts)]
    newest = own.groupby("country")["first_vintage"].max()
    days = days_of(newest.reindex(list(origins.countries)))
    return np.where(days == NEVER, ALWAYS, days)[origins.country]


def _brought_about(
    told: pd.Series, known_at: Days, places: npt.NDArray[np.int64]
) -> tuple[Floats, Days]:
    """Return whether labels at these places contract, and when that was known.

    `places` is (rows, periods); a row is known when all its periods are.
    """
    inside = places >= 0
    values = np.where(inside, told.to_numpy(dtype=float)[places], np.nan)
    return values.max(axis=1), np.where(inside, known_at[places], NEVER).max(axis=1)


def _places_ahead(
    label: Label, index: pd.MultiIndex, horizon: int, event: Event
) -> npt.NDArray[np.int64]:
    """Return where the labels of each target stand, (rows, periods); -1 for nowhere."""
    countries = index.get_level_values("country")
    origins = pd.PeriodIndex(index.get_level_values("origin"))
    first = 1 if event == "within" and horizon > 0 else horizon
    return np.column_stack(
        [
            label.values.index.get_indexer(
                pd.MultiIndex.from_arrays([countries, origins + ahead])
            )
            for ahead in range(first, horizon + 1)
        ]
    )


@dataclass(frozen=True, eq=False)
class Scaler:
    """Turns features into the numbers that a model takes: ranks among training rows.

    A value becomes the share of the training rows that lie below it, read off their
    percentiles, so that an outlier is no further out than the largest of a hundred; a
    missing one takes the rank of the median. Ranks are centred, divided by their
    standard deviation, held within three of them and multiplied by the column's
    emphasis. A column that the training rows mostly lack, or that does not vary there,
    becomes 0 throughout, so that the width does not depend on the rows. An indicator
    that is missing in some of them gets a flag.

    Parameters
    ----------
    knots : array (columns, SHARES)
        Percentiles of the training rows, from the 1st to the 99th; 0 in columns that
        are not used.
    mean : array (columns,)
        Of the ranks, from 0 to 1.
    scale : array (columns,)
        What the deviation from the mean is multiplied by; 0 in columns not used.
    emphasis : array (columns,)
        How freely models may lean on a column, 1 being the usual: a penalty on weights
        bears on an emphasis of 3 a ninth as much.
    flaggable : array (flags,)
        Positions of the columns whose absence may be flagged.
    flagged : array (flags,)
        1 where it is, else 0.
    """

    knots: Floats
    mean: Floats
    scale: Floats
    emphasis: Floats
    flaggable: npt.NDArray[np.int64]
    flagged: Floats

    @classmethod
    def fit(
        cls, X: Floats, flaggable: npt.NDArray[np.int64], emphasis: Floats
    ) -> "Scaler":
        """Return the scaler of the training rows `X`, (rows, columns)."""
        share_missing = np.isnan(X).mean(axis=0)
        used = np.flatnonzero(share_missing <= MOST_MISSING)
        knots = np.zeros((X.shape[1], len(SHARES)))
        mean, scale = np.zeros((2, X.shape[1]))
        knots[used] = np.nanquantile(X[:, used], SHARES, axis=0).T
        used = np.flatnonzero(knots[:, -1] > knots[:, 0])
        for column in used:
            ranks = _ranks(X[:, column], knots[column])
            mean[column], scale[column] = ranks.mean(), 1 / ranks.std()
        knots[scale == 0] = 0
        flagged = (scale > 0) & (share_missing >= FEWEST_FLAGGED)
        return cls(
            knots, mean, scale, emphasis, flaggable, flagged[flaggable].astype(float)
        )

    @property
    def low(self) -> Floats:
        """The 1st percentile of each column, (columns,)."""
        return self.knots[:, 0]

    @property
    def median(self) -> Floats:
        """The median of each column, (columns,)."""
        return self.knots[:, len(SHARES) // 2]

    @property
    def high(self) -> Floats:
        """The 99th percentile of each column, (columns,)."""
        return self.knots[:, -1]

    def transform(self, X: Floats) -> Floats:
        """Return `X` scaled, (rows, columns + flags)."""
        scores = np.zeros(X.shape)
        for column in np.flatnonzero(self.scale):
            ranks = _ranks(X[:, column], self.knots[column])
            z = np.clip((ranks - self.mean[column]) * self.scale[column], -3.0, 3.0)
            scores[:, column] = self.emphasis[column] * z
        return np.column_stack([scores, np.isnan(X[:, self.flaggable]) * self.flagged])


def _ranks(values: Floats, knots: Floats) -> Floats:
    """Return the share of training rows below each value, half of its equals counted.

    Where percentiles coincide, their lowest and highest share are averaged.
    """
    filled = np.where(np.isnan(values), knots[len(SHARES) // 2], values)
    highest = np.interp(filled, knots, SHARES)
    lowest = -np.interp(-filled, -knots[::-1], -SHARES[::-1])
    ranks: Floats = (lowest + highest) / 2
    return ranks


SHARES = np.linspace(0.01, 0.99, 99)
# Columns that are missing in more than half of the training rows are not used, and
# those that hardly ever are get no flag.
MOST_MISSING = 0.5
FEWEST_FLAGGED = 0.02

PHASE = "phase"
PHASE_COLUMNS = ("last known phase", "log periods in phase", "share of contractions")
# What is likeliest to matter is to be learned from few contractions too.
EMPHASIS: Mapping[str, float] = {"last known phase": 3.0}
# A share of one in five, from five periods, until the country has a history.
PRIOR_PERIODS = 6

ABROAD = "abroad"
ABROAD_COLUMNS = ("growth abroad", "share shrinking abroad")
FEWEST_COUNTRIES_ABROAD = 3

# Over how many periods unemployment is averaged, and how many such means come before.
SAHM_SPANS: Mapping[Frequency, tuple[int, int]] = {"Q": (1, 4), "M": (3, 12)}

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
