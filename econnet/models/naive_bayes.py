"""Naive Bayes on the few features that separate the classes best, calibrated.

Naive Bayes multiplies the densities of the features as if they were independent.
Correlated features make it overconfident, so its probabilities are calibrated on rows
that it did not learn from. scikit-learn has both, but checks its input at every step,
which takes ten times as long as the arithmetic on the rows of one window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.feature_selection import f_oneway
from sklearn.model_selection import StratifiedKFold

from econnet.core.types import Floats

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class GaussianDensities:
    """The normal densities of the features in each class.

    Parameters
    ----------
    prior : array (2,)
        The shares of expansions and contractions.
    mean, variance : arrays (2, features)
    """

    prior: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def fit(cls, X: Floats, y: npt.NDArray[np.bool_]) -> Self:
        """Return the densities of rows `X`, (rows, features), with outcomes `y`.

        A small share of the largest variance is added to all, as scikit-learn does.
        """
        of_class = [X[~y], X[y]]
        smallest = 1e-9 * X.var(axis=0).max()
        return cls(
            np.array([len(rows) / len(X) for rows in of_class]),
            np.array([rows.mean(axis=0) for rows in of_class]),
            np.array([rows.var(axis=0) + smallest for rows in of_class]),
        )

    def probability(self, X: Floats) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        deviations = X[:, None] - self.mean
        densities = np.log(2 * np.pi * self.variance) + deviations**2 / self.variance
        expansion, contraction = (np.log(self.prior) - densities.sum(axis=2) / 2).T
        probability: Floats = expit(contraction - expansion)
        return probability


@dataclass(frozen=True)
class Sigmoid:
    """A calibrated probability, with log-odds linear in an uncalibrated forecast."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, forecasts: Floats, y: npt.NDArray[np.bool_]) -> Self:
        """Return the most likely sigmoid of forecasts, given outcomes `y`, (rows,).

        Outcomes count as a little less than certain, and a normal prior keeps the slope
        small: a fold of few contractions would often give an extreme one.

        Notes
        -----
        J. Platt, "Probabilistic outputs for support vector machines" (1999), with
        Newton's method as in H.-T. Lin, C.-J. Lin and R. C. Weng, "A note on Platt's
        probabilistic outputs for support vector machines", Machine Learning 68 (2007),
        267-276.
        """
        n, events = len(y), int(y.sum())
        targets = np.where(y, (events + 1) / (events + 2), 1 / (n - events + 2))
        design = np.column_stack([forecasts, np.ones(n)])
        penalty = np.array([SLOPE_PRECISION, 0.0])

        def cost(weights: Floats) -> float:
            z = design @ weights
            losses = np.logaddexp(0, z) - targets * z
            return float(losses.sum() + penalty @ weights**2 / 2)

        weights = np.array([0.0, np.log((events + 1) / (n - events + 1))])
        for _ in range(MAX_STEPS):
            p = expit(design @ weights)
            gradient = design.T @ (p - targets) + penalty * weights
            curvature = (design.T * (p * (1 - p))) @ design + np.diag(penalty)
            step = np.linalg.solve(curvature, gradient)
            before = cost(weights)
            while cost(weights - step) > before and np.abs(step).max() > MIN_STEP:
                step /= 2
            weights -= step
            if np.abs(step).max() <= MIN_STEP:
                break
        return cls(float(weights[0]), float(weights[1]))

    def probability(self, forecasts: Floats) -> Floats:
        """Return the calibrated probability of each forecast, (rows,)."""
        probability: Floats = expit(self.slope * forecasts + self.intercept)
        return probability


class CalibratedNaiveBayes:
    """Calibrated naive Bayes with the interface of a scikit-learn classifier.

    It uses the `n_features` with the highest F statistic in the training rows. Without
    any feature to choose from, it is the share of contractions.
    """

    def __init__(self, n_features: int = 8) -> None:
        self.n_features = n_features

    def __repr__(self) -> str:
        return f"CalibratedNaiveBayes(n_features={self.n_features})"

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Fit densities and sigmoids to rows `X`, (rows, features), and outcomes `y`.

        `ValueError` is raised if an outcome is rarer than there are folds.
        """
        features, event = np.asarray(X), np.asarray(y) > 0
        rarest = min(event.sum(), len(event) - event.sum())
        if rarest < FOLDS.n_splits:
            raise ValueError(
                f"an outcome has {rarest} rows: {FOLDS.n_splits} are needed"
            )
        folds = [*FOLDS.split(features, event)]
        candidates = _distinct(features, [held_out for _, held_out in folds])
        self.columns_ = _best(features, event, candidates)[: self.n_features]
        self.rate_ = float(event.mean())
        self.fitted_: list[tuple[GaussianDensities, Sigmoid]] = []
        chosen = features[:, self.columns_].astype(np.float64)
        for fitted, held_out in folds if len(candidates) else []:
            densities = GaussianDensities.fit(chosen[fitted], event[fitted])
            forecasts = densities.probability(chosen[held_out])
            self.fitted_.append((densities, Sigmoid.fit(forecasts, event[held_out])))
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the probabilities of expansion and contraction, (rows, 2)."""
        chosen = np.asarray(X)[:, self.columns_].astype(np.float64)
        event = np.full(len(chosen), self.rate_)
        if self.fitted_:
            of_folds = [
                sigmoid.probability(densities.probability(chosen))
                for densities, sigmoid in self.fitted_
            ]
            event = np.mean(of_folds, axis=0)
        return np.column_stack([1 - event, event])


def _distinct(X: np.ndarray, parts: Sequence[Positions]) -> Positions:
    """Return the features that differ from each other, and vary outside each part.

    Naive Bayes has no densities where no feature varies, and a feature that it gets
    eight times counts eight times.
    """
    low = np.array([X[rows].min(axis=0) for rows in parts])
    high = np.array([X[rows].max(axis=0) for rows in parts])
    varying = np.ones(X.shape[1], dtype=bool)
    for part in range(len(parts)):
        others = np.arange(len(parts)) != part
        varying &= low[others].min(axis=0) < high[others].max(axis=0)
    by_feature = np.ascontiguousarray(X.T)
    first = {
        by_feature[column].tobytes(): column for column in np.flatnonzero(varying)[::-1]
    }
    return np.sort(np.array([*first.values()], dtype=np.intp))


def _best(
    X: np.ndarray, event: npt.NDArray[np.bool_], candidates: Positions
) -> Positions:
    """Return these features, those with the highest F statistic first."""
    if not len(candidates):
        return candidates
    chosen = X[:, candidates]
    with np.errstate(divide="ignore"):  # a feature may separate the classes
        F, _ = f_oneway(chosen[~event], chosen[event])
    return candidates[np.argsort(-F, kind="stable")]


# The parts of the training rows by which it is calibrated.
FOLDS = StratifiedKFold(3)
# The inverse prior variance of a sigmoid's slope.
SLOPE_PRECISION = 0.1
# Newton's method ends at a step as small as this, or after so many. A step that raises
# the cost is halved.
MIN_STEP, MAX_STEPS = 1e-9, 100
