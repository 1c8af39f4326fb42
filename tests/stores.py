"""What a store holds, as tests look at it."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import pytest

from econnet import storefile
from econnet.store import Store

PLACE = ["source", "series_id", "country", "indicator", "period"]


def newest(
    store: Store,
    as_of: datetime | None = None,
    countries: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the newest value of each period on `as_of`, without withdrawn ones."""
    rows = store.vintages(as_of, countries).sort_values(
        ["retrieved_at", "known_at"], kind="stable", na_position="first"
    )
    rows = rows.drop_duplicates(PLACE, keep="last").dropna(subset=["value"])
    return rows.reset_index(drop=True)


def bring_out_next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let econnet be one of the next version, whose schema has one table more."""
    schema = f"{storefile.SCHEMA}CREATE TABLE notes(text VARCHAR);"
    monkeypatch.setattr(storefile, "SCHEMA", schema)
    monkeypatch.setattr(storefile, "VERSION", storefile.VERSION + 1)
