"""Scores, tests and intervals, compared with scikit-learn, SciPy, statsmodels and R."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special, stats
from sklearn import metrics as reference
from sklearn.isotonic import IsotonicRegression
from statsmodels.stats.proportion import proportion_confint

from econnet.core import log_odds
from econnet.evaluation import metrics, signals
from econnet.forecast.streamed.scores import ScoreAccumulator
from tests.conformance.evidence import Check, Floats, Pair


class Record(NamedTuple):
    """Forecasts and outcomes."""

    probability: Floats
    outcome: Floats


def _record(n: int = 2000, decimals: int = 9) -> Record:
    """Return forecasts rounded to `decimals`, so that few or many are equal."""
    rng = np.random.default_rng(9)
    logits = rng.normal(-1.5, 1.5, n)
    outcome = (rng.random(n) < special.expit(logits)).astype(float)
    probability = special.expit(logits + rng.normal(0, 0.5, n))
    return Record(np.round(probability, decimals).clip(0.001, 0.999), outcome)


def _frame(record: Record) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": np.arange(len(record.outcome)),
            "probability": record.probability,
            "outcome": record.outcome,
        }
    )


def _scores() -> Pair:
    probability, outcome = record = _record()
    ours = metrics.score(_frame(record), np.full(len(outcome), outcome.mean()))
    return [ours.brier, ours.log_loss], [
        reference.brier_score_loss(outcome, probability),
        reference.log_loss(outcome, probability),
    ]


def _skill() -> Pair:
    probability, outcome = record = _record()
    rate = np.full(len(outcome), outcome.mean())
    ours = metrics.score(_frame(record), rate)
    assert ours.brier_skill is not None
    assert ours.log_loss_skill is not None
    return [ours.brier_skill, ours.log_loss_skill], [
        # R² is one minus the ratio of the squared errors to those of the mean.
        reference.r2_score(outcome, probability),
        reference.d2_log_loss_score(outcome, probability),
    ]


def _area() -> Pair:
    probability, outcome = _record(decimals=2)
    contractions, expansions = probability[outcome == 1], probability[outcome == 0]
    pairs = len(contractions) * len(expansions)
    wins = stats.mannwhitneyu(contractions, expansions, method="asymptotic").statistic
    return [metrics.auroc(probability, outcome) or np.nan], [wins / pairs]


def _accumulated(record: Record) -> ScoreAccumulator:
    scores = ScoreAccumulator(0, 1)
    one_period = np.zeros(len(record.outcome), np.int64)
    scores.add(special.logit(record.probability), record.outcome, one_period)
    return scores


def _counted() -> Pair:
    probability, outcome = record = _record(50_000)
    scores = _accumulated(record)
    return [scores.auroc() or np.nan, scores.average_precision() or np.nan], [
        reference.roc_auc_score(outcome, probability),
        reference.average_precision_score(outcome, probability),
    ]


def _summed() -> Pair:
    probability, outcome = record = _record(50_000)
    scores = _accumulated(record)
    return [scores.brier[0] / 50_000, scores.log_loss[0] / 50_000], [
        reference.brier_score_loss(outcome, probability),
        reference.log_loss(outcome, probability),
    ]


def _signals() -> Pair:
    probability, outcome = _record()
    by_threshold = [probability >= threshold for threshold in (0.1, 0.3, 0.5, 0.7)]
    ours = [
        *(signals.f1(issued, outcome) for issued in by_threshold),
        *(
            signals.balanced_accuracy(issued, outcome) or np.nan
            for issued in by_threshold
        ),
    ]
    return ours, [
        *(reference.f1_score(outcome, issued) for issued in by_threshold),
        *(
            reference.balanced_accuracy_score(outcome, issued)
            for issued in by_threshold
        ),
    ]


def _parts_add_up() -> Pair:
    probability, outcome = _record(decimals=2)
    parts = metrics.brier_parts(probability, outcome)
    total = parts.reliability - parts.resolution + parts.uncertainty
    return [total], [reference.brier_score_loss(outcome, probability)]


def _parts() -> Pair:
    probability, outcome = _record(decimals=2)
    parts = metrics.brier_parts(probability, outcome)
    fitted = IsotonicRegression().fit_transform(probability, outcome)
    best = np.mean((fitted - outcome) ** 2)
    return [parts.reliability, parts.resolution, parts.uncertainty], [
        np.mean((probability - outcome) ** 2) - best,
        np.var(outcome) - best,
        np.var(outcome),
    ]


def _wilson() -> Pair:
    shares = [(81, 263), (1, 3), (0, 10), (10, 10), (3, 1000)]
    ours = [metrics.wilson_interval(*share) for share in shares]
    theirs = [
        proportion_confint(*share, alpha=0.1, method="wilson") for share in shares
    ]
    return ours, theirs


def _log_odds() -> Pair:
    probability, _ = _record()
    logits = log_odds.log_odds(probability)
    ours = np.concatenate([logits, log_odds.probability(logits)])
    return ours, np.concatenate([special.logit(probability), probability])


CHECKS = [
    Check("Brier score, log loss", "scikit-learn", 14, _scores),
    Check(
        "Brier skill, log-loss skill against the mean",
        "scikit-learn, `r2_score`, `d2_log_loss_score`",
        13,
        _skill,
    ),
    Check(
        "area under the ROC curve, forecasts with many ties",
        "SciPy, Mann and Whitney's U over the number of pairs",
        14,
        _area,
    ),
    Check(
        "area and average precision of a stream of 50,000, in bins of log-odds",
        "scikit-learn, on all of them at once",
        3,
        _counted,
    ),
    Check("Brier score, log loss of the stream", "scikit-learn", 12, _summed),
    Check("F1, balanced accuracy at four thresholds", "scikit-learn", 14, _signals),
    Check(
        "reliability less resolution plus uncertainty",
        "the Brier score of scikit-learn: Murphy's identity",
        14,
        _parts_add_up,
    ),
    Check(
        "reliability, resolution, uncertainty",
        "scikit-learn, `IsotonicRegression` on the rows",
        12,
        _parts,
    ),
    Check("90% interval of a share", "statsmodels, Wilson's interval", 14, _wilson),
    Check(
        "log-odds and probabilities", "SciPy, `logit`", 14, _log_odds, of_largest=True
    ),
]
