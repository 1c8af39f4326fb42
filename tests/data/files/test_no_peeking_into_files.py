"""The future of a file changes no kind of a column and no earlier feature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.files import user_panel

QUARTERS = [
    f"{year}Q{quarter}" for year in range(1980, 2015) for quarter in range(1, 5)
]
LAST = "1999Q4"


def frame(seed: int) -> pd.DataFrame:
    """Return columns of every kind; one begins in 1996."""
    rng = np.random.default_rng(seed)
    n = len(QUARTERS)
    walk = rng.normal(0, 1, n).cumsum()
    late = np.where(np.array(QUARTERS) >= "1994Q1", 50 + walk, np.nan)
    return pd.DataFrame(
        {
            "country": "A",
            "period": QUARTERS,
            "output": 100 * np.exp(np.cumsum(rng.normal(0.004, 0.012, n))),
            "jobless": 6 + np.abs(walk),
            "orders": rng.normal(0, 3, n),
            "money": 1000 * np.exp(np.cumsum(rng.normal(0.01, 0.01, n))),
            "late": late.round(3),
        }
    )


def altered(before: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the same until 1999, and then numbers that suggest other kinds."""
    rng = np.random.default_rng(seed)
    later = before["period"] > LAST
    noise = {
        "output": rng.uniform(50, 500, later.sum()),
        "jobless": -rng.uniform(50, 500, later.sum()),
        "orders": np.exp(np.arange(later.sum()) / 10),
        "money": rng.normal(0, 1, later.sum()),
        "late": rng.uniform(-1, 0, later.sum()),
    }
    after = before.copy()
    for name, values in noise.items():
        after.loc[later, name] = values
    return after


@pytest.mark.parametrize("seed", range(3))
def test_future_of_a_file_changes_nothing_before_it(tmp_path: Path, seed: int) -> None:
    one, other = frame(seed), altered(frame(seed), seed + 100)
    tables = []
    for number, each in enumerate((one, other)):
        path = tmp_path / f"own{number}.csv"
        each.to_csv(path, index=False)
        tables.append(user_panel.read(path))
    assert tables[0].kinds == tables[1].kinds
    designs = []
    for table in tables:
        built = panel.build(table.observations, "Q", None, table.indicators)
        label = labels.apply(built, "negative-growth", "output")
        designs.append(design_matrix.build(built, label, 1))
    last = pd.Period(LAST, "Q")
    known = [np.array([n <= last for n in each.origins]) for each in designs]
    np.testing.assert_array_equal(known[0], known[1])
    assert known[0].sum() > 40
    np.testing.assert_array_equal(designs[0].X[known[0]], designs[1].X[known[1]])
    assert not np.array_equal(designs[0].X, designs[1].X, equal_nan=True)


def test_late_column_is_used_once_its_kind_was_known(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    frame(0).to_csv(path, index=False)
    rows = user_panel.read(path).observations
    late = rows[rows["indicator"] == "late"]
    assert late["known_at"].min() == pd.Timestamp("1997-03-31")
    assert late["known_at"].is_monotonic_increasing
    orders = rows[rows["indicator"] == "orders"]
    assert orders["known_at"].min() == pd.Timestamp("1980-06-30")
