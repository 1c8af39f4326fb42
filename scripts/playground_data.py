"""Write the points that docs/playground.md trains on.

python -m scripts.playground_data

They are rounded, so that JavaScript and NumPy read the same numbers.
"""

import json
from pathlib import Path

import numpy as np

from scripts.chapter_figures import moons

FILE = Path(__file__).parent.parent / "docs" / "javascripts" / "moons.js"


def points(rows: int, seed: int, noise: float) -> list[list[float]]:
    """Return x1, x2 and label of each point."""
    X, y = moons(rows, seed, noise)
    return np.hstack([X.round(3), y]).tolist()  # type: ignore[no-any-return]  # of two axes, so a list of lists


def script() -> str:
    """Return the file: two samples to learn from, each with rows held out."""
    samples = {
        "many": {"learned": points(200, 0, 0.2), "held_out": points(200, 1, 0.2)},
        "few": {"learned": points(30, 0, 0.3), "held_out": points(200, 1, 0.3)},
    }
    text = json.dumps(samples, separators=(",", ":")).replace(".0]", "]")
    origin = "// Written by scripts/playground_data.py: x1, x2, label."
    return f"{origin}\nconst MOONS = {text};\n"


if __name__ == "__main__":
    FILE.write_text(script(), encoding="utf-8")
