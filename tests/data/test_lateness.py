from collections.abc import Hashable
from typing import Any

import pandas as pd

from econnet.data import lateness


def stored(**changes: object) -> dict[str, object]:
    """Return the description of a stored series: the US unemployment rate."""
    return {
        "country": "USA",
        "indicator": "unemployment",
        "source": "fred",
        "series_id": "UNRATE",
        "frequency": "M",
        "discontinued": False,
        "retrieved_at": pd.Timestamp("2026-03-10 09:30"),
        "last_period": "2026-01",
        **changes,
    }


def late(*series: dict[str, object]) -> list[dict[Hashable, Any]]:
    return lateness.late_series(pd.DataFrame(series)).to_dict("records")


def test_series_is_late_from_the_day_after_its_figure_was_due() -> None:
    # February's figure is due ten days after the month.
    assert late(stored()) == []
    [row] = late(stored(retrieved_at=pd.Timestamp("2026-03-15 09:30")))
    assert row["days_late"] == 5
    assert (row["late"], row["countries"], row["last_period"]) == (1, 1, "2026-01")


def test_countries_of_one_series_are_counted_together() -> None:
    common = {"source": "worldbank", "series_id": "GEM/UNEMPSA_"}
    rows = [
        stored(country=code, last_period=last, **common)
        for code, last in (("DEU", "2025-12"), ("FRA", "2025-09"), ("ITA", "2025-10"))
    ]
    [row] = late(*rows)
    assert (row["late"], row["countries"]) == (2, 3)
    assert row["last_period"] == "2025-10"


def test_ended_and_unknown_series_are_not_late() -> None:
    old = {"last_period": "2020-01"}
    assert late(stored(discontinued=True, **old)) == []
    assert late(stored(indicator="of a user", **old)) == []
    assert late(stored(last_period=None)) == []
