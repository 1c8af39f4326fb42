"""How good probabilities of contraction have been.

Every score compares forecast probabilities with outcomes, 1 for a contraction and 0
for an expansion. Brier score and log loss are costs, lower is better; AUROC and average
precision ask only whether contractions were ranked above expansions, higher is better.
Skill is the share of the base rate's cost that a forecast saves: 0 is no better than
the long-run rate, 1 is perfect, below 0 is worse.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

Floats = npt.NDArray[np.float64]

# The scores of a certain forecast that was wrong must be finite to be averaged.
CLIP = 1e-6


@dataclass(frozen=True)
class Scores:
    """How one model did over a track record.

    Parameters
    ----------
    auroc, average_precision
        `None` where there was no contraction, or nothing else.
    brier, log_loss
        Mean cost of a forecast; `log_loss` is in nats.
    brier_skill, log_loss_skill
        Share of the base rate's cost that was saved; `None` where that cost is 0.
    n, n_contractions, n_origins
        Forecasts scored, contractions among them, and origins they were made in.
    """

    auroc: float | None
    average_precision: float | None
    brier: float
    brier_skill: float | None
    log_loss: float
    log_loss_skill: float | None
    n: int
    n_contractions: int
    n_origins: int


def brier_costs(probability: Floats, outcome: Floats) -> Floats:
    """Return the Brier cost of each forecast, its squared error.

    Notes
    -----
    G. W. Brier (1950), "Verification of forecasts expressed in terms of probability",
    Monthly Weather Review 78, in the form for two outcomes.
    """
    costs: Floats = (probability - outcome) ** 2
    return costs


def log_loss_costs(probability: Floats, outcome: Floats) -> Floats:
    """Return the log loss of each forecast in nats, its surprise at what happened."""
    clipped = np.clip(probability, CLIP, 1 - CLIP)
    costs: Floats = -np.log(np.where(outcome == 1, clipped, 1 - clipped))
    return costs


def score(track_record: pd.DataFrame, base_rate: Floats) -> Scores:
    """Return the scores of one model's forecasts.

    Parameters
    ----------
    track_record
        One row a forecast, with columns `origin`, `probability` and `outcome`; rows
        whose outcome is not known yet must have been dropped.
    base_rate : array (rows,)
        The probability that the base rate, known at the same origins, gave.
    """
    probability = track_record["probability"].to_numpy(dtype=float)
    outcome = track_record["outcome"].to_numpy(dtype=float)
    both = 0 < outcome.sum() < len(outcome)
    brier = float(brier_costs(probability, outcome).mean())
    log_loss = float(log_loss_costs(probability, outcome).mean())
    return Scores(
        auroc=float(metrics.roc_auc_score(outcome, probability)) if both else None,
        average_precision=(
            float(metrics.average_precision_score(outcome, probability))
            if both
            else None
        ),
        brier=brier,
        brier_skill=_skill(brier, float(brier_costs(base_rate, outcome).mean())),
        log_loss=log_loss,
        log_loss_skill=_skill(
            log_loss, float(log_loss_costs(base_rate, outcome).mean())
        ),
        n=len(outcome),
        n_contractions=int(outcome.sum()),
        n_origins=int(track_record["origin"].nunique()),
    )


def _skill(cost: float, base_cost: float) -> float | None:
    return 1 - cost / base_cost if base_cost > 0 else None


@dataclass(frozen=True)
class ReliabilityBin:
    """Forecasts of about the same probability, and how often they came true.

    Parameters
    ----------
    probability
        Mean forecast of the bin.
    frequency
        Share of its outcomes that were contractions.
    interval
        90% interval of that share, Wilson's.
    n
        Forecasts in the bin.
    """

    probability: float
    frequency: float
    interval: tuple[float, float]
    n: int


def reliability_curve(
    probability: Floats, outcome: Floats, bins: int = 5
) -> list[ReliabilityBin]:
    """Return how often contractions followed, for bins of equal numbers of forecasts.

    Forecasts of the same probability share a bin, so there may be fewer than `bins`.
    """
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, probability, side="left")
    curve = []
    for number in np.unique(bin_of):
        inside = bin_of == number
        n, hits = int(inside.sum()), int(outcome[inside].sum())
        curve.append(
            ReliabilityBin(
                float(probability[inside].mean()), hits / n, wilson_interval(hits, n), n
            )
        )
    return curve


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the 90% interval of a share of which `hits` in `n` were seen.

    Notes
    -----
    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22.
    """
    z = 1.6448536269514722  # the 95th percentile of the standard normal
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = (
        z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + (z / n) ** 2 / 4))
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def roc_curve(probability: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Return false-alarm rates and hit rates, from the strictest threshold on."""
    false_alarms, hits, _ = metrics.roc_curve(outcome, probability)
    return false_alarms, hits
