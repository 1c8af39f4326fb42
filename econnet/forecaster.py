"""What forecasts today: the networks, and the models that are averaged with them.

Unlike models err in unlike ways. Each member network has the same partners, four of the
baselines: the mean of their log-odds, weighed as the forecasts of the past advise, is
what the member says, and the mean over members is what econnet says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet import compute, ensemble
from econnet.ensemble import Options
from econnet.evaluation import pooling
from econnet.evaluation.baselines import LEARNERS, Learned
from econnet.evaluation.walkforward import Window
from econnet.features import Floats, Scaler
from econnet.network import Network
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
class Forecaster:
    """Networks and their partners that have learned what a window knows.

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
    partners: Mapping[str, Learned]
    weights: Floats
    scaler: Scaler

    @classmethod
    def learn(
        cls, window: Window, record: pd.DataFrame, members: int, seed: int
    ) -> "Forecaster":
        """Return the forecaster of a window; `record` has the forecasts before it."""
        with one_blas_thread():
            network = ensemble.fit([window], members, seed, Options())
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
        own: Floats = pooling.STRETCH * self.weights[0] * networks
        return own + self.of_partners(figures, scaled)

    def probability(self, figures: Floats) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        return ensemble.pooled(self.members(figures))

    def of_partners(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return what the partners add to every member's log-odds, (rows,)."""
        said = np.stack(
            [
                pooling.log_odds(self.partners[name].probability(figures, scaled))
                for name in PARTNERS
            ]
        )
        return pooling.mixed(said, self.weights[1:])


def partners_of(window: Window) -> dict[str, Learned]:
    """Return the partners that learned what a window knows; always the same ones."""
    learned = compute.each(lambda name: LEARNERS[name].learn(window), PARTNERS)
    return dict(zip(PARTNERS, learned, strict=True))


def weights_of(window: Window, record: pd.DataFrame) -> Floats:
    """Return the models' weights, by the track record up to the window's origin."""
    said = [record[record["model"] == name] for name in PRIOR]
    places = pd.MultiIndex.from_arrays([said[0]["country"], said[0]["origin"]])
    rows = window.features.index.get_indexer(places)
    odds = pooling.log_odds(
        np.stack([it["probability"].to_numpy(dtype=float)[rows >= 0] for it in said])
    )
    return pooling.weights_at(window, rows[rows >= 0], odds, PRIOR_WEIGHTS)
