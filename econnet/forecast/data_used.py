"""The data behind a forecast: the series, their next releases and the history."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd

from econnet.core.period_days import next_fixed_date
from econnet.core.periods import PERIODS_A_YEAR
from econnet.data.cycle import labels
from econnet.data.cycle.growth import growth
from econnet.data.panel import Panel
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


# A command shows them before the forecast, which contains them too.
@lru_cache(maxsize=1)
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
        as_of=str(prepared.state.date.date()),
        used_until=str(prepared.state.used_until.date()),
        next_day=str(_next_day(prepared)),
        not_yet_used=tuple(_not_yet_used(prepared)),
        first_period=str(history.index[0]),
        last_period=str(newest),
        next_due=_next_due(prepared, prepared.panel, label.target),
        n_countries=len(set(prepared.features.countries)),
        countries=tuple(sorted(set(map(str, prepared.features.countries)))),
        share_in_real_time=prepared.panel.only(alpha3).share_in_real_time,
        series=tuple(_series_used(prepared, row) for _, row in described.iterrows()),
    )


def _next_day(prepared: PreparedTask) -> date:
    """Return the fixed day after the one up to which values are used."""
    following = prepared.state.used_until.date() + timedelta(days=1)
    return next_fixed_date(following, prepared.task.frequency)


def _not_yet_used(prepared: PreparedTask) -> Iterator[Release]:
    """Yield the newest release of each indicator that is not used yet."""
    newer = information_date.not_yet_used(prepared.released, prepared.state)
    for _, row in newer.iterrows():
        key = row["indicator"]
        described = prepared.panel.indicators.get(key)
        title = described.title if described else key
        yield Release(key, title, row["period"], str(row["known_at"].date()))


def _next_due(prepared: PreparedTask, panel: Panel, indicator: str) -> str:
    """Return when an indicator's next value is due, by the lag of the last one.

    A value that is known but not used yet is not due any more.
    """
    known_at = panel.known_at[indicator].loc[prepared.country.alpha3].dropna()
    newest = known_at.index[-1]
    lag = known_at.iloc[-1] - newest.end_time.normalize()
    newer = information_date.not_yet_used(prepared.released, prepared.state)
    for end in newer.loc[newer["indicator"] == indicator, "end"]:
        known = pd.Period(end, newest.freq)
        # A month does not complete its quarter before the end of it.
        if known.end_time.normalize() == end:
            newest = max(newest, known)
    return str(((newest + 1).end_time.normalize() + lag).date())


def _series_used(prepared: PreparedTask, about: "pd.Series[Any]") -> SeriesUsed:
    """Return a series for the report, as often as it is measured."""
    key, alpha3 = about["indicator"], prepared.country.alpha3
    panel = prepared.panel.native(alpha3, key)
    values = panel.values[key].loc[alpha3].dropna()
    return SeriesUsed(
        indicator=key,
        title=prepared.panel.indicators[key].title,
        **{name: about[name] for name in DESCRIBED},
        last_period=_last_used(prepared, about),
        last_value=float(values.iloc[-1]),
        retrieved_at=str(about["retrieved_at"].date()),
        next_due=_next_due(prepared, panel, key),
        recent_periods=tuple(str(period) for period in values.index[-RECENT:]),
        recent=tuple(values.iloc[-RECENT:].tolist()),
    )


def _last_used(prepared: PreparedTask, about: "pd.Series[Any]") -> str:
    """Return the last period of a series that is used, at its own frequency."""
    rows = prepared.released
    for name in ("indicator", "source", "series_id"):
        rows = rows[rows[name] == about[name]]
    rows = rows[rows["native_frequency"] == about["frequency"]]
    used = rows[rows["known_at"] <= prepared.state.until]
    return str(used.loc[used["end"].idxmax(), "period"])


DESCRIBED = (
    *("source", "series_id", "unit", "frequency"),
    *("first_period", "rights", "attribution"),
)
# Newest values of a series that the report draws beside its name.
RECENT = 40
