"""The design matrix: what was known on one day of each origin, and the target.

The *information day* is the same day of every origin, by default its last. Every
indicator is transformed (growth, log-difference, difference, level or ratio), and each
origin uses the newest transformed value that was known on its information day, some
values before that, and their moving averages. Of an indicator that is measured more
often than the panel these are its newest months; of unemployment there is also its rise
above its low of the year before. A value is used for at most a year after its
publication. From the labels known at the origin come the last known phase, its duration
and the share of contractions so far, and the part of the label's growth that is already
determined; from the other countries, their mean growth and the share of them that
shrank.

Where the data have vintages, an origin uses those of its information day, and the
labels as known then. `DesignMatrix.as_known_on` hides what a model may not see on a
day.

Missing values stay missing here: `Scaler`, fitted only on the training rows of each
origin, replaces them by the training median and adds a flag.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.catalog import Indicator
from econnet.core.period_days import END, DayOfPeriod, days_in
from econnet.core.periods import PANDAS_ALIAS, PERIODS_A_YEAR, Frequency
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.data.cycle.labels import RULES, DatedValues, Label
from econnet.data.features.carry import CARRY, CarriedLevels, carried_levels
from econnet.data.features.columns import SHAPES, TARGET_SHAPES, Column, Shape, row_mean
from econnet.data.features.growth_target import growth_of_label
from econnet.data.features.information_set import (
    ALWAYS,
    MAX_AGE_DAYS,
    NEVER,
    Origins,
    Phases,
    days_of,
    newest_values,
    phases,
)
from econnet.data.features.mixed_frequency import SPANS, fine_levels, measured_finer
from econnet.data.features.professionals import (
    PROFESSIONALS,
    ProfessionalForecasts,
    professional_forecasts,
)
from econnet.data.known_dates import Days
from econnet.data.panel import Panel


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """The rows that a model learns from and forecasts, one per country and origin.

    Parameters
    ----------
    X : array (rows, columns)
        Features in the units of their transforms; missing values are NaN.
    index
        Country and origin of each row, sorted.
    columns
        The description of each column of `X`.
    y : array (rows,)
        1 if the event occurred, 0 if it did not, NaN if unknown.
    growth : array (rows,)
        The growth in percent that is below zero where `y` is 1, the lowest of several
        periods; NaN if unknown, and everywhere if the label has no such measure.
    known_at : array (rows,)
        The information day of the origin, in days since 1970-01-01.
    target_known_at : array (rows,)
        The day on which `y` became known; the largest integer if it never did.
    seen_from : array (rows, columns)
        The day before which a feature may not be used, even if its origin is earlier:
        the day of the first vintage it depends on, if that vintage contains its
        history.
    label, growth_of_label, label_seen_from
        The label of `y`; its growth, `None` if it has none; the day before which a
        row's label may not be used, (rows,).
    carried
        The levels from which the column of the carry-over is computed; `None` if the
        label measures no growth.
    horizon, event
        `at`: the period `horizon` after the origin contracts. `within`: any period
        after the origin, up to that one, contracts. A horizon of 0 is the origin
        itself.
    professionals
        The forecasts behind the last columns; `None` if there are none.
    """

    X: Floats
    index: pd.MultiIndex
    columns: tuple[Column, ...]
    y: Floats
    growth: Floats
    known_at: Days
    target_known_at: Days
    seen_from: Days
    label: Label
    growth_of_label: DatedValues | None
    label_seen_from: Days
    carried: CarriedLevels | None
    horizon: int
    event: Event
    professionals: ProfessionalForecasts | None = None

    @property
    def countries(self) -> npt.NDArray[np.object_]:
        """The country of each row."""
        return self.index.get_level_values("country").to_numpy(dtype=object)

    @property
    def origins(self) -> pd.PeriodIndex:
        """The origin of each row."""
        return pd.PeriodIndex(self.index.get_level_values("origin"))

    def day_of(self, origin: pd.Period) -> np.int64:
        """Return the information day of an origin, in days since 1970-01-01."""
        day: np.int64 = self.known_at[np.flatnonzero(self.origins == origin)[0]]
        return day

    @property
    def emphasis(self) -> Floats:
        """How freely models may rely on each column, (columns,)."""
        return np.array([column.emphasis for column in self.columns])

    @property
    def newest(self) -> npt.NDArray[np.int64]:
        """The positions of the columns of newest values."""
        names = [column.name == column.indicator for column in self.columns]
        return np.flatnonzero(names)

    @property
    def professional(self) -> npt.NDArray[np.int64]:
        """The positions of the columns from professional forecasts."""
        return np.flatnonzero(
            [column.indicator == PROFESSIONALS for column in self.columns]
        )

    def named(self, name: str) -> Floats:
        """Return the column of that name, (rows,)."""
        position = [column.name for column in self.columns].index(name)
        values: Floats = self.X[:, position]
        return values

    def measured(self, what: str) -> str | None:
        """Return the name of the column that measures this; `None` if there is none."""
        names = (column.name for column in self.columns if column.measures == what)
        return next(names, None)

    def as_known_on(self, day: np.int64) -> "DesignMatrix":
        """Return the features and targets that a model may see on a day.

        Targets are as known by then, NaN if unknown. Origins after the day keep the
        features of their own information day.
        """
        seen = self.seen_from <= np.maximum(self.known_at, day)[:, None]
        X = self.X if seen.all() else np.where(seen, self.X, np.nan)
        y, known_at = self._targets_by(day)
        known = ~np.isnan(y) & (known_at <= day)
        return replace(
            self,
            X=X,
            y=np.where(known, y, np.nan),
            growth=np.where(known, self._growth_by(day), np.nan),
            target_known_at=np.where(known, known_at, NEVER),
        )

    def _targets_by(self, day: np.int64) -> tuple[Floats, Days]:
        """Return the targets from the labels known by a day, and when each was known.

        This is not the day of the newest value, which is later if the label was revised
        since.
        """
        if self.label.settled:
            return self.y, self.target_known_at
        labels = self.label.on(pd.Timestamp(day, unit="D"))
        since = np.full(len(labels), NEVER)
        days = self.label.days.astype(np.int64)
        since[self.label.places[days <= day]] = days[days <= day]
        y, known_at = _outcomes(labels, since, self._places)
        return y, np.maximum(known_at, self.label_seen_from)

    def _growth_by(self, day: np.int64) -> Floats:
        """Return the growth of the targets as known by a day; later ones may remain."""
        growth = self.growth_of_label
        if growth is None or growth.settled:
            return self.growth
        return _lowest(growth.on(pd.Timestamp(day, unit="D")), self._places)

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        return _places_ahead(self.label, self.index, self.horizon, self.event)


def build(
    panel: Panel,
    label: Label,
    horizon: int,
    event: Event = "at",
    day: DayOfPeriod | None = None,
    forecasts: pd.DataFrame | None = None,
) -> DesignMatrix:
    """Return the features of every origin of every country that has labels.

    `day` is the information day of each origin, by default the last. The last origin of
    a country is the period that contains the panel's date, or the next one if its
    information day is not later. If the target was last published more than a year
    before, it is the origin of that publication; for labels that are given, not
    computed from the target, that of the newest values of half the indicators.
    `forecasts` are those by professionals that the data contain.
    """
    origins = _origins(panel, label, day or END[panel.frequency])
    shapes = _shapes(panel, label.target, origins.countries)
    newest = _newest(panel, label.target, origins, shapes)
    columns, parts = _indicator_columns(panel, origins, shapes, newest)
    unemployment = _unemployment(panel, shapes)
    if unemployment is not None:
        column, gap = _sahm_gap(panel, origins, unemployment)
        columns.append(column)
        parts.append(gap)
    parts.append(_phase_columns(phases(label, panel, origins)))
    columns += [
        Column(name, PHASE, emphasis=EMPHASIS.get(name, 1.0)) for name in PHASE_COLUMNS
    ]
    if label.target in shapes and len(origins.countries) >= MIN_COUNTRIES_ABROAD:
        parts.append(_abroad(newest[label.target][:, -1], origins.index))
        columns += [Column(name, ABROAD) for name in ABROAD_COLUMNS]
    carried = carried_levels(panel, label, origins)
    if carried is not None:
        parts.append(carried.growth(horizon, event))
        columns.append(carried.column(label.target, horizon))
    professionals = None
    if forecasts is not None:
        professionals = professional_forecasts(forecasts, panel.frequency, origins)
    if professionals is not None:
        parts.append(professionals.values(horizon, event))
        columns += professionals.columns()
    y, target_known_at = targets(label, origins.index, horizon, event)
    label_seen_from = _first_vintages(panel, _labelled(label), origins)
    growth = growth_of_label(panel, label)
    return DesignMatrix(
        X=np.column_stack(parts),
        index=origins.index,
        columns=tuple(columns),
        y=y,
        growth=_growth(growth, label, origins.index, horizon, event),
        known_at=origins.days,
        target_known_at=np.maximum(target_known_at, label_seen_from),
        seen_from=_seen_from(panel, label, origins, columns),
        label=label,
        growth_of_label=growth,
        label_seen_from=label_seen_from,
        carried=carried,
        horizon=horizon,
        event=event,
        professionals=professionals,
    )


def with_target(
    features: DesignMatrix, horizon: int, event: Event = "at"
) -> DesignMatrix:
    """Return the same features with another target, without reading the data again.

    Only what depends on the target changes: `y` and its growth, the part of the label's
    growth that is already determined, and the forecasts by professionals.
    """
    label, index = features.label, features.index
    y, known_at = targets(label, index, horizon, event)
    X, columns = features.X.copy(), features.columns
    if features.carried is not None:
        place = [column.name for column in columns].index(CARRY)
        X[:, place] = features.carried.growth(horizon, event)
        of_target = features.carried.column(columns[place].indicator, horizon)
        columns = (*columns[:place], of_target, *columns[place + 1 :])
    if features.professionals is not None:
        forecasts = features.professionals.values(horizon, event)
        X[:, -forecasts.shape[1] :] = forecasts
    return replace(
        features,
        X=X,
        columns=columns,
        y=y,
        growth=_growth(features.growth_of_label, label, index, horizon, event),
        target_known_at=np.maximum(known_at, features.label_seen_from),
        horizon=horizon,
        event=event,
    )


def targets(
    label: Label, index: pd.MultiIndex, horizon: int, event: Event
) -> tuple[Floats, Days]:
    """Return whether the event occurred after each origin, and when that was known.

    `within` waits for all its periods, whatever the outcome: if a contraction were
    known with its first period, the newest training rows would be contractions only.
    """
    places = _places_ahead(label, index, horizon, event)
    return _outcomes(label.values, days_of(label.known_at), places)


def _growth(
    growth: DatedValues | None,
    label: Label,
    index: pd.MultiIndex,
    horizon: int,
    event: Event,
) -> Floats:
    """Return the lowest growth of each target's periods, NaN if there is none."""
    if growth is None:
        return np.full(len(index), np.nan)
    return _lowest(growth.values, _places_ahead(label, index, horizon, event))


def _lowest(values: pd.Series, places: npt.NDArray[np.int64]) -> Floats:
    """Return the lowest value at these places, NaN if any is unknown, (rows,)."""
    known = np.where(places >= 0, values.to_numpy(dtype=float)[places], np.nan)
    lowest: Floats = known.min(axis=1)
    return lowest


def _origins(panel: Panel, label: Label, day: DayOfPeriod) -> Origins:
    """Return the origins of each country with labels, from its first period on."""
    rows_of = panel.rows_of_countries()
    labelled = ~np.isnan(label.values.to_numpy(dtype=float))
    countries = [name for name, rows in rows_of.items() if labelled[rows].any()]
    last = _last_origins(panel, label, [rows_of[name] for name in countries], day)
    periods = pd.PeriodIndex(panel.values.index.get_level_values("period")).asi8
    first = periods[[rows_of[country].start for country in countries]]
    lengths = np.maximum(last - first + 1, 0)
    number = np.repeat(np.arange(len(countries)), lengths)
    ordinals = np.arange(len(number)) - np.repeat(
        np.cumsum(lengths) - lengths - first, lengths
    )
    origins = pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
        ordinals, freq=PANDAS_ALIAS[panel.frequency]
    )
    return Origins(
        index=pd.MultiIndex.from_arrays(
            [np.array(countries, dtype=object)[number], origins],
            names=["country", "origin"],
        ),
        countries=countries,
        rows=[rows_of[country] for country in countries],
        country=number,
        days=days_in(ordinals, panel.frequency, day),
    )


def _last_origins(
    panel: Panel, label: Label, rows: Sequence[slice], day: DayOfPeriod
) -> Days:
    """Return the number of each country's last origin, as pandas counts periods."""
    known_at = panel.known_at[[label.target]] if label.name in RULES else panel.known_at
    days = days_of(known_at)
    published = np.array([_middle(days[of_country]) for of_country in rows])
    today = np.datetime64(panel.as_of, "D").astype(np.int64)
    dates = np.where(today - published <= MAX_AGE_DAYS, today, published)
    alias = PANDAS_ALIAS[panel.frequency]
    running = pd.DatetimeIndex(dates.astype("datetime64[D]")).to_period(alias).asi8
    # Before its first fixed day, a period's data are those of the period before.
    return running + (days_in(running + 1, panel.frequency, day) <= dates)


def _middle(days: Days) -> np.int64:
    """Return the day by which the newest values of half the columns were known."""
    newest = np.where(days == NEVER, ALWAYS, days).max(axis=0)
    newest = np.sort(newest[newest > ALWAYS])
    middle: np.int64 = newest[(len(newest) - 1) // 2]
    return middle


def _shapes(panel: Panel, target: str, countries: Sequence[str]) -> dict[str, Shape]:
    """Return the shapes of the indicators that at least half of the countries have."""
    present = panel.values.notna().groupby(level="country").any().loc[list(countries)]
    has = dict(zip(present.columns, present.to_numpy().T, strict=True))
    shapes = {}
    for indicator in panel.indicators.values():
        parts = {indicator.key, indicator.denominator or indicator.key}
        if not parts <= has.keys():
            continue
        n_have = int(np.logical_and.reduce([has[part] for part in parts]).sum())
        if n_have == 0 or 2 * n_have < len(countries):
            continue
        kind = TARGET_SHAPES if indicator.key == target else SHAPES
        shapes[indicator.key] = kind[panel.frequency]
    return shapes


def _unemployment(panel: Panel, used: Collection[str]) -> Indicator | None:
    """Return the indicator of unemployment, at quarterly and monthly frequency."""
    if panel.frequency not in SAHM_FREQUENCIES:
        return None
    indicators = (panel.indicators[key] for key in used)
    return next((each for each in indicators if each.measures == "unemployment"), None)


def _newest(
    panel: Panel, target: str, origins: Origins, shapes: Mapping[str, Shape]
) -> dict[str, Floats]:
    """Return the newest values of indicators whose columns are of whole periods."""
    finer = {*measured_finer(panel, shapes)} - {target}
    lengths = {key: shapes[key].length for key in shapes if key not in finer}
    return newest_values(panel, origins, lengths)


def _indicator_columns(
    panel: Panel,
    origins: Origins,
    shapes: Mapping[str, Shape],
    newest: Mapping[str, Floats],
) -> tuple[list[Column], list[Floats]]:
    """Return the columns of all indicators, and their values.

    Monthly changes replace quarterly averages; the target has both.
    """
    frequency = panel.frequency
    finer = measured_finer(panel, shapes)
    levels = fine_levels(panel, origins, finer, 1 + max(SPANS[frequency]))
    columns, parts = [], []
    for key, shape in shapes.items():
        indicator = panel.indicators[key]
        if key in newest:
            columns += shape.columns(indicator)
            parts.append(shape.of(newest[key]))
        if key in finer:
            leading = key not in newest
            columns += levels[key].columns(indicator, frequency, leading)
            parts.append(levels[key].values(indicator, frequency))
    return columns, parts


def _sahm_gap(
    panel: Panel, origins: Origins, unemployment: Indicator
) -> tuple[Column, Floats]:
    """Return unemployment's rise above its low of the year before, (rows,).

    Notes
    -----
    C. Sahm, "Direct stimulus payments to individuals", in *Recession Ready* (2019): the
    mean of three months less the lowest such mean of the twelve months before. It
    reaches 0.5 early in a US recession. In quarterly data, which are means of three
    months already, it is the newest less the lowest of the four before.
    """
    key, a_year = unemployment.key, PERIODS_A_YEAR[panel.frequency]
    periods = a_year + a_year // 4
    rates = fine_levels(panel, origins, [key], periods)[key]
    averaged = a_year * rates.parts // 4
    before = 4 * averaged
    newest = rates.levels
    means = np.column_stack(
        [row_mean(newest[:, start : start + averaged]) for start in range(before + 1)]
    )
    enough = 2 * (~np.isnan(means[:, :-1])).sum(axis=1) >= before
    lowest = np.fmin.reduce(means[:, :-1], axis=1)
    known = enough & ~np.isnan(newest[:, -1])
    # A change or level moves the rate one for one; the effect of growth depends on the
    # rate's level.
    moves = unemployment.transform in ("difference", "level")
    column = Column("sahm gap", key, 1 / averaged if moves else 0.0, "sahm_gap")
    return column, np.where(known, means[:, -1] - lowest, np.nan)


def _phase_columns(known: Phases) -> Floats:
    share = (known.contractions + 1) / (known.known + PRIOR_PERIODS - 1)
    return np.column_stack([known.phase, np.log(known.duration), share])


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

    @cache
    def first_vintages(parts: tuple[str, ...]) -> Days:
        return _first_vintages(panel, parts, origins)

    for place, column in enumerate(columns):
        if column.indicator == PHASE:
            parts = _labelled(label)
        elif column.indicator == PROFESSIONALS:
            continue
        elif column.indicator == ABROAD:
            seen_from[:, place] = first_vintages((label.target,)).max()
            continue
        else:
            parts = [column.indicator]
            parts += [panel.indicators[column.indicator].denominator or parts[0]]
        seen_from[:, place] = first_vintages(tuple(parts))
    return seen_from


def _labelled(label: Label) -> list[str]:
    """Return the indicators on which a label depends."""
    if label.name.startswith("given:"):
        return [label.name.removeprefix("given:")]
    return [label.target] if label.name in RULES else []


def _first_vintages(panel: Panel, parts: Sequence[str], origins: Origins) -> Days:
    """Return the first day of real vintages of each row's indicators, (rows,)."""
    series = panel.series[panel.series["indicator"].isin(parts)]
    newest = series.groupby("country")["first_vintage"].max()
    days = days_of(newest.reindex(list(origins.countries)))
    return np.where(days == NEVER, ALWAYS, days)[origins.country]


def _outcomes(
    labels: pd.Series, known_at: Days, places: npt.NDArray[np.int64]
) -> tuple[Floats, Days]:
    """Return whether any label at these places is a contraction, and when it was known.

    `places` is (rows, periods); a row is known when all its periods are.
    """
    inside = places >= 0
    values = np.where(inside, labels.to_numpy(dtype=float)[places], np.nan)
    return values.max(axis=1), np.where(inside, known_at[places], NEVER).max(axis=1)


def _places_ahead(
    label: Label, index: pd.MultiIndex, horizon: int, event: Event
) -> npt.NDArray[np.int64]:
    """Return the positions of each target's labels, (rows, periods); -1 for none."""
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


PHASE = "phase"
PHASE_COLUMNS = ("last known phase", "log periods in phase", "share of contractions")
# A few contractions must suffice to learn from the most likely predictor.
EMPHASIS: Mapping[str, float] = {"last known phase": 3.0}
# A prior share of one in five, worth five periods, until there is a history.
PRIOR_PERIODS = 6

ABROAD = "abroad"
ABROAD_COLUMNS = ("growth abroad", "share shrinking abroad")
MIN_COUNTRIES_ABROAD = 3

# Frequencies at which unemployment rises before output falls.
SAHM_FREQUENCIES: tuple[Frequency, ...] = ("Q", "M")
