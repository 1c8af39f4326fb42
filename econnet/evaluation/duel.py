"""The duel: one small task, several libraries, the same work for each.

A tutorial on neural networks in NumPy ends by setting its network against Keras: two
interleaved half moons, four hidden layers, plain gradient descent. Here that is
repeated with whatever libraries are installed (`pip install econnet[duel]`). All get
the same rows, the same layers (ReLU, at the end a sigmoid), the same learning rate and
the same number of updates, on one thread; each starts from the weights that it draws by
default. Times are those of training alone: importing is not counted, nor is the first
epoch of Keras, in which it compiles.
"""

import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata, resources
from importlib.util import find_spec
from itertools import pairwise
from math import ceil
from pathlib import Path

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
    """The task: `(n, 2)` points, and to which of two half moons they belong."""

    X_train: Array
    X_test: Array
    y_train: Array
    y_test: Array

    @classmethod
    def draw(cls) -> "Moons":
        """Return the tutorial's 1,000 points, of which 100 are for the test."""
        X, y = make_moons(1000, noise=0.2, random_state=100)
        parts = train_test_split(X, y, test_size=0.1, random_state=42)
        return cls(*(part.astype(np.float32) for part in parts))


@dataclass(frozen=True)
class Work:
    """How much everyone has to do.

    Attributes
    ----------
    updates : int
        Steps of gradient descent, rounded up to whole epochs.
    batch_size : int or None
        Rows of a batch; None takes all in one.
    """

    updates: int = 10_000
    batch_size: int | None = None

    def epochs(self, rows: int) -> int:
        """Return how often each row is met."""
        return ceil(self.updates / self.updates_per_epoch(rows))

    def updates_per_epoch(self, rows: int) -> int:
        """Return how many updates that is, once."""
        return ceil(rows / (self.batch_size or rows))


@dataclass(frozen=True, eq=False)
class DuelPerformance:
    """What a contestant has done.

    Attributes
    ----------
    version : str
        Of the library.
    seconds : float
        Of training.
    cost : array (points,)
        Mean cost of the training rows in evenly spaced epochs.
    predict : callable
        Probabilities `(n,)` of points `(n, 2)`.
    """

    version: str
    seconds: float
    cost: Array
    predict: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Result:
    """One line of the table, and what its part of the figure needs.

    Attributes
    ----------
    accuracy : float
        The share of test points on the right side.
    updates : int
        Done in `seconds`.
    """

    name: str
    version: str
    seconds: float
    updates: int
    accuracy: float
    cost: Array
    predict: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Duel:
    """The results, econnet's first."""

    moons: Moons
    work: Work
    results: tuple[Result, ...]

    def table(self) -> pd.DataFrame:
        """Return a row a contestant; `ratio` is its time over econnet's."""
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
    """Return the names of the contestants that can take part, econnet's first."""
    return [
        name for name, it in CONTESTANTS.items() if all(map(find_spec, it.packages))
    ]


def run_duel(
    work: Work | None = None,
    names: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Duel:
    """Let the contestants train, one after another.

    Parameters
    ----------
    work : Work, optional
        The tutorial's 10,000 updates with all rows, if not given.
    names : sequence of str, optional
        Who takes part, besides econnet: all that are `installed`, if not given.
    progress : callable, optional
        Told each name before its turn.
    """
    work, moons = work or Work(), Moons.draw()
    others = installed() if names is None else list(names)
    rows = len(moons.X_train)
    done = work.epochs(rows) * work.updates_per_epoch(rows)
    results = []
    for name in dict.fromkeys(["econnet", *others]):
        if name not in CONTESTANTS:
            raise ValueError(
                f"contestant {name!r} is not known: "
                f"choose from {', '.join(CONTESTANTS)}"
            )
        if progress:
            progress(name)
        contestant = CONTESTANTS[name]
        with one_blas_thread():
            performance = contestant.train(moons, work)
        right = (performance.predict(moons.X_test) > 0.5) == (moons.y_test > 0.5)
        results.append(
            Result(
                name=name,
                version=performance.version,
                seconds=performance.seconds,
                updates=done,
                accuracy=float(right.mean()),
                cost=performance.cost,
                predict=performance.predict,
            )
        )
    return Duel(moons, work, tuple(results))


def draw_duel(duel: Duel, file: Path) -> None:
    """Draw the decision boundaries side by side and the training curves, as PNG."""
    for font in (resources.files("econnet.report") / "fonts").iterdir():
        if font.name.endswith((".ttf", ".otf")):
            font_manager.fontManager.addfont(str(font))
    style = resources.files("econnet.report") / "econnet.mplstyle"
    with resources.as_file(style) as path, mpl.rc_context(fname=path):
        columns = max(len(duel.results), 3)
        figure = Figure(figsize=(180 * MM, 115 * MM), layout="constrained")
        grid = figure.add_gridspec(2, columns, height_ratios=[1, 1.25])
        for column, result in enumerate(duel.results):
            _draw_boundary(figure.add_subplot(grid[0, column]), duel, result)
        _draw_curves(figure.add_subplot(grid[1, :]), duel)
        figure.savefig(file, dpi=200)


def _draw_boundary(ax: Axes, duel: Duel, result: Result) -> None:
    """Draw a contestant's probabilities over the plane, and the test points."""
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
    for label, colour in ((0, BLUE), (1, ORANGE)):
        across, up = X[y == label].T
        ax.scatter(across, up, s=5, color=colour, edgecolor="white", linewidth=0.3)
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.set_title(
        f"{result.name}\n{result.accuracy:.2f} right, {result.seconds:.1f} s",
        loc="left",
        fontsize=8,
    )


def _draw_curves(ax: Axes, duel: Duel) -> None:
    """Draw what the training rows cost, update by update, with names at the ends."""
    for number, result in enumerate(duel.results):
        updates = np.linspace(0, result.updates, len(result.cost) + 1)[1:]
        ax.plot(
            updates,
            result.cost,
            color=BLUE if number == 0 else GREYS[(number - 1) % len(GREYS)],
            linestyle="-" if number == 0 else DASHES[(number - 1) % len(DASHES)],
            zorder=3 if number == 0 else 2,
            label=result.name,
        )
    batch = duel.work.batch_size or len(duel.moons.X_train)
    ax.set_title(
        "Cost of the training rows, nats",
        loc="left",
        fontsize=8,
    )
    ax.set(ylim=(0, None), xlim=(0, None), xlabel=f"updates of {batch} rows each")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(duel.results),
        borderaxespad=0,
        handlelength=2.4,
        columnspacing=1.5,
    )


def _train_econnet(moons: Moons, work: Work) -> DuelPerformance:
    architecture = Architecture.dense(2, HIDDEN)
    network = Network(architecture, initialization="he")
    epochs = work.epochs(len(moons.X_train))
    options = TrainingOptions(
        SGD(LEARNING_RATE),
        epochs=epochs,
        batch_size=work.batch_size,
        record_every=max(1, epochs // CURVE_POINTS),
    )
    start = time.perf_counter()
    history = train(network, moons.X_train, moons.y_train, options=options)
    seconds = time.perf_counter() - start
    return DuelPerformance(
        metadata.version("econnet"),
        seconds,
        history.cost[:, 0],
        lambda X: network.predict(X)[0, :, 0],
    )


def _train_scikit_learn(moons: Moons, work: Work) -> DuelPerformance:
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
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(moons.X_train, moons.y_train)
    seconds = time.perf_counter() - start
    return DuelPerformance(
        metadata.version("scikit-learn"),
        seconds,
        _thin(model.loss_curve_),
        lambda X: model.predict_proba(X)[:, 1],
    )


def _train_pytorch(moons: Moons, work: Work) -> DuelPerformance:
    torch = import_module("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = (2, *HIDDEN)
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(HIDDEN[-1], 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    cost_of = torch.nn.BCEWithLogitsLoss()
    X = torch.tensor(moons.X_train)
    y = torch.tensor(moons.y_train)[:, None]

    rows = len(moons.X_train)
    epochs, batch_size = work.epochs(rows), work.batch_size or rows
    every, costs = max(1, epochs // CURVE_POINTS), []
    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        if batch_size == rows:
            batches = [(X, y)]
        else:
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
    seconds = time.perf_counter() - start
    torch.set_num_threads(threads)

    def predict(points: Array) -> Array:
        with torch.no_grad():
            probabilities: Array = torch.sigmoid(network(torch.tensor(points))).numpy()
        return probabilities[:, 0]

    return DuelPerformance(torch.__version__, seconds, np.array(costs), predict)


def _train_keras(moons: Moons, work: Work) -> DuelPerformance:
    _prepare_keras()
    keras = import_module("keras")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((2,)),
            *(layers.Dense(units, activation="relu") for units in HIDDEN),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(keras.optimizers.SGD(LEARNING_RATE), "binary_crossentropy")
    rows = len(moons.X_train)
    batch = work.batch_size or rows

    def fit(epochs: int) -> list[float]:
        X, y = moons.X_train, moons.y_train[:, None]
        history = network.fit(X, y, batch_size=batch, epochs=epochs, verbose=0)
        costs: list[float] = history.history["loss"]
        return costs

    drawn = network.get_weights()
    fit(1)
    network.set_weights(drawn)
    start = time.perf_counter()
    costs = fit(work.epochs(rows))
    seconds = time.perf_counter() - start
    return DuelPerformance(
        f"{keras.__version__} on {keras.backend.backend()}",
        seconds,
        _thin(costs),
        lambda X: network.predict(X, batch_size=4096, verbose=0)[:, 0],
    )


def _prepare_keras() -> None:
    """Give Keras one thread, and a backend that is installed unless one is named."""
    backend = os.environ.setdefault(
        "KERAS_BACKEND", next(filter(find_spec, ("tensorflow", "jax", "torch")), "")
    )
    if backend == "tensorflow":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        threading = import_module("tensorflow").config.threading
        # Once TensorFlow runs, its threads can be set no more, only to the same.
        if threading.get_intra_op_parallelism_threads() != 1:
            threading.set_intra_op_parallelism_threads(1)
            threading.set_inter_op_parallelism_threads(1)
    elif backend == "jax":
        one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ.setdefault("XLA_FLAGS", one)


def _thin(costs: Sequence[float]) -> Array:
    """Return about as many of the costs as a curve needs."""
    every = max(1, len(costs) // CURVE_POINTS)
    return np.array(costs[every - 1 :: every])


@dataclass(frozen=True)
class Contestant:
    """A library: what must be there for it to take part, and how it trains."""

    packages: tuple[str, ...]
    train: Callable[[Moons, Work], DuelPerformance]


CONTESTANTS: Mapping[str, Contestant] = {
    "econnet": Contestant(("econnet",), _train_econnet),
    "scikit-learn": Contestant(("sklearn",), _train_scikit_learn),
    "PyTorch": Contestant(("torch",), _train_pytorch),
    "Keras": Contestant(("keras",), _train_keras),
}

MM = 1 / 25.4
BLUE, ORANGE, INK = "#1d5dbf", "#c9501c", "#1c1e21"
GREYS = ("#5f6673", "#8d929c", "#1c1e21")
DASHES = ("--", "-.", ":")
PALETTE = LinearSegmentedColormap.from_list("moons", ["#9fb3d8", "#ffffff", "#e6b197"])
