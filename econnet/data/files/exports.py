"""A file that `econnet export` wrote, read back as the data that it came from.

It has the columns of the store, so its sources, dates and publication lags are kept,
and it gives the same forecast as the data themselves.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.errors import DataError
from econnet.core.periods import PERIOD_PATTERN, frequency_of
from econnet.core.text import from_cell
from econnet.data.files.sheets import as_text
from econnet.data.files.tables import RawTable
from econnet.data.sources.observations import OBSERVATION_COLUMNS, SERIES_COLUMNS


def is_export(table: RawTable) -> bool:
    """Return whether a table has the columns of an export, and the catalog's keys."""
    if not {*OBSERVATION_COLUMNS} <= {*table.names}:
        return False
    keys = table.cells[table.names.index("indicator")].unique()
    return {str(key) for key in keys} <= {*catalog.load()}


def read(file: str, table: RawTable) -> pd.DataFrame:
    """Return the observations of an export."""
    frame = table.cells.set_axis(pd.Index(table.names), axis=1)[OBSERVATION_COLUMNS]
    lines = frame.index.to_numpy()
    texts = {
        name: frame[name].map(lambda cell: from_cell(as_text(cell))).astype(str)
        for name in ("country", "indicator", "period", "source", "series_id")
    }
    values = pd.to_numeric(frame["value"].replace("", np.nan), errors="coerce")
    dates = {
        name: pd.to_datetime(
            frame[name].replace("", None), errors="coerce", format="ISO8601"
        )
        for name in ("retrieved_at", "known_at")
    }
    wrong = ~texts["period"].str.fullmatch(PERIOD_PATTERN)
    wrong |= dates["retrieved_at"].isna()
    wrong |= values.isna() & ~frame["value"].isin(["", np.nan])
    if wrong.any():
        raise DataError(
            f"{file}, line {lines[wrong.to_numpy()][0]} is not a row that econnet "
            "exports: export the data again"
        )
    rows = pd.DataFrame(
        {
            **texts,
            "value": values.astype(float),
            **{name: day.astype("datetime64[us]") for name, day in dates.items()},
        }
    )
    return rows[OBSERVATION_COLUMNS].reset_index(drop=True)


def frequencies(periods: pd.Series) -> list[str]:
    """Return the frequency of each period's standard text."""
    return [frequency_of(text) for text in periods]


def series(
    observations: pd.DataFrame, indicators: Mapping[str, Indicator]
) -> pd.DataFrame:
    """Return one row per series of an export."""
    with_frequency = observations.assign(frequency=frequencies(observations["period"]))
    keys = ["country", "indicator", "source", "series_id", "frequency"]
    spans = with_frequency.groupby(keys).agg(
        first_period=("period", "min"),
        last_period=("period", "max"),
        retrieved_at=("retrieved_at", "max"),
    )
    rows = spans.reset_index()
    return rows.assign(
        title=[indicators[key].title for key in rows["indicator"]],
        unit=[indicators[key].unit for key in rows["indicator"]],
        edition="",
        licence="as at the source",
        rights="as at the source",
        attribution=[f"Source: {name}" for name in rows["source"]],
        discontinued=False,
    )[[*SERIES_COLUMNS, "first_period", "last_period"]]
