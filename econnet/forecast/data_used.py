"""The data behind a forecast: the series, their next releases and the history."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd

from econnet.core.catalog import Indicator
from econnet.core.period_days import next_fixed_date
from econnet.core.periods import PERIODS_A_YEAR
from econnet.data.cycle import labels
from econnet.data.cycle.growth import growth
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset
from econnet.forecast import information_date
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import DataUsed, Release, SeriesUsed


def history(prepared: PreparedTask) -> pd.DataFrame:
    """Return the growth of the labelled indicator, and its contractions, by period."""
    label, alpha3 = prepared.label, prepared.country.alpha3
    rule = labels.RULES.get(label.name)
    by_year = rule is not None and rule.looks_back is None
    values = prepared.panel.values[label.target].loc[[alpha3]]
    periods = PERIODS_A_YEAR[prepared.task.frequency] if by_year else 1
    is_growth = label.meaning.endswith(labels.BELOW_ZERO)
    change = values if is_growth else growth(values, periods)
    table = pd.DataFrame(
        {
            "growth": change.droplevel("country"),
            "contraction": label.values.loc[alpha3],
        }
    )
    known = table.dropna(how="all").index
    return table.loc[known.min() : known.max()]


# A command shows the data of two frequencies before the forecast, which has one.
@lru_cache(maxsize=2)
def data_used(prepared: PreparedTask) -> DataUsed:
    """Return the series behind the forecast, with the dates of their next values."""
    alpha3, label = prepared.country.alpha3, prepared.label
    measured = _Measured.of(prepared)
    history = prepared.label.values.loc[alpha3].dropna()
    newest = measured.at_all.known_at[label.target].dropna().index[-1]
    features = prepared.features
    countries = sorted(set(map(str, features.countries)))
    of_pool = _described(features, prepared.panel, prepared.known, label.target)
    attributions = of_pool.loc[of_pool["country"].isin(countries), "attribution"]
    return DataUsed(
        source=prepared.known.source,
        as_of=str(prepared.state.date.date()),
        used_until=str(prepared.state.used_until.date()),
        next_day=str(_next_day(prepared)),
        not_yet_used=tuple(_not_yet_used(prepared, measured.newer)),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=measured.next_due(label.target, measured.at_all),
        n_countries=len(countries),
        countries=tuple(countries),
        pool_attributions=tuple(attributions.value_counts().index),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=tuple(
            _series_used(measured, row)
            for _, row in of_pool[of_pool["country"] == alpha3].iterrows()
        ),
    )


@lru_cache(maxsize=1)  # the countries of a ranking share them
def _described(
    features: DesignMatrix, panel: Panel, known: Dataset, target: str
) -> pd.DataFrame:
    """Return the series that the features of the panel use, with descriptions."""
    used = {column.indicator for column in features.columns} | {target}
    series = panel.series[panel.series["indicator"].isin(used)]
    return series.rename(columns={"native_frequency": "frequency"}).merge(
        known.series,
        on=["country", "indicator", "source", "series_id", "frequency"],
    )


def _next_day(prepared: PreparedTask) -> date:
    """Return the fixed day after the one up to which values are used."""
    following = prepared.state.used_until.date() + timedelta(days=1)
    return next_fixed_date(following, prepared.task.frequency)


def _not_yet_used(prepared: PreparedTask, newer: pd.DataFrame) -> Iterator[Release]:
    """Yield the newest release of each indicator that is not used yet."""
    for _, row in newer.iterrows():
        key = row["indicator"]
        described = prepared.panel.indicators.get(key)
        title = described.title if described else key
        yield Release(key, title, row["period"], str(row["known_at"].date()))


@dataclass(frozen=True, eq=False)
class _Rows:
    """A country's rows of a panel: values and dates, by period and indicator."""

    values: pd.DataFrame
    known_at: pd.DataFrame

    @classmethod
    def of(cls, panel: Panel, alpha3: str) -> "_Rows":
        rows = panel.rows_of_countries()[alpha3]
        return cls(
            panel.values.iloc[rows].droplevel("country"),
            panel.known_at.iloc[rows].droplevel("country"),
        )


@dataclass(frozen=True, eq=False)
class _Measured:
    """What is looked up for each series of a country.

    Parameters
    ----------
    at_all
        The rows of the panel.
    finer
        By indicator, the rows at the higher frequency at which it is measured.
    newer
        The newest release of each indicator that is not used yet.
    last_used
        By series, the last period whose value is used, at its own frequency.
    """

    indicators: Mapping[str, Indicator]
    at_all: _Rows
    finer: Mapping[str, _Rows]
    newer: pd.DataFrame
    last_used: Mapping[tuple[str, ...], str]

    @classmethod
    def of(cls, prepared: PreparedTask) -> "_Measured":
        alpha3, panel = prepared.country.alpha3, prepared.panel
        finer: dict[str, _Rows] = {}
        for part in panel.finer:
            keys = part.series.loc[part.series["country"] == alpha3, "indicator"]
            rows = _Rows.of(part, alpha3) if len(keys) else None
            finer = {key: rows for key in keys if rows is not None} | finer
        return cls(
            panel.indicators,
            _Rows.of(panel, alpha3),
            finer,
            information_date.not_yet_used(prepared.released, prepared.state),
            _last_used(prepared),
        )

    def native(self, indicator: str) -> _Rows:
        """Return the rows that have an indicator at its own frequency."""
        return self.finer.get(indicator, self.at_all)

    def next_due(self, indicator: str, rows: _Rows) -> str:
        """Return when an indicator's next value is due, by the lag of the last one.

        A value that is known but not used yet is no longer due.
        """
        known_at = rows.known_at[indicator].dropna()
        newest = known_at.index[-1]
        lag = known_at.iloc[-1] - newest.end_time.normalize()
        newer = self.newer
        for end in newer.loc[newer["indicator"] == indicator, "end"]:
            known = pd.Period(end, newest.freq)
            # A month does not complete its quarter before the quarter has ended.
            if known.end_time.normalize() == end:
                newest = max(newest, known)
        return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(measured: _Measured, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series for the report, at its own frequency."""
    key = about["indicator"]
    rows = measured.native(key)
    values = rows.values[key].dropna()
    return SeriesUsed(
        indicator=key,
        title=measured.indicators[key].title,
        **{name: about[name] for name in DESCRIBED},
        last_period=measured.last_used[tuple(about[SERIES])],
        last_value=float(values.iloc[-1]),
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=measured.next_due(key, rows),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


def _last_used(prepared: PreparedTask) -> dict[tuple[str, ...], str]:
    """Return the last period of each series that is used, at its own frequency."""
    rows = prepared.released
    used = rows[rows["known_at"] <= prepared.state.until]
    newest = used.groupby(RELEASED, observed=True)["end"].idxmax()
    periods = used.loc[newest, "period"].astype(str)
    return dict(zip(newest.index, periods, strict=True))


# Of a series: its columns in the releases, and in the descriptions.
RELEASED = ["indicator", "source", "series_id", "native_frequency"]
SERIES = ["indicator", "source", "series_id", "frequency"]
DESCRIBED = (
    *("source", "series_id", "unit", "frequency"),
    *("first_period", "rights", "attribution"),
)
# Newest values of a series that the report draws beside its name.
RECENT = 40
