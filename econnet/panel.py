"""What was known of every country on a date, as one table at one frequency.

A `Panel` is indexed by (country, period), a column an indicator, and beside every value
stands the date on which it was known. Series of a higher frequency are averaged to the
panel's, a period counting only when it is whole. Where several sources measure the same
indicator, one is taken for each country: levels of different bases are never spliced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet import catalog
from econnet.catalog import FREQUENCIES, PANDAS_ALIAS, Frequency, Indicator
from econnet.errors import DataError

Days: TypeAlias = npt.NDArray[np.int64]
Dates: TypeAlias = npt.NDArray[np.datetime64]

PERIODS_A_YEAR: dict[Frequency, int] = {"A": 1, "Q": 4, "M": 12}
SERIES = ["country", "indicator", "source", "series_id", "native_frequency"]


@dataclass(frozen=True, eq=False)
class Panel:
    """Every indicator of every country at one frequency, as known on a date.

    Parameters
    ----------
    values : DataFrame (country, period) x indicator
        Without gaps in the periods of a country; missing where not known on `as_of`.
    known_at : DataFrame
        Of the same shape: the date on which each value was known.
    as_of
        The date the panel looks from.
    series
        One row a (country, indicator): `country, indicator, source, series_id,
        native_frequency`, the series that was taken.
    indicators
        What each column of `values` is.
    """

    values: pd.DataFrame
    known_at: pd.DataFrame
    frequency: Frequency
    as_of: pd.Timestamp
    series: pd.DataFrame
    indicators: Mapping[str, Indicator]

    @property
    def columns(self) -> list[str]:
        """The indicators of the panel, sorted."""
        return sorted(map(str, self.values.columns))

    @property
    def countries(self) -> list[str]:
        """The countries of the panel, sorted."""
        return sorted(map(str, self.values.index.unique("country")))

    def rows_of_countries(self) -> dict[str, slice]:
        """Return where in the table each country's rows stand."""
        codes = self.values.index.get_level_values("country")
        first = np.flatnonzero(~codes.duplicated())
        bounds = [*first.tolist(), len(codes)]
        return {
            str(codes[start]): slice(start, stop) for start, stop in pairwise(bounds)
        }

    def revisions(self, indicator: str) -> pd.DataFrame:
        """Return every value that an indicator had, and from when it had it.

        Columns `country, period, known_at, value`; sorted by country and period, and
        for each of them by date.
        """
        known = pd.DataFrame(
            {"known_at": self.known_at[indicator], "value": self.values[indicator]}
        )
        return known.dropna(subset=["value"]).reset_index()

    def only(self, country: str) -> "Panel":
        """Return the panel of one country, with the indicators that it has."""
        values = self.values.loc[[country]].dropna(axis="columns", how="all")
        known_at = self.known_at.loc[[country], values.columns]
        series = self.series[self.series["country"] == country]
        return replace(self, values=values, known_at=known_at, series=series)


def build(
    observations: pd.DataFrame,
    frequency: Frequency,
    as_of: pd.Timestamp | None = None,
    indicators: Mapping[str, Indicator] | None = None,
) -> Panel:
    """Return what was known on `as_of`, by default on the day of the newest retrieval.

    A value is known at its `known_at`; without one, when its publication lag has passed
    or, where that is sooner, when it was retrieved. Of a value that was revised, the
    panel holds the newest vintage known on `as_of`, with the date on which the first
    was known: the panel is one of revised data. `indicators` describes the columns, and
    is the catalog unless the data are the user's own.

    Raises
    ------
    DataError
        Nothing was known of this frequency or a higher one.
    """
    indicators = catalog.load() if indicators is None else indicators
    if as_of is None:
        as_of = observations["retrieved_at"].max()
    series, rows = _coded(observations[observations["indicator"].isin([*indicators])])
    rows = _as_known(series, rows, as_of)
    tidy = _at_frequency(series, rows, frequency)
    if tidy.empty:
        raise DataError(
            f"no data of frequency {frequency} or higher were known on "
            f"{as_of.date()}: choose another --frequency, or a later --as-of"
        )
    chosen = _choose_series(series, tidy)
    tidy = tidy[np.isin(tidy["series"], chosen.index)]
    values, known_at = _table(chosen, tidy, frequency)
    return Panel(
        values, known_at, frequency, as_of, chosen.reset_index(drop=True), indicators
    )


def _coded(observations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the series there are, and the observations with their series' number.

    The first has the columns `SERIES`; the second `series, period, end, value,
    retrieved_at, known_at`, the period as text, `end` being its last day. Text is
    compared once here, and numbers from here on.
    """
    texts, found = pd.factorize(observations["period"])
    native, ends = _periods(found)
    number = pd.factorize(native)[0][texts]
    for column in SERIES[:-1]:
        codes, values = pd.factorize(observations[column])
        number = pd.factorize(number * len(values) + codes)[0]
    first = np.unique(number, return_index=True)[1]
    series = observations.iloc[first][SERIES[:-1]].reset_index(drop=True)
    series["native_frequency"] = native[texts[first]]
    rows = observations[["period", "value", "retrieved_at", "known_at"]].assign(
        series=number, end=ends[texts]
    )
    return series, rows


def _periods(texts: pd.Index) -> tuple[npt.NDArray[np.object_], Dates]:
    """Return the frequency of each period's text, and the period's last day."""
    native = np.array(
        ["Q" if "Q" in text else "M" if "-" in text else "A" for text in texts],
        dtype=object,
    )
    ends = np.empty(len(texts), dtype="datetime64[s]")
    for frequency in FREQUENCIES:
        alike = native == frequency
        periods = pd.PeriodIndex(texts[alike], freq=PANDAS_ALIAS[frequency])
        ends[alike] = periods.end_time.normalize()
    return native, ends


def _as_known(
    series: pd.DataFrame, rows: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the newest vintage known on `as_of`, and when the first was known."""
    rows = rows.sort_values("retrieved_at", kind="stable")
    lag = pd.to_timedelta(_lags(series)[rows["series"]], unit="D")
    published = (rows["end"] + lag).clip(upper=rows["retrieved_at"])
    revised = rows.duplicated(["series", "end"])
    published = published.where(~revised, rows["retrieved_at"])
    rows["known_at"] = rows["known_at"].fillna(published)
    rows = rows[rows["known_at"] <= as_of]
    if not revised.any():
        return rows
    rows = rows.sort_values(["known_at", "retrieved_at"], kind="stable")
    first = rows.groupby(["series", "end"])["known_at"].transform("first")
    return rows.assign(known_at=first).drop_duplicates(["series", "end"], keep="last")


def _lags(series: pd.DataFrame) -> Days:
    """Return each series' publication lag; one period where the catalog knows none."""
    known = catalog.load()
    lags = []
    for country, key, source, _, native in series[SERIES].itertuples(index=False):
        lag = None
        if key in known:
            lag = known[key].publication_lag_days(source, native, country)
        lags.append(ONE_PERIOD_DAYS[native] if lag is None else lag)
    return np.array(lags)


def _at_frequency(
    series: pd.DataFrame, rows: pd.DataFrame, frequency: Frequency
) -> pd.DataFrame:
    """Return `series, ordinal, value, known_at`: the panel's periods as numbers.

    Series of a higher frequency are averaged over the periods that are whole.
    """
    parts_of = {
        native: PERIODS_A_YEAR[native] // PERIODS_A_YEAR[frequency]
        for native in FREQUENCIES[FREQUENCIES.index(frequency) :]
    }
    parts = series["native_frequency"].map(parts_of).fillna(0).to_numpy(dtype=int)
    rows = rows[parts[rows["series"]] > 0]
    ends, found = pd.factorize(rows["end"])
    ordinals = pd.DatetimeIndex(found).to_period(PANDAS_ALIAS[frequency])
    tidy = pd.DataFrame(
        {
            "series": rows["series"].to_numpy(),
            "ordinal": ordinals.asi8[ends] if len(rows) else np.array([], dtype=int),
            "value": rows["value"].to_numpy(dtype=float),
            "known_at": rows["known_at"].to_numpy(),
        }
    ).dropna(subset=["value"])
    needed = parts[tidy["series"]]
    finer = tidy[needed > 1]
    groups = finer.groupby(["series", "ordinal"], sort=False)
    averaged = groups.agg(
        value=("value", "mean"), known_at=("known_at", "max"), n=("value", "size")
    ).reset_index()
    whole = averaged[averaged["n"] == parts[averaged["series"]]].drop(columns="n")
    both: pd.DataFrame = pd.concat([tidy[needed == 1], whole], ignore_index=True)
    return both


def _choose_series(series: pd.DataFrame, tidy: pd.DataFrame) -> pd.DataFrame:
    """Return, for each country and indicator, the series that reaches furthest.

    Of those that reach equally far the longest is taken, then the first in the catalog.
    """
    rank = {
        (indicator.key, template.source): position
        for indicator in catalog.load().values()
        for position, template in enumerate(indicator.series)
    }
    spans = tidy.groupby("series")["ordinal"].agg(["max", "count"])
    spans = series.join(spans, how="inner")
    spans["rank"] = [
        rank.get(kind, len(rank))
        for kind in zip(spans["indicator"], spans["source"], strict=True)
    ]
    best_first = spans.sort_values(
        ["max", "count", "rank"], ascending=[False, False, True], kind="stable"
    )
    best: pd.DataFrame = best_first.drop_duplicates(["country", "indicator"])[SERIES]
    return best.sort_values(["country", "indicator"])


def _table(
    chosen: pd.DataFrame, tidy: pd.DataFrame, frequency: Frequency
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return values and dates, a row for each period from a country's first to last."""
    countries, names = pd.factorize(chosen["country"])
    columns, indicators = pd.factorize(chosen["indicator"], sort=True)
    place = pd.Series(range(len(chosen)), chosen.index)[tidy["series"]].to_numpy()
    country, ordinal = countries[place], tidy["ordinal"].to_numpy()
    first = np.full(len(names), ordinal.max())
    last = np.full(len(names), ordinal.min())
    np.minimum.at(first, country, ordinal)
    np.maximum.at(last, country, ordinal)
    lengths = last - first + 1
    starts = np.cumsum(lengths) - lengths
    row = starts[country] + ordinal - first[country]
    shape = (int(lengths.sum()), len(indicators))
    values = np.full(shape, np.nan)
    known_at = np.full(shape, np.datetime64("NaT"), dtype="datetime64[s]")
    values[row, columns[place]] = tidy["value"]
    known_at[row, columns[place]] = tidy["known_at"].to_numpy(dtype="datetime64[s]")
    index = pd.MultiIndex.from_arrays(
        [
            np.repeat(names, lengths),
            pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]  # not in stubs
                np.arange(shape[0]) - np.repeat(starts - first, lengths),
                freq=PANDAS_ALIAS[frequency],
            ),
        ],
        names=["country", "period"],
    )
    return (
        pd.DataFrame(values, index, indicators.rename("indicator")),
        pd.DataFrame(known_at, index, indicators.rename("indicator")),
    )


ONE_PERIOD_DAYS: Mapping[Frequency, int] = {"A": 366, "Q": 92, "M": 31}
