"""The activations and their derivatives.

Without a nonlinear activation between them, two layers would be no more than one,
because the product of two matrices is a matrix. Each activation is a pair of functions.
`forward` turns the pre-activations `Z` into the activations `A`, in place. `backward`
turns the gradient of the cost with respect to `A` into that with respect to `Z`. Every
derivative is a function of `A` alone (that of tanh is 1 - A²), so `Z` need not be kept,
and the result overwrites `A`, which is no longer needed. Arrays are stacked by member,
`(members, batch, units)`.
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

    `forward(Z, zeros)` overwrites the pre-activations `Z` with the activations; `zeros`
    are zeros that broadcast to the shape of `Z`. `backward(A, grad)` overwrites the
    activations `A` with dcost/dZ, where `grad` is dcost/dA, of the same shape; it may
    overwrite `grad` too.
    """

    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array], None]


def sigmoid(z: Array, *, out: Array) -> Array:
    """Write 1 / (1 + exp(-z)) to `out` without overflow, and return it.

    `out` may be `z` itself.
    """
    np.negative(z, out=out)
    np.minimum(out, MAX_EXPONENTS[out.dtype], out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)
    return out


def softmax(z: Array, *, out: Array) -> Array:
    """Write exp(z), divided by its sum over units, to `out`, and return it.

    The largest logit of each row is first subtracted from all of them: the result is
    the same, and exp cannot overflow. `out` may be `z` itself.
    """
    np.subtract(z, z.max(axis=2, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, out.sum(axis=2, keepdims=True), out=out)
    return out


def _identity_forward(Z: Array, zeros: Array) -> None:
    """Leave the pre-activations as they are."""


def _identity_backward(A: Array, grad: Array) -> None:
    np.copyto(A, grad)


def _relu_forward(Z: Array, zeros: Array) -> None:
    # NumPy compares faster with an array than with a number.
    np.maximum(Z, zeros, out=Z)


def _relu_backward(A: Array, grad: Array) -> None:
    # No activation is negative. Read as whole numbers, their bits are 0 for 0 and above
    # 0 otherwise, and the bits of the gradient times 1 or 0 are the gradient or 0. A
    # comparison would give Booleans, which must be converted before they can multiply.
    whole = WHOLE_NUMBERS[A.itemsize]
    bits = A.view(whole)
    np.sign(bits, out=bits)
    np.multiply(bits, grad.view(whole), out=bits)


def _sigmoid_forward(Z: Array, zeros: Array) -> None:  # noqa: ARG001
    sigmoid(Z, out=Z)


def _sigmoid_backward(A: Array, grad: Array) -> None:
    np.multiply(grad, A, out=grad)
    np.multiply(A, grad, out=A)
    np.subtract(grad, A, out=A)


def _softmax_forward(Z: Array, zeros: Array) -> None:  # noqa: ARG001
    softmax(Z, out=Z)


def _softmax_backward(A: Array, grad: Array) -> None:
    # The activations sum to 1, so that one can rise only if others fall.
    np.multiply(grad, A, out=grad)
    np.multiply(A, grad.sum(axis=2, keepdims=True), out=A)
    np.subtract(grad, A, out=A)


def _tanh_forward(Z: Array, zeros: Array) -> None:  # noqa: ARG001
    np.tanh(Z, out=Z)


def _tanh_backward(A: Array, grad: Array) -> None:
    np.square(A, out=A)
    np.multiply(A, grad, out=A)
    np.subtract(grad, A, out=A)


# Above these exponents the reciprocal in sigmoid would be a denormal number, on which
# processors are many times slower, and further up exp overflows.
MAX_EXPONENTS: Mapping[np.dtype[np.floating], float] = {
    np.dtype(dtype): -1 - float(np.log(np.finfo(dtype).tiny))
    for dtype in (np.float32, np.float64)
}

# Unsigned, so that the sign of negative zero, which has a bit, is 1 and not -1: ReLU
# gives no other negative number.
WHOLE_NUMBERS: Mapping[int, type[np.unsignedinteger]] = {4: np.uint32, 8: np.uint64}

ACTIVATIONS: Mapping[ActivationName, Activation] = {
    "identity": Activation(_identity_forward, _identity_backward),
    "relu": Activation(_relu_forward, _relu_backward),
    "sigmoid": Activation(_sigmoid_forward, _sigmoid_backward),
    "softmax": Activation(_softmax_forward, _softmax_backward),
    "tanh": Activation(_tanh_forward, _tanh_backward),
}
