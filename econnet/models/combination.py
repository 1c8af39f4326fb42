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

# The models, the networks first, and their weights before any forecast was judged.
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
    """Networks and their partners, trained on a window.

    Parameters
    ----------
    partners
        By name, each of `PARTNERS`.
    weights : array (models,)
        In the mean of log-odds, the networks' first and the others as in `PARTNERS`.
    scaler
        Of the window, for the rows that are to be forecast.
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
        return cls(
            network, partners_of(window), weights_of(window, record), window.scaler
        )

    def members(self, figures: Floats) -> Floats:
        """Return the log-odds that each member gives rows of features, (members, rows).

        Parameters
        ----------
        figures : array (rows, columns)
            The features as they are, unscaled; NaN where a figure is missing.
        """
        scaled = self.scaler.transform(figures).astype(np.float32)
        with one_blas_thread():
            networks = self.network.logits(scaled)[:, :, 0].astype(np.float64)
        of_networks: Floats = pooling.EXTREMIZE * self.weights[0] * networks
        return of_networks + self.of_partners(figures, scaled)

    def probability(self, figures: Floats) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        return probability(self.members(figures).mean(axis=0))

    def of_partners(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return what the partners contribute to every member's log-odds, (rows,)."""
        odds = np.stack(
            [
                log_odds(self.partners[name].probability(figures, scaled))
                for name in PARTNERS
            ]
        )
        return pooling.combine_log_odds(odds, self.weights[1:])


def partners_of(window: Window) -> dict[str, FittedModel]:
    """Return the partners trained on a window; always the same ones."""
    learned = workers.map_threads(lambda name: LEARNERS[name].learn(window), PARTNERS)
    return dict(zip(PARTNERS, learned, strict=True))


def weights_of(window: Window, record: pd.DataFrame) -> Floats:
    """Return the models' weights, by the track record up to the window's origin."""
    records = [record[record["model"] == name] for name in PRIOR]
    places = pd.MultiIndex.from_arrays([records[0]["country"], records[0]["origin"]])
    rows = window.features.index.get_indexer(places)
    odds = log_odds(
        np.stack(
            [
                rows_of["probability"].to_numpy(dtype=float)[rows >= 0]
                for rows_of in records
            ]
        )
    )
    return pooling.estimate_weights(window, rows[rows >= 0], odds, PRIOR_WEIGHTS)
