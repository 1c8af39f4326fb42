"""Data, style and drawing functions for the figures of the network chapter."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import make_moons
from threadpoolctl import threadpool_limits

from econnet import network
from econnet.network import tutorial
from econnet.network.tutorial import ActivationName, Array, LayerShape, LayerWeights

FOLDER = Path(__file__).parent.parent / "docs" / "figures" / "network"
MM = 1 / 25.4
BLUE, ORANGE, INK, GREY = "#1d5dbf", "#c9501c", "#1c1e21", "#5f6673"
SURFACE = LinearSegmentedColormap.from_list("moons", ["#9fb3d8", "#ffffff", "#e6b197"])
COIN_TOSS = float(np.log(2))


def moons(rows: int, seed: int, noise: float = 0.2) -> tuple[Array, Array]:
    """Return the points of two half moons, (rows, 2), and which one each is from."""
    X, y = make_moons(rows, noise=noise, random_state=seed)
    return X, y[:, np.newaxis].astype(float)


def architecture(
    hidden: Sequence[int], activation: ActivationName = "relu"
) -> list[LayerShape]:
    """Return layers from two inputs through the hidden ones to one probability."""
    names: list[ActivationName] = [*[activation] * len(hidden), "sigmoid"]
    sizes = [2, *hidden, 1]
    return [
        {"input_dim": inputs, "output_dim": outputs, "activation": name}
        for inputs, outputs, name in zip(sizes[:-1], sizes[1:], names, strict=True)
    ]


def cost(
    X: Array, y: Array, shapes: Sequence[LayerShape], layers: Sequence[LayerWeights]
) -> float:
    """Return the cross-entropy of the network's probabilities, in nats."""
    return tutorial.cross_entropy(tutorial.forward(X, shapes, layers)[1][-1].Z, y)


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style, and train on one thread."""
    report = resources.files("econnet.report")
    for font in (report / "fonts").iterdir():
        if font.name.endswith((".ttf", ".otf")):
            font_manager.fontManager.addfont(str(font))
    with (
        resources.as_file(report / "econnet.mplstyle") as sheet,
        mpl.rc_context(fname=sheet),
        threadpool_limits(1),
    ):
        yield


def draw_surface(
    ax: Axes,
    X: Array,
    y: Array,
    shapes: Sequence[LayerShape],
    layers: Sequence[LayerWeights],
) -> None:
    """Draw the probabilities of a network of the tutorial, and the points."""

    def predict(plane: Array) -> Array:
        return tutorial.predict(plane, shapes, layers)

    draw_probabilities(ax, X, y, predict, size=7)


def draw_probabilities(
    ax: Axes,
    X: network.Array,
    y: network.Array,
    predict: Callable[[Array], network.Array],
    *,
    size: float,
) -> None:
    """Draw probabilities over the plane, the line where they are 50%, and the points.

    `size` is the area of a point, in square points of type.
    """
    margin = 0.1 * np.ptp(X, axis=0)
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    across, up = (np.linspace(low[axis], high[axis], 120) for axis in (0, 1))
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    surface = predict(plane).reshape(120, 120)
    ax.contourf(across, up, surface, levels=np.linspace(0, 1, 12), cmap=SURFACE)
    if surface.min() < 0.5 < surface.max():
        ax.contour(across, up, surface, levels=[0.5], colors=[INK], linewidths=1)
    for label, colour, marker in ((0, BLUE, "o"), (1, ORANGE, "^")):
        x1, x2 = X[y[:, 0] == label].T
        ax.scatter(x1, x2, s=size, color=colour, linewidth=0, marker=marker)
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)


def rendered(figure: Figure, dpi: int) -> Image.Image:
    """Return the figure as a picture."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return Image.open(buffer).convert("RGB")


def save(figure: Figure, name: str) -> None:
    """Write the figure as a PNG of at most 256 colours, which is a third as large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = rendered(figure, 160).quantize(256, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name}.png", optimize=True)
    print(FOLDER / f"{name}.png")
