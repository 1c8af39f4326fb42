"""The scaler: features as normal scores of their ranks in the training rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from econnet.core.types import Floats

NO_COLUMNS = np.array([], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Turns features into a model's inputs: their normal scores.

    A value's rank is the share of the training rows below it, interpolated between
    their percentiles, so that no outlier lies beyond the 99th; a missing value takes
    the rank of the median. Its normal score is the standard normal quantile of the
    rank. Scores are standardised, clipped to three standard deviations and multiplied
    by the column's emphasis. In columns of professional forecasts, scores are linear
    in the values between the 1st percentile, the median and the 99th instead, because
    how large a fall is forecast matters more than its rank. A column that is missing in
    most training rows, or constant there, becomes 0, so that the number of columns does
    not depend on the rows. An indicator that is missing in some rows gets a flag.

    Parameters
    ----------
    knots : array (columns, SCORES)
        Percentiles of the training rows, from the 1st to the 99th, or values between
        the first, the median and the last in which scores are linear; 0 in unused
        columns.
    mean : array (columns,)
        Of the normal scores.
    scale : array (columns,)
        The inverse standard deviation of the normal scores; 0 in unused columns.
    emphasis : array (columns,)
        A factor, normally 1: with an emphasis of 3, a penalty on weights counts a ninth
        as much.
    flaggable, flagged : arrays (flags,)
        Positions of the columns whose missing values may be flagged; 1 where they are,
        else 0.

    Notes
    -----
    B. L. van der Waerden, "Order tests for the two-sample problem and their power",
    Indagationes Mathematicae 14 (1952), 453-458. Ranks alone do not distinguish a deep
    fall from a common one, and values alone let a single outlier decide.
    """

    knots: Floats
    mean: Floats
    scale: Floats
    emphasis: Floats
    flaggable: npt.NDArray[np.int64]
    flagged: Floats

    @classmethod
    def fit(
        cls,
        X: Floats,
        flaggable: npt.NDArray[np.int64],
        emphasis: Floats,
        linear: npt.NDArray[np.int64] = NO_COLUMNS,
    ) -> "Scaler":
        """Return the scaler of the training rows `X`, (rows, columns).

        The columns at the positions `linear` are not ranked.
        """
        scaler, _ = cls.fit_transform(X, X[:0], flaggable, emphasis, linear)
        return scaler

    @classmethod
    def fit_transform(
        cls,
        X: Floats,
        X_ahead: Floats,
        flaggable: npt.NDArray[np.int64],
        emphasis: Floats,
        linear: npt.NDArray[np.int64] = NO_COLUMNS,
    ) -> tuple["Scaler", Floats]:
        """Return the scaler of the training rows `X`, and all rows scaled.

        The rows of `X_ahead` follow those of `X`; the scaler does not depend on them.
        """
        share_missing = np.isnan(X).mean(axis=0)
        used = np.flatnonzero(_is_present(share_missing))
        knots = np.zeros((X.shape[1], len(SCORES)))
        mean, scale = np.zeros((2, X.shape[1]))
        knots[used] = _percentiles(X[:, used])
        bounds = [0, len(SCORES) // 2, -1]
        for column in linear:
            knots[column] = np.interp(SCORES, SCORES[bounds], knots[column, bounds])
        used = np.flatnonzero(knots[:, -1] > knots[:, 0])
        rows = np.concatenate([X, X_ahead])
        scores = np.zeros((X.shape[1], len(rows)))
        scores[used] = _normal_scores(rows.T[used], knots[used])
        of_training = scores[used, : len(X)]
        mean[used], scale[used] = of_training.mean(axis=1), 1 / of_training.std(axis=1)
        knots[scale == 0] = 0
        flagged = (scale > 0) & (share_missing >= MIN_SHARE_FLAGGED)
        scaler = cls(
            knots, mean, scale, emphasis, flaggable, flagged[flaggable].astype(float)
        )
        return scaler, scaler._inputs(scores, rows)

    @property
    def low(self) -> Floats:
        """The 1st percentile of each column, (columns,)."""
        return self.knots[:, 0]

    @property
    def median(self) -> Floats:
        """The median of each column, (columns,)."""
        return self.knots[:, len(SCORES) // 2]

    @property
    def high(self) -> Floats:
        """The 99th percentile of each column, (columns,)."""
        return self.knots[:, -1]

    def transform(self, X: Floats) -> Floats:
        """Return `X` scaled, (rows, columns + flags)."""
        scores = np.zeros(X.shape[::-1])
        used = np.flatnonzero(self.scale)
        scores[used] = _normal_scores(X.T[used], self.knots[used])
        return self._inputs(scores, X)

    def of_columns(
        self, columns: npt.NDArray[np.int64]
    ) -> tuple["Scaler", npt.NDArray[np.int64]]:
        """Return the scaler of these columns alone, and the positions of its inputs.

        `columns` are positions in ascending order. The inputs are the same numbers as
        at their positions among those of all columns.
        """
        of_flags = np.flatnonzero(np.isin(self.flaggable, columns))
        scaler = Scaler(
            self.knots[columns],
            self.mean[columns],
            self.scale[columns],
            self.emphasis[columns],
            np.searchsorted(columns, self.flaggable[of_flags]),
            self.flagged[of_flags],
        )
        return scaler, np.concatenate([columns, len(self.scale) + of_flags])

    def _inputs(self, scores: Floats, X: Floats) -> Floats:
        """Return the inputs of rows `X` with these normal scores, (columns, rows)."""
        deviations = scores - self.mean[:, None]
        z = np.clip(deviations * self.scale[:, None], -3.0, 3.0)
        flags = np.isnan(X[:, self.flaggable]) * self.flagged
        inputs = np.empty((len(X), len(z) + flags.shape[1]))
        np.multiply(self.emphasis[:, None], z, out=inputs[:, : len(z)].T)
        inputs[:, len(z) :] = flags
        return inputs


def has_information(X: Floats) -> bool:
    """Return whether a column of `X` is present in enough rows to be used."""
    return bool(_is_present(np.isnan(X).mean(axis=0)).any())


def _is_present(share_missing: Floats) -> npt.NDArray[np.bool_]:
    present: npt.NDArray[np.bool_] = share_missing <= MAX_SHARE_MISSING
    return present


def _percentiles(X: Floats) -> Floats:
    """Return the percentiles of each column's values, (columns, SCORES).

    They are those of `np.nanquantile`, to the bit, which takes columns one by one and
    does not use that values are sorted.
    """
    ordered = np.sort(np.ascontiguousarray(X.T), axis=1)  # NaN last
    n_values = (~np.isnan(X)).sum(axis=0)
    percentiles = np.empty((X.shape[1], len(SHARES)))
    for n in np.unique(n_values):
        columns = np.flatnonzero(n_values == n)
        place = SHARES * (n - 1)
        below = np.floor(place).astype(np.int64)
        low = ordered[columns[:, None], below]
        high = ordered[columns[:, None], np.minimum(below + 1, n - 1)]
        share = place - below
        percentiles[columns] = np.where(
            share < 0.5, low + (high - low) * share, high - (high - low) * (1 - share)
        )
    return percentiles


def _normal_scores(values: Floats, knots: Floats) -> Floats:
    """Return each value's normal score, the middle of those of its equals.

    Both arguments have a row per column of features: (columns, rows) of values, and
    (columns, SCORES) of knots.
    """
    missing = np.isnan(values)
    filled = np.where(missing, knots[:, len(SCORES) // 2, None], values)
    scores = np.empty_like(filled)
    for of_column, knots_of_column, out in zip(filled, knots, scores, strict=True):
        out[...] = np.interp(of_column, knots_of_column, SCORES)
    # From below, the score of a value that several knots have is the highest of theirs;
    # from above, it is the lowest.
    tied = np.flatnonzero((knots[:, 1:] == knots[:, :-1]).any(axis=1))
    for column in tied:
        from_above = np.interp(-filled[column], -knots[column, ::-1], MIRRORED_SCORES)
        scores[column] = (scores[column] - from_above) / 2
    return scores


SHARES = np.linspace(0.01, 0.99, 99)
# The normal scores of the percentiles.
SCORES: Floats = special.ndtri(SHARES)
MIRRORED_SCORES: Floats = -SCORES[::-1]
# Columns that are missing in more than half of the training rows are not used, and
# those that are hardly ever missing get no flag.
MAX_SHARE_MISSING = 0.5
MIN_SHARE_FLAGGED = 0.02
