"""Log-odds of probabilities, and probabilities of log-odds.

Forecasts are averaged and taken apart as log-odds, where contributions add up. A
probability of 0 or 1 has infinite log-odds, so probabilities are clipped first.
"""

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats

CLIP = 1e-4


def log_odds(probability: npt.ArrayLike, clip: float = CLIP) -> Floats:
    """Return the log-odds of probabilities clipped to `clip` and `1 - clip`.

    >>> float(log_odds(0.5))
    0.0
    """
    clipped = np.clip(probability, clip, 1 - clip)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def probability(log_odds: npt.ArrayLike) -> Floats:
    """Return the probabilities of log-odds.

    >>> float(probability(0.0))
    0.5
    """
    probabilities: Floats = 1 / (1 + np.exp(-np.asarray(log_odds)))
    return probabilities
