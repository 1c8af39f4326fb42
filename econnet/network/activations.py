"""What a unit makes of its sum, and how that changes with the sum.

Without an activation between them, two layers would be no more than one: a matrix times
a matrix is a matrix. Each activation here is a pair of functions. `forward` turns the
sums `Z` into the outputs `A`, in place. `backward` takes the slope of the cost by `A`
and gives its slope by `Z`; every derivative is written by means of `A` alone (that of
tanh is 1 - A²), so `Z` need not be kept, and the result takes the place of `A`, which
nobody needs any more. Arrays are stacked by member, `(members, batch, units)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating]
ActivationName: TypeAlias = Literal["identity", "relu", "sigmoid", "softmax", "tanh"]


@dataclass(frozen=True)
class Activation:
    """An activation and its derivative, both in place.

    Attributes
    ----------
    forward : callable (Z, spare)
        Turns sums into outputs. `spare` is memory of the same shape, to scribble on.
    backward : callable (A, slope)
        Overwrites the outputs `A` with dcost/dZ, given `slope`, which is dcost/dA.
    """

    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array], None]


def sigmoid(z: Array, *, out: Array) -> Array:
    """Write 1 / (1 + exp(-z)) into `out`, which may be `z` itself, and return it.

    The smallest results are about e times the smallest normal number.
    """
    np.negative(z, out=out)
    np.minimum(out, LARGEST_EXPONENTS[out.dtype], out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)
    return out


def softmax(z: Array, *, out: Array) -> Array:
    """Write exp(z) over its sum across units into `out`, and return it.

    The largest logit of each row is taken off all of them first, which changes nothing
    but that exp cannot overflow. `out` may be `z` itself.
    """
    np.subtract(z, z.max(axis=2, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, out.sum(axis=2, keepdims=True), out=out)
    return out


def _identity_forward(Z: Array, spare: Array) -> None:
    """Leave the sums as they are."""


def _identity_backward(A: Array, slope: Array) -> None:
    np.copyto(A, slope)


def _relu_forward(Z: Array, spare: Array) -> None:
    # NumPy takes three times as long to compare with a number as with an array.
    zeros = spare[:1]
    zeros[...] = 0
    np.maximum(Z, zeros, out=Z)


def _relu_backward(A: Array, slope: Array) -> None:
    np.greater(A, 0, out=A)
    np.multiply(A, slope, out=A)


def _sigmoid_forward(Z: Array, spare: Array) -> None:  # noqa: ARG001
    sigmoid(Z, out=Z)


def _sigmoid_backward(A: Array, slope: Array) -> None:
    np.multiply(slope, A, out=slope)
    np.subtract(1, A, out=A)
    np.multiply(A, slope, out=A)


def _softmax_forward(Z: Array, spare: Array) -> None:  # noqa: ARG001
    softmax(Z, out=Z)


def _softmax_backward(A: Array, slope: Array) -> None:
    # The outputs sum to 1, so one of them can rise only at the cost of the others.
    np.multiply(slope, A, out=slope)
    np.multiply(A, slope.sum(axis=2, keepdims=True), out=A)
    np.subtract(slope, A, out=A)


def _tanh_forward(Z: Array, spare: Array) -> None:  # noqa: ARG001
    np.tanh(Z, out=Z)


def _tanh_backward(A: Array, slope: Array) -> None:
    np.square(A, out=A)
    np.subtract(1, A, out=A)
    np.multiply(A, slope, out=A)


# Beyond these the reciprocal in sigmoid would be a denormal number, on which processors
# are many times slower, and further on exp overflows.
LARGEST_EXPONENTS: Mapping[np.dtype[np.floating], float] = {
    np.dtype(dtype): -1 - float(np.log(np.finfo(dtype).tiny))
    for dtype in (np.float32, np.float64)
}

ACTIVATIONS: Mapping[ActivationName, Activation] = {
    "identity": Activation(_identity_forward, _identity_backward),
    "relu": Activation(_relu_forward, _relu_backward),
    "sigmoid": Activation(_sigmoid_forward, _sigmoid_backward),
    "softmax": Activation(_softmax_forward, _softmax_backward),
    "tanh": Activation(_tanh_forward, _tanh_backward),
}
