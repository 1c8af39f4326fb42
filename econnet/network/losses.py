"""Cross-entropy, the pinball loss, and their gradients with respect to the outputs.

A logit is the last layer's output before its activation: the log-odds of a contraction.
The cost is computed from logits because probabilities round to 0 and 1, where the
logarithm is infinite; a logit of 800 with the wrong sign costs 800, not infinity. The
gradient of cross-entropy is simply the forecast probability minus the outcome. All
arrays are stacked by member, `(members, batch, units)`. With sigmoid each unit is a
yes-or-no question of its own; with softmax the units are the classes of one question;
with the pinball loss they are quantiles of one number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from econnet.network.activations import Array, sigmoid, softmax
from econnet.network.architecture import Architecture


def binary_cross_entropy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return each member's weighted mean cross-entropy, in nats.

    Parameters
    ----------
    logits : array (members, batch, units)
        Log-odds of a contraction.
    targets : array (members, batch, units)
        1 for contraction, 0 for expansion; values between are soft labels.
    weights : array (members, batch, 1)
        Row weights divided by their mean and by the batch's number of rows, so that
        equal weights sum to 1. A row of weight 0 has no effect on that member, so that
        networks with different forecast origins can train on one batch.

    Returns
    -------
    array (members,)
        Cost per member, summed over units. A coin toss costs ln 2 per unit, about
        0.693.

    Notes
    -----
    Negative log-likelihood of a Bernoulli variable, in the form that cannot overflow:
    C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), section 4.3.2.
    """
    # Called once per epoch, so it may allocate; the gradient runs at every update.
    costs = weights * (np.logaddexp(0.0, logits) - targets * logits)
    total: Array = costs.sum(axis=(1, 2))
    return total


def binary_cross_entropy_gradient(
    logits: Array, targets: Array, weights: Array, *, out: Array
) -> Array:
    """Write the gradient of `binary_cross_entropy` with respect to the logits to `out`.

    Parameters are those of `binary_cross_entropy`. `out` has the shape of `logits`,
    may be `logits` itself, and is returned.
    """
    sigmoid(logits, out=out)
    np.subtract(out, targets, out=out)
    return np.multiply(out, weights, out=out)


def binary_accuracy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return the weighted share of forecasts on the right side of 50%.

    Parameters are those of `binary_cross_entropy`; the result is `(members,)`.
    """
    hits = weights * ((logits > 0) == (targets > 0.5))
    share: Array = hits.sum(axis=(1, 2)) / logits.shape[2]
    return share


def categorical_cross_entropy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return each member's weighted mean cross-entropy, in nats; units are classes.

    Parameters
    ----------
    logits : array (members, batch, units)
        Log-probabilities of the classes, up to a constant in each row.
    targets : array (members, batch, units)
        1 for the observed class, 0 for the others; each row sums to 1.
    weights : array (members, batch, 1)
        As for `binary_cross_entropy`.

    Returns
    -------
    array (members,)
        Cost per member. Equal probabilities of k classes cost ln k.

    Notes
    -----
    Negative log-likelihood of a multinomial variable: Bishop (2006), section 4.3.4.
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
    """Write the gradient of `categorical_cross_entropy` to `out`, and return it.

    It is the gradient with respect to the logits. Parameters are those of
    `categorical_cross_entropy`; `out` has the shape of `logits` and may be `logits`.
    """
    softmax(logits, out=out)
    np.subtract(out, targets, out=out)
    return np.multiply(out, weights, out=out)


def categorical_accuracy(logits: Array, targets: Array, weights: Array) -> Array:
    """Return the weighted share of forecasts whose likeliest class was observed.

    Parameters are those of `categorical_cross_entropy`; the result is `(members,)`.
    """
    hits = weights[..., 0] * (logits.argmax(axis=2) == targets.argmax(axis=2))
    share: Array = hits.sum(axis=1)
    return share


def pinball_loss(levels: Sequence[float]) -> "Loss":
    """Return the loss whose minimum is a quantile at each of these levels.

    The last layer has one unit per level, and the identity as activation. Targets have
    one column per level, normally the same number in each. A forecast that is too high
    by 1 costs 1 minus the level, one that is too low by 1 costs the level; costs are
    summed over the levels, in the unit of the targets. The accuracy is the share of
    targets at or below their quantile, averaged over the levels.

    Raises
    ------
    ValueError
        There are no levels, or not all are between 0 and 1.

    Notes
    -----
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46 (1978), 33-50.
    """
    shares = np.asarray(levels, float)
    if shares.ndim != 1 or not ((shares > 0) & (shares < 1)).all() or not len(shares):
        raise ValueError(f"levels are {levels}: give shares between 0 and 1")

    def cost(quantiles: Array, targets: Array, weights: Array) -> Array:
        too_low = targets - quantiles
        costs = weights * np.maximum(shares * too_low, (shares - 1) * too_low)
        total: Array = costs.sum(axis=(1, 2))
        return total

    def gradient(logits: Array, targets: Array, weights: Array, *, out: Array) -> Array:
        # At the kink, where the gradient is not defined, that of a low forecast is as
        # good as any.
        np.less(targets, logits, out=out)
        np.subtract(out, shares.astype(out.dtype), out=out)
        return np.multiply(out, weights, out=out)

    def coverage(quantiles: Array, targets: Array, weights: Array) -> Array:
        share: Array = (weights * (targets <= quantiles)).sum(axis=(1, 2))
        return share / len(shares)

    return Loss(cost, gradient, coverage)


class Gradient(Protocol):
    """The signature of a gradient."""

    def __call__(
        self, logits: Array, targets: Array, weights: Array, *, out: Array
    ) -> Array:
        """Write the gradient of the cost with respect to the logits to `out`."""


@dataclass(frozen=True)
class Loss:
    """A cost, its gradient, and the accuracy, which is easier to read."""

    cost: Callable[[Array, Array, Array], Array]
    gradient: Gradient
    accuracy: Callable[[Array, Array, Array], Array]


def loss_of(architecture: Architecture) -> Loss:
    """Return the cross-entropy of the last activation, sigmoid or softmax.

    Raises
    ------
    ValueError
        The last activation is another one.
    """
    activation = architecture.layers[-1].activation
    if activation == "sigmoid" or activation == "softmax":
        return LOSSES[activation]
    raise ValueError(
        f"the last layer has activation {activation!r}, for which there is no loss: "
        f"use {' or '.join(LOSSES)}, or give a loss to train"
    )


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
