"""What forecasts today: the networks, and the trees that are averaged with them.

Networks and trees err in unlike ways. The forecaster gives each member network the
trees for a partner: the mean of their log-odds, weighed as the forecasts of the past
advise, is what the member says, and the mean over members is what econnet says.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.ensemble import ExtraTreesClassifier
from threadpoolctl import threadpool_limits

from econnet import ensemble
from econnet.ensemble import Options
from econnet.evaluation import baselines, pooling
from econnet.evaluation.walkforward import Window
from econnet.features import Floats
from econnet.network import Network

PARTNER = "extra_trees"


@dataclass(frozen=True, eq=False)
class Forecaster:
    """Networks and trees that have learned what a window knows.

    Parameters
    ----------
    share
        Of the networks in the mean of log-odds; the trees have the rest.
    """

    network: Network
    trees: ExtraTreesClassifier
    share: float

    @classmethod
    def learn(
        cls, window: Window, record: pd.DataFrame, members: int, seed: int
    ) -> "Forecaster":
        """Return the forecaster of a window; `record` has the forecasts before it."""
        with threadpool_limits(1):
            network = ensemble.fit([window], members, seed, Options())
        return cls(network, grow(window), share_of(window, record))

    def members(self, X: ArrayLike) -> Floats:
        """Return the log-odds that each member gives scaled rows, (members, rows)."""
        rows = np.asarray(X, dtype=np.float32)
        with threadpool_limits(1):
            networks = self.network.logits(rows)[:, :, 0].astype(np.float64)
        return pooling.mixed(networks, self.of_trees(rows), self.share)

    def probability(self, X: ArrayLike) -> Floats:
        """Return the probability of contraction for scaled rows, (rows,)."""
        return ensemble.pooled(self.members(X))

    def of_trees(self, X: ArrayLike) -> Floats:
        """Return the log-odds that the trees alone give scaled rows, (rows,)."""
        rows = np.asarray(X, dtype=np.float32)
        return pooling.log_odds(self.trees.predict_proba(rows)[:, 1])


def grow(window: Window) -> ExtraTreesClassifier:
    """Return the trees that have learned what a window knows; always the same ones."""
    return baselines.extra_trees(window).fit(window.X_train, window.y_train)


def share_of(window: Window, record: pd.DataFrame) -> float:
    """Return the networks' share, by the track record up to the window's origin."""
    said = [record[record["model"] == name] for name in ("network", PARTNER)]
    places = pd.MultiIndex.from_arrays([said[0]["country"], said[0]["origin"]])
    rows = window.features.index.get_indexer(places)
    ours, theirs = (
        pooling.log_odds(it["probability"].to_numpy(dtype=float)[rows >= 0])
        for it in said
    )
    return pooling.share_at(window, rows[rows >= 0], ours, theirs)
