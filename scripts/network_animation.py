"""Draw the animation of docs/playground.md: the boundary of a network as it trains.

python -m scripts.network_animation
"""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from econnet.network import tutorial
from econnet.network.tutorial import LayerWeights
from scripts.chapter_figures import (
    BLUE,
    COIN_TOSS,
    FOLDER,
    INK,
    architecture,
    draw_surface,
    moons,
    rendered,
    style,
)

EPOCHS, FRAMES = 2000, 48
WIDTH, HEIGHT, DPI = 520, 400, 104
MILLISECONDS, LAST_MILLISECONDS = 125, 4000


def main() -> None:
    """Train, draw some of the epochs, and write the animation and its last frame."""
    X, y = moons(200, seed=0)
    shapes = architecture([8, 8])
    layers = tutorial.initialize(shapes, seed=0)
    curve: list[float] = []
    frames = []
    with style():
        for epoch in range(EPOCHS + 1):
            trained, history = tutorial.train(
                X, y, shapes, layers, epochs=1, learning_rate=0.3
            )
            curve += history.cost
            if epoch in drawn_epochs():
                frames.append(frame(layers, curve))
            layers = trained
    save(frames)


def drawn_epochs() -> set[int]:
    """Return the epochs to draw: the first ones, then in equal ratios."""
    return {0, *np.geomspace(1, EPOCHS, FRAMES - 1).round().astype(int).tolist()}


def frame(layers: list[LayerWeights], curve: list[float]) -> Image.Image:
    """Draw the boundary, and the cost up to this epoch below it."""
    X, y = moons(200, seed=0)
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI))
    above = figure.add_axes((0.09, 0.36, 0.89, 0.57))
    draw_surface(above, X, y, architecture([8, 8]), layers)
    title = f"epoch {len(curve) - 1:,}: cost {curve[-1]:.3f} nats"
    above.set_title(title, loc="left", fontsize=9)
    below = figure.add_axes((0.09, 0.1, 0.89, 0.2))
    below.plot(np.arange(1, len(curve) + 1), curve, color=BLUE)
    below.plot([len(curve)], [curve[-1]], "o", color=BLUE, markersize=4, clip_on=False)
    below.axhline(COIN_TOSS, color=INK, linewidth=0.8, linestyle=":")
    below.set_xscale("log")
    below.minorticks_off()
    below.set(xlim=(1, EPOCHS + 1), ylim=(0, 0.9), yticks=[0, 0.5])
    below.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    return rendered(figure, DPI)


def save(frames: list[Image.Image]) -> None:
    """Write an APNG that plays without end, and the last frame alone."""
    # One palette for all frames, so that colours do not flicker.
    palette = frames[-1].quantize(64, kmeans=1)
    reduced = [it.quantize(palette=palette, dither=Image.Dither.NONE) for it in frames]
    pauses = [*[MILLISECONDS] * (len(frames) - 1), LAST_MILLISECONDS]
    reduced[-1].save(FOLDER / "boundary-formed.png", optimize=True)
    path = FOLDER / "boundary-forming.png"
    reduced[0].save(
        path, save_all=True, append_images=reduced[1:], duration=pauses, loop=0
    )
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB, {len(frames)} frames")


if __name__ == "__main__":
    main()
