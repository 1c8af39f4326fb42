"""The information set of an origin: the newest values known on its information day.

For each indicator these are the newest transformed value that was known on that day of
the origin, and the values before it. Without revisions the values are those of the
panel, and only the position of the newest known one is searched. With revisions the
table is reset to each origin's day in turn, so that growth is always between two values
of one vintage.

Values that a country never had, and those from before its first, are missing. A value
is used for at most a year after it was first published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.catalog import Indicator, Transform
from econnet.core.types import Floats
from econnet.data.cycle.growth import percent_change
from econnet.data.cycle.labels import Label
from econnet.data.known_dates import Days
from econnet.data.panel import Panel

Scalar = TypeVar("Scalar", bound=np.generic)

NEVER = np.iinfo(np.int64).max
ALWAYS = np.iinfo(np.int64).min
MAX_AGE_DAYS = 366


@dataclass(frozen=True, eq=False)
class Origins:
    """The origins of several countries of one panel.

    Parameters
    ----------
    index
        Country and origin of each row, sorted.
    countries
        The countries, in the order of the panel.
    rows
        The rows of each country in the panel.
    country : array (rows,)
        The number of each row's country.
    days : array (rows,)
        The information day of each row.
    """

    index: pd.MultiIndex
    countries: Sequence[str]
    rows: Sequence[slice]
    country: Days
    days: Days

    def panel_countries(self, length: int) -> Days:
        """Return the number of the country of each row of the panel; -1 for none."""
        numbers = np.full(length, -1)
        for number, rows in enumerate(self.rows):
            numbers[rows] = number
        return numbers

    def blocks(self) -> Iterator[tuple[int, slice]]:
        """Return each country's number and its rows."""
        bounds = np.searchsorted(self.country, range(len(self.countries) + 1))
        for number, (start, stop) in enumerate(pairwise(bounds)):
            yield number, slice(int(start), int(stop))


def in_panel(origins: Origins, panel: Panel) -> Origins:
    """Return the same origins with the countries' rows in another panel."""
    rows_of = panel.rows_of_countries()
    none = slice(0, 0)
    return replace(
        origins, rows=[rows_of.get(name, none) for name in origins.countries]
    )


def days_of(dates: pd.Series | pd.DataFrame | pd.DatetimeIndex) -> Days:
    """Return dates as days since 1970-01-01, `NEVER` for a missing one."""
    days = np.asarray(dates, dtype="datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))


def transformed(
    panel: Panel, indicator: Indicator, starts: Days
) -> tuple[Floats, Days]:
    """Return an indicator's transformed values, and the day each became known.

    Rates of change and ratios are in percent, differences in the indicator's own unit.
    `starts` are the first rows of the countries.
    """
    levels = panel.values[indicator.key].to_numpy(dtype=float)
    days = days_of(panel.known_at[indicator.key])
    others, other_days = _previous(levels, days, starts)
    if indicator.transform == "ratio":
        levels = levels * panel.ratio_scales(indicator.key)
        others = panel.values[indicator.denominator].to_numpy(dtype=float)
        other_days = days_of(panel.known_at[indicator.denominator])
    if indicator.transform != "level":
        days = np.maximum(days, other_days)
    return change(indicator.transform, levels, others), days


def change(transform: Transform, levels: Floats, others: Floats) -> Floats:
    """Return transformed levels; `others` are previous levels or the denominator."""
    match transform:
        case "level":
            return levels
        case "difference":
            return levels - others
        case "growth":
            return percent_change(levels, others)
        case "log-difference":
            logs = [np.log(np.where(x > 0, x, np.nan)) for x in (levels, others)]
            return 100 * (logs[0] - logs[1])
        case "ratio":
            return 100 * levels / np.where(others > 0, others, np.nan)


@dataclass(frozen=True, eq=False)
class Newest:
    """The newest values of an indicator at each origin.

    Parameters
    ----------
    values : array (rows, length)
        Oldest first: the last column is the newest value; missing ones are NaN.
    period : array (rows,)
        The number of the newest value's period, as pandas counts; 0 if there is none.
    """

    values: Floats
    period: Days


def newest_values(
    panel: Panel, origins: Origins, lengths: Mapping[str, int]
) -> dict[str, Floats]:
    """Return the newest values of each indicator at each origin, oldest first.

    `lengths` gives the number of values per indicator: each array is (rows, length),
    and its last column is the newest value.
    """
    newest = newest_with_periods(panel, origins, lengths)
    return {key: of_indicator.values for key, of_indicator in newest.items()}


def newest_with_periods(
    panel: Panel, origins: Origins, lengths: Mapping[str, int]
) -> dict[str, Newest]:
    """Return the newest values of each indicator, and the period of the newest.

    `origins.rows` are rows of this panel.
    """
    newest_of = {}
    owner = origins.panel_countries(len(panel.values))
    starts = np.array([rows.start for rows in panel.rows_of_countries().values()])
    periods = pd.PeriodIndex(panel.values.index.get_level_values("period")).asi8
    for key, length in lengths.items():
        values, days = transformed(panel, panel.indicators[key], starts)
        positions = _newest_known(days, values, owner, origins)
        newest_of[key] = Newest(
            _back_from(values, positions, owner, length),
            np.where(positions >= 0, periods[positions], 0),
        )
    revised_columns = _revised_columns(panel, owner)
    for number, block in origins.blocks():
        rows = origins.rows[number]
        columns = revised_columns.get(number, set())
        revised = [key for key in lengths if columns & needed_columns(panel, key)]
        if revised:
            replay = _VintageReplay.of(panel, rows, revised)
            longest = max(lengths[key] for key in revised)
            replayed, places = replay.newest_values(origins.days[block], longest)
            for column, key in enumerate(revised):
                newest, place = newest_of[key], places[:, column]
                newest.values[block] = replayed[:, longest - lengths[key] :, column]
                first = periods[rows.start]
                newest.period[block] = np.where(place >= 0, first + place, 0)
    return newest_of


def _newest_known(
    known_at: Days, values: Floats, owner: Days, origins: Origins
) -> Days:
    """Return the position of the newest value known at each origin; -1 for none.

    `owner` is the country of each value, by number.
    """
    positions = np.flatnonzero(~np.isnan(values) & (owner >= 0))
    if not len(positions):
        return np.full(len(origins.days), -1)
    # Shifting each country by more days than there are makes one sorted array of the
    # days by which a value and all before it were published.
    shift = owner[positions] * MORE_DAYS_THAN_ALL
    published = np.maximum.accumulate(shift + known_at[positions])
    now = origins.country * MORE_DAYS_THAN_ALL + origins.days
    which = np.searchsorted(published, now, side="right") - 1
    newest = positions[which]
    usable = (which >= 0) & (owner[newest] == origins.country)
    usable &= now - published[which] <= MAX_AGE_DAYS
    return np.where(usable, newest, -1)


def _back_from(values: Floats, newest: Days, owner: Days, length: int) -> Floats:
    """Return the `length` values that end in each newest one, (rows, length)."""
    places = newest[:, None] - np.arange(length - 1, -1, -1)
    inside = (newest[:, None] >= 0) & (places >= 0)
    places = np.maximum(places, 0)
    inside &= owner[places] == owner[newest][:, None]
    return np.where(inside, values[places], np.nan)


def _revised_columns(panel: Panel, owner: Days) -> dict[int, set[str]]:
    """Return the columns with revised values of each country, by its number."""
    names = panel.values.columns
    countries = owner[panel.vintages["row"]]
    pairs = np.unique(countries * len(names) + panel.vintages["column"].to_numpy())
    revised: dict[int, set[str]] = {}
    for country, column in zip(*divmod(pairs, len(names)), strict=True):
        revised.setdefault(int(country), set()).add(str(names[column]))
    return revised


def needed_columns(panel: Panel, key: str) -> set[str]:
    """Return the columns from which an indicator is computed."""
    return {key, panel.indicators[key].denominator or key}


@dataclass(frozen=True, eq=False)
class _VintageReplay:
    """All vintages of a country's levels, to be replayed day by day.

    Parameters
    ----------
    level, denominator : array (indicators,)
        The column of each indicator's level, and of what it is divided by.
    ratio_scale : array (indicators,)
        The factor applied to its level before it is divided.
    shape
        Number of periods and columns of the table of levels.
    days, row, column, value : array (events,)
        The day on which a cell took a value, oldest first.
    """

    transforms: Sequence[Transform]
    level: Days
    denominator: Days
    ratio_scale: Floats
    shape: tuple[int, int]
    days: Days
    row: Days
    column: Days
    value: Floats

    @classmethod
    def of(cls, panel: Panel, rows: slice, keys: Sequence[str]) -> "_VintageReplay":
        """Return the replay of one country, with the levels that the keys need."""
        indicators = [panel.indicators[key] for key in keys]
        divisors = [indicator.denominator or indicator.key for indicator in indicators]
        needed = {*keys, *divisors}
        names = [name for name in map(str, panel.values.columns) if name in needed]
        columns = panel.values.columns.get_indexer(pd.Index(names))
        country = panel.values.index[rows.start][0]
        scales = panel.series[panel.series["country"] == country]
        return cls(
            [indicator.transform for indicator in indicators],
            np.array([names.index(key) for key in keys]),
            np.array([names.index(divisor) for divisor in divisors]),
            scales.set_index("indicator")["ratio_scale"].reindex(keys).to_numpy(),
            (rows.stop - rows.start, len(names)),
            *_events(panel, rows, columns),
        )

    def newest_values(self, days: Days, length: int) -> tuple[Floats, Days]:
        """Return the newest values on each day, (days, length, indicators).

        Also returns the row of the newest value, (days, indicators); -1 for none.
        """
        levels = np.full(self.shape, np.nan)
        first_known = np.full(self.shape, NEVER)
        newest = np.full((len(days), length, len(self.level)), np.nan)
        rows = np.full((len(days), len(self.level)), -1)
        values, published = levels[:, self.level], first_known[:, self.level]
        done = 0
        for number, day in enumerate(days):
            stop = int(np.searchsorted(self.days, day, side="right"))
            if stop > done:
                news = slice(done, stop)
                cells = self.row[news], self.column[news]
                levels[cells] = self.value[news]
                np.minimum.at(first_known, cells, self.days[news])
                values, published = self._transformed(levels, first_known)
                done = stop
            newest[number], rows[number] = _newest_of(
                values, published, int(day), length
            )
        return newest, rows

    def _transformed(self, levels: Floats, first_known: Days) -> tuple[Floats, Days]:
        """Return the transformed values, and the day each first became known."""
        before, before_known = _previous(levels, first_known, np.array([0]))
        values = np.empty((len(levels), len(self.level)))
        days = first_known[:, self.level]
        for transform in set(self.transforms):
            alike = np.flatnonzero([other == transform for other in self.transforms])
            level, other, other_days = self.level[alike], before, before_known
            by, changing = level, levels[:, level]
            if transform == "ratio":
                other, other_days, by = levels, first_known, self.denominator[alike]
                changing = changing * self.ratio_scale[alike]
            values[:, alike] = change(transform, changing, other[:, by])
            if transform != "level":
                days[:, alike] = np.maximum(days[:, alike], other_days[:, by])
        return values, days


def _events(
    panel: Panel, rows: slice, columns: Days
) -> tuple[Days, Days, Days, Floats]:
    """Return days, rows, columns and values of all vintages of a country's levels."""
    values = panel.values.iloc[rows, columns].to_numpy(dtype=float)
    vintages = panel.vintages
    place = np.full(panel.values.shape[1], -1)
    place[columns] = range(len(columns))
    inside = vintages["row"].between(rows.start, rows.stop - 1)
    vintages = vintages[inside & (place[vintages["column"]] >= 0)]
    revised_row = vintages["row"].to_numpy() - rows.start
    revised_column = place[vintages["column"]]
    unrevised = ~np.isnan(values)
    unrevised[revised_row, revised_column] = False
    row, column = np.nonzero(unrevised)
    known_at = days_of(panel.known_at.iloc[rows, columns])
    days = np.concatenate([known_at[row, column], days_of(vintages["known_at"])])
    order = np.argsort(days, kind="stable")
    return (
        days[order],
        np.concatenate([row, revised_row])[order],
        np.concatenate([column, revised_column])[order],
        np.concatenate([values[row, column], vintages["value"].to_numpy()])[order],
    )


def _newest_of(
    values: Floats, published: Days, day: int, length: int
) -> tuple[Floats, Days]:
    """Return the newest usable values of each column on a day, oldest first.

    Also returns the row of the newest; -1 for none.
    """
    valid = ~np.isnan(values)
    newest = len(values) - 1 - valid[::-1].argmax(axis=0)
    last = np.where(valid, published, ALWAYS).max(axis=0)
    usable = valid.any(axis=0) & (last >= day - MAX_AGE_DAYS)
    places = newest - np.arange(length - 1, -1, -1)[:, None]
    inside = usable & (places >= 0)
    known = np.take_along_axis(values, np.maximum(places, 0), axis=0)
    return np.where(inside, known, np.nan), np.where(usable, newest, -1)


def _previous(levels: Floats, days: Days, starts: Days) -> tuple[Floats, Days]:
    """Return the level before each, and the day on which it was known.

    Where one period was never published, it is the level before that, so that a single
    gap loses no value. `starts` are the first rows of the countries.
    """
    before, before_days = _shifted_down(levels), _shifted_down(days)
    before[starts], before_days[starts] = np.nan, NEVER
    earlier, earlier_days = _shifted_down(before), _shifted_down(before_days)
    earlier[starts], earlier_days[starts] = np.nan, NEVER
    gap = np.isnan(before)
    return np.where(gap, earlier, before), np.where(gap, earlier_days, before_days)


def _shifted_down(table: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return the table shifted down by a row; the first row is repeated."""
    return np.concatenate([table[:1], table[:-1]])


@dataclass(frozen=True, eq=False)
class Phases:
    """What was known of a country's phases at each origin; missing if nothing was.

    Parameters
    ----------
    phase : array (rows,)
        The last known label.
    duration : array (rows,)
        The number of consecutive periods with this label.
    contractions, known : array (rows,)
        The numbers of contractions and of labels up to that one.
    """

    phase: Floats
    duration: Floats
    contractions: Floats
    known: Floats


def phases(label: Label, panel: Panel, origins: Origins) -> Phases:
    """Return what was known of the country's phases at each origin."""
    owner = origins.panel_countries(len(panel.values))
    if label.settled:
        values = label.values.to_numpy(dtype=float)
        newest = _newest_known(days_of(label.known_at), values, owner, origins)
        table = _history(values, owner)
        return Phases(*np.where(newest >= 0, table[:, newest], np.nan))
    parts = [
        _phases_as_known(label, origins.rows[number], origins.days[block])
        for number, block in origins.blocks()
    ]
    return Phases(*np.concatenate(parts, axis=1))


def _history(values: Floats, owner: Days) -> Floats:
    """Return phase, its duration, contractions and labels so far, (4, values).

    Missing where there is no label.
    """
    labelled = np.flatnonzero(~np.isnan(values) & (owner >= 0))
    table = np.full((4, len(values)), np.nan)
    if not len(labelled):
        return table
    known, country = values[labelled], owner[labelled]
    position = np.arange(len(labelled))
    new_country = np.append(True, country[1:] != country[:-1])
    new_run = new_country | np.append(True, known[1:] != known[:-1])
    start = np.maximum.accumulate(np.where(new_country, position, 0))
    run = np.maximum.accumulate(np.where(new_run, position, 0))
    total = np.cumsum(known)
    before = np.append(0.0, total)[start]
    so_far = total - before, position - start + 1
    table[:, labelled] = known, position - run + 1, *so_far
    return table


def _phases_as_known(label: Label, rows: slice, days: Days) -> Floats:
    """Return the history at each day's newest label, as known on that day."""
    inside = (label.places >= rows.start) & (label.places < rows.stop)
    places = label.places[inside] - rows.start
    known_at = label.days[inside].astype(np.int64)
    revised = label.revisions["value"].to_numpy(dtype=float)[inside]
    values = np.full(rows.stop - rows.start, np.nan)
    first_known = np.full(len(values), NEVER)
    owner = np.zeros(len(values), dtype=np.int64)
    newest = np.full((4, len(days)), np.nan)
    history, done = _history(values, owner), 0
    for number, day in enumerate(days):
        stop = int(np.searchsorted(known_at, day, side="right"))
        if stop > done:
            news = slice(done, stop)
            values[places[news]] = revised[news]
            np.minimum.at(first_known, places[news], known_at[news])
            history, done = _history(values, owner), stop
        valid = ~np.isnan(values)
        if valid.any() and first_known[valid].max() >= day - MAX_AGE_DAYS:
            newest[:, number] = history[:, np.flatnonzero(valid)[-1]]
    return newest


MORE_DAYS_THAN_ALL = 10**8
