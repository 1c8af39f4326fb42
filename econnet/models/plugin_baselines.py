"""Baselines of other packages: classifiers whose results are checked.

A plugin provides a classifier in the manner of scikit-learn. It is fitted to the
training rows of a window and forecasts the rows ahead; it receives nothing else, so
that it cannot look ahead. If it fails in any window, the baseline is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from econnet.core import plugins
from econnet.core.plugins import Plugin
from econnet.core.types import Floats
from econnet.models.windows import Window


@dataclass(frozen=True)
class Baseline:
    """A baseline that a plugin provides.

    Parameters
    ----------
    title
        Its name in reports: `ridge regression`.
    make
        Returns a new classifier with `fit(X, y)` and `predict_proba(X)`, which has the
        probabilities of no contraction and of contraction in two columns. It must be
        picklable, and give the same probabilities for the same rows.
    measured
        Keys of the catalog, such as `term_spread`; it then gets these indicators alone,
        imputed and standardised, else all features, scaled.
    needs
        It is left out where the data have none of these indicators.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> Baseline("weak logit", LogisticRegression, measured=("term_spread",)).title
    'weak logit'
    """

    title: str
    make: Callable[[], Any]
    measured: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise `TypeError` or `ValueError` if it cannot be used."""
        if not self.title or not isinstance(self.title, str):
            raise ValueError("it needs a title")
        classifier = self.make()
        for method in ("fit", "predict_proba"):
            if not callable(getattr(classifier, method, None)):
                raise TypeError(f"a {type(classifier).__name__} has no {method}")


@dataclass(eq=False, repr=False)
class GuardedClassifier:
    """A plugin's classifier, whose errors are `ValueError`s that say what failed."""

    classifier: Any
    plugin: Plugin

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Fit the classifier to copies of the training rows."""
        try:
            self.classifier.fit(X.copy(), y.copy())
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return self

    def predict_proba(self, X: np.ndarray) -> Floats:
        """Return the probabilities of both classes, (rows, 2)."""
        try:
            both = np.asarray(self.classifier.predict_proba(X.copy()), dtype=float)
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        if both.shape != (len(X), 2):
            raise ValueError(f"its probabilities have the shape {both.shape}")
        if not ((both >= 0) & (both <= 1)).all():
            raise ValueError("its probabilities are not all between 0 and 1")
        return both

    def __repr__(self) -> str:
        """Return what its stored results are found by."""
        return str(self.plugin)


class _Fitted(Protocol):
    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""


class _Learner(Protocol):
    def learn(self, window: Window) -> _Fitted:
        """Return the model fitted to the window's training rows."""

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of each window's rows ahead, NaN if it fails."""


@dataclass(frozen=True, eq=False)
class PluginModel:
    """The model of a plugin's baseline."""

    plugin: Plugin
    baseline: Baseline
    learner: _Learner

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of each window's rows ahead, NaN if it fails."""
        try:
            forecasts = self.learner(windows)
            for window, forecast in zip(windows, forecasts, strict=True):
                if np.isnan(forecast).any():
                    # Once more in this process, for the reason.
                    fitted = self.learner.learn(window)
                    fitted.probability(window.raw_ahead, window.X_ahead)
                    raise ValueError(f"it failed in the window of {window.origin}")
        except Exception as error:  # noqa: BLE001 - others' code may raise anything
            plugins.leave_out(self.plugin, error)
            return [np.full(len(window.X_ahead), np.nan) for window in windows]
        return forecasts
