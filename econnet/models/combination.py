"""Forecast combination: the networks, and the models that are averaged with them.

Different models make different errors. Each member network has the same partners:
networks that forecast the distribution of growth and two forests of trees, or, where
the label is not growth below zero, one forest and naive Bayes. Data with professional
forecasts add a logit on these. A member's forecast is the weighted mean of its log-odds
and theirs, with weights estimated from past forecasts, which may be zero; econnet's
forecast is the mean over members. A partner that fails is left out.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.log_odds import log_odds, probability
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.models import network_ensemble, partners_file, pooling
from econnet.models.baselines import LEARNERS
from econnet.models.growth import FittedGrowth, GrowthDistribution, GrowthNetworks
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.partners_file import Fitted
from econnet.models.professional_logit import ProfessionalLogit
from econnet.models.scaling import Scaler
from econnet.models.windows import Window, window_digest
from econnet.network import Network
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread

# Names in track records.
NETWORK = "network"
GROWTH = partners_file.GROWTH
PROFESSIONAL = "professional_logit"


class Partner(Protocol):
    """A model of windows that can also be fitted to one of them, and kept."""

    def learn(self, window: Window) -> Fitted:
        """Return the model fitted to the window's training rows."""

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of the rows ahead of each window."""


# The models and their weights before any outcome is known, where the label is a fall of
# growth, and where it is not. See docs/methodology.md for the trials.
WITH_GROWTH: Mapping[str, float] = {
    NETWORK: 0.25,
    GROWTH: 0.25,
    "extra_trees": 0.25,
    "random_forest": 0.25,
}
WITHOUT_GROWTH: Mapping[str, float] = {
    NETWORK: 0.4,
    "extra_trees": 0.4,
    "naive_bayes": 0.2,
}
# The weight of the professional forecasts, where there are any; the others share the
# rest.
OF_PROFESSIONALS = 0.5
MODELS = (*WITH_GROWTH, "naive_bayes", PROFESSIONAL)


@dataclass(frozen=True, eq=False)
class CombinedForecaster:
    """Networks and their partners, trained on a window, with the window's scaler.

    `weights` has the weight of the networks and of each partner; their sum is 1.
    """

    network: Network
    partners: Mapping[str, Fitted]
    weights: Mapping[str, float]
    scaler: Scaler

    @classmethod
    def learn(
        cls, window: Window, record: pd.DataFrame, members: int, seed: int
    ) -> "CombinedForecaster":
        """Return the forecaster of a window; `record` has the forecasts before it."""
        weights = weights_from_record(window, record)
        network, fitted = workers.both(
            partial(network_ensemble.learn, window, members, seed),
            partial(learn_partners, window, used_partners(weights)),
        )
        return cls.combined(network, fitted, weights, window.scaler)

    @classmethod
    def of(
        cls,
        network: Network,
        window: Window,
        weights: Mapping[str, float],
        fitted: Mapping[str, Fitted] | None = None,
    ) -> "CombinedForecaster":
        """Return the forecaster of networks that were trained on a window.

        Partners that are not among `fitted` are trained again, and are the same as
        before.
        """
        partners = learn_partners(window, used_partners(weights), fitted)
        return cls.combined(network, partners, weights, window.scaler)

    @classmethod
    def combined(
        cls,
        network: Network,
        partners: Mapping[str, Fitted],
        weights: Mapping[str, float],
        scaler: Scaler,
    ) -> "CombinedForecaster":
        """Return the forecaster of networks and their partners, all of them fitted."""
        used = {
            name: weight
            for name, weight in weights.items()
            if name == NETWORK or name in partners
        }
        total = sum(used.values())
        shares = {name: weight / total for name, weight in used.items()}
        return cls(network, partners, shares, scaler)

    def forecast(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the log-odds for rows of raw features, and the models' disagreement.

        Both are (rows,). The disagreement is the weighted standard deviation of the
        log-odds of all networks and partners. Missing values are NaN.
        """
        scaled = self.scaler.transform(raw).astype(np.float32)
        with one_blas_thread():
            networks = self.network.logits(scaled)[:, :, 0].astype(np.float64)
        by_model = np.concatenate([networks, self._by_partner(raw, scaled)])
        of_each = np.full(len(networks), self.weights[NETWORK] / len(networks))
        weights = np.concatenate([of_each, self._partner_weights])
        combined = pooling.combine_log_odds(by_model, weights)
        deviations = by_model - combined / pooling.EXTREMIZE
        variance = (weights[:, None] * deviations**2).sum(axis=0)
        return combined, np.sqrt(variance)

    def probability(self, raw: Floats) -> Floats:
        """Return the probability of contraction for rows of raw features, (rows,)."""
        log_odds, _ = self.forecast(raw)
        return probability(log_odds)

    def growth(self, raw: Floats) -> GrowthDistribution | None:
        """Return the distribution of growth for rows of raw features, if there is one.

        Its mass below zero is the probability of contraction.
        """
        partner = self.partners.get(GROWTH)
        if not isinstance(partner, FittedGrowth):
            return None
        scaled = self.scaler.transform(raw).astype(np.float32)
        return partner.distribution(scaled).tilted(self.probability(raw))

    def partner_log_odds(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the partners' contribution to the log-odds, (rows,)."""
        return pooling.combine_log_odds(
            self._by_partner(raw, scaled), self._partner_weights
        )

    def _by_partner(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return each partner's log-odds, (partners, rows)."""
        by_partner = [
            log_odds(partner.probability(raw, scaled))
            for partner in self.partners.values()
        ]
        return np.stack(by_partner) if by_partner else np.empty((0, len(raw)))

    @property
    def _partner_weights(self) -> Floats:
        return np.array([self.weights[name] for name in self.partners], dtype=float)


def learn_and_forecast(
    window: Window, record: pd.DataFrame, rows: Floats, members: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the log-odds for rows of raw features, and the models' disagreement.

    Both are those of `CombinedForecaster.learn` and `forecast`, for each row alone. The
    forecaster learns as a task, and is not kept.
    """
    weights = weights_from_record(window, record)
    options, used = EnsembleOptions(), used_partners(weights)

    def forecast(rows: Floats) -> list[np.ndarray]:
        with one_blas_thread():
            networks = network_ensemble.fit([window], members, seed, options)
        forecaster = CombinedForecaster.combined(
            networks.of_inputs(), learn_partners(window, used), weights, window.scaler
        )
        of_rows = [forecaster.forecast(row[None]) for row in rows]
        return [np.concatenate(values) for values in zip(*of_rows, strict=True)]

    digest = hashlib.sha256(np.ascontiguousarray(rows).data).hexdigest()
    name = f"forecaster {members} {seed} {options} {weights} {used} {digest}"
    ((log_odds, disagreement),) = workers.map_tasks(
        forecast, [rows], lambda _: window_digest(name, [window])
    )
    return log_odds, disagreement


def prior(features: DesignMatrix) -> Mapping[str, float]:
    """Return the models' weights before any outcome is known, the networks first."""
    weights = WITHOUT_GROWTH if features.growth_of_label is None else WITH_GROWTH
    if not len(features.professional):
        return weights
    shares = {name: (1 - OF_PROFESSIONALS) * each for name, each in weights.items()}
    return {**shares, PROFESSIONAL: OF_PROFESSIONALS}


def partners(features: DesignMatrix) -> dict[str, Partner]:
    """Return the partners that the data allow."""
    return {name: partner(name) for name in prior(features) if name != NETWORK}


def partner(name: str) -> Partner:
    """Return the partner of this name."""
    if name == PROFESSIONAL:
        return ProfessionalLogit()
    return GrowthNetworks() if name == GROWTH else LEARNERS[name]


def used_partners(weights: Mapping[str, float]) -> dict[str, Partner]:
    """Return the partners that a forecast uses, given all weights.

    The distribution of growth is of interest even without a weight.
    """
    return {
        name: partner(name)
        for name in weights
        if name == GROWTH or (name != NETWORK and weights[name] > 0)
    }


def learn_partners(
    window: Window,
    used: Mapping[str, Partner],
    before: Mapping[str, Fitted] | None = None,
) -> dict[str, Fitted]:
    """Return the partners trained on a window; they need no seed.

    Those in `before` are not trained again. A partner that cannot be trained, or whose
    forecast is not a number, is left out.
    """
    before = before or {}
    missing = [name for name in used if name not in before]
    learned = workers.map_threads(lambda name: _learned(used[name], window), missing)
    fitted = {**before, **dict(zip(missing, learned, strict=True))}
    return {name: of_name for name in used if (of_name := fitted[name]) is not None}


def _learned(partner: Partner, window: Window) -> Fitted | None:
    try:
        fitted = partners_file.in_arrays(partner.learn(window))
    except ValueError:  # what scikit-learn raises for rows that it cannot use
        return None
    forecasts = fitted.probability(window.raw_ahead, window.X_ahead)
    return fitted if np.isfinite(forecasts).all() else None


def weights_from_record(window: Window, record: pd.DataFrame) -> dict[str, float]:
    """Return the models' weights, estimated from the track record before the window.

    A model without a track record, because it failed there, is left out.
    """
    allowed = prior(window.features)
    recorded = set(record["model"])
    names = [name for name in allowed if name in recorded]
    by_model = [record[record["model"] == name] for name in names]
    index = pd.MultiIndex.from_frame(by_model[0][["country", "origin"]])
    rows = window.features.index.get_indexer(index)
    known = rows >= 0
    forecasts = [
        of_model["probability"].to_numpy(dtype=float)[known] for of_model in by_model
    ]
    before = np.array([allowed[name] for name in names])
    estimates = pooling.estimate_weights(
        window, rows[known], log_odds(np.stack(forecasts)), before / before.sum()
    )
    return dict(zip(names, estimates.tolist(), strict=True))
