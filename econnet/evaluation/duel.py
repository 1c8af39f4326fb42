"""The duel: several libraries train the same small network.

It repeats the comparison with Keras at the end of a tutorial on neural networks in
NumPy: two half moons, four hidden layers, plain gradient descent. All libraries that
are installed (`pip install econnet[duel]`) get the same rows, layers (ReLU, then a
sigmoid), learning rate and number of updates, on one thread; each draws its default
initial weights. Only training is timed: not imports, nor the first epoch of Keras, in
which it compiles.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata, resources
from importlib.util import find_spec
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from econnet.network import SGD, Architecture, Array, Network, TrainingOptions, train
from econnet.runtime.blas import one_blas_thread

HIDDEN = (25, 50, 50, 25)
LEARNING_RATE = 0.01
CURVE_POINTS = 100


@dataclass(frozen=True, eq=False)
class Moons:
    """The data: points (n, 2), and the half moon that each belongs to, 0 or 1."""

    X_train: Array
    X_test: Array
    y_train: Array
    y_test: Array

    @classmethod
    def draw(cls) -> "Moons":
        """Return the tutorial's 1,000 points, 100 of them for the test."""
        X, y = make_moons(1000, noise=0.2, random_state=100)
        parts = train_test_split(X, y, test_size=0.1, random_state=42)
        return cls(*(part.astype(np.float32) for part in parts))


@dataclass(frozen=True)
class Work:
    """The number of updates, rounded up to whole epochs, and the rows of each.

    Without a `batch_size`, each update takes all rows.
    """

    updates: int = 10_000
    batch_size: int | None = None

    def epochs(self, rows: int) -> int:
        """Return the number of epochs."""
        return ceil(self.updates / self.updates_per_epoch(rows))

    def updates_per_epoch(self, rows: int) -> int:
        """Return the number of batches in an epoch."""
        return ceil(rows / (self.batch_size or rows))


@dataclass(frozen=True, eq=False)
class TrainedContestant:
    """A trained network, its library's version, and the seconds of training.

    `cost` is the mean cost of the training rows in evenly spaced epochs; `predict`
    returns the probabilities (n,) of points (n, 2).
    """

    version: str
    seconds: float
    cost: Array
    predict: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Result(TrainedContestant):
    """A trained network, the number of its updates, and its accuracy on test points."""

    name: str
    updates: int
    accuracy: float


@dataclass(frozen=True, eq=False)
class Duel:
    """The results, econnet's first."""

    moons: Moons
    work: Work
    results: tuple[Result, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per contestant; `ratio` is its time over econnet's."""
        ours = self.results[0].seconds / self.results[0].updates
        return pd.DataFrame(
            {
                "network": result.name,
                "version": result.version,
                "accuracy": result.accuracy,
                "seconds": result.seconds,
                "ms_per_update": 1000 * result.seconds / result.updates,
                "ratio": result.seconds / result.updates / ours,
            }
            for result in self.results
        )


def installed() -> list[str]:
    """Return the names of the contestants that are installed, econnet's first."""
    return [name for name, library in CONTESTANTS.items() if find_spec(library.package)]


def run_duel(
    work: Work | None = None,
    names: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Duel:
    """Train econnet and the named contestants, one after another.

    By default, all that are `installed` make the tutorial's 10,000 updates with all
    rows. `progress` is called with each name before its training.
    """
    work, moons = work or Work(), Moons.draw()
    rows = len(moons.X_train)
    results = []
    for name in dict.fromkeys(["econnet", *(installed() if names is None else names)]):
        if name not in CONTESTANTS:
            raise ValueError(
                f"contestant {name!r} is not known: choose from "
                f"{', '.join(CONTESTANTS)}"
            )
        if progress:
            progress(name)
        with one_blas_thread():
            trained = CONTESTANTS[name].train(moons, work)
        correct = (trained.predict(moons.X_test) > 0.5) == (moons.y_test > 0.5)
        results.append(
            Result(
                **vars(trained),
                name=name,
                updates=work.epochs(rows) * work.updates_per_epoch(rows),
                accuracy=float(correct.mean()),
            )
        )
    return Duel(moons, work, tuple(results))


def draw_duel(duel: Duel, file: Path) -> None:
    """Draw the decision boundaries side by side and the training curves, as PNG."""
    with style():
        figure_of(duel).savefig(file, dpi=200)


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the report's figures."""
    report = resources.files("econnet.report")
    for font in (report / "fonts").iterdir():
        if font.name.endswith((".ttf", ".otf")):
            font_manager.fontManager.addfont(str(font))
    with (
        resources.as_file(report / "econnet.mplstyle") as path,
        mpl.rc_context(fname=path),
    ):
        yield


def figure_of(duel: Duel) -> Figure:
    """Return the figure: what was trained, the boundaries with a key, the costs."""
    figure = Figure(figsize=(180 * MM, 132 * MM), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.25, 1])
    top, bottom = parts[:, 0]
    layers = "-".join(map(str, (2, *HIDDEN, 1)))
    top.suptitle(
        f"The same network ({layers}) trained by {_counted(len(duel.results))}: "
        f"{len(duel.moons.X_train)} points of two half moons, "
        f"{duel.results[0].updates:,} updates.\n"
        f"Shown are the {len(duel.moons.X_test)} test points, the share forecast "
        "right, and the time of training.",
        x=0.005,
        ha="left",
        fontsize=9,
    )
    panels = top.subplots(1, max(len(duel.results), 3), squeeze=False)[0]
    for ax in panels[len(duel.results) :]:
        ax.remove()
    for ax, result in zip(panels, duel.results, strict=False):
        _draw_boundary(ax, duel, result)
    handles, labels = panels[0].get_legend_handles_labels()
    top.legend(
        handles,
        labels,
        loc="outside lower left",
        frameon=False,
        ncols=len(labels),
        handlelength=1.3,
        columnspacing=1.6,
    )
    _draw_curves(bottom.subplots(), duel)
    return figure


def _counted(libraries: int) -> str:
    return "one library" if libraries == 1 else f"{libraries} libraries"


def _draw_boundary(ax: Axes, duel: Duel, result: Result) -> None:
    """Draw a contestant's probabilities as a surface, with the test points."""
    X, y = duel.moons.X_test, duel.moons.y_test
    low, high = duel.moons.X_train.min(0) - 0.3, duel.moons.X_train.max(0) + 0.3
    columns, rows = (np.linspace(low[i], high[i], 200) for i in (0, 1))
    plane = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float32)
    surface = result.predict(plane.reshape(-1, 2)).reshape(200, 200)
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(
        surface, PALETTE, extent=extent, origin="lower", vmin=0, vmax=1, aspect="auto"
    )
    ax.contour(columns, rows, surface, levels=[0.5], colors=[INK], linewidths=0.8)
    for (moon, label), (colour, marker) in zip(enumerate(MOONS), MARKERS, strict=True):
        across, up = X[y == moon].T
        ax.scatter(
            across,
            up,
            s=7,
            color=colour,
            marker=marker,
            edgecolor="white",
            linewidth=0.3,
            label=f"test point, {label}",
        )
    for shade, label in zip(PALETTE([0.0, 1.0]), MOONS, strict=True):
        ax.fill([], [], color=shade, label=f"forecast {label}")
    ax.plot([], [], color=INK, linewidth=0.8, label="50% each")
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    scores = f"{result.accuracy:.0%} right, {result.seconds:.1f} s"
    ax.set_title(f"{result.name}\n{scores}", loc="left", fontsize=8)


def _draw_curves(ax: Axes, duel: Duel) -> None:
    """Draw the cost of the training rows by update."""
    for result, style in zip(duel.results, CURVES, strict=False):
        updates = np.linspace(0, result.updates, len(result.cost) + 1)[1:]
        ax.plot(updates, result.cost, **style, label=result.name)
    batch = duel.work.batch_size or len(duel.moons.X_train)
    ax.set_title("Mean cost of the training points, nats", loc="left", fontsize=8)
    ax.set(ylim=(0, None), xlim=(0, None), xlabel=f"updates, each from {batch} points")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        frameon=False,
        ncols=len(duel.results),
        handlelength=2.4,
    )


def _train_econnet(moons: Moons, work: Work) -> TrainedContestant:
    network = Network(Architecture.dense(2, HIDDEN), initialization="he")
    epochs = work.epochs(len(moons.X_train))
    options = TrainingOptions(
        SGD(LEARNING_RATE),
        epochs=epochs,
        batch_size=work.batch_size,
        record_every=max(1, epochs // CURVE_POINTS),
    )
    start = time.process_time()
    history = train(network, moons.X_train, moons.y_train, options=options)
    return TrainedContestant(
        metadata.version("econnet"),
        time.process_time() - start,
        history.cost[:, 0],
        lambda X: network.predict(X)[0, :, 0],
    )


def _train_scikit_learn(moons: Moons, work: Work) -> TrainedContestant:
    rows = len(moons.X_train)
    model = MLPClassifier(
        HIDDEN,
        solver="sgd",
        momentum=0,
        alpha=0,
        learning_rate_init=LEARNING_RATE,
        batch_size=work.batch_size or rows,
        shuffle=work.batch_size is not None,
        max_iter=work.epochs(rows),
        tol=0,
        n_iter_no_change=work.epochs(rows),
        random_state=0,
    )
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(moons.X_train, moons.y_train)
    return TrainedContestant(
        metadata.version("scikit-learn"),
        time.process_time() - start,
        _thin(model.loss_curve_),
        lambda X: model.predict_proba(X)[:, 1],
    )


def _train_pytorch(moons: Moons, work: Work) -> TrainedContestant:
    torch = import_module("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = []
    for inputs, outputs in pairwise((2, *HIDDEN, 1)):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    cost_of = torch.nn.BCEWithLogitsLoss()
    X = torch.tensor(moons.X_train)
    y = torch.tensor(moons.y_train)[:, None]
    rows = len(moons.X_train)
    epochs, batch_size = work.epochs(rows), work.batch_size or rows
    every, costs = max(1, epochs // CURVE_POINTS), []
    start = time.process_time()
    for epoch in range(1, epochs + 1):
        batches = [(X, y)]
        if batch_size != rows:
            order = torch.randperm(rows).split(batch_size)
            batches = [(X[index], y[index]) for index in order]
        total = 0.0
        for inputs, targets in batches:
            optimizer.zero_grad()
            cost = cost_of(network(inputs), targets)
            cost.backward()
            optimizer.step()
            if epoch % every == 0:
                total += cost.item() * len(inputs) / rows
        if epoch % every == 0:
            costs.append(total)
    seconds = time.process_time() - start
    torch.set_num_threads(threads)

    def predict(points: Array) -> Array:
        with torch.no_grad():
            probabilities: Array = torch.sigmoid(network(torch.tensor(points))).numpy()
        return probabilities[:, 0]

    return TrainedContestant(torch.__version__, seconds, np.array(costs), predict)


def _train_keras(moons: Moons, work: Work) -> TrainedContestant:
    _prepare_keras()
    keras = import_module("keras")
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense
    hidden = [dense(units, activation="relu") for units in HIDDEN]
    network = keras.Sequential(
        [keras.Input((2,)), *hidden, dense(1, activation="sigmoid")]
    )
    network.compile(keras.optimizers.SGD(LEARNING_RATE), "binary_crossentropy")
    X, y, rows = moons.X_train, moons.y_train[:, None], len(moons.X_train)
    fit = partial(network.fit, X, y, batch_size=work.batch_size or rows, verbose=0)
    initial_weights = network.get_weights()
    fit(epochs=1)
    network.set_weights(initial_weights)
    start = time.process_time()
    history = fit(epochs=work.epochs(rows)).history
    return TrainedContestant(
        f"{keras.__version__} on {keras.backend.backend()}",
        time.process_time() - start,
        _thin(history["loss"]),
        lambda X: network.predict(X, batch_size=4096, verbose=0)[:, 0],
    )


def _prepare_keras() -> None:
    """Choose an installed backend, unless one is named, and limit it to one thread."""
    backend = os.environ.setdefault(
        "KERAS_BACKEND", next(filter(find_spec, ("tensorflow", "jax", "torch")), "")
    )
    if backend == "tensorflow":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        threading = import_module("tensorflow").config.threading
        # Once TensorFlow runs, setting another number of threads raises an error.
        if threading.get_intra_op_parallelism_threads() != 1:
            threading.set_intra_op_parallelism_threads(1)
            threading.set_inter_op_parallelism_threads(1)
    elif backend == "jax":
        os.environ.setdefault(
            "XLA_FLAGS",
            "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        )


def _thin(costs: Sequence[float]) -> Array:
    """Return about `CURVE_POINTS` of the costs."""
    every = max(1, len(costs) // CURVE_POINTS)
    return np.array(costs[every - 1 :: every])


@dataclass(frozen=True)
class Contestant:
    """A library: the package that it needs, and the function that trains with it."""

    package: str
    train: Callable[[Moons, Work], TrainedContestant]


CONTESTANTS: Mapping[str, Contestant] = {
    "econnet": Contestant("econnet", _train_econnet),
    "scikit-learn": Contestant("sklearn", _train_scikit_learn),
    "PyTorch": Contestant("torch", _train_pytorch),
    "Keras": Contestant("keras", _train_keras),
}

MM = 1 / 25.4
BLUE, ORANGE, INK = "#1d5dbf", "#c9501c", "#1c1e21"
MOONS = ("upper moon", "lower moon")
MARKERS = ((BLUE, "o"), (ORANGE, "^"))
CURVES: tuple[dict[str, Any], ...] = (  # one per contestant
    {"color": BLUE, "linestyle": "-", "zorder": 3},
    {"color": "#5f6673", "linestyle": "--"},
    {"color": "#8d929c", "linestyle": "-."},
    {"color": INK, "linestyle": ":"},
)
PALETTE = LinearSegmentedColormap.from_list("moons", ["#9fb3d8", "#ffffff", "#e6b197"])
