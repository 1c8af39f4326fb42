"""The table of series of observations that a benchmark has made or read."""

import pandas as pd


def series_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the series that these observations are of."""
    groups = rows.groupby(["country", "indicator", "source", "series_id"])
    table = groups["period"].agg(first_period="min", last_period="max").reset_index()
    frequency = {4: "A", 6: "Q", 7: "M"}
    return table.assign(
        frequency=table["last_period"].str.len().map(frequency),
        title=table["indicator"],
        unit="",
        rights="for measuring only",
        attribution="",
        discontinued=False,
        retrieved_at=rows["retrieved_at"].max(),
    )
