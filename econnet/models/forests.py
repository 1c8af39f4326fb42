"""Forests of a replay: fewer trees, and the same ones for several horizons.

A tree divides rows into leaves, and forecasts the mean outcome of a leaf. Growing trees
is a large part of a replay's work, but leaves that separate contractions two quarters
ahead also separate those three quarters ahead. So the trees of an origin are grown for
the outcomes at all given horizons together, and each horizon fills the leaves with its
own training rows. That costs accuracy where growth or events span several periods,
because at each horizon another part of them is known; horizons then have trees of their
own. The
mean of a leaf is shrunk to the share of contractions, because few trees agree by chance
on a probability of zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.models.baselines import LEARNERS
from econnet.models.windows import Rows, TrainingTask, Window, window_digest
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread

# The forests among `LEARNERS`.
FORESTS = ("extra_trees", "random_forest")
# The share of contractions counts as this many rows of a leaf.
PRIOR_ROWS = 0.5


@dataclass(frozen=True)
class ReplayForests:
    """The model of one kind of forest, for windows at one or several horizons.

    Windows with one origin share their trees where `can_share` is true.

    Parameters
    ----------
    name
        That of a forest among `LEARNERS`.
    share_of_trees
        The number of trees, as a share of that in a backtest.
    """

    name: str
    share_of_trees: float

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of each window's rows ahead."""
        numbers_of: dict[tuple[pd.Period, int | None], list[int]] = {}
        for number, window in enumerate(windows):
            features = window.features
            horizon = None if can_share(features) else features.horizon
            numbers_of.setdefault((window.origin, horizon), []).append(number)
        groups = [[windows[n] for n in numbers] for numbers in numbers_of.values()]
        tasks = [self._task(group) for group in groups]

        def key(number: int) -> str:
            name = f"{tasks[number].forest!r} {PRIOR_ROWS}"
            return window_digest(name, groups[number])

        forecasts: list[Floats] = [np.empty(0)] * len(windows)
        results = workers.map_tasks(forecast_horizons, tasks, key)
        for numbers, of_group in zip(numbers_of.values(), results, strict=True):
            for number, probability in zip(numbers, of_group, strict=True):
                forecasts[number] = probability
        return forecasts

    def _task(self, windows: Sequence[Window]) -> "ForestTask":
        """Return the forest that windows with one origin share, and their rows."""
        common = windows[0].train
        for window in windows[1:]:
            common = common[np.isin(common, window.train)]
        forest = LEARNERS[self.name].make(windows[0])
        n_trees = max(1, round(self.share_of_trees * forest.n_estimators))
        horizons = [
            HorizonRows(
                window.training_task, np.flatnonzero(np.isin(window.train, common))
            )
            for window in windows
        ]
        forest.set_params(n_estimators=n_trees)
        if forest.max_samples is not None:
            forest.set_params(max_samples=min(forest.max_samples, len(common)))
        return ForestTask(forest, horizons)


def can_share(features: DesignMatrix) -> bool:
    """Return whether the horizons of a task can share trees.

    They can if the event is that of one period, and so is the growth that the label
    measures.
    """
    spans_one = features.carried is None or features.carried.span == 1
    return features.event == "at" and spans_one


@dataclass(frozen=True, eq=False)
class HorizonRows:
    """The rows of a horizon; `common` are the training rows that all horizons have."""

    window: TrainingTask
    common: Rows


@dataclass(frozen=True, eq=False)
class ForestTask:
    """A forest that is not fitted yet, and the rows of each horizon."""

    forest: Any
    horizons: Sequence[HorizonRows]


def forecast_horizons(task: ForestTask) -> list[Floats]:
    """Return the probabilities of the rows ahead at each horizon."""
    first = task.horizons[0]
    outcomes = [rows.window.y_train[rows.common] for rows in task.horizons]
    y = outcomes[0] if len(outcomes) == 1 else np.column_stack(outcomes)
    with one_blas_thread():
        task.forest.fit(first.window.X_train[first.common], y)
    trees = [estimator.tree_ for estimator in task.forest.estimators_]
    sizes = [tree.node_count for tree in trees]
    first_nodes = np.cumsum([0, *sizes[:-1]])

    def leaves(X: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Return the number of each row's leaf in each tree, (rows, trees)."""
        # The forest's own `apply` takes a third of a millisecond more per tree.
        of_trees = [tree.apply(X) for tree in trees]
        numbers: npt.NDArray[np.int64] = np.column_stack(of_trees) + first_nodes
        return numbers

    forecasts = []
    for rows in task.horizons:
        y_train = rows.window.y_train.astype(np.float64)
        shares = _shares(leaves(rows.window.X_train), y_train, sum(sizes))
        forecasts.append(shares[leaves(rows.window.inputs_to_forecast)].mean(axis=1))
    return forecasts


def _shares(leaves: npt.NDArray[np.int64], y: Floats, n_leaves: int) -> Floats:
    """Return the share of contractions in each leaf, shrunk to that of all rows."""
    rows = np.bincount(leaves.ravel(), minlength=n_leaves)
    of_trees = np.repeat(y, leaves.shape[1])
    contractions = np.bincount(leaves.ravel(), of_trees, n_leaves)
    shares: Floats = (contractions + PRIOR_ROWS * y.mean()) / (rows + PRIOR_ROWS)
    return shares
