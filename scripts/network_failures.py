"""Draw the figures of docs/network-failures.md.

python -m scripts.network_failures

Each function below repeats an experiment of that page, and a test compares them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from econnet.network import tutorial
from econnet.network.tutorial import Array, LayerShape, LayerWeights
from scripts.chapter_figures import (
    BLUE,
    COIN_TOSS,
    GREY,
    INK,
    MM,
    ORANGE,
    architecture,
    cost,
    draw_surface,
    moons,
    save,
    style,
)


@dataclass(frozen=True, eq=False)
class Run:
    """A training run, and what is drawn of it.

    Attributes
    ----------
    curve : list of float
        Cost by epoch, in nats.
    held_out : list of float
        The same on rows that the network does not learn from, if the failure is one
        that only they show.
    """

    title: str
    X: Array
    y: Array
    shapes: list[LayerShape]
    layers: list[LayerWeights]
    curve: list[float]
    held_out: list[float] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Failure:
    """A run that fails and the same run repaired."""

    broken: Run
    repaired: Run
    log_scale: bool = False


def equal_weights() -> Failure:
    """Start with all weights 0.5, and with random ones."""
    X, y = moons(200, seed=0)
    shapes = architecture([16])
    equal = [
        LayerWeights(np.full((2, 16), 0.5), np.zeros((1, 16))),
        LayerWeights(np.full((16, 1), 0.5), np.zeros((1, 1))),
    ]
    return Failure(
        _run("equal weights", X, y, shapes, equal, 1000, 0.5),
        _run("random weights", X, y, shapes, tutorial.initialize(shapes), 1000, 0.5),
    )


def large_weights() -> Failure:
    """Start a network of sigmoids with weights 30 times too large."""
    X, y = moons(200, seed=0)
    shapes = architecture([16, 16], "sigmoid")
    start = tutorial.initialize(shapes)
    large = [LayerWeights(30 * W, b) for W, b in start]
    return Failure(
        _run("30 times too large", X, y, shapes, large, 1000, 1),
        _run("standard deviation √(2 / inputs)", X, y, shapes, start, 1000, 1),
        log_scale=True,
    )


def dead_units() -> Failure:
    """Train on inputs near 100, and on the same inputs standardised."""
    X, y = moons(200, seed=0)
    X_raw = 100 + 10 * X
    X_standardised = (X_raw - X_raw.mean(axis=0)) / X_raw.std(axis=0)
    shapes = architecture([16])
    start = tutorial.initialize(shapes)
    return Failure(
        _run("inputs near 100", X_raw, y, shapes, start, 300, 0.5),
        _run("inputs standardised", X_standardised, y, shapes, start, 300, 0.5),
        log_scale=True,
    )


def high_rate() -> Failure:
    """Train with a learning rate of 20, and of 1."""
    X, y = moons(200, seed=0)
    shapes = architecture([16])
    start = tutorial.initialize(shapes)
    return Failure(
        _run("learning rate 20", X, y, shapes, start, 300, 20),
        _run("learning rate 1", X, y, shapes, start, 300, 1),
        log_scale=True,
    )


def overfitting() -> Failure:
    """Train 1,185 parameters on 30 points, to the end and to the best epoch."""
    X, y = moons(30, seed=0, noise=0.3)
    X_held_out, y_held_out = moons(200, seed=1, noise=0.3)
    shapes = architecture([32, 32])
    layers = best = tutorial.initialize(shapes)
    curve: list[float] = []
    held_out: list[float] = []
    for _ in range(1000):
        curve.append(cost(X, y, shapes, layers))
        held_out.append(cost(X_held_out, y_held_out, shapes, layers))
        if held_out[-1] == min(held_out):
            best = layers
        layers, _ = tutorial.train(X, y, shapes, layers, epochs=1, learning_rate=0.3)
    stop = int(np.argmin(held_out))
    return Failure(
        Run("after 1,000 epochs", X, y, shapes, layers, curve, held_out),
        Run(f"stopped at epoch {stop}", X, y, shapes, best, curve[: stop + 1]),
    )


def _run(
    title: str,
    X: Array,
    y: Array,
    shapes: list[LayerShape],
    layers: list[LayerWeights],
    epochs: int,
    learning_rate: float,
) -> Run:
    trained, history = tutorial.train(
        X, y, shapes, layers, epochs=epochs, learning_rate=learning_rate
    )
    return Run(title, X, y, shapes, trained, history.cost)


def draw(failure: Failure) -> Figure:
    """Draw the training curves above, and both boundaries below them."""
    figure = Figure(figsize=(120 * MM, 106 * MM), layout="constrained")
    axes = figure.subplot_mosaic(
        [["curve", "curve"], ["broken", "repaired"]], height_ratios=[1, 1.1]
    )
    draw_curves(axes["curve"], failure)
    for name, run, colour in (
        ("broken", failure.broken, ORANGE),
        ("repaired", failure.repaired, BLUE),
    ):
        draw_surface(axes[name], run.X, run.y, run.shapes, run.layers)
        axes[name].set_title(run.title, loc="left", fontsize=8, color=colour)
    return figure


def draw_curves(ax: Axes, failure: Failure) -> None:
    """Draw cost by epoch of both runs, or of learned and held-out rows."""
    broken, repaired = failure.broken, failure.repaired
    if broken.held_out:
        ax.plot(broken.curve, color=GREY, label="30 rows it learns from")
        ax.plot(broken.held_out, color=ORANGE, label="200 rows held out")
        stop = len(repaired.curve) - 1
        ax.axvline(stop, color=BLUE, linewidth=1, linestyle="--", label=repaired.title)
    else:
        ax.plot(broken.curve, color=ORANGE, label=broken.title)
        ax.plot(repaired.curve, color=BLUE, linestyle="--", label=repaired.title)
    ax.axhline(COIN_TOSS, color=INK, linewidth=0.8, linestyle=":", label="coin toss")
    if failure.log_scale:
        ax.set_yscale("log")
        ax.minorticks_off()
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_ylim(0.05, 10 * max(broken.curve))
    else:
        ax.set_ylim(0, 1.9)
    ax.set_xlim(0, len(broken.curve))
    ax.set_xlabel("epoch")
    ax.set_title("Cost in nats", loc="left", fontsize=8)
    ax.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)


FAILURES: Mapping[str, Callable[[], Failure]] = {
    "equal-weights": equal_weights,
    "large-weights": large_weights,
    "dead-units": dead_units,
    "high-rate": high_rate,
    "overfitting": overfitting,
}


def main() -> None:
    """Draw them all."""
    with style():
        for name, failure in FAILURES.items():
            save(draw(failure()), f"failure-{name}")


if __name__ == "__main__":
    main()
