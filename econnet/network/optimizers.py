"""Optimisers: how parameters are updated from their gradient.

All parameters of all members are in one array, `(members, n_parameters)`, so an update
is a handful of array operations at any depth. An optimiser is a frozen set of options
that any number of networks can share; its running averages, the *moments*, are arrays
in an `OptimizerState`. A learning rate is a number or a schedule, which is a function
of the epoch, counted from 0. `Updater` adds L2 and weight decay to the optimiser's step
and is the only place where parameters change in training.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econnet.network.activations import Array
from econnet.network.architecture import Architecture
from econnet.network.network import Network

LearningRate: TypeAlias = float | Callable[[int], float]
Steps: TypeAlias = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

# A member's parameters are cleaned after this many steps; that takes less time than a
# step.
STEPS_BETWEEN_CLEANING = 32


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


@dataclass(frozen=True)
class Optimizer(ABC):
    """The options of an optimiser, and its step.

    Attributes
    ----------
    learning_rate : float or callable
        Factor of the step, or a schedule of it.
    weight_decay : float
        A step shrinks the weights by this share, times the learning rate.
    n_moments : int
        Number of arrays of the parameters' shape that the optimiser updates.
    """

    learning_rate: LearningRate = 0.01
    weight_decay: float = field(default=0.0, kw_only=True)
    n_moments: ClassVar[int]

    def __post_init__(self) -> None:
        rate, decay = self.learning_rate, self.weight_decay
        if not callable(rate) and not (_is_number(rate) and 0 < rate < math.inf):
            raise ValueError(f"learning_rate is {rate!r}: give a number above 0")
        if not (_is_number(decay) and 0 <= decay < math.inf):
            raise ValueError(f"weight_decay is {decay!r}: give a number, 0 or more")

    @abstractmethod
    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,
        rate: float,
    ) -> None:
        """Take one step, in place.

        `parameters`, `gradient` and each of the `n_moments` moments, which start at
        zero, have the shape `(members, n_parameters)`; `gradient` may be overwritten.
        `steps` is each member's number of steps, this one included, `(members, 1)`.
        `rate` is the learning rate of this epoch.
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: `W -= rate * dW`."""

    n_moments: ClassVar[int] = 0

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],  # noqa: ARG002 - it has no moments
        steps: Steps,  # noqa: ARG002
        rate: float,
    ) -> None:
        """Take one step, in place; see `Optimizer.update`."""
        np.multiply(gradient, rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Gradient descent with a velocity, `V = momentum * V + dW; W -= rate * V`.

    With `nesterov`, the step looks one velocity ahead:
    `W -= rate * (dW + momentum * V)`.

    Notes
    -----
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
    initialization and momentum in deep learning" (2013), with the learning rate applied
    to the velocity instead of the gradient.
    """

    momentum: float = 0.9
    nesterov: bool = False
    n_moments: ClassVar[int] = 1

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,  # noqa: ARG002 - all steps are equal
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
class AdamW(Optimizer):
    """Adam with weight decay: the step is the gradient's mean over its spread.

    Both are running averages, of which each step keeps the shares `beta1` and `beta2`;
    the spread is the root of the mean squared gradient, plus `epsilon`.

    Notes
    -----
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015),
    algorithm 1. The decay is that of I. Loshchilov and F. Hutter, "Decoupled Weight
    Decay Regularization" (2019), algorithm 2, and leaves out the biases.
    """

    learning_rate: LearningRate = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    n_moments: ClassVar[int] = 2

    def update(
        self,
        parameters: Array,
        gradient: Array,
        moments: Sequence[Array],
        steps: Steps,
        rate: float,
    ) -> None:
        """Take one step, in place; see `Optimizer.update`."""
        # The moments omit the factors 1 - beta, which saves two passes over the arrays;
        # the factors are part of `mean` and `spread`, which correct for the zero start.
        first, second = moments
        np.multiply(first, self.beta1, out=first)
        np.add(first, gradient, out=first)
        np.square(gradient, out=gradient)
        np.multiply(second, self.beta2, out=second)
        np.add(second, gradient, out=second)
        # rate * mean * first / (spread * sqrt(second) + epsilon)
        scale, epsilon = self._corrections(steps, rate, gradient.dtype)
        np.sqrt(second, out=gradient)
        np.add(gradient, epsilon, out=gradient)
        np.divide(first, gradient, out=gradient)
        np.multiply(gradient, scale, out=gradient)
        np.subtract(parameters, gradient, out=parameters)

    def _corrections(
        self, steps: Steps, rate: float, dtype: np.dtype[np.floating]
    ) -> tuple[float, float] | tuple[Array, Array]:
        """Return `rate * mean / spread` and `epsilon / spread` after these steps.

        They are numbers if all members have taken as many steps, else (members, 1).
        """
        taken = steps[:, 0].tolist()
        if taken.count(taken[0]) == len(taken):
            return self._correction(taken[0], rate)
        corrections = np.array([self._correction(step, rate) for step in taken], dtype)
        return corrections[:, :1], corrections[:, 1:]

    def _correction(self, step: int, rate: float) -> tuple[float, float]:
        mean = (1 - self.beta1) / (1 - self.beta1**step)
        spread = math.sqrt((1 - self.beta2) / (1 - self.beta2**step))
        return rate * mean / spread, self.epsilon / spread


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False)
class OptimizerState:
    """The state of an optimiser, with which a later call can continue training.

    The moments have the shape `(members, n_parameters)`; `steps` is the number of steps
    that each member has taken, `(members, 1)`.
    """

    moments: tuple[Array, ...]
    steps: Steps

    @classmethod
    def start(cls, network: Network, optimizer: Optimizer) -> "OptimizerState":
        """Return the state before the first step."""
        parameters, n_moments = network.parameters, optimizer.n_moments
        moments = tuple(np.zeros_like(parameters) for _ in range(n_moments))
        return cls(moments, np.zeros((network.members, 1), np.int64))


class Updater:
    """Updates the parameters of a stack of members with L2, decay and an optimiser.

    `parameters` and `state` are updated in place; `gradient`, which has the shape
    `(members, n_parameters)`, is overwritten. Half of `l2`, times the sum of the
    squared weights, is added to the cost. Biases are not regularised.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        architecture: Architecture,
        parameters: Array,
        gradient: Array,
        state: OptimizerState,
        l2: ArrayLike = 0.0,
    ) -> None:
        self.optimizer = optimizer
        self.parameters, self.gradient = parameters, gradient
        self.moments, self.steps = state.moments, state.steps
        self._l2 = weight_strengths(l2, architecture, parameters)
        self._penalty = None if self._l2 is None else np.empty_like(gradient)
        self._decay = weight_strengths(optimizer.weight_decay, architecture, parameters)
        self._rate = 0.0  # both are set by `start_epoch`
        self._shrink: Array | None = None

    def start_epoch(self, epoch: int) -> None:
        """Set the learning rate to that of this epoch, counted from 0."""
        rate = self.optimizer.learning_rate
        self._rate = rate(epoch) if callable(rate) else rate
        if not 0 <= self._rate < math.inf:
            raise ValueError(
                f"the schedule gives the learning rate {self._rate} in epoch {epoch}: "
                "give a finite number, 0 or more"
            )
        self._shrink = None if self._decay is None else 1 - self._rate * self._decay

    def update(self, members: int) -> None:
        """Update the first members, of which `gradient` has the gradient."""
        parameters, gradient = self.parameters, self.gradient
        steps, moments = self.steps, self.moments
        if members < len(gradient):
            parameters, gradient = parameters[:members], gradient[:members]
            steps = steps[:members]
            moments = tuple(moment[:members] for moment in moments)
        if self._l2 is not None and self._penalty is not None:
            penalty = self._penalty[:members]
            np.multiply(parameters, self._l2[:members], out=penalty)
            np.add(gradient, penalty, out=gradient)
        if self._shrink is not None:
            np.multiply(parameters, self._shrink[:members], out=parameters)
        np.add(steps, 1, out=steps)
        self.optimizer.update(parameters, gradient, moments, steps, self._rate)
        due = steps[:, 0] % STEPS_BETWEEN_CLEANING == 0
        if due.any():
            _clean(parameters, moments, due)

    def keep(self, kept: NDArray[np.intp]) -> None:
        """Continue with these members only, as the first ones of the arrays."""
        self.parameters = compact(self.parameters, kept)
        self.moments = tuple(compact(moment, kept) for moment in self.moments)
        self.steps = compact(self.steps, kept)
        self._l2 = None if self._l2 is None else compact(self._l2, kept)
        self._decay = None if self._decay is None else compact(self._decay, kept)


def _clean(
    parameters: Array, moments: Sequence[Array], members: NDArray[np.bool_]
) -> None:
    """Set numbers of these members that are too small to matter to zero.

    The weights of a unit that is never active shrink until they are subnormal, and
    processors compute a hundred times more slowly with subnormal numbers. Weights below
    the root of the smallest normal number also have products that are subnormal.
    """
    smallest = float(np.finfo(parameters.dtype).tiny)
    bounds = [math.sqrt(smallest), *[smallest] * len(moments)]
    for array, bound in zip((parameters, *moments), bounds, strict=True):
        chosen = array[members]
        chosen[np.abs(chosen) < bound] = 0
        array[members] = chosen


def weight_strengths(
    strength: ArrayLike, architecture: Architecture, like: Array
) -> Array | None:
    """Return the strength at each weight and 0 at each bias; None if all are 0.

    `strength` is one number, or one per member; the result has the shape of `like`,
    `(members, n_parameters)`.
    """
    strengths = np.broadcast_to(strength, len(like))
    if not strengths.any():
        return None
    return (strengths[:, np.newaxis] * architecture.weight_mask()).astype(like.dtype)


def compact(array: NDArray[Scalar], kept: NDArray[np.intp]) -> NDArray[Scalar]:
    """Move these members to the front of the array, and return that part of it.

    The memory is the same, so that views of it remain valid.
    """
    array[: len(kept)] = array[kept]
    return array[: len(kept)]
