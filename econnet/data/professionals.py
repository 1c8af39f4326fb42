"""Forecasts by others among observations, which must not be mistaken for measurements.

The catalog marks their indicators. The period of such an observation is the one that
is forecast, and `known_at` the date of publication, so that a period has several.
"""

from collections.abc import Mapping
from functools import cache

import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import ForecastKind
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS


def measurements(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, with a column `indicator`, that are not forecasts by others."""
    forecast = rows["indicator"].isin(_kinds())
    return rows if not forecast.any() else rows[~forecast].reset_index(drop=True)


def forecasts(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts by others: `PROFESSIONAL_COLUMNS`.

    The column is the indicator, and a probability is between 0 and 1.
    """
    kinds = _kinds()
    rows = observations[observations["indicator"].isin(kinds)]
    rows = rows.dropna(subset=["value", "known_at"])
    column = rows["indicator"].astype(str)
    table = pd.DataFrame(
        {
            "country": rows["country"].astype(str),
            "column": column,
            "kind": column.map(kinds).astype(str),
            "period": rows["period"].astype(str),
            "known_at": rows["known_at"].astype("datetime64[us]"),
            "value": rows["value"].astype(float),
        }
    )
    probabilities = table["kind"] == "probability-forecast"
    table["value"] = table["value"].mask(probabilities, table["value"] / 100)
    key = ["country", "column", "period", "known_at"]
    # If two series have the same day, such as an edition in two files, the later row
    # counts.
    table = table.sort_values(key, kind="stable").drop_duplicates(key, keep="last")
    return table[PROFESSIONAL_COLUMNS].reset_index(drop=True)


@cache
def _kinds() -> Mapping[str, ForecastKind]:
    """Return the kind of each indicator that is a forecast."""
    return {
        key: indicator.forecast
        for key, indicator in catalog.load().items()
        if indicator.forecast
    }
