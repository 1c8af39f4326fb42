"""The data behind a forecast: the series, their next releases and the history."""

from typing import Any

import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR
from econnet.data.cycle import labels
from econnet.data.cycle.growth import growth
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import DataUsed, SeriesUsed


def history(prepared: PreparedTask) -> pd.DataFrame:
    """Return the growth of the labelled indicator, and its contractions, by period."""
    label, alpha3 = prepared.label, prepared.country.alpha3
    rule = labels.RULES.get(label.name)
    by_year = rule is not None and rule.looks_back is None
    change = growth(
        prepared.panel.values[label.target].loc[[alpha3]],
        PERIODS_A_YEAR[prepared.task.frequency] if by_year else 1,
    )
    table = pd.DataFrame(
        {
            "growth": change.droplevel("country"),
            "contraction": label.values.loc[alpha3],
        }
    )
    known = table.dropna(how="all").index
    return table.loc[known.min() : known.max()]


def data_used(prepared: PreparedTask) -> DataUsed:
    """Return the series behind the forecast, with the dates of their next values."""
    alpha3, label = prepared.country.alpha3, prepared.label
    used = {column.indicator for column in prepared.features.columns} | {label.target}
    series = prepared.panel.series
    series = series[(series["country"] == alpha3) & series["indicator"].isin(used)]
    described = series.rename(columns={"native_frequency": "frequency"}).merge(
        prepared.known.series,
        on=["country", "indicator", "source", "series_id", "frequency"],
    )
    newest = prepared.panel.known_at[label.target].loc[alpha3].dropna().index[-1]
    history = prepared.label.values.loc[alpha3].dropna()
    return DataUsed(
        source=prepared.known.source,
        as_of=str(prepared.panel.as_of.date()),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=_next_due(prepared, label.target),
        n_countries=len(set(prepared.features.countries)),
        countries=tuple(sorted(set(map(str, prepared.features.countries)))),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=tuple(_series_used(prepared, row) for _, row in described.iterrows()),
    )


def _next_due(prepared: PreparedTask, indicator: str) -> str:
    """Return when an indicator's next value is due, by the lag of the last one."""
    known_at = prepared.panel.known_at[indicator].loc[prepared.country.alpha3].dropna()
    newest = known_at.index[-1]
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(prepared: PreparedTask, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series for the report, at the panel's frequency."""
    key = about["indicator"]
    values = prepared.panel.values[key].loc[prepared.country.alpha3].dropna()
    return SeriesUsed(
        indicator=key,
        title=prepared.panel.indicators[key].title,
        **{name: about[name] for name in DESCRIBED},
        last_value=float(values.iloc[-1]),
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=_next_due(prepared, key),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


DESCRIBED = (
    *("source", "series_id", "unit", "frequency"),
    *("first_period", "last_period", "rights", "attribution"),
)
# Newest values of a series that the report draws beside its name.
RECENT = 40
