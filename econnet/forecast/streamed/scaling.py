"""Scaling of the features of a streamed panel.

Rows are scaled as they are read, at millions per second, so the scaling is one
multiplication, one addition and two bounds, not the ranks among training rows of
`models.scaling.Scaler`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from econnet.core.types import Floats
from econnet.forecast.streamed.features import Ordinals, Singles
from econnet.models.scaling import MAX_SHARE_MISSING, MIN_SHARE_FLAGGED

MAX_DEVIATIONS = 3.0


@dataclass(frozen=True, eq=False)
class MomentScaler:
    """Turns features into a model's inputs.

    Values are clipped to the training rows' 1st and 99th percentiles, missing ones take
    the median; the result is centred, divided by its standard deviation and clipped to
    three of them. A column that is missing in most training rows, or constant there,
    becomes 0 throughout. An indicator that is missing in some rows gets a flag.

    Parameters
    ----------
    scale, shift, low, high, missing : array (inputs,)
        `x * scale + shift`, clipped to `low` and `high`; or `missing`.
    flagged : array (flags,)
        Inputs that get a further column, which is 1 where they are missing.
    """

    scale: Singles
    shift: Singles
    low: Singles
    high: Singles
    missing: Singles
    flagged: Ordinals

    @classmethod
    def fit(cls, X: Floats, flaggable: Ordinals) -> "MomentScaler":
        """Return the scaler of the training rows `X`, (rows, inputs).

        `flaggable` are the positions of the inputs that may get a flag.
        """
        share_missing = np.isnan(X).mean(axis=0)
        used = np.flatnonzero(share_missing <= MAX_SHARE_MISSING)
        low, median, high, mean, scale = np.zeros((5, X.shape[1]))
        low[used], median[used], high[used] = np.nanquantile(
            X[:, used], [0.01, 0.5, 0.99], axis=0
        )
        used = np.flatnonzero(high > low)
        clipped = np.clip(X[:, used], low[used], high[used])
        filled = np.where(np.isnan(X[:, used]), median[used], clipped)
        mean[used] = filled.mean(axis=0)
        scale[used] = 1 / filled.std(axis=0)
        bounds = [
            np.clip((value - mean) * scale, -MAX_DEVIATIONS, MAX_DEVIATIONS)
            for value in (low, high, median)
        ]
        flags = (scale > 0) & (share_missing >= MIN_SHARE_FLAGGED)
        values = np.array([scale, -mean * scale, *bounds]).astype(np.float32)
        scale, shift, low, high, missing = values
        return cls(scale, shift, low, high, missing, flaggable[flags[flaggable]])

    @property
    def width(self) -> int:
        """Number of columns that `transform` returns."""
        return len(self.scale) + len(self.flagged)

    def transform(self, inputs: Sequence[Singles], rows: Ordinals) -> Singles:
        """Return the chosen rows scaled, with flags below, (width, rows)."""
        scaled = np.empty((self.width, len(rows)), np.float32)
        flags = dict(zip(self.flagged.tolist(), scaled[len(inputs) :], strict=True))
        # One input at a time, because one fits into the processor's cache.
        for number, row in enumerate(scaled[: len(inputs)]):
            np.take(inputs[number], rows, out=row, mode="clip")
            absent = ~np.isfinite(row)
            np.multiply(row, self.scale[number], out=row)
            np.add(row, self.shift[number], out=row)
            np.clip(row, self.low[number], self.high[number], out=row)
            np.copyto(row, self.missing[number], where=absent)
            if number in flags:
                flags[number][...] = absent
        return scaled
