"""Probit regression, the classic recession model, which scikit-learn lacks."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr

from econnet.core.types import Floats


class Probit:
    """Probit regression with the interface of a scikit-learn classifier.

    Parameters
    ----------
    prior_precision
        The inverse prior variance of a weight, which keeps weights finite where the
        training rows are separable.

    Notes
    -----
    A. Estrella and F. S. Mishkin, "Predicting U.S. recessions: financial variables as
    leading indicators", Review of Economics and Statistics 80 (1998), equation 1. With
    the last known phase among the inputs it is the dynamic probit of H. Kauppi and P.
    Saikkonen, "Predicting U.S. recessions with dynamic binary response models", Review
    of Economics and Statistics 90 (2008), equation 4.
    """

    def __init__(self, prior_precision: float = 0.1) -> None:
        self.prior_precision = prior_precision

    def __repr__(self) -> str:
        return f"Probit(prior_precision={self.prior_precision})"

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Fit weights and intercept to rows `X`, (rows, inputs), and outcomes `y`."""
        design = _with_ones(X)
        sign = 2 * np.asarray(y, dtype=float) - 1
        penalty = np.full(design.shape[1], self.prior_precision)
        penalty[-1] = 0  # none on the intercept

        def cost(weights: Floats) -> tuple[float, Floats]:
            z = sign * (design @ weights)
            log_likelihood = log_ndtr(z)
            # The normal density over its integral, in logs to stay finite in the tail.
            ratio = np.exp(-(z**2) / 2 - log_likelihood) / np.sqrt(2 * np.pi)
            value = -log_likelihood.sum() + penalty @ weights**2 / 2
            return float(value), -design.T @ (sign * ratio) + penalty * weights

        start = np.zeros(design.shape[1])
        self.weights_: Floats = minimize(cost, start, jac=True, method="L-BFGS-B").x
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the probability of no event and of one, (rows, 2)."""
        event = ndtr(_with_ones(X) @ self.weights_)
        return np.column_stack([1 - event, event])


def _with_ones(X: npt.ArrayLike) -> Floats:
    rows = np.asarray(X, dtype=float)
    return np.column_stack([rows, np.ones(len(rows))])
