"""Draw the figures of docs/network.md.

python -m scripts.network_figures
"""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import ArrayLike

from econnet.evaluation import duel
from econnet.network import (
    SGD,
    AdamW,
    Architecture,
    Array,
    Network,
    TrainingOptions,
    TrainingProgress,
    train,
)
from econnet.network.activations import ACTIVATIONS, ActivationName
from scripts.chapter_figures import (
    BLUE,
    GREY,
    INK,
    MM,
    ORANGE,
    draw_probabilities,
    moons,
    save,
    style,
)

PALE_BLUE, PALE_ORANGE, PALE_GREY = "#cfdaee", "#f0d3c5", "#e6e7ea"


def shapes() -> Figure:
    """Draw the inputs, weights and outputs of each layer of the tutorial's network."""
    architecture = Architecture.dense(2, [25, 50, 50, 25])
    figure = Figure(figsize=(180 * MM, 62 * MM))
    ax = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    ax.set(xlim=(0, 180), ylim=(0, 62), aspect="equal")
    ax.axis("off")
    unit, middle, left = 0.55, 34.0, 2.0
    sizes = [architecture.input_dim] + [
        layer.output_dim for layer in architecture.layers
    ]
    for index, size in enumerate(sizes):
        height = max(size * unit, 1.2)
        _box(ax, left, middle - height / 2, 7, height, PALE_BLUE)
        name = "X" if index == 0 else f"A{_small(index)}"
        ax.text(left + 3.5, middle + height / 2 + 1.2, name, ha="center", va="bottom")
        ax.text(left + 3.5, 10, f"(n, {size})", ha="center", color=BLUE)
        if index < len(architecture.layers):
            layer = architecture.layers[index]
            across, down = layer.output_dim * 0.28, layer.input_dim * 0.28
            centre = left + 7 + 12.5
            across, down = max(across, 1.0), max(down, 1.0)
            _box(ax, centre - across / 2, middle - down / 2, across, down, PALE_GREY)
            _box(ax, centre - across / 2, middle - down / 2 - 2, across, 1, PALE_ORANGE)
            shape = f"W ({layer.input_dim}, {layer.output_dim})"
            ax.text(centre, 6, shape, ha="center", color=GREY)
            ax.text(centre, 2, f"b (1, {layer.output_dim})", ha="center", color=ORANGE)
            ax.text(
                centre,
                54,
                layer.activation,
                ha="center",
                color=GREY,
            )
            left += 32
    ax.text(2, 59.5, "inputs and outputs", color=BLUE, va="center")
    ax.text(32, 59.5, "weights", color=GREY, va="center")
    ax.text(45, 59.5, "biases", color=ORANGE, va="center")
    return figure


def activations() -> Figure:
    """Draw each activation and its derivative."""
    names: tuple[ActivationName, ...] = ("relu", "sigmoid", "tanh", "identity")
    figure = Figure(figsize=(180 * MM, 52 * MM), layout="constrained")
    z = np.linspace(-4, 4, 401).reshape(1, -1, 1)
    for ax, name in zip(figure.subplots(1, 4, sharey=True), names, strict=True):
        A, grad = z.copy(), np.ones_like(z)
        ACTIVATIONS[name].forward(A, np.zeros_like(A))
        value = A.copy()
        ACTIVATIONS[name].backward(A, grad)
        ax.plot(z[0, :, 0], value[0, :, 0], color=BLUE)
        ax.plot(z[0, :, 0], A[0, :, 0], color=ORANGE, linestyle="--")
        ax.set(ylim=(-1.6, 3.2), xticks=[-4, 0, 4])
        ax.set_title(name, loc="left", fontsize=8)
        ax.set_xlabel("pre-activation z")
    first = figure.axes[0]
    first.text(2.2, 2.75, "f(z)", color=BLUE, ha="right")
    first.text(-3.8, 0.25, "f'(z)", color=ORANGE)
    return figure


def step() -> Figure:
    """Draw the forward and the backward pass of one layer."""
    figure = Figure(figsize=(180 * MM, 66 * MM))
    ax = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    ax.set(xlim=(0, 180), ylim=(0, 66), aspect="equal")
    ax.axis("off")
    forward = (
        (18, "A", "inputs"),
        (82, "Z", "pre-activations"),
        (146, "A'", "outputs"),
    )
    for x, name, what in forward:
        _card(ax, x, 44, name, what, PALE_BLUE)
    back = (
        (18, "dA", "gradient w.r.t. inputs"),
        (82, "dZ", "w.r.t. pre-activations"),
        (146, "dA'", "gradient w.r.t. outputs"),
    )
    for x, name, what in back:
        _card(ax, x, 14, name, what, PALE_ORANGE)
    _arrow(ax, (32, 44), (68, 44), "A @ W + b", BLUE)
    _arrow(ax, (96, 44), (132, 44), "f(Z)", BLUE)
    _arrow(ax, (132, 14), (96, 14), "dA' · f'(Z)", ORANGE)
    _arrow(ax, (68, 14), (32, 14), "dZ @ W.T", ORANGE)
    ax.text(
        82,
        31.5,
        "dW = A.T @ dZ     db = sum of dZ",
        ha="center",
        va="center",
        color=INK,
    )
    _arrow(ax, (82, 20.5), (82, 28.5), "", GREY)
    ax.text(2, 62, "Forward", color=BLUE)
    ax.text(2, 2, "Backward", color=ORANGE)
    ax.text(178, 62, "to the next layer; after the last: cost", color=GREY, ha="right")
    ax.text(
        178,
        2,
        "from the next layer; at the last: from the cost",
        color=GREY,
        ha="right",
    )
    return figure


def boundary() -> Figure:
    """Draw the forecasts of the duel's network after more and more epochs."""
    data = duel.Moons.draw()
    X, y = data.X_train, data.y_train[:, np.newaxis]
    network = Network(Architecture.dense(2, duel.HIDDEN), initialization="he")
    epochs = (1, 100, 1_000, 2_000, 5_000, 10_000)
    parameters: dict[int, Array] = {}

    def record(progress: TrainingProgress) -> None:
        if progress.epoch in epochs:
            parameters[progress.epoch] = network.parameters.copy()

    options = TrainingOptions(SGD(0.01), epochs=epochs[-1], batch_size=None)
    history = train(network, X, y, options=options, after_epoch=record)
    figure = Figure(figsize=(180 * MM, 92 * MM), layout="constrained")
    for ax, epoch in zip(figure.subplots(2, 3).flat, epochs, strict=True):
        network.parameters[...] = parameters[epoch]
        draw_probabilities(ax, X, y, lambda plane: network.predict(plane)[0], size=1.5)
        cost, accuracy = history.cost[epoch - 1, 0], history.accuracy[epoch - 1, 0]
        title = f"epoch {epoch:,}: cost {cost:.3f}, {accuracy:.1%} correct"
        ax.set_title(title, loc="left", fontsize=8)
    return figure


def members() -> Figure:
    """Draw the forecasts of four members, and the mean of all members."""
    X, y = moons(60, seed=1, noise=0.25)
    network = Network(Architecture.dense(2, [32, 16]), 16, initialization="he")
    options = TrainingOptions(AdamW(0.01), epochs=300, batch_size=None)
    train(network, X, y, options=options)
    titles = {f"member {number + 1}": slice(number, number + 1) for number in range(4)}
    titles["mean of 16 members"] = slice(None)
    figure = Figure(figsize=(180 * MM, 44 * MM), layout="constrained")
    for ax, (title, chosen) in zip(figure.subplots(1, 5), titles.items(), strict=True):

        def mean(plane: ArrayLike, chosen: slice = chosen) -> Array:
            forecasts: Array = network.predict(plane)[chosen].mean(axis=0)
            return forecasts

        draw_probabilities(ax, X, y, mean, size=4)
        ax.set_title(title, loc="left", fontsize=8)
    return figure


def stopping() -> Figure:
    """Draw the costs of a network that overfits, and its best epoch."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((400, 10))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + rng.standard_normal(400) > 0).astype(float)
    network = Network(Architecture.dense(10, [64, 32]), initialization="he")
    options = TrainingOptions(AdamW(0.002), epochs=60, validation_fraction=0.25)
    history = train(network, X, y, options=options)
    best = history.best_epoch[0]
    figure = Figure(figsize=(120 * MM, 58 * MM), layout="constrained")
    ax = figure.add_subplot()
    ax.plot(history.epoch, history.cost[:, 0], color=GREY)
    ax.plot(history.epoch, history.validation_cost[:, 0], color=BLUE)
    ax.axvline(best, color=ORANGE, linewidth=0.8)
    ax.set(xlim=(1, 60), ylim=(0, None), xlabel="epoch")
    ax.set_title("Cost in nats", loc="left", fontsize=8)
    ax.text(59, history.cost[-1, 0] + 0.1, "training rows", ha="right", color=GREY)
    last = history.validation_cost[-1, 0]
    ax.text(59, last - 0.16, "validation rows (later)", ha="right", color=BLUE)
    ax.text(best + 0.7, 0.05, f"weights of epoch {best} are kept", color=ORANGE)
    return figure


def _box(ax: Axes, x: float, y: float, across: float, up: float, colour: str) -> None:
    ax.add_patch(Rectangle((x, y), across, up, facecolor=colour, edgecolor="none"))


def _card(ax: Axes, x: float, y: float, name: str, what: str, colour: str) -> None:
    _box(ax, x - 14, y - 6, 28, 12, colour)
    ax.text(x, y + 1.8, name, ha="center", va="center", fontsize=10)
    ax.text(x, y - 3, what, ha="center", va="center", fontsize=6.5, color=GREY)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str,
    colour: str,
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=8, color=colour, linewidth=1
        )
    )
    middle = (start[0] + end[0]) / 2
    ax.text(middle, start[1] + 2, text, ha="center", va="bottom", color=colour)


def _small(number: int) -> str:
    """Return a number in subscript digits."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def main() -> None:
    """Draw all figures."""
    with style():
        for name, draw in DRAWINGS.items():
            save(draw(), name)


DRAWINGS: Mapping[str, Callable[[], Figure]] = {
    "shapes": shapes,
    "activations": activations,
    "step": step,
    "boundary": boundary,
    "members": members,
    "stopping": stopping,
}

if __name__ == "__main__":
    main()
