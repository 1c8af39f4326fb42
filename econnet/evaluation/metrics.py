"""Scores of forecast probabilities.

Every score compares probabilities with outcomes, 1 for a contraction and 0 for an
expansion. Brier score and log loss are costs, lower is better; AUROC and average
precision measure only whether contractions were ranked above expansions, higher is
better. Skill is the relative improvement on the base rate's cost: 1 is perfect, 0 is no
better than the base rate, below 0 is worse.
"""

from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

from econnet.core.types import Floats

# Keeps the log loss of a certain forecast that was wrong finite.
CLIP = 1e-6
MAX_LOG_LOSS = -log(CLIP)

# In the autumn before, the International Monetary Fund forecast 13% of the years in
# which a country's output fell, and 64% of the falls that it forecast occurred.
# Computed from the forecasts of its World Economic Outlook, 1991 to 2016, with 4,594
# country-years, against first published figures; a growth forecast below zero counts as
# a signal.
IMF_PRECISION = 0.64
IMF_RECALL = 0.13


@dataclass(frozen=True)
class BrierParts:
    """The Brier score's parts: it is `reliability - resolution + uncertainty`.

    Reliability is the cost of miscalibration. Resolution is the gain from
    discriminating between contractions and expansions, at most the uncertainty, which
    is the cost of always forecasting the share of contractions.
    """

    reliability: float
    resolution: float
    uncertainty: float


@dataclass(frozen=True)
class Scores:
    """One model's scores over a track record.

    Parameters
    ----------
    auroc, average_precision
        `None` if all outcomes are the same.
    brier, log_loss
        Mean cost of a forecast; `log_loss` is in nats.
    brier_skill, log_loss_skill
        Relative improvement on the base rate's cost; `None` if that is 0.
    recall_at_imf_precision, precision_at_imf_recall
        The best recall of thresholds whose precision is at least `IMF_PRECISION`, and
        the best precision of those whose recall is at least `IMF_RECALL`; `None` like
        `auroc`.
    n, n_contractions, n_origins
        Numbers of forecasts, of contractions among them, and of their origins.
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
    """Return the squared error of each forecast.

    Notes
    -----
    G. W. Brier (1950), "Verification of forecasts expressed in terms of probability",
    Monthly Weather Review 78, in the form for two outcomes.
    """
    return (probability - outcome) ** 2


def log_loss_costs(probability: Floats, outcome: Floats) -> Floats:
    """Return the negative log-likelihood of each outcome, in nats."""
    clipped = np.clip(probability, CLIP, 1 - CLIP)
    return -np.log(np.where(outcome == 1, clipped, 1 - clipped))


def auroc(probability: Floats, outcome: Floats) -> float | None:
    """Return the area under the ROC curve; `None` if all outcomes are the same.

    Notes
    -----
    It is the share of pairs of a contraction and an expansion in which the contraction
    had the higher forecast, where a tie counts as half: J. A. Hanley and B. J. McNeil,
    "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", Radiology 143 (1982), 29-36.
    """
    event = outcome == 1
    n_events, n_others = int(event.sum()), int((~event).sum())
    if not (n_events and n_others):
        return None
    _, places, ties = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[places]
    pairs_won = ranks[event].sum() - n_events * (n_events + 1) / 2
    return float(pairs_won / (n_events * n_others))


def score(track_record: pd.DataFrame, base_rate: Floats) -> Scores:
    """Return the scores of one model's forecasts.

    The track record has columns `origin`, `probability` and `outcome`; all outcomes are
    known. `base_rate`, (rows,), are the base rate's forecasts of the same rows.
    """
    from sklearn import metrics

    probability = track_record["probability"].to_numpy(dtype=float)
    outcome = track_record["outcome"].to_numpy(dtype=float)
    area = auroc(probability, outcome)
    both = area is not None
    brier = float(brier_costs(probability, outcome).mean())
    log_loss = float(log_loss_costs(probability, outcome).mean())
    return Scores(
        auroc=area,
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
    Applied Meteorology 12. Murphy groups equal forecasts. Here, forecasts are grouped
    by isotonic regression, which needs no bins and gives parts that add up exactly: T.
    Dimitriadis, T. Gneiting and A. I. Jordan (2021), "Stable reliability diagrams for
    probabilistic classifiers", PNAS 118, equation 4. The two are the same if the
    frequency of contractions rises from each group to the next.
    """
    from sklearn.isotonic import isotonic_regression

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
    """Return the highest recall at no less than `precision`; 0 if there is none."""
    recalls, precisions = precision_recall_curve(probability, outcome)
    return float(recalls[precisions >= precision].max(initial=0.0))


def precision_at_recall(probability: Floats, outcome: Floats, recall: float) -> float:
    """Return the highest precision at no less than `recall`."""
    recalls, precisions = precision_recall_curve(probability, outcome)
    return float(precisions[recalls >= recall].max())


@dataclass(frozen=True)
class ReliabilityBin:
    """Similar forecasts: their mean and number, and the frequency of contractions.

    `interval` is the 90% interval of the frequency.
    """

    probability: float
    frequency: float
    interval: tuple[float, float]
    n: int


def reliability_curve(
    probability: Floats, outcome: Floats, bins: int = 5
) -> list[ReliabilityBin]:
    """Return the frequency of contractions for bins of equal numbers of forecasts.

    Equal forecasts share a bin, so there may be fewer than `bins`.
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
    """Return Wilson's 90% interval for a share, estimated as `hits / n`.

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
    """Return false-alarm rates and hit rates, from the strictest threshold on.

    Points on a line between their neighbours are left out. The outcomes must include
    both.
    """
    hits, signals = _hits_and_signals(probability, outcome)
    false_alarms = signals - hits
    corner = np.ones(len(hits), dtype=bool)
    corner[1:-1] = (np.diff(hits, 2) != 0) | (np.diff(false_alarms, 2) != 0)
    false_alarm_rate, hit_rate = (
        np.concatenate([[0.0], counts[corner]]) / counts[-1]
        for counts in (false_alarms, hits)
    )
    return false_alarm_rate, hit_rate


def precision_recall_curve(
    probability: Floats, outcome: Floats
) -> tuple[Floats, Floats]:
    """Return recall and precision, from the strictest threshold on.

    The outcomes must include a contraction.
    """
    hits, signals = _hits_and_signals(probability, outcome)
    return hits / hits[-1], hits / signals


def _hits_and_signals(probability: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Return the numbers of right signals and of all signals at each threshold."""
    falling = np.argsort(-probability, kind="stable")
    last_of_equals = np.append(np.diff(probability[falling]) != 0, True)
    hits: Floats = np.cumsum(outcome[falling])[last_of_equals]
    return hits, 1.0 + np.flatnonzero(last_of_equals).astype(np.float64)
