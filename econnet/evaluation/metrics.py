"""How good probabilities of contraction have been.

Every score compares forecast probabilities with outcomes, 1 for a contraction and 0
for an expansion. Brier score and log loss are costs, lower is better; AUROC and average
precision ask only whether contractions were ranked above expansions, higher is better.
Skill is the share of the base rate's cost that a forecast saves: 0 is no better than
the long-run rate, 1 is perfect, below 0 is worse.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.isotonic import isotonic_regression

from econnet.core.types import Floats

# The scores of a certain forecast that was wrong must be finite to be averaged.
CLIP = 1e-6

# What the International Monetary Fund's own forecasters reached a year ahead: of the
# annual contractions of 1990 to 2016 they saw 24% coming, and were right in 57% of the
# cases in which they saw one (Z. An, J. T. Jalles and P. Loungani, "How well do
# economists forecast recessions?", International Finance 21 (2018), as cited in press).
IMF_PRECISION = 0.57
IMF_RECALL = 0.24


@dataclass(frozen=True)
class BrierParts:
    """What a Brier score is made of: `reliability - resolution + uncertainty`.

    Parameters
    ----------
    reliability
        What is lost because forecasts of 30% do not come true 30% of the time; 0 is
        best.
    resolution
        What is gained because unlike forecasts are followed by unlike outcomes; as
        much as the uncertainty is best.
    uncertainty
        What it costs to know how often contractions occur, and nothing else.
    """

    reliability: float
    resolution: float
    uncertainty: float


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
    brier_parts
        What the Brier score is made of.
    recall_at_imf_precision, precision_at_imf_recall
        The best share of contractions seen among thresholds of at least
        `IMF_PRECISION`, and the best precision among those that see at least
        `IMF_RECALL` of the contractions; `None` like `auroc`.
    n, n_contractions, n_origins
        Forecasts scored, contractions among them, and origins they were made in.
    """

    auroc: float | None
    average_precision: float | None
    brier: float
    brier_skill: float | None
    log_loss: float
    log_loss_skill: float | None
    brier_parts: BrierParts
    recall_at_imf_precision: float | None
    precision_at_imf_recall: float | None
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


def auroc(probability: Floats, outcome: Floats) -> float | None:
    """Return the area under the ROC curve; `None` where all outcomes are the same.

    The share of pairs of a contraction and an expansion in which the contraction was
    given the higher probability.
    """
    if not 0 < outcome.sum() < len(outcome):
        return None
    return float(metrics.roc_auc_score(outcome, probability))


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
        auroc=auroc(probability, outcome),
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
        brier_parts=brier_parts(probability, outcome),
        recall_at_imf_precision=(
            recall_at_precision(probability, outcome, IMF_PRECISION) if both else None
        ),
        precision_at_imf_recall=(
            precision_at_recall(probability, outcome, IMF_RECALL) if both else None
        ),
        n=len(outcome),
        n_contractions=int(outcome.sum()),
        n_origins=int(track_record["origin"].nunique()),
    )


def _skill(cost: float, base_cost: float) -> float | None:
    return 1 - cost / base_cost if base_cost > 0 else None


def brier_parts(probability: Floats, outcome: Floats) -> BrierParts:
    """Return reliability, resolution and uncertainty of the Brier score.

    Notes
    -----
    A. H. Murphy (1973), "A new vector partition of the probability score", Journal of
    Applied Meteorology 12. He compares groups of equal forecasts; forecasts that hardly
    ever repeat are grouped here by the non-decreasing map that fits the outcomes best,
    which needs no bins and lets the parts add up exactly: T. Dimitriadis, T. Gneiting
    and A. I. Jordan (2021), "Stable reliability diagrams for probabilistic
    classifiers", PNAS 118, equation 4. Where each group's frequency is above that of
    the group below, both are the same.
    """
    _, group = np.unique(probability, return_inverse=True)
    n = np.bincount(group)
    frequency = np.bincount(group, outcome) / n
    calibrated = isotonic_regression(frequency, sample_weight=n)[group]
    brier = float(brier_costs(probability, outcome).mean())
    best = float(brier_costs(calibrated, outcome).mean())
    uncertainty = float(outcome.mean() * (1 - outcome.mean()))
    return BrierParts(brier - best, uncertainty - best, uncertainty)


def recall_at_precision(
    probability: Floats, outcome: Floats, precision: float
) -> float:
    """Return the largest share of contractions seen at no less than `precision`.

    It is 0 where no threshold is as precise.
    """
    precisions, recalls, _ = metrics.precision_recall_curve(outcome, probability)
    return float(recalls[precisions >= precision].max())


def precision_at_recall(probability: Floats, outcome: Floats, recall: float) -> float:
    """Return the highest precision that sees no less than `recall` of contractions."""
    precisions, recalls, _ = metrics.precision_recall_curve(outcome, probability)
    return float(precisions[recalls >= recall].max())


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


def precision_recall_curve(
    probability: Floats, outcome: Floats
) -> tuple[Floats, Floats]:
    """Return recall and precision, from the strictest threshold on."""
    precision, recall, _ = metrics.precision_recall_curve(outcome, probability)
    # The last point of scikit-learn is no threshold: nothing alarmed, all of it right.
    return recall[-2::-1], precision[-2::-1]
