"""How the inputs of a streamed panel are scaled: by moments, in few passes.

A panel that is larger than memory is scaled as it goes by, at millions of rows a
second. So its scaling is a multiplication, an addition and two bounds, and not the rank
among training rows that `scaling.Scaler` looks up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats
from econnet.scaling import MAX_SHARE_MISSING, MIN_SHARE_FLAGGED


@dataclass(frozen=True, eq=False)
class MomentScaler:
    """Turns features into the numbers that a model takes.

    Values are held within the training rows' 1st and 99th percentile, missing ones take
    the median, and what results is centred, divided by its standard deviation and held
    within three of them. A column that the training rows mostly lack, or that does not
    vary there, becomes 0 throughout, so that the width does not depend on the rows. An
    indicator that is missing in some of them gets a flag.

    Parameters
    ----------
    low, median, high, mean : array (columns,)
        Percentiles and means of the training rows; 0 in columns that are not used.
    scale : array (columns,)
        What the deviation from the mean is multiplied by; 0 in columns not used.
    flaggable : array (flags,)
        Positions of the columns whose absence may be flagged.
    flagged : array (flags,)
        1 where it is, else 0.
    """

    low: Floats
    median: Floats
    high: Floats
    mean: Floats
    scale: Floats
    flaggable: npt.NDArray[np.int64]
    flagged: Floats

    @classmethod
    def fit(cls, X: Floats, flaggable: npt.NDArray[np.int64]) -> "MomentScaler":
        """Return the scaler of the training rows `X`, (rows, columns)."""
        share_missing = np.isnan(X).mean(axis=0)
        used = np.flatnonzero(share_missing <= MAX_SHARE_MISSING)
        low, median, high, mean, scale = np.zeros((5, X.shape[1]))
        low[used], median[used], high[used] = np.nanquantile(
            X[:, used], [0.01, 0.5, 0.99], axis=0
        )
        used = np.flatnonzero(high > low)
        filled = _fill(X[:, used], low[used], median[used], high[used])
        mean[used] = filled.mean(axis=0)
        scale[used] = 1 / filled.std(axis=0)
        for moments in (low, median, high):
            moments[scale == 0] = 0
        flagged = (scale > 0) & (share_missing >= MIN_SHARE_FLAGGED)
        return cls(
            low, median, high, mean, scale, flaggable, flagged[flaggable].astype(float)
        )

    def transform(self, X: Floats) -> Floats:
        """Return `X` scaled, (rows, columns + flags)."""
        filled = _fill(X, self.low, self.median, self.high)
        z = np.clip((filled - self.mean) * self.scale, -3.0, 3.0)
        return np.column_stack([z, np.isnan(X[:, self.flaggable]) * self.flagged])


def _fill(X: Floats, low: Floats, median: Floats, high: Floats) -> Floats:
    filled: Floats = np.where(np.isnan(X), median, np.clip(X, low, high))
    return filled
