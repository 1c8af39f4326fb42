"""Small files of text, whose numbers are those of `LEVELS` or `RATES`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from econnet.data.files import user_panel
from econnet.data.files.user_panel import Table

YEARS = range(1990, 2020)
QUARTERS = [f"{year}Q{quarter}" for year in YEARS for quarter in range(1, 5)]
MONTHS = [f"{year}-{month:02d}" for year in YEARS for month in range(1, 13)]
STEPS = np.random.default_rng(0).normal(0.006, 0.009, 120)
LEVELS = [*np.round(5000 * np.exp(np.cumsum(STEPS)), 1)]
RATES = [*np.round(5 + np.sin(np.arange(360) / 20), 1)]
EXPECTED = dict(zip(QUARTERS, LEVELS, strict=True))


def read(folder: Path, text: str, encoding: str = "utf-8", **options: object) -> Table:
    """Write a text to a file, and return what is read from it."""
    path = folder / "own.csv"
    path.write_bytes(text.encode(encoding))
    return user_panel.read(path, **options)  # type: ignore[arg-type]  # by name


def values(table: Table, country: str, column: str | None = None) -> dict[str, float]:
    """Return the values of a country's series, by default its first, by period."""
    rows = table.observations
    rows = rows[rows["country"] == country]
    rows = rows[rows["indicator"] == (column or rows["indicator"].iloc[0])]
    return dict(zip(rows["period"].astype(str), rows["value"], strict=True))


def lines(*groups: Sequence[str]) -> str:
    """Return lines as one text."""
    return "\n".join(line for group in groups for line in group)


def by_quarter(write: Callable[[str, float], str]) -> list[str]:
    """Return a line for each quarter and level."""
    return [write(*pair) for pair in zip(QUARTERS, LEVELS, strict=True)]
