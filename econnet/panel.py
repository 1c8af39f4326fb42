"""What was known of every country on a date, as one table at one frequency.

A `Panel` is indexed by (country, period), a column an indicator, and beside every value
stands the date on which it was known. Series of a higher frequency are averaged to the
panel's, a period counting only when it is whole. Where several sources measure the same
indicator, one is taken for each country: levels of different bases are never spliced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from econnet import catalog
from econnet.catalog import FREQUENCIES, PANDAS_ALIAS, Frequency, Indicator
from econnet.errors import DataError

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
    or, where that is sooner, when it was retrieved. Of a value that was retrieved again
    and found revised, the revision is known when it was retrieved. `indicators`
    describes the columns, and is the catalog unless the data are the user's own.

    Raises
    ------
    DataError
        Nothing was known of this frequency or a higher one.
    """
    indicators = catalog.load() if indicators is None else indicators
    if as_of is None:
        as_of = observations["retrieved_at"].max()
    dated = _dated(observations[observations["indicator"].isin(indicators.keys())])
    dated = dated[dated["known_at"] <= as_of]
    dated = dated.drop_duplicates([*SERIES, "end"], keep="last")
    finer = FREQUENCIES[FREQUENCIES.index(frequency) :]
    parts = [_at_frequency(dated, native, frequency) for native in finer]
    tidy = pd.concat([part for part in parts if len(part)] or parts[:1])
    if tidy.empty:
        raise DataError(
            f"no data of frequency {frequency} or higher were known on "
            f"{as_of.date()}: choose another --frequency, or a later --as-of"
        )
    chosen = _choose_series(tidy)
    tidy = tidy.merge(chosen, on=SERIES)
    wide = tidy.set_index(["country", "period", "indicator"])
    values = _without_gaps(wide["value"].unstack("indicator"), frequency)
    known_at = wide["known_at"].unstack("indicator").reindex(values.index)
    return Panel(values, known_at, frequency, as_of, chosen, indicators)


def _dated(observations: pd.DataFrame) -> pd.DataFrame:
    """Add the native frequency, the period's last day and the date it was known."""
    texts = observations["period"].unique()
    periods = {text: _period(text) for text in texts}
    native = observations["period"].map({t: p[0] for t, p in periods.items()})
    end = observations["period"].map({t: p[1] for t, p in periods.items()})
    lag = _publication_lags(observations.assign(native_frequency=native))
    dated = observations.assign(native_frequency=native, end=end)
    dated = dated.sort_values("retrieved_at", kind="stable")
    published = (dated["end"] + lag).clip(upper=dated["retrieved_at"])
    revised = dated.duplicated([*SERIES, "end"])
    published = published.where(~revised, dated["retrieved_at"])
    return dated.assign(known_at=dated["known_at"].fillna(published))


def _period(text: str) -> tuple[Frequency, pd.Timestamp]:
    """Return the frequency of a period's text and the period's last day."""
    frequency: Frequency = "Q" if "Q" in text else "M" if "-" in text else "A"
    period = pd.Period(text, PANDAS_ALIAS[frequency])
    return frequency, period.end_time.normalize()


def _publication_lags(observations: pd.DataFrame) -> pd.Series:
    """Return each row's publication lag; one period where the catalog knows none."""
    one_period = {"A": 366, "Q": 92, "M": 31}
    lags = {
        (indicator.key, template.source, template.frequency): (
            template.publication_lag_days
        )
        for indicator in catalog.load().values()
        for template in indicator.series
    }
    kinds = observations.groupby(
        ["indicator", "source", "native_frequency"], observed=True, sort=False
    ).ngroup()
    first = observations.loc[~kinds.duplicated()]
    days = [
        lags.get((indicator, source, native), one_period[native])
        for indicator, source, native in zip(
            first["indicator"], first["source"], first["native_frequency"], strict=True
        )
    ]
    return pd.to_timedelta(np.asarray(days)[kinds], unit="D").to_series(
        observations.index
    )


def _at_frequency(
    dated: pd.DataFrame, native: Frequency, frequency: Frequency
) -> pd.DataFrame:
    """Return the series of one native frequency, averaged to the panel's."""
    rows = dated[dated["native_frequency"] == native]
    ends = pd.Index(rows["end"].unique())
    period_of = dict(
        zip(
            ends, pd.DatetimeIndex(ends).to_period(PANDAS_ALIAS[frequency]), strict=True
        )
    )
    rows = rows.assign(period=rows["end"].map(period_of))
    if native == frequency:
        return rows[[*SERIES, "period", "value", "known_at"]]
    parts = PERIODS_A_YEAR[native] // PERIODS_A_YEAR[frequency]
    groups = rows.groupby([*SERIES, "period"], observed=True)
    averaged = groups.agg(
        value=("value", "mean"), known_at=("known_at", "max"), n=("value", "count")
    )
    return averaged[averaged["n"] == parts].drop(columns="n").reset_index()


def _choose_series(tidy: pd.DataFrame) -> pd.DataFrame:
    """Return, for each country and indicator, the series that reaches furthest.

    Of those that reach equally far the longest is taken, then the first in the catalog.
    """
    rank = {
        (indicator.key, template.source): position
        for indicator in catalog.load().values()
        for position, template in enumerate(indicator.series)
    }
    spans = (
        tidy.groupby(SERIES, observed=True)["period"]
        .agg(["max", "count"])
        .reset_index()
    )
    spans["rank"] = [
        rank.get(kind, len(rank))
        for kind in zip(spans["indicator"], spans["source"], strict=True)
    ]
    best_first = spans.sort_values(
        ["max", "count", "rank"], ascending=[False, False, True], kind="stable"
    )
    return best_first.drop_duplicates(["country", "indicator"])[SERIES].sort_values(
        ["country", "indicator"], ignore_index=True
    )


def _without_gaps(values: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """Return `values` with a row for each period between a country's first and last."""
    rows = []
    for country, block in values.groupby(level="country"):
        periods = block.index.get_level_values("period")
        whole = pd.period_range(
            periods.min(), periods.max(), freq=PANDAS_ALIAS[frequency]
        )
        rows.append(
            pd.MultiIndex.from_product([[country], whole], names=["country", "period"])
        )
    index = rows[0].append(rows[1:])
    return values.reindex(index)
