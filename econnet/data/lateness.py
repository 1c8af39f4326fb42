"""Fetched series that arrive later than their publication lag.

A series is late if the figure of its next period was due, by the publication lag of the
catalog, before it was last requested, and was not there. A country that is late alone
may have stopped publishing; a series that is late for most countries has too short a
lag in the catalog, and a forecast in the middle of a period would count on figures that
nobody has.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from econnet.core import catalog
from econnet.core.periods import PANDAS_ALIAS, Frequency

COLUMNS = [
    *("indicator", "source", "series_id", "lag_days"),
    *("countries", "late", "last_period", "days_late"),
]


def late_series(series: pd.DataFrame) -> pd.DataFrame:
    """Return the late series of a store, the latest first.

    Parameters
    ----------
    series
        `Store.series()`.

    Returns
    -------
    DataFrame
        One row per source, id and indicator: the lag that the catalog names; the number
        of `countries`, and how many of them are `late`; the newest period of those, and
        the median number of days by which their next value is overdue.
    """
    every = (_overdue(entry) for entry in series.to_dict("records"))
    rows = [row for row in every if row is not None]
    found = pd.DataFrame(rows, columns=[*COLUMNS[:4], "last_period", "days"])
    groups = found.groupby(COLUMNS[:4], sort=False)
    table = groups.agg(
        countries=("days", "size"),
        late=("days", lambda days: int((days > 0).sum())),
    )
    late = found[found["days"] > 0].groupby(COLUMNS[:4], sort=False)
    overdue = late.agg(last_period=("last_period", "max"), days_late=("days", "median"))
    both = table.join(overdue, how="inner").reset_index()
    both["days_late"] = both["days_late"].round().astype(int)
    return both.sort_values(
        ["days_late", "indicator"], ascending=[False, True], ignore_index=True
    )[COLUMNS]


def _overdue(series: Mapping[Hashable, Any]) -> tuple[object, ...] | None:
    """Return a series with the number of days by which its next value is overdue.

    `None` for a series that has ended, or that the catalog does not have.
    """
    indicator = catalog.load().get(str(series["indicator"]))
    last = series["last_period"]
    if indicator is None or series["discontinued"] or not isinstance(last, str):
        return None
    source, series_id = str(series["source"]), str(series["series_id"])
    frequency: Frequency = series["frequency"]
    template = indicator.template_of(
        source, series_id, frequency, str(series["country"])
    )
    if template is None or indicator.forecast:
        return None
    following = pd.Period(last, freq=PANDAS_ALIAS[frequency]) + 1
    due = following.end_time.normalize() + pd.Timedelta(
        days=template.publication_lag_days
    )
    days = (pd.Timestamp(str(series["retrieved_at"])).normalize() - due).days
    return indicator.key, source, template.id, template.publication_lag_days, last, days
