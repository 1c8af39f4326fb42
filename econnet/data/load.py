"""The data to work with: the store, completed from the bundled snapshot.

Opens no connection.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd
from pandas.api.types import union_categoricals

from econnet.core import catalog
from econnet.core.countries import by_alpha3
from econnet.core.errors import DataError
from econnet.core.settings import Settings
from econnet.core.workspace import Workspace
from econnet.data import known_dates, professionals
from econnet.data.sources import snapshot
from econnet.data.sources.observations import OBSERVATION_COLUMNS, Dataset, now
from econnet.data.store.store import NAMES, Store, base_year


def store(settings: Settings) -> Store:
    """Return the store of these settings; its file need not exist yet."""
    return Store(Workspace.of(settings).store)


def known(
    settings: Settings,
    as_of: datetime | None = None,
    countries: Sequence[str] | None = None,
) -> Dataset:
    """Return the data to forecast with: `complete`, with others' forecasts kept apart.

    `Dataset.professional_forecasts` has those; its observations are measurements.
    """
    # Computed before reading, so that it cannot belong to data that change meanwhile.
    everything = as_of is None and countries is None
    before = digest(Workspace.of(settings)) if everything else ""
    whole = complete(settings, as_of, countries)
    return replace(
        whole,
        observations=professionals.measurements(whole.observations),
        series=professionals.measurements(whole.series),
        professional_forecasts=professionals.forecasts(whole.observations),
    ).with_digest(before)


def digest(workspace: Workspace) -> str:
    """Return a digest of all that store and snapshot contain, without loading them."""
    stored = Store(workspace.store)
    return f"{snapshot.digest()} {stored.digest() if stored.exists() else ''}".rstrip()


def complete(
    settings: Settings,
    as_of: datetime | None = None,
    countries: Sequence[str] | None = None,
) -> Dataset:
    """Return all data, as they were known on `as_of`.

    Series come from the store and, where it does not have them, from the snapshot.
    Where both have a series, the one on the later base year is used, otherwise the
    store's: the two are never spliced.

    Raises
    ------
    DataError
        The computer's clock shows a day before the bundled data were published.
    """
    bundled = snapshot.load()
    _check_clock(bundled)
    observations, series, origin = bundled.observations, bundled.series, bundled.source
    stored = store(settings)
    notices = ["nothing has been fetched yet: these are the data bundled with econnet"]
    stored_series = stored.series() if stored.exists() else series.iloc[:0]
    if len(stored_series):
        origin, notices = "store", []
        both = series.merge(stored_series, on=SERIES_KEY, suffixes=("_bundled", ""))
        base = both["title_bundled"].map(base_year).astype("Int64")
        later = (base > both["base"]).fillna(False).astype(bool)
        if later.any():
            notices.append(
                f"{later.sum()} series are taken from the bundled snapshot, which has "
                "a later base year for them than the store"
            )
        observations = observations.astype(dict.fromkeys(NAMES, "category"))
        observations = _stacked(
            _without(observations, both[~later]),
            _without(stored.vintages(as_of), both[later]),
        )
        series = pd.concat(
            [_without(series, both[~later]), _without(stored_series, both[later])],
            ignore_index=True,
        )
    if countries is not None:
        observations, series = (
            rows[rows["country"].isin(countries)].reset_index(drop=True)
            for rows in (observations, series)
        )
    return Dataset(observations, series, origin, notices=tuple(notices))


def _check_clock(bundled: Dataset) -> None:
    """Refuse a clock that is behind: forecasts would have dates before their data."""
    published, today = bundled.series["retrieved_at"].max(), now()
    if today < published:
        raise DataError(
            f"this computer's clock shows {today:%Y-%m-%d}, but econnet has data of "
            f"{published:%Y-%m-%d}: correct the clock"
        )


def as_known_on(data: Dataset, as_of: pd.Timestamp | None) -> Dataset:
    """Return what was known of the data at the end of a day; `None` for all of it.

    A value without a publication date is known when the lag of its series has passed.
    Series of which nothing was known are left out, and the spans of the others follow.
    """
    if as_of is None:
        return data
    observations = known_dates.known_on(data.observations, as_of)
    key = [name for name in SERIES_KEY if name in data.series]
    spans = observations.groupby(key, observed=True)["period"].agg(["min", "max"])
    spans = spans.rename(columns={"min": "first_period", "max": "last_period"})
    series = data.series.drop(columns=spans.columns, errors="ignore").merge(
        spans.astype(str).reset_index(), on=key
    )
    forecasts = data.professional_forecasts
    published = forecasts["known_at"] < as_of + pd.Timedelta(days=1)
    return replace(
        data,
        observations=observations,
        series=series[data.series.columns],
        professional_forecasts=forecasts[published].reset_index(drop=True),
        aggregates=known_dates.known_on(data.aggregates, as_of),
    )


def countries_with(known: Dataset, indicator: str) -> pd.DataFrame:
    """Return the countries that have an indicator, one row each, sorted by code.

    Columns `country, name, frequency, first_period, last_period, live_frequency`:
    quarterly where there is a quarterly series, else annual, with the span of the
    series that ends last; and the finest frequency that a fetch can provide, by the
    catalog.
    """
    series = known.series
    series = series[
        (series["indicator"] == indicator) & series["frequency"].isin(["A", "Q"])
    ]
    # Quarterly series sort after annual ones.
    table = series.sort_values(["country", "frequency", "last_period"]).drop_duplicates(
        "country", keep="last", ignore_index=True
    )
    keys = [str(key) for key in table["country"]]
    if known.file is None:
        names = [by_alpha3(key).name for key in keys]
        live = [catalog.finest_live(indicator, key) for key in keys]
    else:
        # Data that only the user has cannot be fetched.
        names = [known.names.get(key, key) for key in keys]
        live = [None] * len(keys)
    columns = ["country", "name", "frequency", "first_period", "last_period"]
    named = table.assign(
        name=names, live_frequency=pd.Series(live, table.index, dtype=object)
    )
    return named[[*columns, "live_frequency"]]


def _stacked(bundled: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of both, with text columns as categories."""
    names = {
        name: union_categoricals(
            [rows[name].cat.as_unordered() for rows in (bundled, stored)],
            sort_categories=True,
        ).as_ordered()
        for name in NAMES
    }
    others = [name for name in OBSERVATION_COLUMNS if name not in NAMES]
    rows = pd.concat([bundled[others], stored[others]], ignore_index=True)
    return rows.assign(**names)[OBSERVATION_COLUMNS]


def _without(frame: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `frame` that belong to none of these series."""
    if series.empty:
        return frame
    of_rows, excluded = (
        pd.MultiIndex.from_frame(rows[SERIES_KEY]) for rows in (frame, series)
    )
    return frame[~of_rows.isin(excluded)]


SERIES_KEY = ["country", "indicator", "source", "series_id"]
