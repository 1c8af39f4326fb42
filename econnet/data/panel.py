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

import numpy as np
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.errors import DataError
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.core.task import Vintages
from econnet.core.types import Floats
from econnet.data.common_frequency import at_frequency, vintages_at_frequency
from econnet.data.known_dates import (
    NO_DAY,
    coded,
    dated_vintages,
    history_in_its_time,
    newest_vintages,
)
from econnet.data.series_choice import choose_series
from econnet.data.units import ratio_scales


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
        `ratio_scale`, the factor applied to its level before it is divided;
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
        """Return the panel that has a country's indicator at its own frequency.

        That is one of `finer`, or this one.
        """
        for finer in self.finer:
            series = finer.series
            alike = (series["country"] == country) & (series["indicator"] == indicator)
            if alike.any():
                return finer
        return self

    def ratio_scales(self, indicator: str) -> Floats:
        """Return the `ratio_scale` of an indicator in each row, NaN if it has none."""
        rows = self.series[self.series["indicator"] == indicator]
        scales = rows.set_index("country")["ratio_scale"]
        countries = self.values.index.get_level_values("country")
        return scales.reindex(countries).to_numpy(dtype=float)

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
        # If a value has several vintages, the last assignment wins: the newest.
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
    or, if that is sooner, when it was retrieved. For a revised value, the table has the
    newest vintage known on `as_of`, and `Panel.vintages` all of them; a panel of
    revised data has the table only. `indicators` describes the columns, and is the
    catalog unless the data are the user's own.
    """
    indicators = catalog.load() if indicators is None else indicators
    if as_of is None:
        as_of = observations["retrieved_at"].max()
    series, rows = coded(observations[observations["indicator"].isin([*indicators])])
    rows = dated_vintages(series, rows, as_of)
    series, rows = history_in_its_time(series, rows)
    newest = newest_vintages(rows)
    tidy = at_frequency(series, newest, frequency)
    if tidy.empty:
        raise DataError(
            f"no data of frequency {frequency} or higher were known on "
            f"{as_of.date()}: choose another --frequency, or a later --as-of"
        )
    chosen = choose_series(series, tidy)
    chosen["ratio_scale"] = ratio_scales(chosen, series["template"], indicators)
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
        return at_frequency(self.series, rows, frequency)

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
        changes = index.vintages(vintages_at_frequency(self.series, rows, frequency))
        return Panel(
            values,
            known_at,
            frequency,
            self.as_of,
            chosen.reset_index(drop=True),
            self.indicators,
            changes,
        )


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


FINER: Mapping[Frequency, tuple[Frequency, ...]] = {
    "A": ("Q", "M"),
    "Q": ("M",),
    "M": (),
}
