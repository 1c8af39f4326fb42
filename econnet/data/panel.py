"""The panel: what was known of every country on a date, in one table at one frequency.

A `Panel` is indexed by (country, period) with one column per indicator, and has the
date on which each value became known. Series of a higher frequency are averaged to the
panel's frequency, if the period is complete. Where several sources measure the same
indicator, one is chosen per country: levels of different base years are never spliced.

Where values were revised, `vintages` contains all of them with their dates, so that
`on(day)` is the complete table of a day: between two vintages the base year of a series
may have changed, and growth from one to the other would mean nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.errors import DataError
from econnet.core.periods import (
    FREQUENCIES,
    PANDAS_ALIAS,
    PERIODS_A_YEAR,
    Frequency,
    frequency_of,
)
from econnet.core.task import Vintages

Days: TypeAlias = npt.NDArray[np.int64]
Dates: TypeAlias = npt.NDArray[np.datetime64]

NO_DAY = np.datetime64("NaT", "s")
SERIES = ["country", "indicator", "source", "series_id", "native_frequency"]


@dataclass(frozen=True, eq=False)
class Panel:
    """Every indicator of every country at one frequency, as known on a date.

    Parameters
    ----------
    values : DataFrame (country, period) x indicator
        Without gaps in the periods of a country; missing if not known on `as_of`.
    known_at : DataFrame
        Of the same shape: the date on which each value, or an earlier vintage of it,
        was first known.
    series
        One row per (country, indicator): `country, indicator, source, series_id,
        native_frequency` of the chosen series; `first_vintage`, the date before which
        its values are those of its first vintage, missing if there is no such date;
        `n_real_time`, the number of values with known first releases; `n_history`, the
        number of values that came with the first vintage.
    indicators
        The description of each column of `values`.
    vintages : DataFrame
        `row, column, known_at, value`, oldest first: every vintage of the revised
        values, by position in the table; missing if the value was withdrawn. Empty in a
        panel of revised data.
    finer
        For each higher frequency at which some of the chosen series are measured, the
        panel of these series at that frequency.
    """

    values: pd.DataFrame
    known_at: pd.DataFrame
    frequency: Frequency
    as_of: pd.Timestamp
    series: pd.DataFrame
    indicators: Mapping[str, Indicator]
    vintages: pd.DataFrame
    finer: tuple["Panel", ...] = ()

    def __repr__(self) -> str:
        """Return the size of the panel in one line."""
        return (
            f"Panel({len(self.countries)} countries, {len(self.columns)} indicators, "
            f"frequency {self.frequency}, as of {self.as_of:%Y-%m-%d})"
        )

    @property
    def columns(self) -> list[str]:
        """The indicators of the panel, sorted."""
        return sorted(map(str, self.values.columns))

    @property
    def countries(self) -> list[str]:
        """The countries of the panel, sorted."""
        return sorted(map(str, self.values.index.unique("country")))

    def rows_of_countries(self) -> dict[str, slice]:
        """Return the rows of each country in the table."""
        codes = self.values.index.get_level_values("country")
        first = np.flatnonzero(~codes.duplicated())
        bounds = [*first.tolist(), len(codes)]
        return {
            str(codes[start]): slice(start, stop) for start, stop in pairwise(bounds)
        }

    def native(self, country: str, indicator: str) -> "Panel":
        """Return the panel that has a country's indicator as often as it is measured.

        That is one of `finer`, or this one.
        """
        for finer in self.finer:
            series = finer.series
            alike = (series["country"] == country) & (series["indicator"] == indicator)
            if alike.any():
                return finer
        return self

    @property
    def share_in_real_time(self) -> float:
        """The share of values whose first releases are known.

        The others are revised data, as published later or last. The history in first
        vintages is not counted: nothing is forecast from it in real time.
        """
        n = self.values.count().sum() - self.series["n_history"].sum()
        return float(self.series["n_real_time"].sum() / n) if n else 0.0

    def revisions(self, indicator: str) -> pd.DataFrame:
        """Return every value that an indicator had, and the date from which it had it.

        Columns `country, period, known_at, value`; sorted by country, period and date.
        """
        known = pd.DataFrame(
            {"known_at": self.known_at[indicator], "value": self.values[indicator]}
        )
        column = self.values.columns.get_loc(indicator)
        vintages = self.vintages[self.vintages["column"] == column]
        if vintages.empty:
            return known.dropna(subset=["value"]).reset_index()
        rest = known.assign(row=range(len(known))).drop(known.index[vintages["row"]])
        both = pd.concat([rest.dropna(subset=["value"]), vintages], ignore_index=True)
        both = both.sort_values(["row", "known_at"], kind="stable", ignore_index=True)
        index = known.index[both["row"]].to_frame(index=False)
        return index.join(both[["known_at", "value"]])

    def on(self, day: pd.Timestamp) -> "Panel":
        """Return the panel as known at the end of a day."""
        then = self.known_at <= day
        values = self.values.where(then).to_numpy(dtype=float, copy=True)
        known = self.vintages[self.vintages["known_at"] <= day]
        # Of several vintages of one value, the last assigned remains: the newest.
        values[known["row"], known["column"]] = known["value"]
        return replace(
            self,
            values=pd.DataFrame(values, self.values.index, self.values.columns),
            known_at=self.known_at.where(then),
            as_of=min(day, self.as_of),
            vintages=known,
            finer=tuple(finer.on(day) for finer in self.finer),
        )

    def without(self, countries: Collection[str]) -> "Panel":
        """Return the panel without these countries."""
        kept = ~self.values.index.get_level_values("country").isin([*countries])
        if kept.all():
            return self
        rows = np.cumsum(kept) - 1
        vintages = self.vintages[kept[self.vintages["row"]]]
        return replace(
            self,
            values=self.values[kept],
            known_at=self.known_at[kept],
            series=self.series[~self.series["country"].isin([*countries])],
            vintages=vintages.assign(row=rows[vintages["row"]]).reset_index(drop=True),
            finer=tuple(finer.without(countries) for finer in self.finer),
        )

    def only(self, country: str) -> "Panel":
        """Return the panel of one country, with the indicators that it has."""
        rows = self.rows_of_countries()[country]
        values = self.values.iloc[rows].dropna(axis="columns", how="all")
        known_at = self.known_at.iloc[rows][values.columns]
        series = self.series[self.series["country"] == country]
        vintages = self.vintages
        columns = values.columns.get_indexer(self.values.columns)[vintages["column"]]
        vintages = vintages.assign(row=vintages["row"] - rows.start, column=columns)
        inside = vintages["row"].between(0, len(values) - 1) & (columns >= 0)
        return replace(
            self,
            values=values,
            known_at=known_at,
            series=series,
            vintages=vintages[inside].reset_index(drop=True),
            finer=tuple(
                finer.only(country)
                for finer in self.finer
                if country in finer.countries
            ),
        )


def build(
    observations: pd.DataFrame,
    frequency: Frequency,
    as_of: pd.Timestamp | None = None,
    indicators: Mapping[str, Indicator] | None = None,
    vintages: Vintages = "real",
) -> Panel:
    """Return what was known on `as_of`, by default on the day of the newest retrieval.

    A value is known at its `known_at`; without one, when its publication lag has passed
    or, if that is sooner, when it was retrieved. Of a revised value, the table has
    the newest vintage known on `as_of`, and `Panel.vintages` all of them; a panel of
    revised data has the table only. `indicators` describes the columns, and is the
    catalog unless the data are the user's own.
    """
    indicators = catalog.load() if indicators is None else indicators
    if as_of is None:
        as_of = observations["retrieved_at"].max()
    series, rows = _coded(observations[observations["indicator"].isin([*indicators])])
    rows = _dated(series, rows, as_of)
    series, rows = _history_in_its_time(series, rows)
    newest = _newest(rows)
    tidy = _at_frequency(series, newest, frequency)
    if tidy.empty:
        raise DataError(
            f"no data of frequency {frequency} or higher were known on "
            f"{as_of.date()}: choose another --frequency, or a later --as-of"
        )
    chosen = _choose_series(series, tidy)
    if vintages == "revised":
        chosen, rows = chosen.assign(first_vintage=NO_DAY), rows.iloc[:0]
    tables = _Tables(series, newest, rows, as_of, indicators, vintages)
    finer = []
    for native in FINER[frequency]:
        part = chosen[chosen["native_frequency"] == native]
        if len(part):
            finer.append(tables.panel(part, tables.at_frequency(part, native), native))
    return replace(tables.panel(chosen, tidy, frequency), finer=tuple(finer))


@dataclass(frozen=True, eq=False)
class _Tables:
    """What is known of all series, from which the panels of some are made.

    `newest` has the newest vintage of each value, `rows` all of them.
    """

    series: pd.DataFrame
    newest: pd.DataFrame
    rows: pd.DataFrame
    as_of: pd.Timestamp
    indicators: Mapping[str, Indicator]
    vintages: Vintages

    def at_frequency(self, chosen: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
        """Return the newest values of some series at a frequency."""
        rows = self.newest[np.isin(self.newest["series"], chosen.index)]
        return _at_frequency(self.series, rows, frequency)

    def panel(
        self, chosen: pd.DataFrame, tidy: pd.DataFrame, frequency: Frequency
    ) -> Panel:
        """Return the panel of the chosen series; `tidy` are newest values."""
        tidy = tidy[np.isin(tidy["series"], chosen.index)]
        index = _PanelIndex.of(chosen, tidy, frequency)
        values, known_at = index.table(tidy)
        of_series = tidy.groupby("series")
        real_time = self.vintages == "real"
        chosen = chosen.assign(
            n_real_time=of_series["in_real_time"].sum() if real_time else 0,
            n_history=of_series["history"].sum() if real_time else 0,
        )
        rows = self.rows[np.isin(self.rows["series"], chosen.index)]
        changes = index.vintages(_vintages_at_frequency(self.series, rows, frequency))
        return Panel(
            values,
            known_at,
            frequency,
            self.as_of,
            chosen.reset_index(drop=True),
            self.indicators,
            changes,
        )


def releases(
    observations: pd.DataFrame, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return every value and revision known on `as_of`, oldest first, with its date.

    Columns `indicator, source, series_id, native_frequency, period, end, known_at,
    first_vintage`; `end` is the last day of the period, and `first_vintage` the day
    before which nothing of the series may be used, if there is one. `as_of` is by
    default the day of the newest retrieval.
    """
    if as_of is None:
        as_of = observations["retrieved_at"].max()
    series, rows = _coded(observations)
    series, rows = _history_in_its_time(series, _dated(series, rows, as_of))
    number = rows["series"].to_numpy()
    # A series that was published once has no other release than that day.
    newest = rows.groupby("series")["end"].idxmax()
    newest = newest[~newest.index.isin(number[~rows["history"].to_numpy()])]
    once = series.loc[newest.index, "first_vintage"]
    rows.loc[newest, "known_at"] = once.to_numpy()
    about = series[[*SERIES[1:], "first_vintage"]].take(number)
    rows = rows[["period", "end", "known_at"]].reset_index(drop=True)
    both = pd.concat([about.reset_index(drop=True), rows], axis="columns")
    return both.sort_values("known_at", kind="stable", ignore_index=True)


def known_on(observations: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the observations known at the end of a day, in the same order.

    They are those from which `build` makes the panel of that day.
    """
    end_of_day = as_of + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    series, rows = _coded(observations.reset_index(drop=True))
    known = _dated(series, rows, end_of_day).index.sort_values()
    return observations.take(known.to_numpy()).reset_index(drop=True)


def _coded(observations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the distinct series, and the observations with the number of their series.

    The first has the columns `SERIES` and `template`, the entry in the catalog, `None`
    if there is none; the second `series, period, end, cell, value, retrieved_at,
    known_at`, where `end` is the period's last day, and `cell` the number of series and
    period. Text is compared only here; later steps compare numbers.
    """
    texts, distinct = pd.factorize(observations["period"])
    native, ends = _periods(distinct)
    number = pd.factorize(native)[0][texts]
    for column in SERIES[:-1]:
        codes, values = pd.factorize(observations[column])
        number = number * len(values) + codes
        # Short of the largest integer, one numbering of all columns is enough.
        if int(number.max(initial=0)) > 2**40:
            number = pd.factorize(number)[0]
    number = pd.factorize(number)[0]
    # The first row of a series has a higher number than all rows before it.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(number), prepend=-1))
    series = observations.iloc[first][SERIES[:-1]].reset_index(drop=True)
    series["native_frequency"] = native[texts[first]]
    series = series.assign(template=pd.Series(_templates(series), dtype=object))
    rows = observations[["period", "value", "retrieved_at", "known_at"]].assign(
        series=number, end=ends[texts], cell=number * len(distinct) + texts
    )
    return series, rows


def _periods(texts: pd.Index) -> tuple[npt.NDArray[np.object_], Dates]:
    """Return the frequency of each period's text, and the period's last day."""
    native = np.array([frequency_of(text) for text in texts], dtype=object)
    ends = np.empty(len(texts), dtype="datetime64[s]")
    for frequency in FREQUENCIES:
        alike = native == frequency
        periods = pd.PeriodIndex(texts[alike], freq=PANDAS_ALIAS[frequency])
        ends[alike] = periods.end_time.normalize()
    return native, ends


def _dated(
    series: pd.DataFrame, rows: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the vintages known on `as_of`, oldest first, each with its date.

    Adds `dated`, whether the date is given and not derived from the lag, and
    `in_real_time`, whether the value is the one of that date.
    """
    if not rows["retrieved_at"].is_monotonic_increasing:
        rows = rows.sort_values("retrieved_at", kind="stable")
    lag = pd.to_timedelta(_lags(series)[rows["series"]], unit="D")
    due, retrieved_at = rows["end"] + lag, rows["retrieved_at"]
    revised = rows["cell"].duplicated()
    dated = rows["known_at"].notna()
    derived = due.clip(upper=retrieved_at).where(~revised, retrieved_at)
    rows = rows.assign(
        known_at=rows["known_at"].fillna(derived),
        dated=dated,
        in_real_time=(retrieved_at <= due).where(
            ~dated, _keeps_vintages(series, rows, revised)
        ),
    )
    rows = rows[rows["known_at"] <= as_of]
    if not revised.any():
        return rows
    # Of one day's vintages, the order of retrieval is kept.
    return rows.sort_values("known_at", kind="stable")


def _keeps_vintages(
    series: pd.DataFrame, rows: pd.DataFrame, revised: pd.Series
) -> npt.NDArray[np.bool_]:
    """Return for which rows the source keeps vintages, given that it has dates.

    A user's file has a date for every value, derived if none was given: it has vintages
    only if there are two of one value.
    """
    number = rows["series"].to_numpy()
    several = np.bincount(number, revised, len(series)) > 0
    keeps: npt.NDArray[np.bool_] = several | series["source"].ne("file").to_numpy()
    return np.take(keeps, number)


def _history_in_its_time(
    series: pd.DataFrame, rows: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Date the history in a series' first vintage by the usual delay of the series.

    A first vintage contains decades, all published on one day, and would be lost to
    training if no earlier origin knew them. So they count as known after the usual
    delay of the series, and the day is kept as `first_vintage` of the series: nothing
    that depends on them may be used before it.
    """
    dated = rows["dated"].to_numpy(dtype=bool)
    if not dated.any():
        return series.assign(first_vintage=NO_DAY), rows.assign(history=False)
    number, known_at = rows["series"].to_numpy(), rows["known_at"]
    first_day = known_at[dated].groupby(number[dated]).min().reindex(series.index)
    first = dated & (known_at.to_numpy() == first_day.to_numpy()[number])
    news = dated & ~first & ~rows["cell"].duplicated().to_numpy()
    usual = (known_at - rows["end"])[news].groupby(number[news]).median()
    usual = usual.reindex(series.index).fillna(
        pd.Series(pd.to_timedelta(_lags(series), unit="D"), series.index)
    )
    in_time = (rows["end"] + usual.to_numpy()[number]).dt.normalize()
    moved = first & (in_time < known_at).to_numpy()
    # A single early value is no history.
    moved &= np.bincount(number, first)[number] > 1
    late = series.index.isin(number[moved])
    return series.assign(first_vintage=first_day.where(late)), rows.assign(
        known_at=known_at.mask(moved, in_time),
        in_real_time=rows["in_real_time"] & ~moved,
        history=moved,
    )


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the newest vintage of each value, with the date of the first."""
    later = rows["cell"].duplicated()
    if not later.any():
        return rows
    newest = rows[~rows["cell"].duplicated(keep="last")]
    revised = newest["cell"].isin(rows["cell"][later]).to_numpy()
    first = rows[~later].set_index("cell").loc[newest["cell"][revised]]
    dates = {}
    for name in ("known_at", "in_real_time", "history"):
        dates[name] = newest[name].to_numpy(copy=True)
        dates[name][revised] = first[name]
    return newest.assign(**dates)


def _templates(series: pd.DataFrame) -> list[SeriesTemplate | None]:
    """Return the entry of each series in the catalog; `None` if there is none."""
    known = catalog.load()
    return [
        known[key].template_of(source, series_id, native, country)
        if key in known
        else None
        for country, key, source, series_id, native in series[SERIES].itertuples(
            index=False
        )
    ]


def _lags(series: pd.DataFrame) -> Days:
    """Return each series' publication lag; one period if the catalog has none."""
    return np.array(
        [
            ONE_PERIOD_DAYS[native]
            if template is None
            else template.publication_lag_days
            for native, template in zip(
                series["native_frequency"], series["template"], strict=True
            )
        ]
    )


def _at_frequency(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> pd.DataFrame:
    """Return `series, ordinal, value, known_at, in_real_time, history`.

    Periods are numbers. Series of a higher frequency are averaged over complete
    periods.
    """
    tidy, parts = _in_periods(series, rows, frequency)
    tidy = tidy.dropna(subset=["value"])
    needed = parts[tidy["series"]]
    groups = tidy[needed > 1].groupby(["series", "ordinal"], sort=False)
    averaged = groups.agg(
        value=("value", "mean"),
        known_at=("known_at", "max"),
        in_real_time=("in_real_time", "all"),
        history=("history", "any"),
        n=("value", "size"),
    ).reset_index()
    complete = averaged[averaged["n"] == parts[averaged["series"]]].drop(columns="n")
    both: pd.DataFrame = pd.concat(
        [tidy[needed == 1].drop(columns=["end", "cell"]), complete], ignore_index=True
    )
    return both


def _in_periods(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> tuple[pd.DataFrame, Days]:
    """Return the rows of sufficiently fine series, with the panel's periods as numbers.

    Also returns how many periods of each series make one of the panel; 0 if coarser.
    """
    parts_of = {
        native: PERIODS_A_YEAR[native] // PERIODS_A_YEAR[frequency]
        for native in FREQUENCIES[FREQUENCIES.index(frequency) :]
    }
    parts: Days = np.array(
        [parts_of.get(native, 0) for native in series["native_frequency"]]
    )
    rows = rows[parts[rows["series"]] > 0]
    ends, distinct = pd.factorize(rows["end"])
    ordinals = pd.DatetimeIndex(distinct).to_period(PANDAS_ALIAS[frequency])
    columns = ["series", "end", "cell", "value", "known_at", "in_real_time", "history"]
    tidy = rows[columns].reset_index(drop=True).assign(ordinal=ordinals.asi8[ends])
    return tidy, parts


def _vintages_at_frequency(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> pd.DataFrame:
    """Return `series, ordinal, known_at, value` of revised values, oldest first.

    Every value of each such period of the panel, on the days on which it changed.
    """
    tidy, parts = _in_periods(series, rows, frequency)
    cell = ["series", "ordinal"]
    revised = tidy["value"].isna() | tidy["cell"].duplicated()
    if not revised.any():
        return tidy.iloc[:0][[*cell, "known_at", "value"]]
    revised_cells = pd.MultiIndex.from_frame(tidy.loc[revised, cell].drop_duplicates())
    of_revised = pd.MultiIndex.from_frame(tidy[cell]).isin(revised_cells)
    tidy = tidy[of_revised].sort_values([*cell, "known_at"], kind="stable")
    needed = parts[tidy["series"]]
    changes = pd.concat(
        [tidy[needed == 1], _means(tidy[needed > 1], parts)], ignore_index=True
    )
    # Of several on one day the last is the newest; equal values are no change.
    changes = changes.drop_duplicates([*cell, "known_at"], keep="last")
    before = changes.groupby(cell)["value"].shift()
    same = (changes["value"] == before) | (changes["value"].isna() & before.isna())
    kept: pd.DataFrame = changes.loc[~same, [*cell, "known_at", "value"]]
    return kept.sort_values("known_at", kind="stable", ignore_index=True)


def _means(tidy: pd.DataFrame, parts: Days) -> pd.DataFrame:
    """Return the mean of a period's parts on each day on which one of them changed.

    `tidy` is sorted by series, period and date. The mean is missing while a part is.
    """
    cell = tidy.groupby(["series", "ordinal"])
    part = cell["end"].rank("dense").to_numpy(dtype=int) - 1
    row, values = np.arange(len(tidy)), tidy["value"].to_numpy(dtype=float)
    first_of_cell = row - cell.cumcount().to_numpy()
    total, present = np.zeros(len(tidy)), np.zeros(len(tidy), dtype=int)
    for number in range(max(parts, default=0)):
        newest = np.maximum.accumulate(np.where(part == number, row, -1))
        known = newest >= first_of_cell
        total += np.where(known, values[newest], 0.0)
        present += known
    needed = parts[tidy["series"]]
    return tidy.assign(value=np.where(present == needed, total / needed, np.nan))


def _choose_series(series: pd.DataFrame, tidy: pd.DataFrame) -> pd.DataFrame:
    """Return, for each country and indicator, the longest series that is current.

    A series is current if it ends at most `MAX_STALE` periods before the one that ends
    last. A measured one comes before a modelled one; ties go to the first in the
    catalog. An archive counts as as long as the series whose editions it keeps.
    """
    spans = tidy.groupby("series")["ordinal"].agg(["max", "count"])
    spans = series.join(spans, how="inner")
    cell = ["country", "indicator"]
    newest = spans.groupby(cell)["max"].transform("max")
    spans["current"] = spans["max"] >= newest - MAX_STALE
    spans["last"] = spans["max"].where(~spans["current"], newest)
    entries = [
        _entry(key, template)
        for key, template in zip(spans["indicator"], spans["template"], strict=True)
    ]
    spans["rank"], spans["modelled"] = zip(*entries, strict=True)
    family = [*cell, "source", spans["series_id"].map(catalog.archived)]
    spans["count"] = spans.groupby([*family, "current"])["count"].transform("max")
    best = spans.sort_values(
        ["last", "modelled", "count", "rank"],
        ascending=[False, True, False, True],
        kind="stable",
    ).drop_duplicates(cell)
    return best[[*SERIES, "first_vintage"]].sort_values(cell)


def _entry(key: str, template: SeriesTemplate | None) -> tuple[int, bool]:
    """Return a series' position in the catalog, and whether it is modelled."""
    indicator = catalog.load().get(key)
    if indicator is None:
        return 0, False
    if template is None:
        return len(indicator.series), False
    return indicator.series.index(template), template.modelled


@dataclass(frozen=True, eq=False)
class _PanelIndex:
    """The rows and columns of the table, and the position of each value in it.

    Parameters
    ----------
    positions : DataFrame
        By the number of a chosen series: its `column`; the first row of its country,
        `start`, and the row after the last, `stop`; `offset`, by which a row exceeds
        the number of its period.
    """

    rows: pd.MultiIndex
    indicators: pd.Index
    positions: pd.DataFrame

    @classmethod
    def of(
        cls, chosen: pd.DataFrame, tidy: pd.DataFrame, frequency: Frequency
    ) -> "_PanelIndex":
        """Return the index with a row for each period of a country's span."""
        country, names = pd.factorize(chosen["country"])
        column, indicators = pd.factorize(chosen["indicator"], sort=True)
        owner = pd.Series(country, chosen.index)[tidy["series"]].to_numpy()
        spans = tidy.groupby(owner)["ordinal"].agg(["min", "max"])
        lengths = (spans["max"] - spans["min"] + 1).to_numpy()
        stops = np.cumsum(lengths)
        offsets = stops - lengths - spans["min"].to_numpy()
        ordinals = np.arange(lengths.sum()) - np.repeat(offsets, lengths)
        periods = pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
            ordinals, freq=PANDAS_ALIAS[frequency]
        )
        return cls(
            pd.MultiIndex.from_arrays(
                [np.repeat(names, lengths), periods], names=["country", "period"]
            ),
            indicators.rename("indicator"),
            pd.DataFrame(
                {
                    "column": column,
                    "start": (stops - lengths)[country],
                    "stop": stops[country],
                    "offset": offsets[country],
                },
                chosen.index,
            ),
        )

    def table(self, tidy: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return values and dates."""
        cells = self._cells(tidy)
        row, column = cells["row"].to_numpy(), cells["column"].to_numpy()
        values = np.full((len(self.rows), len(self.indicators)), np.nan)
        known_at = np.full(values.shape, NO_DAY)
        values[row, column] = tidy["value"]
        known_at[row, column] = cells["known_at"]
        return (
            pd.DataFrame(values, self.rows, self.indicators),
            pd.DataFrame(known_at, self.rows, self.indicators),
        )

    def vintages(self, changes: pd.DataFrame) -> pd.DataFrame:
        """Return `row, column, known_at, value` of the changes inside the table."""
        cells = self._cells(changes)
        inside = (cells["row"] >= cells["start"]) & (cells["row"] < cells["stop"])
        vintages = cells.loc[inside, ["row", "column", "known_at", "value"]]
        return vintages.reset_index(drop=True)

    def _cells(self, tidy: pd.DataFrame) -> pd.DataFrame:
        positions = self.positions.loc[tidy["series"]].reset_index(drop=True)
        return positions.assign(
            row=tidy["ordinal"].to_numpy() + positions["offset"],
            known_at=tidy["known_at"].to_numpy(dtype="datetime64[s]"),
            value=tidy["value"].to_numpy(dtype=float),
        )


# Of a panel's periods.
MAX_STALE = 2

FINER: Mapping[Frequency, tuple[Frequency, ...]] = {
    "A": ("Q", "M"),
    "Q": ("M",),
    "M": (),
}
ONE_PERIOD_DAYS: Mapping[Frequency, int] = {"A": 366, "Q": 92, "M": 31}
