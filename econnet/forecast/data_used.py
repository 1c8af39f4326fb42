"""The data behind a forecast: its series, their next releases and the history."""

from typing import Any

import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR
from econnet.data.cycle import labels
from econnet.data.cycle.growth import growth
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import DataUsed, SeriesUsed


def history(prepared: PreparedTask) -> pd.DataFrame:
    """Return the growth of what is labelled, and its contractions, by period."""
    label, frequency = prepared.label, prepared.task.frequency
    rule = labels.RULES.get(label.name)
    year = rule is not None and rule.looks_back is None
    levels = prepared.panel.values[label.target].loc[[prepared.country.alpha3]]
    change = growth(levels, PERIODS_A_YEAR[frequency] if year else 1)
    table = pd.DataFrame(
        {
            "growth": change.droplevel("country"),
            "contraction": label.values.loc[prepared.country.alpha3],
        }
    )
    there = table.dropna(how="all").index
    return table.loc[there.min() : there.max()]


def data_used(prepared: PreparedTask) -> DataUsed:
    """Return the series behind the forecast, and when the next figure is due."""
    alpha3, label = prepared.country.alpha3, prepared.label
    used = {column.indicator for column in prepared.features.columns} | {label.target}
    chosen = prepared.panel.series
    chosen = chosen[(chosen["country"] == alpha3) & chosen["indicator"].isin(used)]
    about = chosen.rename(columns={"native_frequency": "frequency"}).merge(
        prepared.known.series,
        on=["country", "indicator", "source", "series_id", "frequency"],
    )
    series = tuple(_series_used(prepared, row) for _, row in about.iterrows())
    newest = prepared.panel.known_at[label.target].loc[alpha3].dropna().index[-1]
    history = prepared.label.values.loc[alpha3].dropna()
    return DataUsed(
        source=prepared.known.source,
        as_of=str(prepared.panel.as_of.date()),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=_next_due(prepared, label.target),
        n_countries=len(set(prepared.features.countries)),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=series,
    )


def _next_due(prepared: PreparedTask, indicator: str) -> str:
    """Return the day on which an indicator's next figure is due, by the last one."""
    known_at = prepared.panel.known_at[indicator].loc[prepared.country.alpha3].dropna()
    newest = known_at.index[-1]
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(prepared: PreparedTask, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series as the report shows it, at the panel's frequency."""
    key = about["indicator"]
    values = prepared.panel.values[key].loc[prepared.country.alpha3].dropna()
    return SeriesUsed(
        indicator=key,
        title=prepared.panel.indicators[key].title,
        source=about["source"],
        series_id=about["series_id"],
        unit=about["unit"],
        frequency=about["frequency"],
        first_period=about["first_period"],
        last_period=about["last_period"],
        last_value=float(values.iloc[-1]),
        rights=about["rights"],
        attribution=about["attribution"],
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=_next_due(prepared, key),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


# Newest values of a series that the report draws beside its name.
RECENT = 40
