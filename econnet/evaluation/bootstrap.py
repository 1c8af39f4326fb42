"""Resampling a track record without pulling neighbouring periods apart.

Contractions come in spells, and countries contract together. So what is resampled are
blocks of neighbouring periods, and all countries of a block stay together.

Notes
-----
The moving-block bootstrap of H. R. Künsch, "The jackknife and the bootstrap for general
stationary observations", Annals of Statistics 17 (1989).
"""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from econnet.features import Floats


def block_counts(
    periods: pd.Series, block: int, draws: int, rng: np.random.Generator
) -> Floats:
    """Return how often each row is in each draw, (draws, rows).

    Parameters
    ----------
    periods
        The period of each row; rows of one period are drawn together.
    block
        Neighbouring periods that are drawn together; at most as many as there are.
    """
    found, period_of = np.unique(periods.to_numpy(), return_inverse=True)
    n = len(found)
    block = min(block, n)
    starts = rng.integers(0, n - block + 1, (draws, -(-n // block)))
    chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :n]
    counts = np.zeros((draws, n))
    np.add.at(counts, (np.arange(draws)[:, None], chosen), 1.0)
    of_rows: Floats = counts[:, period_of]
    return of_rows


def mean_interval(
    costs: Floats, periods: pd.Series, block: int, draws: int, seed: int
) -> tuple[float, float]:
    """Return the 90% interval of the mean of `costs`, one a row."""
    counts = block_counts(periods, block, draws, np.random.default_rng(seed))
    means = counts @ costs / counts.sum(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)


def auroc_interval(
    probability: Floats,
    outcome: Floats,
    periods: pd.Series,
    block: int,
    draws: int,
    seed: int,
) -> tuple[float, float]:
    """Return the 90% interval of the area under the ROC curve.

    Draws without a contraction, or with nothing else, have no such area and are left
    out.
    """
    counts = block_counts(periods, block, draws, np.random.default_rng(seed))
    areas = np.array(
        [
            roc_auc_score(outcome, probability, sample_weight=weights)
            for weights in counts
            if 0 < weights @ outcome < weights.sum()
        ]
    )
    low, high = np.quantile(areas, [0.05, 0.95])
    return float(low), float(high)
