"""What a forecast costs, and how that cost changes with the logits.

A *logit* is the last layer's output before its activation: the log-odds of a
contraction. Costs are taken on logits because probabilities round to 0 and 1, where
the logarithm is infinite: a logit of 800 that proves wrong simply costs 800. The
gradient then needs no logarithm and no division: it is what was forecast less what
happened. Arrays are stacked by member, `(members, batch, units)`; with sigmoid a unit
is a question of its own, with softmax the units are the classes of one question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from econnet.network.activations import Array, sigmoid, softmax


def binary_cross_entropy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return what each member's forecasts cost, in nats.

    Parameters
    ----------
    logits : array (members, batch, units)
        Log-odds of a contraction.
    targets : array (members, batch, units)
        1 contraction, 0 expansion; between them, a soft label.
    weights : array (members, batch, 1)
        Each member's weights sum to 1. A member does not see a row of weight 0,
        which is how networks of different origins train on one batch.

    Returns
    -------
    array (members,)
        Weighted mean cost, summed over units. A coin toss costs ln 2, about 0.693.

    Notes
    -----
    The negative log-likelihood of a Bernoulli trial, in the form that cannot
    overflow: C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), 4.3.2.
    """
    # Asked for once an epoch, so it may allocate. The gradient, asked for at every
    # update, may not.
    costs = weights * (np.logaddexp(0.0, logits) - targets * logits)
    total: Array = costs.sum(axis=(1, 2))
    return total


def binary_cross_entropy_gradient(
    logits: Array, targets: Array, weights: Array, *, out: Array
) -> Array:
    """Write the derivative of `binary_cross_entropy` by the logits into `out`.

    Parameters are those of `binary_cross_entropy`; `out` has the shape of `logits`,
    may be `logits` itself, and is returned.
    """
    sigmoid(logits, out=out)
    np.subtract(out, targets, out=out)
    return np.multiply(out, weights, out=out)


def binary_accuracy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return the weighted share of forecasts on the right side of one half.

    Parameters are those of `binary_cross_entropy`; the result is `(members,)`.
    """
    hits = weights * ((logits > 0) == (targets > 0.5))
    share: Array = hits.sum(axis=(1, 2)) / logits.shape[2]
    return share


def categorical_cross_entropy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return what each member's forecasts cost, in nats, where units are classes.

    Parameters
    ----------
    logits : array (members, batch, units)
        Log-probabilities of the classes, up to a constant of each row.
    targets : array (members, batch, units)
        1 for the class that came, 0 for the others; each row sums to 1.
    weights : array (members, batch, 1)
        As for `binary_cross_entropy`.

    Returns
    -------
    array (members,)
        Weighted mean cost. A blind guess among k classes costs ln k.

    Notes
    -----
    The negative log-likelihood of a multinomial trial: Bishop (2006), 4.3.4.
    """
    highest = logits.max(axis=2, keepdims=True)
    shifted = logits - highest
    log_sums = np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    costs = weights * (targets * (log_sums - shifted))
    total: Array = costs.sum(axis=(1, 2))
    return total


def categorical_cross_entropy_gradient(
    logits: Array, targets: Array, weights: Array, *, out: Array
) -> Array:
    """Write the derivative of `categorical_cross_entropy` by the logits into `out`.

    Parameters are those of `categorical_cross_entropy`; `out` has the shape of
    `logits`, may be `logits` itself, and is returned.
    """
    softmax(logits, out=out)
    np.subtract(out, targets, out=out)
    return np.multiply(out, weights, out=out)


def categorical_accuracy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return the weighted share of forecasts whose likeliest class came.

    Parameters are those of `categorical_cross_entropy`; the result is `(members,)`.
    """
    hits = weights[..., 0] * (logits.argmax(axis=2) == targets.argmax(axis=2))
    share: Array = hits.sum(axis=1)
    return share


class Gradient(Protocol):
    """The signature of a gradient."""

    def __call__(
        self, logits: Array, targets: Array, weights: Array, *, out: Array
    ) -> Array:
        """Write the derivative of the cost by the logits into `out`."""


@dataclass(frozen=True)
class Loss:
    """A cost, its gradient, and the accuracy that is easier to read."""

    cost: Callable[[Array, Array, Array], Array]
    gradient: Gradient
    accuracy: Callable[[Array, Array, Array], Array]


OutputActivation: TypeAlias = Literal["sigmoid", "softmax"]

LOSSES: Mapping[OutputActivation, Loss] = {
    "sigmoid": Loss(
        binary_cross_entropy, binary_cross_entropy_gradient, binary_accuracy
    ),
    "softmax": Loss(
        categorical_cross_entropy,
        categorical_cross_entropy_gradient,
        categorical_accuracy,
    ),
}
