"""Scores of more forecasts than fit into memory.

Forecasts are counted block by block: for the areas under curves in narrow bins of
log-odds, within which forecasts count as tied, and for the losses in sums by origin,
from which the intervals follow.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from econnet.core.log_odds import probability as probability_of
from econnet.core.types import Floats
from econnet.evaluation.intervals import TERMS, Estimate, Interval, estimate
from econnet.evaluation.metrics import (
    MAX_LOG_LOSS,
    ReliabilityBin,
    brier_costs,
    log_loss_costs,
    wilson_interval,
)

# Log-odds from -16 to 16, a probability from 1e-7 to 1 - 1e-7, in steps of 1/512.
MAX_LOGIT, BINS_PER_UNIT = 16, 512
BINS = 2 * MAX_LOGIT * BINS_PER_UNIT


@dataclass(frozen=True)
class HoldoutScores:
    """The scores of one model on the holdout, named as in `metrics.Scores`."""

    auroc: float | None
    average_precision: float | None
    brier: float
    brier_interval: Interval
    brier_skill: float | None
    log_loss: float
    log_loss_interval: Interval
    n: int
    n_contractions: int
    n_origins: int


@dataclass(frozen=True)
class Difference:
    """Mean loss of econnet minus that of a baseline: negative is better.

    Intervals are paired, 90%.
    """

    log_loss_difference: float
    log_loss_interval: Interval
    brier_difference: float
    brier_interval: Interval


class ScoreAccumulator:
    """Sums of one model's forecasts and their losses, by origin and by bin.

    Parameters
    ----------
    first_origin, origins
        The first origin's number, and how many there are.
    """

    def __init__(self, first_origin: int, origins: int) -> None:
        self.first_origin = first_origin
        self.counts = np.zeros((2, BINS), np.int64)
        self.n, self.contractions, self.brier, self.log_loss = np.zeros((4, origins))
        self.tenths = np.zeros((3, 10))

    def add(
        self, logits: Floats, outcome: Floats, origin: npt.NDArray[np.int64]
    ) -> None:
        """Add forecasts whose outcome is known, given as log-odds."""
        probability = probability_of(logits)
        bin_of = np.clip((logits + MAX_LOGIT) * BINS_PER_UNIT, 0, BINS - 1)
        bin_of = bin_of.astype(np.int64)
        for contracted in (0, 1):
            of_outcome = bin_of[outcome == contracted]
            self.counts[contracted] += np.bincount(of_outcome, minlength=BINS)
        number, n = origin - self.first_origin, len(self.n)
        self.n += np.bincount(number, minlength=n)
        self.contractions += np.bincount(number, outcome, n)
        self.brier += np.bincount(number, brier_costs(probability, outcome), n)
        self.log_loss += np.bincount(number, log_loss_costs(probability, outcome), n)
        tenth = np.minimum((10 * probability).astype(np.int64), 9)
        for row, weights in enumerate((np.ones_like(outcome), probability, outcome)):
            self.tenths[row] += np.bincount(tenth, weights, 10)

    @property
    def has_both_outcomes(self) -> bool:
        """Whether there were contractions and expansions."""
        return bool(self.counts.any(axis=1).all())

    def auroc(self) -> float | None:
        """Return the area under the ROC curve; `None` without both outcomes."""
        if not self.has_both_outcomes:
            return None
        expansions, contractions = self.counts.astype(np.float64)
        below = np.cumsum(expansions) - expansions / 2
        return float(below @ contractions / (expansions.sum() * contractions.sum()))

    def average_precision(self) -> float | None:
        """Return the average precision, each bin being a threshold."""
        if not self.has_both_outcomes:
            return None
        expansions, contractions = self.counts[:, ::-1].astype(np.float64)
        hits, alarms = np.cumsum(contractions), np.cumsum(contractions + expansions)
        precision = hits / np.maximum(alarms, 1)
        return float(precision @ contractions / contractions.sum())

    def reliability(self) -> list[ReliabilityBin]:
        """Return how often contractions followed, by tenths of probability."""
        return [
            ReliabilityBin(
                float(forecast / n),
                float(hits / n),
                wilson_interval(int(hits), int(n)),
                int(n),
            )
            for n, forecast, hits in self.tenths.T
            if n
        ]


def scores(model: ScoreAccumulator, base: ScoreAccumulator) -> HoldoutScores:
    """Return the scores of a model; skill is measured against `base`."""
    n = model.n.sum()
    base_brier = base.brier.sum() / n
    brier, log_loss = _mean(model.brier, model.n), _mean(model.log_loss, model.n)
    return HoldoutScores(
        auroc=model.auroc(),
        average_precision=model.average_precision(),
        brier=brier.value,
        brier_interval=brier.interval(0.0, 1.0),
        brier_skill=float(1 - brier.value / base_brier) if base_brier else None,
        log_loss=log_loss.value,
        log_loss_interval=log_loss.interval(0.0, MAX_LOG_LOSS),
        n=int(n),
        n_contractions=int(model.contractions.sum()),
        n_origins=int((model.n > 0).sum()),
    )


def difference(ours: ScoreAccumulator, theirs: ScoreAccumulator) -> Difference:
    """Return our mean loss minus theirs on the same rows, with paired intervals."""
    brier = _mean(ours.brier - theirs.brier, ours.n)
    log_loss = _mean(ours.log_loss - theirs.log_loss, ours.n)
    return Difference(
        log_loss_difference=log_loss.value,
        log_loss_interval=log_loss.interval(-MAX_LOG_LOSS, MAX_LOG_LOSS),
        brier_difference=brier.value,
        brier_interval=brier.interval(-1.0, 1.0),
    )


def _mean(sums: Floats, n: Floats) -> Estimate:
    """Return the mean of all rows from the sums and numbers of rows by origin.

    A panel larger than memory has more contractions than the critical values need.
    """
    mean = float(sums.sum() / n.sum())
    scored = n > 0
    influence = (sums - mean * n)[scored] * scored.sum() / n.sum()
    return estimate(mean, influence, spells=2 * TERMS)
