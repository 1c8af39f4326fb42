"""The distribution of growth, by networks that estimate its quantiles.

Where the label is a fall of growth below zero, how far growth was from zero is known
too, which the label hides. Networks like those of `network_ensemble` estimate quantiles
of growth instead of the probability of a contraction; that probability is then the mass
of the distribution below zero. The 5th percentile is known as growth-at-risk: growth is
lower in one of twenty cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats
from econnet.models import network_ensemble
from econnet.models.network_ensemble import EnsembleOptions, Head
from econnet.models.windows import TrainingTask, Window
from econnet.network import Array, Network
from econnet.network.losses import pinball_loss
from econnet.runtime.blas import one_blas_thread

# Levels of the quantiles that are estimated; growth-at-risk is the first.
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Growth beyond these percentiles of the training rows counts as these.
WINSORIZED = (0.01, 0.99)
MEMBERS = 2
SEED = 0
# The training rows' share of contractions counts as this many rows, so that no
# probability is 0 or 1.
PRIOR_ROWS = 2
# Networks for growth have several times as many weights, so they need more rows.
ROWS_PER_AXIS = 32


@dataclass(frozen=True, eq=False)
class GrowthDistribution:
    """The distribution of growth in percent, of each of several rows.

    It is linear between its quantiles, and exponential beyond the first and last.

    Parameters
    ----------
    quantiles : array (rows, len(LEVELS))
        In ascending order.
    negative : array (rows,)
        The mass below zero, if it is known better than from the quantiles. The rest of
        the distribution is then scaled on each side of zero.
    """

    quantiles: Floats
    negative: Floats | None = None

    @classmethod
    def of(cls, estimates: Floats) -> "GrowthDistribution":
        """Return the distribution with these quantiles, which may cross.

        Notes
        -----
        Sorted, they are at least as close to the true quantiles: V. Chernozhukov, I.
        Fernández-Val and A. Galichon, "Quantile and probability curves without
        crossing", Econometrica 78 (2010), 1093-1125.
        """
        return cls(np.sort(estimates, axis=1))

    def tilted(self, negative: Floats) -> "GrowthDistribution":
        """Return the distribution nearest to this one with these masses below zero.

        Notes
        -----
        The nearest by relative entropy: J. C. Robertson, E. W. Tallman and C. H.
        Whiteman, "Forecasting using relative entropy", Journal of Money, Credit and
        Banking 37 (2005), 383-401.
        """
        return GrowthDistribution(self.quantiles, negative)

    def below(self, growth: float) -> Floats:
        """Return the probability of growth below this, (rows,)."""
        mass = self._below(growth)
        if self.negative is None:
            return mass
        zero = self._below(0.0)
        if growth <= 0:
            return self.negative * mass / zero
        positive = 1 - self.negative
        return 1 - positive * (1 - mass) / np.maximum(1 - zero, SMALLEST)

    def quantile(self, level: float) -> Floats:
        """Return the quantile of growth at this probability, (rows,)."""
        levels = np.full(len(self.quantiles), level)
        if self.negative is not None:
            zero, negative = self._below(0.0), self.negative
            under = level * zero / np.maximum(negative, SMALLEST)
            over = 1 - (1 - level) * (1 - zero) / np.maximum(1 - negative, SMALLEST)
            levels = np.where(levels < negative, under, over)
        return self._quantile(levels)

    def _below(self, growth: float) -> Floats:
        """Return the same, of the quantiles alone."""
        quantiles, levels = self.quantiles, np.array(LEVELS)
        upper = np.clip((quantiles < growth).sum(axis=1), 1, len(levels) - 1)
        rows = np.arange(len(quantiles))
        low, high = quantiles[rows, upper - 1], quantiles[rows, upper]
        share = np.clip((growth - low) / np.maximum(high - low, SMALLEST), 0, 1)
        inside = levels[upper - 1] + share * (levels[upper] - levels[upper - 1])
        left, right = self._tails()
        under = (growth - quantiles[:, 0]) / left
        over = (quantiles[:, -1] - growth) / right
        # Not below e^-500, so that there is a mass in the tail that can be scaled.
        tail = levels[0] * np.exp(np.clip(under, -500, 0))
        inside = np.where(under < 0, tail, inside)
        tail = 1 - (1 - levels[-1]) * np.exp(np.minimum(over, 0))
        below: Floats = np.where(over < 0, tail, inside)
        return below

    def _quantile(self, level: Floats) -> Floats:
        """Return the quantile at each row's level, of the quantiles alone."""
        quantiles, levels = self.quantiles, np.array(LEVELS)
        level = np.clip(level, MIN_LEVEL, 1 - MIN_LEVEL)
        inside = np.array(
            [
                np.interp(at, levels, row)
                for at, row in zip(level, quantiles, strict=True)
            ]
        )
        left, right = self._tails()
        low = quantiles[:, 0] + left * np.log(np.minimum(level / levels[0], 1))
        above = np.minimum((1 - level) / (1 - levels[-1]), 1)
        high = quantiles[:, -1] - right * np.log(above)
        return np.where(level < levels[0], low, np.where(above < 1, high, inside))

    def _tails(self) -> tuple[Floats, Floats]:
        """Return the mean distance of a value in a tail from its quantile.

        It is that of the exponential distribution with the two outermost tenths.
        """
        inner, outer = LEVELS[2], LEVELS[0]
        depth = np.log(inner / outer)
        quantiles = self.quantiles
        left = (quantiles[:, 2] - quantiles[:, 0]) / depth
        right = (quantiles[:, -1] - quantiles[:, -3]) / depth
        return np.maximum(left, SMALLEST), np.maximum(right, SMALLEST)


@dataclass(frozen=True, eq=False)
class FittedGrowth:
    """Networks that were fitted to the training rows of a window.

    Parameters
    ----------
    spread
        Growth in percent is this times what the networks estimate.
    rate, rows
        The share of contractions among the training rows, and their number.
    """

    network: Network
    spread: float
    rate: float
    rows: int

    def distribution(self, scaled: npt.NDArray[np.float32]) -> GrowthDistribution:
        """Return the distribution of growth for rows of scaled features."""
        with one_blas_thread():
            estimates = self.network.logits(scaled).astype(np.float64)
        return GrowthDistribution.of(self.spread * estimates.mean(axis=0))

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:  # noqa: ARG002
        """Return the probability of contraction for rows of features, (rows,)."""
        return _probability(self.distribution(scaled), self.rate, self.rows)


@dataclass(frozen=True)
class GrowthNetworks:
    """The model that forecasts the mass of growth below zero.

    Its networks see each row less often than those of `network_ensemble`, and along
    fewer axes unless rows are many: more of both makes them slower and worse.
    """

    members: int = MEMBERS
    options: EnsembleOptions = field(default_factory=lambda: _fewer(EnsembleOptions()))

    def learn(self, window: Window) -> FittedGrowth:
        """Return the networks fitted to the window's training rows."""
        with one_blas_thread():
            networks = network_ensemble.fit(
                [window], self.members, SEED, self.options, GROWTH
            )
        rate = float(window.y_train.mean())
        return FittedGrowth(
            networks.of_inputs(), spread(window), rate, len(window.y_train)
        )

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of the rows ahead of each window."""

        def forecast_stack(stack: Sequence[TrainingTask]) -> list[Floats]:
            networks = network_ensemble.fit(
                stack, self.members, SEED, self.options, GROWTH
            )
            return [
                _probability(
                    GrowthDistribution.of(spread(window) * estimates.mean(axis=0)),
                    float(window.y_train.mean()),
                    len(window.y_train),
                )
                for window, estimates in zip(
                    stack, networks.outputs(stack), strict=True
                )
            ]

        return network_ensemble.in_stacks(
            windows, self.members, self.options, forecast_stack, f"growth {self}"
        )


def _fewer(options: EnsembleOptions) -> EnsembleOptions:
    """Return the options of less training, with few axes unless rows are many."""
    return replace(
        options,
        min_epochs=options.min_epochs // 2,
        min_updates=options.min_updates // 4,
        rows_per_axis=ROWS_PER_AXIS,
    )


def _probability(distribution: GrowthDistribution, rate: float, rows: int) -> Floats:
    """Return the mass below zero, shrunk a little to the share of contractions."""
    return (rows * distribution.below(0.0) + PRIOR_ROWS * rate) / (rows + PRIOR_ROWS)


def spread(window: TrainingTask) -> float:
    """Return the spread of the training rows' growth, whatever its outliers.

    It is the standard deviation, or that of the normal distribution with as large an
    interquartile range, if that is smaller.
    """
    growth = _winsorized(window)
    low, high = np.quantile(growth, [0.25, 0.75])
    return max(min(float(growth.std()), float(high - low) / 1.349), SMALLEST)


def _winsorized(window: TrainingTask) -> Floats:
    low, high = np.quantile(window.growth_train, WINSORIZED)
    clipped: Floats = np.clip(window.growth_train, low, high)
    return clipped


def _targets(window: TrainingTask) -> Array:
    """Return growth over its spread, once per level."""
    growth = (_winsorized(window) / spread(window)).astype(np.float32)
    return np.repeat(growth[:, None], len(LEVELS), axis=1)


def _start(targets: Array) -> Array:
    """Return the quantiles of the training rows, from which the networks start."""
    quantiles: Array = np.quantile(targets[:, 0], LEVELS)
    return quantiles


# The smallest spread of growth, and the smallest level of a quantile.
SMALLEST = 1e-9
MIN_LEVEL = 1e-12

GROWTH = Head(
    output_dim=len(LEVELS),
    activation="identity",
    loss=pinball_loss(LEVELS),
    targets=_targets,
    start=_start,
)
