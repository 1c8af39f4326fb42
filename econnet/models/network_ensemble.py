"""The ensemble of networks: many small networks, trained side by side.

Each window of a walk-forward run gets `members` networks, and the networks of many
windows train as one stack. Every network has a linear path from the inputs to the
log-odds beside its hidden layer, so that it can be as plain as a logistic regression
and is nonlinear only where the data support it. It uses only the inputs that vary among
its training rows and, where these are many, their principal axes. The ensemble's
forecast is the mean of its members' log-odds.

What the networks estimate is their `Head`: here the log-odds of a contraction;
`econnet.models.growth` has another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt
from numpy.random import SeedSequence
from scipy.linalg import eigh

from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.models.windows import Model, TrainingTask, Window, window_digest
from econnet.network import (
    ActivationName,
    AdamW,
    Architecture,
    Array,
    CosineDecay,
    Network,
    TrainingOptions,
    train,
)
from econnet.network.losses import LOSSES, Loss
from econnet.network.network import PREDICTION_ROWS
from econnet.runtime import workers

# The sum of inputs over all members of a stack: large enough to keep NumPy busy, small
# enough for the cache.
STACK_INPUTS = 3200
# A window of few rows is trained for more epochs.
EPOCHS = (5, 10, 20, 40, 80, 160, 320)
# The most inputs of a network, which are principal axes if there are more.
AXES = (32, 64)
# All eigenvalues of a matrix of up to this size take less time than the largest 64.
MAX_SIZE_IN_FULL = 400
# Axes that explain less than this share of the variance of the first are rounding.
MIN_VARIANCE = 1e-6


@dataclass(frozen=True)
class EnsembleOptions:
    """Hyperparameters of the networks, the same for all tasks.

    Parameters
    ----------
    learning_rate
        At the first step; it decays to 0 along half a cosine.
    prior_precision
        The inverse prior variance of a weight; with few rows the prior dominates.
    min_epochs, min_updates
        The number of epochs is the first of `EPOCHS` with as many of both, or the last.
    rows_per_axis
        The most inputs that are used as they are is the last of `AXES` with as many
        training rows for each, or the first; of more inputs, their principal axes are.
    """

    hidden_units: int = 8
    learning_rate: float = 1e-2
    prior_precision: float = 100.0
    batch_size: int = 64
    min_epochs: int = 20
    min_updates: int = 800
    rows_per_axis: int = 0

    def epochs(self, rows: int) -> int:
        """Return the number of epochs for a number of training rows."""
        batches = -(-rows // self.batch_size)
        least = max(self.min_epochs, self.min_updates / batches)
        enough = (epochs for epochs in EPOCHS if epochs >= least)
        return next(enough, EPOCHS[-1])

    def max_axes(self, rows: int) -> int:
        """Return the largest number of inputs for a number of training rows."""
        enough = (axes for axes in AXES if axes * self.rows_per_axis <= rows)
        return max(enough, default=AXES[0])

    def l2(self, window: TrainingTask) -> float:
        """Return the penalty on weights beside the mean cost of the window's rows."""
        return self.prior_precision * window.design_effect / len(window.y_train)


@dataclass(frozen=True, eq=False)
class Head:
    """What the outputs of the networks estimate.

    Parameters
    ----------
    activation
        Of the last layer.
    targets
        Takes a window, and returns what its training rows were: (rows, outputs).
    start
        Takes these targets, and returns the first biases of the last layer, (outputs,).
    """

    output_dim: int
    activation: ActivationName
    loss: Loss
    targets: Callable[[TrainingTask], Array]
    start: Callable[[Array], Array]


CONTRACTION = Head(
    output_dim=1,
    activation="sigmoid",
    loss=LOSSES["sigmoid"],
    targets=lambda window: window.y_train[:, None],
    start=lambda targets: np.zeros(targets.shape[1]),
)


@dataclass(frozen=True, eq=False)
class Networks:
    """The trained networks of several windows, `members` per window in their order.

    Parameters
    ----------
    along_axes
        The networks; their inputs are the axes.
    axes
        The linear map from all inputs to the axes, for each window.
    """

    along_axes: Network
    axes: Sequence[Array]
    members: int

    def of_inputs(self) -> Network:
        """Return the networks of all inputs that give the same forecasts."""
        return self.along_axes.with_linear_map(
            np.repeat(np.stack(self.axes), self.members, axis=0)
        )

    def outputs(self, windows: Sequence[TrainingTask]) -> list[Floats]:
        """Return each window's outputs for its rows ahead: (members, rows, outputs)."""
        ahead = [window.inputs_to_forecast for window in windows]
        shape = self.along_axes.members, max(map(len, ahead))
        X = np.zeros((*shape, self.along_axes.architecture.input_dim), np.float32)
        of_window = [
            np.s_[number * self.members : (number + 1) * self.members, : len(rows)]
            for number, rows in enumerate(ahead)
        ]
        for rows, X_ahead, axes in zip(of_window, ahead, self.axes, strict=True):
            X[rows] = _mapped(X_ahead, axes)
        given = self.along_axes.logits(X).astype(np.float64)
        return [given[rows] for rows in of_window]

    def logits(self, windows: Sequence[TrainingTask]) -> list[Floats]:
        """Return the log-odds of each window's rows ahead, (members, rows)."""
        return [given[:, :, 0] for given in self.outputs(windows)]


def _mapped(X: npt.NDArray[np.float32], axes: Array) -> Array:
    """Return rows along axes; the rounding of a row does not depend on the others."""
    n_blocks = -(-len(X) // PREDICTION_ROWS)
    blocks = np.zeros((n_blocks * PREDICTION_ROWS, X.shape[1]), X.dtype)
    blocks[: len(X)] = X
    along: Array = blocks.reshape(n_blocks, PREDICTION_ROWS, -1) @ axes
    return along.reshape(-1, axes.shape[1])[: len(X)]


def fit(
    windows: Sequence[TrainingTask],
    members: int,
    seed: int,
    options: EnsembleOptions,
    head: Head = CONTRACTION,
) -> Networks:
    """Return the trained networks, `members` per window.

    A window's networks have the same bits whatever other windows train beside them. All
    windows must have the same numbers of axes and of epochs (see `stacks`).
    """
    maps = [
        principal_axes(window, options.max_axes(len(window.y_train)))
        for window in windows
    ]
    n_axes = maps[0].shape[1]
    architecture = _architecture(n_axes, options, head)
    streams = [
        stream
        for window in windows
        for stream in SeedSequence(
            [seed, window.origin.year, window.origin.month]
        ).spawn(members)
    ]
    network = Network(architecture, len(streams), streams)
    targets = [head.targets(window) for window in windows]
    for number, (window, of_window) in enumerate(zip(windows, targets, strict=True)):
        of_members = np.s_[number * members : (number + 1) * members]
        # Those of networks of all the inputs would be as much smaller.
        units = len(varying(window)) + options.hidden_units
        network.W[0][of_members] *= np.sqrt((n_axes + options.hidden_units) / units)
        network.b[-1][of_members] = head.start(of_window)
    starts = np.cumsum([0, *(len(window.y_train) for window in windows)])
    rows = [
        np.arange(start, stop)
        for start, stop in pairwise(starts)
        for _ in range(members)
    ]
    (epochs,) = {options.epochs(len(window.y_train)) for window in windows}
    train(
        network,
        np.concatenate(
            [window.X_train @ axes for window, axes in zip(windows, maps, strict=True)]
        ),
        np.concatenate(targets),
        rows=rows,
        loss=head.loss,
        options=TrainingOptions(
            AdamW(learning_rate=CosineDecay(options.learning_rate, epochs)),
            epochs=epochs,
            batch_size=options.batch_size,
            l2=tuple(options.l2(window) for window in windows for _ in range(members)),
            record_every=epochs,  # the history is not used, and costs a tenth
        ),
    )
    return Networks(network, maps, members)


def learn(window: Window, members: int, seed: int) -> Network:
    """Return the trained networks of one window, for all its inputs.

    They are trained as a task, so that those of several windows can train side by side.
    """
    options = EnsembleOptions()

    def train_window(task: TrainingTask) -> list[np.ndarray]:
        networks = fit([task], members, seed, options)
        return [networks.along_axes.parameters, networks.axes[0]]

    name = f"final networks {members} {seed} {options}"
    ((parameters, axes),) = workers.map_tasks(
        train_window, [window.training_task], lambda _: window_digest(name, [window])
    )
    architecture = _architecture(axes.shape[1], options, CONTRACTION)
    along_axes = Network(architecture, members)
    along_axes.parameters[...] = parameters
    return Networks(along_axes, [axes], members).of_inputs()


def _architecture(n_axes: int, options: EnsembleOptions, head: Head) -> Architecture:
    return Architecture.dense(
        n_axes,
        [options.hidden_units],
        head.output_dim,
        activation="relu",
        output_activation=head.activation,
        skip=True,
    )


def principal_axes(window: TrainingTask, most: int) -> Array:
    """Return the linear map from all inputs to those of the networks, (inputs, axes).

    The axes are the inputs that vary or, if there are more than `most`, the principal
    axes of the training rows that explain most of their variance. A penalty on the
    weights of these is one on the weights of the inputs, which it makes small wherever
    the rows vary little: the axes that are left out would hardly be used.
    """
    columns = varying(window)
    n_inputs = window.X_train.shape[1]
    axes = np.zeros((n_inputs, min(len(columns), most)), np.float32)
    if len(columns) <= most:
        axes[columns, np.arange(len(columns))] = 1
        return axes
    X = window.X_train[:, columns].astype(np.float64)
    wide = len(X) < len(columns)
    products = X @ X.T if wide else X.T @ X
    variances, vectors = _largest_eigenvalues(products, most)
    explain = variances > MIN_VARIANCE * variances[-1]
    variances, vectors = variances[explain], vectors[:, explain]
    if wide:
        vectors = X.T @ vectors / np.sqrt(variances)
    # An axis has two directions; here its largest weight is positive.
    largest = np.abs(vectors).argmax(axis=0)
    vectors *= np.sign(vectors[largest, np.arange(len(variances))])
    axes[columns, : len(variances)] = vectors[:, ::-1]
    return axes


def _largest_eigenvalues(products: Floats, most: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues of a symmetric matrix, ascending, and vectors."""
    size = len(products)
    if size <= MAX_SIZE_IN_FULL:
        variances, vectors = eigh(products, driver="evd", check_finite=False)
        return variances[-most:], vectors[:, -most:]
    some: tuple[Floats, Floats] = eigh(
        products, subset_by_index=(size - most, size - 1), check_finite=False
    )
    return some


def varying(window: TrainingTask) -> npt.NDArray[np.intp]:
    """Return the positions of the inputs that vary among the training rows."""
    return np.flatnonzero((window.X_train != window.X_train[0]).any(axis=0))


def stacks(
    windows: Sequence[Window], members: int, options: EnsembleOptions
) -> list[list[Window]]:
    """Return the windows in order, split into stacks that can train as one.

    The windows of a stack have the same numbers of inputs and of epochs; stacks of such
    windows have about as many batches in all, and so take about as long.
    """

    def settings(window: Window) -> tuple[int, int]:
        rows = len(window.train)
        n_axes = min(len(varying(window)), options.max_axes(rows))
        return options.epochs(rows), n_axes

    result = []
    for _, group in groupby(windows, settings):
        alike = list(group)
        max_windows = max(1, STACK_INPUTS // (settings(alike[0])[1] * members))
        n_stacks = -(-len(alike) // max_windows)
        batches = [-(-len(window.train) // options.batch_size) for window in alike]
        up_to = np.cumsum(batches) / sum(batches)
        # The shares are sums, and may miss an end by their rounding.
        inner = np.searchsorted(up_to, np.arange(1, n_stacks) / n_stacks - 1e-9) + 1
        ends = [0, *inner.tolist(), len(alike)]
        result += [alike[start:end] for start, end in pairwise(ends)]
    return result


def model(members: int, seed: int, options: EnsembleOptions | None = None) -> Model:
    """Return the ensemble as a model that forecasts windows."""
    options_ = options or EnsembleOptions()

    def forecast_stack(stack: Sequence[TrainingTask]) -> list[Floats]:
        networks = fit(stack, members, seed, options_)
        return [
            probability(log_odds.mean(axis=0)) for log_odds in networks.logits(stack)
        ]

    name = f"networks {members} {seed} {options_}"

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        return in_stacks(windows, members, options_, forecast_stack, name)

    return forecast


def in_stacks(
    windows: Sequence[Window],
    members: int,
    options: EnsembleOptions,
    forecast_stack: Callable[[Sequence[TrainingTask]], list[Floats]],
    name: str,
) -> list[Floats]:
    """Return the forecasts of all windows, whose stacks are trained in parallel.

    `name` names the networks and all their settings.
    """
    split = stacks(windows, members, options)
    results = workers.map_tasks(
        forecast_stack,
        [[window.training_task for window in stack] for stack in split],
        key=lambda number: window_digest(name, split[number]),
    )
    return [forecasts for result in results for forecasts in result]
