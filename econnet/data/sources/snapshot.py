"""The data that ship with econnet, so that the first report needs no network.

Two Parquet files made by `scripts/make_snapshot.py`: observations, and one row per
series with its title, unit, rights and attribution. `data/snapshot/SOURCES.md` lists
their sources.
"""

import hashlib
from importlib import resources

import duckdb

from econnet.core.errors import DataError
from econnet.core.text import one_line
from econnet.data.sources.observations import OBSERVATION_COLUMNS, Dataset


def digest() -> str:
    """Return the SHA-256 of the files."""
    folder = resources.files("econnet.data") / "snapshot"
    content = hashlib.sha256()
    for name in ("observations.parquet", "series.parquet"):
        content.update((folder / name).read_bytes())
    return content.hexdigest()


def load() -> Dataset:
    """Return every observation and series that ships with econnet.

    `known_at` is empty where the source gives no publication dates. Brazil's output has
    them, with every value that was published.
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
                "or reinstall econnet"
            ) from error
    return Dataset(
        observations.assign(retrieved_at=series["retrieved_at"].max())[
            OBSERVATION_COLUMNS
        ],
        series,
        "snapshot",
    )
