"""Draws of blocks of a track record's periods, for maps that are fitted to each draw.

Contractions last for several periods, and countries contract together, so blocks of
neighbouring periods are resampled with all their countries.

Notes
-----
The moving-block bootstrap of H. R. Künsch, "The jackknife and the bootstrap for general
stationary observations", Annals of Statistics 17 (1989).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats


@dataclass(frozen=True, eq=False)
class Resample:
    """How often each period of a track record is in each draw.

    `counts` is (draws, periods); `period_of`, (rows,), is the period of each row.
    """

    counts: Floats
    period_of: npt.NDArray[np.intp]

    @classmethod
    def draw(
        cls, periods: pd.Series, block: int, draws: int, rng: np.random.Generator
    ) -> "Resample":
        """Return draws of blocks of neighbouring periods, each as long as the record.

        `periods` is the period of each row; `block` is limited to their number.
        """
        period_of, distinct = pd.factorize(periods, sort=True)
        n = len(distinct)
        block = min(block, n)
        starts = rng.integers(0, n - block + 1, (draws, -(-n // block)))
        chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :n]
        counts = np.zeros((draws, n))
        np.add.at(counts, (np.arange(draws)[:, None], chosen), 1.0)
        return cls(counts, period_of)

    def row_counts(self) -> Floats:
        """Return how often each row is in each draw, (draws, rows)."""
        return self.counts[:, self.period_of]


def block_length(horizon: int, frequency: Frequency) -> int:
    """Return the number of periods in a block: the longer of the horizon and a year.

    Errors of overlapping forecasts are correlated, and contractions last for quarters.
    """
    return max(horizon + 1, PERIODS_A_YEAR[frequency])
