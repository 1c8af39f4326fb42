"""Scoring more forecasts than memory holds.

Forecasts are counted as they pass: for the areas under curves in narrow bins of
log-odds, within which forecasts count as tied, and for the costs in sums by origin,
from which intervals are drawn by blocks of origins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.types import Floats
from econnet.evaluation.bootstrap import Resample
from econnet.evaluation.metrics import brier_costs, log_loss_costs

# Log-odds from -16 to 16, a probability from 1e-7 to 1 - 1e-7, in steps of 1/512.
LARGEST_LOGIT, BINS_A_UNIT = 16, 512
BINS = 2 * LARGEST_LOGIT * BINS_A_UNIT
DRAWS = 2000


@dataclass(frozen=True)
class HoldoutScores:
    """How one model did on the holdout; the names are those of `metrics.Scores`."""

    auroc: float | None
    average_precision: float | None
    brier: float
    brier_interval: tuple[float, float]
    brier_skill: float | None
    log_loss: float
    log_loss_interval: tuple[float, float]
    n: int
    n_contractions: int
    n_origins: int


@dataclass(frozen=True)
class Difference:
    """What a forecast of econnet costs less than one of a baseline does: below 0, less.

    Intervals are paired, 90%, by blocks of origins.
    """

    log_loss_difference: float
    log_loss_interval: tuple[float, float]
    brier_difference: float
    brier_interval: tuple[float, float]


@dataclass(frozen=True)
class Calibrated:
    """Forecasts of one bin of probability, and how often they came true."""

    probability: float
    frequency: float
    n: int


class Tally:
    """The forecasts of one model, counted.

    Parameters
    ----------
    first_origin, origins
        The first origin's number, and how many there are.
    """

    def __init__(self, first_origin: int, origins: int) -> None:
        self.first_origin = first_origin
        self.counts = np.zeros((2, BINS), np.int64)
        self.n, self.contractions, self.brier, self.log_loss = np.zeros((4, origins))
        self.bins = np.zeros((3, 10))

    def add(
        self, logits: Floats, outcome: Floats, origin: npt.NDArray[np.int64]
    ) -> None:
        """Count forecasts whose outcome is known, given as log-odds."""
        probability = 1 / (1 + np.exp(-logits))
        place = np.clip((logits + LARGEST_LOGIT) * BINS_A_UNIT, 0, BINS - 1)
        place = place.astype(np.int64)
        for happened in (0, 1):
            own = place[outcome == happened]
            self.counts[happened] += np.bincount(own, minlength=BINS)
        where, n = origin - self.first_origin, len(self.n)
        self.n += np.bincount(where, minlength=n)
        self.contractions += np.bincount(where, outcome, n)
        self.brier += np.bincount(where, brier_costs(probability, outcome), n)
        self.log_loss += np.bincount(where, log_loss_costs(probability, outcome), n)
        tenth = np.minimum((10 * probability).astype(np.int64), 9)
        for row, weights in enumerate((np.ones_like(outcome), probability, outcome)):
            self.bins[row] += np.bincount(tenth, weights, 10)

    def auroc(self) -> float | None:
        """Return the area under the ROC curve; `None` without both outcomes."""
        expansions, contractions = self.counts.astype(np.float64)
        if not expansions.sum() or not contractions.sum():
            return None
        below = np.cumsum(expansions) - expansions / 2
        area = below @ contractions / (expansions.sum() * contractions.sum())
        return float(area)

    def average_precision(self) -> float | None:
        """Return the average precision, each bin being a threshold."""
        expansions, contractions = self.counts[:, ::-1].astype(np.float64)
        if not expansions.sum() or not contractions.sum():
            return None
        hits, alarms = np.cumsum(contractions), np.cumsum(contractions + expansions)
        precision = hits / np.maximum(alarms, 1)
        return float(precision @ contractions / contractions.sum())

    def reliability(self) -> list[Calibrated]:
        """Return how often contractions followed, by tenths of probability."""
        return [
            Calibrated(float(said / n), float(came / n), int(n))
            for n, said, came in self.bins.T
            if n
        ]


def scores(tally: Tally, base: Tally, block: int, seed: int) -> HoldoutScores:
    """Return what was counted as scores; skill is measured against `base`."""
    n = tally.n.sum()
    weights = _weights(tally, block, seed)
    base_brier = base.brier.sum() / n
    brier, log_loss = tally.brier.sum() / n, tally.log_loss.sum() / n
    return HoldoutScores(
        auroc=tally.auroc(),
        average_precision=tally.average_precision(),
        brier=float(brier),
        brier_interval=_interval(weights @ tally.brier),
        brier_skill=float(1 - brier / base_brier) if base_brier else None,
        log_loss=float(log_loss),
        log_loss_interval=_interval(weights @ tally.log_loss),
        n=int(n),
        n_contractions=int(tally.contractions.sum()),
        n_origins=int((tally.n > 0).sum()),
    )


def difference(ours: Tally, theirs: Tally, block: int, seed: int) -> Difference:
    """Return by how much our forecasts cost less than theirs of the same rows."""
    weights, n = _weights(ours, block, seed), ours.n.sum()
    brier, log_loss = ours.brier - theirs.brier, ours.log_loss - theirs.log_loss
    return Difference(
        log_loss_difference=float(log_loss.sum() / n),
        log_loss_interval=_interval(weights @ log_loss),
        brier_difference=float(brier.sum() / n),
        brier_interval=_interval(weights @ brier),
    )


def _weights(tally: Tally, block: int, seed: int) -> Floats:
    """Return how much a sum of each origin counts in each draw's mean."""
    there = np.flatnonzero(tally.n)
    rng = np.random.default_rng(seed)
    drawn = Resample.draw(pd.Series(there), block, DRAWS, rng).counts
    weights = np.zeros((DRAWS, len(tally.n)))
    weights[:, there] = drawn / (drawn @ tally.n[there])[:, np.newaxis]
    return weights


def _interval(means: Floats) -> tuple[float, float]:
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)
