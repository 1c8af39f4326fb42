"""How the gradient becomes a step.

All parameters of all members lie in one array, `(members, n_parameters)`, so an
optimiser is a handful of array operations whatever the depth. It keeps what it must
remember in arrays of that shape, which the caller holds; the optimiser itself is a
frozen set of settings and can be shared by any number of networks. A learning rate is a
number, or a schedule: a function of the epoch, counted from 0.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from econnet.network.activations import Array

LearningRate: TypeAlias = float | Callable[[int], float]
Steps: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class ExponentialDecay:
    """A learning rate that is multiplied by `factor` after every epoch."""

    start: float
    factor: float

    def __call__(self, epoch: int) -> float:
        """Return the learning rate of this epoch."""
        return self.start * self.factor**epoch


@dataclass(frozen=True)
class CosineDecay:
    """A learning rate that falls along half a cosine to 0 after `epochs` epochs.

    Notes
    -----
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts"
    (2017), equation 5, without the restarts.
    """

    start: float
    epochs: int

    def __call__(self, epoch: int) -> float:
        """Return the learning rate of this epoch."""
        return self.start * (1 + math.cos(math.pi * min(epoch / self.epochs, 1))) / 2


class Optimizer(Protocol):
    """What training asks of an optimiser."""

    @property
    def learning_rate(self) -> LearningRate:
        """The length of a step, or a schedule of it."""

    @property
    def weight_decay(self) -> float:
        """By how much, times the learning rate, a step shrinks the weights."""

    @property
    def n_moments(self) -> int:
        """How many arrays of the parameters' shape it remembers."""

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,
        rate: float,
    ) -> None:
        """Take one step, in place.

        Parameters
        ----------
        parameters, gradient : array (members, n_parameters)
            `gradient` is used up.
        moments : sequence of array (members, n_parameters)
            `n_moments` of them, zeros at first.
        steps : integer array (members, 1)
            How many steps each member has taken, this one included.
        rate : float
            The learning rate of this epoch.
        """


@dataclass(frozen=True)
class SGD:
    """Gradient descent: a step straight down, `W -= rate * dW`."""

    learning_rate: LearningRate = 0.01
    weight_decay: float = 0.0
    n_moments: int = 0

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],  # noqa: ARG002 - it remembers nothing
        steps: Steps,  # noqa: ARG002
        rate: float,
    ) -> None:
        """Take one step, in place; see `Optimizer.update`."""
        np.multiply(gradient, rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with a velocity, `V = momentum * V + dW; W -= rate * V`.

    With `nesterov`, the step is that of the velocity to come: `W -= rate * (dW +
    momentum * V)`.

    Notes
    -----
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
    initialization and momentum in deep learning" (2013), with the learning rate outside
    the velocity.
    """

    learning_rate: LearningRate = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    n_moments: int = 1

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,  # noqa: ARG002 - every step is alike
        rate: float,
    ) -> None:
        """Take one step, in place; see `Optimizer.update`."""
        (velocity,) = moments
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        if self.nesterov:
            np.multiply(gradient, rate, out=gradient)
            np.subtract(parameters, gradient, out=parameters)
            np.multiply(velocity, rate * self.momentum, out=gradient)
        else:
            np.multiply(velocity, rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class AdamW:
    """Steps scaled by the gradient's running mean and spread, with decay of weights.

    Notes
    -----
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015),
    algorithm 1; the decay is that of I. Loshchilov and F. Hutter, "Decoupled Weight
    Decay Regularization" (2019), algorithm 2, and spares the biases.
    """

    learning_rate: LearningRate = 0.001
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    n_moments: int = 2

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,
        rate: float,
    ) -> None:
        """Take one step, in place; see `Optimizer.update`."""
        # The sums are kept without their factors 1 - beta, which saves two passes over
        # the arrays; the factors join the corrections for the start from zero.
        first, second = moments
        np.multiply(first, self.beta1, out=first)
        np.add(first, gradient, out=first)
        np.square(gradient, out=gradient)
        np.multiply(second, self.beta2, out=second)
        np.add(second, gradient, out=second)
        mean = (1 - self.beta1) / (1 - self.beta1**steps)
        spread = np.sqrt((1 - self.beta2) / (1 - self.beta2**steps))
        # rate * mean * first / (spread * sqrt(second) + epsilon)
        np.sqrt(second, out=gradient)
        np.add(gradient, (self.epsilon / spread).astype(gradient.dtype), out=gradient)
        np.divide(first, gradient, out=gradient)
        scale = (rate * mean / spread).astype(gradient.dtype)
        np.multiply(gradient, scale, out=gradient)
        np.subtract(parameters, gradient, out=parameters)
