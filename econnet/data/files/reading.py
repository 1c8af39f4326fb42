"""How the user's own data are to be read: the options of the user."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from econnet.data.files.kinds import (
    Override,
)
from econnet.data.sources.observations import (
    now,
)

Adjustment = Literal["stl", "x13", "decumulate"]


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Parameters
    ----------
    kinds
        The kinds of columns that the user gives; others are inferred.
    lag
        A value without `known_at` is known this many periods after its own has ended.
    sheet
        The sheet of a workbook; by default the one with a table.
    country
        The country of a file without a column of countries.
    asked
        The columns that the user names as target or label, which are never left out.
    today
        Periods that end on or after this day have not ended.
    """

    kinds: Mapping[str, Override] = field(default_factory=dict)
    lag: int = 1
    sheet: str | None = None
    country: str | None = None
    asked: Collection[str] = ()
    today: pd.Timestamp = field(default_factory=lambda: pd.Timestamp(now()))
