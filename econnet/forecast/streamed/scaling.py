"""Scaling of the features of a streamed panel: by moments, in few passes.

A panel that is larger than memory is scaled as it goes by, at millions of rows a
second. So its scaling is a multiplication, an addition and two bounds, and not the rank
among training rows that `scaling.Scaler` looks up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats
from econnet.models.scaling import MAX_SHARE_MISSING, MIN_SHARE_FLAGGED

Singles = npt.NDArray[np.float32]


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


@dataclass(frozen=True, eq=False)
class Scaling:
    """A `MomentScaler` in float32, in few passes over a block.

    Parameters
    ----------
    scale, shift, low, high, missing : array (inputs,)
        `x * scale + shift`, held within `low` and `high`; or `missing`.
    flagged : array of int
        Inputs that get a further column which is 1 where they are missing.
    """

    scale: Singles
    shift: Singles
    low: Singles
    high: Singles
    missing: Singles
    flagged: npt.NDArray[np.int64]

    @classmethod
    def of(cls, scaler: MomentScaler) -> "Scaling":
        """Return the same scaling as the scaler's."""
        bounds = [
            np.clip((value - scaler.mean) * scaler.scale, -3, 3)
            for value in (scaler.low, scaler.high, scaler.median)
        ]
        scale, shift, low, high, missing = (
            array.astype(np.float32)
            for array in (scaler.scale, -scaler.mean * scaler.scale, *bounds)
        )
        flagged = scaler.flaggable[scaler.flagged > 0]
        return cls(scale, shift, low, high, missing, flagged)

    @property
    def width(self) -> int:
        """Number of columns that `apply` returns."""
        return len(self.scale) + len(self.flagged)

    def apply(
        self, inputs: Sequence[Singles], chosen: npt.NDArray[np.int64]
    ) -> Singles:
        """Return the chosen rows scaled, with flags below, (width, rows)."""
        scaled = np.empty((self.width, len(chosen)), np.float32)
        flags = dict(zip(self.flagged.tolist(), scaled[len(inputs) :], strict=True))
        # One input at a time, for one fits into the cache and all do not.
        for number, row in enumerate(scaled[: len(inputs)]):
            np.take(inputs[number], chosen, out=row, mode="clip")
            absent = ~np.isfinite(row)
            np.multiply(row, self.scale[number], out=row)
            np.add(row, self.shift[number], out=row)
            np.clip(row, self.low[number], self.high[number], out=row)
            np.copyto(row, self.missing[number], where=absent)
            if number in flags:
                flags[number][...] = absent
        return scaled
