"""A store's content, for tests."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import pytest

from econnet.data.store import schema as store_schema
from econnet.data.store.store import Store

PLACE = ["source", "series_id", "country", "indicator", "period"]


def newest(
    store: Store,
    as_of: datetime | None = None,
    countries: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the newest value of each period on `as_of`, without withdrawn ones."""
    rows = store.vintages(as_of)
    if countries is not None:
        rows = rows[rows["country"].isin(countries)]
    rows = rows.sort_values(
        ["retrieved_at", "known_at"], kind="stable", na_position="first"
    )
    rows = rows.drop_duplicates(PLACE, keep="last").dropna(subset=["value"])
    return rows.reset_index(drop=True)


def bring_out_next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this econnet the next version, whose schema has one more table."""
    schema = f"{store_schema.SCHEMA}CREATE TABLE notes(text VARCHAR);"
    monkeypatch.setattr(store_schema, "SCHEMA", schema)
    monkeypatch.setattr(store_schema, "VERSION", store_schema.VERSION + 1)
