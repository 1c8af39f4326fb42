"""Small long panels, as Parquet files and as tables."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.core.task import Event, TaskRequest
from econnet.data.files.user_panel import Kind
from econnet.forecast.streamed.features import FeatureSpec, feature_spec
from econnet.forecast.streamed.parquet_panel import ParquetPanel

QUARTERS = [f"{2000 + t // 4}Q{t % 4 + 1}" for t in range(80)]


def long_panel(countries: int = 40, periods: int = 60, seed: int = 0) -> pd.DataFrame:
    """Return a panel of an index, a flow, a rate and a flag, sorted, without gaps.

    Countries share a cycle that the rate predicts; the rate has missing values.
    """
    rng = np.random.default_rng(seed)
    cycle = np.zeros(periods + 2)
    for t in range(1, periods + 2):
        cycle[t] = 0.85 * cycle[t - 1] + rng.normal(0, 0.6)
    parts = []
    for number in range(countries):
        growth = 0.8 * cycle[:-2] + rng.normal(0, 1, periods)
        rate = np.cumsum(cycle[2:] + rng.normal(0, 0.5, periods))
        rate[rng.random(periods) < 0.05] = np.nan
        parts.append(
            pd.DataFrame(
                {
                    "country": f"F{number:04d}",
                    "period": QUARTERS[:periods],
                    "output_index": 100 * np.exp(np.cumsum(growth) / 100),
                    "sales": 500 * np.exp(np.cumsum(growth + rng.normal(0, 1)) / 90),
                    "interest_rate": rate,
                    "slump": (growth < -0.5).astype(float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def write(table: pd.DataFrame, *paths: Path, row_group: int = 2048) -> None:
    """Write the table as Parquet, in equal parts where there are several paths."""
    size = -(-len(table) // len(paths))
    with duckdb.connect() as database:
        for number, path in enumerate(paths):
            part = table.iloc[number * size : (number + 1) * size]
            database.register("part", part)
            database.execute(
                f"COPY part TO '{path.as_posix()}' (FORMAT parquet, "
                f"ROW_GROUP_SIZE {row_group})"
            )


def spec_of(
    panel: ParquetPanel,
    label: str = "negative-growth",
    *,
    target: str = "output_index",
    horizon: int = 1,
    event: Event = "at",
    members: int | None = None,
    kinds: Mapping[str, Kind] | None = None,
) -> FeatureSpec:
    """Return the specification of a task, values being known a period late."""
    request = TaskRequest(
        label=label, target=target, horizon=horizon, event=event, members=members
    )
    return feature_spec(panel, request, lag=1, kinds=kinds or {})
