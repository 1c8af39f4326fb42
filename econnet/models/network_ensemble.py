"""The ensemble of networks: many small networks, trained side by side.

Each window of a walk-forward run gets `members` networks, and the networks of many
windows train as one stack. Every network has a linear path from the inputs to the
log-odds beside its hidden layer, so that it can be as plain as a logistic regression
and is nonlinear only where the data support it. It uses only the inputs that vary among
its training rows. The ensemble's forecast is the mean of its members' log-odds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt
from numpy.random import SeedSequence

from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.models.windows import Model, TrainingTask, Window, window_digest
from econnet.network import (
    AdamW,
    Architecture,
    CosineDecay,
    Network,
    TrainingOptions,
    train,
)
from econnet.runtime import workers

# Inputs of all members that train as one stack: enough to keep NumPy busy, few enough
# for the cache.
STACK_INPUTS = 3200


@dataclass(frozen=True)
class EnsembleOptions:
    """The networks and how they are trained, one setting for all tasks.

    Parameters
    ----------
    hidden_units
        Of the one hidden layer.
    learning_rate
        Of the first step; it falls to 0 along half a cosine.
    prior_precision
        One over the prior variance of a weight; with few rows the prior dominates.
    fewest_updates
        A window of few rows is trained for more epochs, 20, 40, ... or 320, until its
        networks have been updated this often.
    """

    hidden_units: int = 8
    learning_rate: float = 1e-2
    prior_precision: float = 100.0
    batch_size: int = 64
    fewest_updates: int = 800

    def epochs(self, rows: int) -> int:
        """Return the number of epochs for so many training rows."""
        batches = -(-rows // self.batch_size)
        enough = (
            epochs for epochs in EPOCHS if epochs * batches >= self.fewest_updates
        )
        return next(enough, EPOCHS[-1])

    def l2(self, window: TrainingTask) -> float:
        """Return the penalty on weights beside a mean cost over the window's rows."""
        return self.prior_precision * window.design_effect / len(window.y_train)

    def training(
        self, windows: Sequence[TrainingTask], members: int
    ) -> TrainingOptions:
        """Return how windows that are gone through equally often are trained."""
        (epochs,) = {self.epochs(len(window.y_train)) for window in windows}
        return TrainingOptions(
            optimizer=AdamW(learning_rate=CosineDecay(self.learning_rate, epochs)),
            epochs=epochs,
            batch_size=self.batch_size,
            l2=tuple(self.l2(window) for window in windows for _ in range(members)),
            record_every=epochs,  # nobody reads the history, and it costs a tenth
        )


EPOCHS = (20, 40, 80, 160, 320)


def fit(
    windows: Sequence[TrainingTask], members: int, seed: int, options: EnsembleOptions
) -> Network:
    """Return the networks of all windows, `members` of each, in the windows' order.

    A window's networks come to the same bits whatever other windows train beside them.
    All windows must be trained in the same way, as `stacks` sees to.
    """
    columns = varying(windows[0])
    architecture = Architecture.dense(
        len(columns),
        [options.hidden_units],
        activation="relu",
        skip=True,
    )
    streams = [
        stream
        for window in windows
        for stream in SeedSequence(
            [seed, window.origin.year, window.origin.month]
        ).spawn(members)
    ]
    network = Network(architecture, len(streams), streams)
    starts = np.cumsum([0, *(len(window.y_train) for window in windows)])
    rows = [
        np.arange(start, stop)
        for start, stop in pairwise(starts)
        for _ in range(members)
    ]
    train(
        network,
        np.concatenate([window.X_train[:, columns] for window in windows]),
        np.concatenate([window.y_train for window in windows]),
        rows=rows,
        options=options.training(windows, members),
    )
    return network.embed_inputs(windows[0].X_train.shape[1], columns)


def varying(window: TrainingTask) -> npt.NDArray[np.intp]:
    """Return the inputs that are not the same in all training rows, (inputs,)."""
    return np.flatnonzero((window.X_train != window.X_train[0]).any(axis=0))


def stacks(
    windows: Sequence[Window], members: int, options: EnsembleOptions
) -> list[list[Window]]:
    """Return the windows in order, cut into stacks that train in one way.

    Those that take the same inputs and are gone through equally often make stacks of
    about one size.
    """

    def way(window: Window) -> tuple[int, bytes]:
        return options.epochs(len(window.train)), varying(window).tobytes()

    cut = []
    for _, group in groupby(windows, way):
        alike = list(group)
        most = max(1, STACK_INPUTS // (len(varying(alike[0])) * members))
        stacks = -(-len(alike) // most)
        ends = np.linspace(0, len(alike), stacks + 1).astype(int)
        cut += [alike[start:end] for start, end in pairwise(ends)]
    return cut


def logits(
    windows: Sequence[TrainingTask], members: int, network: Network
) -> list[Floats]:
    """Return the log-odds of each window's rows ahead by member, (members, rows)."""
    longest = max(len(window.X_ahead) for window in windows)
    X = np.zeros((network.members, longest, network.architecture.input_dim), np.float32)
    for number, window in enumerate(windows):
        stacked = slice(number * members, (number + 1) * members)
        X[stacked, : len(window.X_ahead)] = window.X_ahead
    odds = network.logits(X)[:, :, 0].astype(np.float64)
    return [
        odds[number * members : (number + 1) * members, : len(window.X_ahead)]
        for number, window in enumerate(windows)
    ]


def model(
    members: int,
    seed: int,
    options: EnsembleOptions | None = None,
) -> Model:
    """Return the ensemble as a model that a walk-forward run can forecast with."""
    settled = options or EnsembleOptions()

    def forecast_stack(stack: Sequence[TrainingTask]) -> list[Floats]:
        network = fit(stack, members, seed, settled)
        return [
            probability(odds.mean(axis=0)) for odds in logits(stack, members, network)
        ]

    name = f"networks {members} {seed} {settled}"

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        cut = stacks(windows, members, settled)
        results = workers.map_tasks(
            forecast_stack,
            [[window.lesson for window in stack] for stack in cut],
            key=lambda number: window_digest(name, cut[number]),
        )
        return [forecasts for result in results for forecasts in result]

    return forecast
