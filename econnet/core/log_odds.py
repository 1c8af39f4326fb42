"""Log-odds of probabilities, and probabilities of log-odds.

Forecasts are averaged and taken apart as log-odds, where contributions add up. A
probability of 0 or 1 has infinite log-odds, so probabilities are clipped first.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_Floats: TypeAlias = npt.NDArray[np.float64]

# Probabilities beyond 1 in 10,000 are taken for that.
CLIP = 1e-4


def log_odds(probability: npt.ArrayLike, clip: float = CLIP) -> _Floats:
    """Return the log-odds of probabilities clipped to `clip` and `1 - clip`.

    Examples
    --------
    >>> float(log_odds(0.5))
    0.0
    """
    clipped = np.clip(probability, clip, 1 - clip)
    odds: _Floats = np.log(clipped / (1 - clipped))
    return odds


def probability(log_odds: npt.ArrayLike) -> _Floats:
    """Return the probabilities of log-odds.

    Examples
    --------
    >>> float(probability(0.0))
    0.5
    """
    probabilities: _Floats = 1 / (1 + np.exp(-np.asarray(log_odds)))
    return probabilities
