"""Probabilities as shades: one colour from pale to dark, in few steps.

A reader can distinguish only a handful of shades and name them from a key. The steps
are finer where most probabilities are.
"""

from bisect import bisect_right
from collections.abc import Sequence

from matplotlib.colors import LinearSegmentedColormap, to_hex

from econnet.report.figures.style import Look

BOUNDS = (0.05, 0.10, 0.20, 0.30, 0.50, 0.70)
NAMES = (
    "under 5%",
    "5 to 10",
    "10 to 20",
    "20 to 30",
    "30 to 50",
    "50 to 70",
    "over 70",
)


def step_of(probability: float) -> int:
    """Return the number of a probability's shade, 0 the palest."""
    return bisect_right(BOUNDS, probability)


def shades(look: Look) -> Sequence[str]:
    """Return the shades, the one of the lowest probabilities first."""
    between = LinearSegmentedColormap.from_list("", [look.paper, look.contraction])
    beyond = LinearSegmentedColormap.from_list("", [look.contraction, look.ink])
    middle = len(NAMES) - 2
    below = [to_hex(between(0.12 + 0.88 * n / middle)) for n in range(middle + 1)]
    return (*below, to_hex(beyond(0.45)))
