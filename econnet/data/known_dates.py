"""When each value of the observations became known.

A value is known at the date that its source gives; without one, when its publication
lag has passed or, if that is sooner, when it was retrieved. Observations are two tables
here: the distinct series, and the rows with the number of their series.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import SeriesTemplate
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, Frequency, frequency_of

Days: TypeAlias = npt.NDArray[np.int64]
Dates: TypeAlias = npt.NDArray[np.datetime64]

NO_DAY = np.datetime64("NaT", "s")
SERIES = ["country", "indicator", "source", "series_id", "native_frequency"]


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
    series, rows = coded(observations)
    series, rows = history_in_its_time(series, dated_vintages(series, rows, as_of))
    number = rows["series"].to_numpy()
    # A series that was published once has no release on any other day.
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

    They are those from which `panel.build` makes the panel of that day.
    """
    end_of_day = as_of + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    series, rows = coded(observations.reset_index(drop=True))
    known = dated_vintages(series, rows, end_of_day).index.sort_values()
    return observations.take(known.to_numpy()).reset_index(drop=True)


def coded(observations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
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
        # Numbers are reassigned only before they could exceed the largest integer.
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


def dated_vintages(
    series: pd.DataFrame, rows: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the vintages known on `as_of`, oldest first, each with its date.

    Adds `dated`, whether the date is given and not derived from the lag;
    `in_real_time`, whether the value is the one of that date; and `has_vintages`,
    whether its period has several values.
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
        has_vintages=rows["cell"].isin(rows["cell"][revised]),
        in_real_time=(retrieved_at <= due).where(
            ~dated, _keeps_vintages(series, rows, revised)
        ),
    )
    known = rows["known_at"] <= as_of
    if not known.all():
        rows = rows[known]
    if not revised.any() and series["source"].eq("file").all():
        return rows
    # Averages add the values in this order, so that it may not depend on whether other
    # series are revised. Vintages of one day keep the order of retrieval.
    return rows.sort_values("known_at", kind="stable")


def repeated(
    rows: pd.DataFrame, keep: Literal["first", "last"] = "first"
) -> npt.NDArray[np.bool_]:
    """Return which rows are vintages of a value, all but the first or the last."""
    found = rows["has_vintages"].to_numpy(copy=True)
    # Far fewer rows than all, so that this takes no time.
    found[found] = rows["cell"][found].duplicated(keep=keep)
    return found


def _keeps_vintages(
    series: pd.DataFrame, rows: pd.DataFrame, revised: pd.Series
) -> npt.NDArray[np.bool_]:
    """Return which rows are from a source that keeps vintages; all rows have dates.

    A user's file has a date for every value, derived if none was given: it has vintages
    only if some value has two.
    """
    number = rows["series"].to_numpy()
    several = np.bincount(number, revised, len(series)) > 0
    keeps: npt.NDArray[np.bool_] = several | series["source"].ne("file").to_numpy()
    return np.take(keeps, number)


def history_in_its_time(
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
    news = dated & ~first & ~repeated(rows)
    usual = (known_at - rows["end"])[news].groupby(number[news]).median()
    usual = usual.reindex(series.index).fillna(
        pd.Series(pd.to_timedelta(_lags(series), unit="D"), series.index)
    )
    in_time = (rows["end"] + usual.to_numpy()[number]).dt.normalize()
    moved = first & (in_time < known_at).to_numpy()
    # A single early value is not a history.
    moved &= np.bincount(number, first)[number] > 1
    late = series.index.isin(number[moved])
    return series.assign(first_vintage=first_day.where(late)), rows.assign(
        known_at=known_at.mask(moved, in_time),
        in_real_time=rows["in_real_time"] & ~moved,
        history=moved,
    )


def newest_vintages(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the newest vintage of each value, with the date of the first."""
    later = repeated(rows)
    if not later.any():
        return rows
    newest = rows[~repeated(rows, keep="last")]
    revised = newest["has_vintages"].to_numpy()
    first = rows[rows["has_vintages"] & ~later].set_index("cell")
    first = first.loc[newest["cell"][revised]]
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


ONE_PERIOD_DAYS: Mapping[Frequency, int] = {"A": 366, "Q": 92, "M": 31}
