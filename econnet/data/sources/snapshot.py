"""The data that ship with econnet, so that the first report needs no network.

Two Parquet files made by `scripts/make_snapshot.py`: observations, and one row a series
with its title, unit, rights and attribution. `data/snapshot/SOURCES.md` says where
each came from.
"""

from dataclasses import dataclass
from importlib import resources

import duckdb
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.text import one_line


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The bundled data.

    Parameters
    ----------
    observations
        Columns `country, indicator, period, value, source, series_id, retrieved_at,
        known_at`; `known_at` is empty, for the sources give no publication dates.
    series
        One row a series: `country, indicator, source, series_id, frequency, title,
        unit, first_period, last_period, rights, attribution, discontinued,
        retrieved_at`.
    """

    observations: pd.DataFrame
    series: pd.DataFrame


def load() -> Snapshot:
    """Return every observation and series that ships with econnet.

    Raises
    ------
    DataError
        The files are damaged, or there is too little memory to unpack them.
    """
    folder = resources.files("econnet.data") / "snapshot"
    with (
        resources.as_file(folder / "observations.parquet") as observations_file,
        resources.as_file(folder / "series.parquet") as series_file,
        duckdb.connect() as connection,
    ):
        try:
            series = connection.read_parquet(str(series_file)).df()
            observations = connection.read_parquet(str(observations_file)).df()
        except duckdb.InvalidInputException as error:
            raise DataError(
                f"the data that ship with econnet cannot be read "
                f"({one_line(str(error))}): close other programs if memory is short, "
                "or install econnet anew"
            ) from error
    return Snapshot(
        observations.assign(
            retrieved_at=series["retrieved_at"].max(),
            known_at=pd.Series(pd.NaT, observations.index, dtype="datetime64[us]"),
        ),
        series,
    )
