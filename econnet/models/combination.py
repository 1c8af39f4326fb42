"""Forecast combination: the networks, and the models that are averaged with them.

Different models make different errors. Each member network has the same partners, four
of the baselines. A member's forecast is the weighted mean of its log-odds and theirs,
with weights estimated from past forecasts; econnet's forecast is the mean over members.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.log_odds import log_odds, probability
from econnet.core.types import Floats
from econnet.models import network_ensemble, pooling
from econnet.models.baselines import LEARNERS, FittedModel
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.scaling import Scaler
from econnet.models.windows import Window
from econnet.network import Network
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread

# The models, the networks first, and their weights before any outcome is known.
PRIOR: Mapping[str, float] = {
    "network": 0.4,
    "extra_trees": 0.2,
    "random_forest": 0.2,
    "dynamic_probit": 0.1,
    "naive_bayes": 0.1,
}
PARTNERS = tuple(name for name in PRIOR if name != "network")
PRIOR_WEIGHTS: Floats = np.array([*PRIOR.values()])


@dataclass(frozen=True, eq=False)
class CombinedForecaster:
    """Networks and their partners, trained on a window, with the window's scaler.

    `weights` are the networks' and those of `PARTNERS`, in this order.
    """

    network: Network
    partners: Mapping[str, FittedModel]
    weights: Floats
    scaler: Scaler

    @classmethod
    def learn(
        cls, window: Window, record: pd.DataFrame, members: int, seed: int
    ) -> "CombinedForecaster":
        """Return the forecaster of a window; `record` has the forecasts before it."""
        with one_blas_thread():
            network = network_ensemble.fit([window], members, seed, EnsembleOptions())
        weights = _weights_from_record(window, record)
        return cls(network, learn_partners(window), weights, window.scaler)

    def member_log_odds(self, raw: Floats) -> Floats:
        """Return each member's log-odds for rows of raw features, (members, rows).

        Missing values are NaN.
        """
        scaled = self.scaler.transform(raw).astype(np.float32)
        with one_blas_thread():
            networks = self.network.logits(scaled)[:, :, 0].astype(np.float64)
        of_networks: Floats = pooling.EXTREMIZE * self.weights[0] * networks
        return of_networks + self.partner_log_odds(raw, scaled)

    def probability(self, raw: Floats) -> Floats:
        """Return the probability of contraction for rows of raw features, (rows,)."""
        return probability(self.member_log_odds(raw).mean(axis=0))

    def partner_log_odds(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the partners' contribution to every member's log-odds, (rows,)."""
        by_partner = [
            log_odds(self.partners[name].probability(raw, scaled)) for name in PARTNERS
        ]
        return pooling.combine_log_odds(np.stack(by_partner), self.weights[1:])


def learn_partners(window: Window) -> dict[str, FittedModel]:
    """Return the partners trained on a window; they need no seed."""
    learned = workers.map_threads(lambda name: LEARNERS[name].learn(window), PARTNERS)
    return dict(zip(PARTNERS, learned, strict=True))


def _weights_from_record(window: Window, record: pd.DataFrame) -> Floats:
    """Return the models' weights, estimated from the track record before the window."""
    by_model = [record[record["model"] == name] for name in PRIOR]
    index = pd.MultiIndex.from_frame(by_model[0][["country", "origin"]])
    rows = window.features.index.get_indexer(index)
    known = rows >= 0
    forecasts = [
        of_model["probability"].to_numpy(dtype=float)[known] for of_model in by_model
    ]
    return pooling.estimate_weights(
        window, rows[known], log_odds(np.stack(forecasts)), PRIOR_WEIGHTS
    )
