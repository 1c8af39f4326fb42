"""A neural network on one page: read this file first, from top to bottom.

The network answers a yes-or-no question, such as whether output will fall, with a
probability. It is a chain of layers. Each layer multiplies its inputs by weights, adds
a bias and applies an activation, a function that is not linear. Training repeats four
steps: compute the probabilities (forward), measure how wrong they are (cost), find how
the cost changes with each weight (backward), and change each weight a little in the
direction that lowers the cost (update).

Shapes: `X` is (rows, inputs) and `y` is (rows, 1), with 1 for yes and 0 for no. Letters
are those of the formulas: `W` weights, `b` biases, `Z` pre-activations (what enters the
activation), `A` activations (what leaves it). `dW` is the derivative of the cost with
respect to `W`, and so on. The rest of the package does the same, only faster.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
ActivationName: TypeAlias = Literal["relu", "sigmoid"]


class LayerShape(TypedDict):
    """One entry of an architecture, which is a list of these from input to output.

    The last layer has one unit with a sigmoid, because its output is a probability.
    """

    input_dim: int
    output_dim: int
    activation: ActivationName


class LayerWeights(NamedTuple):
    """Weights (inputs, outputs) and biases (1, outputs), or their gradient."""

    W: Array
    b: Array


class LayerCache(NamedTuple):
    """What the forward pass computed in a layer and the backward pass needs again."""

    A_before: Array  # the layer's inputs: the activations of the layer before
    Z: Array  # its pre-activations


@dataclass(frozen=True)
class History:
    """Cost and accuracy in each epoch, before its update."""

    cost: list[float]
    accuracy: list[float]


def initialize(architecture: Sequence[LayerShape], seed: int = 0) -> list[LayerWeights]:
    """Draw random weights; biases start at 0.

    With equal weights all units of a layer would compute the same thing forever. The
    standard deviation sqrt(2 / inputs) keeps the signal at about the same size from
    layer to layer (He et al. 2015, equation 10).
    """
    generator = np.random.default_rng(seed)
    layers = []
    for shape in architecture:
        inputs, outputs = shape["input_dim"], shape["output_dim"]
        W = generator.normal(0, np.sqrt(2 / inputs), (inputs, outputs))
        layers.append(LayerWeights(W, np.zeros((1, outputs))))
    return layers


def relu(Z: Array) -> Array:
    """Replace negative numbers by 0."""
    return np.maximum(Z, 0)


def relu_derivative(Z: Array) -> Array:
    """Return the slope of ReLU: 1 above 0, else 0."""
    return (Z > 0).astype(float)


def sigmoid(Z: Array) -> Array:
    """Return 1 / (1 + exp(-Z)), a number between 0 and 1, without overflow."""
    probability: Array = np.exp(-np.logaddexp(0, -Z))
    return probability


def sigmoid_derivative(Z: Array) -> Array:
    """Return the slope of the sigmoid, which is largest at 0."""
    A = sigmoid(Z)
    return A * (1 - A)


def forward(
    X: Array, architecture: Sequence[LayerShape], layers: Sequence[LayerWeights]
) -> tuple[Array, list[LayerCache]]:
    """Return the probability of yes for each row, (rows, 1), and the cache by layer."""
    A, caches = X, []
    for shape, layer in zip(architecture, layers, strict=True):
        Z = A @ layer.W + layer.b
        caches.append(LayerCache(A, Z))
        A = ACTIVATIONS[shape["activation"]](Z)
    return A, caches


def cross_entropy(logits: Array, y: Array) -> float:
    """Return the mean of -log(probability given to what happened).

    A probability of 1/2 costs log 2, about 0.693. The textbook formula -(y log p +
    (1 - y) log(1 - p)) is infinite where p rounds to 0 or 1. This is the same formula
    in terms of the last layer's pre-activations, the logits, and is always finite.
    """
    return float(np.mean(np.logaddexp(0, logits) - y * logits))


def backward(
    y: Array,
    architecture: Sequence[LayerShape],
    layers: Sequence[LayerWeights],
    caches: Sequence[LayerCache],
) -> list[LayerWeights]:
    """Return the gradient of the cost: dW and db for each layer.

    The chain rule is applied from the cost back to the first layer.
    """
    logits = caches[-1].Z
    dZ = (sigmoid(logits) - y) / len(y)  # the derivative of `cross_entropy`
    gradient = []
    for index in reversed(range(len(layers))):
        dW = caches[index].A_before.T @ dZ
        db = dZ.sum(axis=0, keepdims=True)
        gradient.append(LayerWeights(dW, db))
        if index > 0:
            dA = dZ @ layers[index].W.T
            derivative = DERIVATIVES[architecture[index - 1]["activation"]]
            dZ = dA * derivative(caches[index - 1].Z)
    return gradient[::-1]


def update(
    layers: Sequence[LayerWeights],
    gradient: Sequence[LayerWeights],
    learning_rate: float,
) -> list[LayerWeights]:
    """Return the layers after one step of gradient descent."""
    return [
        LayerWeights(layer.W - learning_rate * dW, layer.b - learning_rate * db)
        for layer, (dW, db) in zip(layers, gradient, strict=True)
    ]


def train(
    X: Array,
    y: Array,
    architecture: Sequence[LayerShape],
    layers: Sequence[LayerWeights],
    *,
    epochs: int,
    learning_rate: float,
) -> tuple[list[LayerWeights], History]:
    """Return the layers after as many updates as epochs, each on all rows."""
    trained, history = list(layers), History([], [])
    for _ in range(epochs):
        probabilities, caches = forward(X, architecture, trained)
        history.cost.append(cross_entropy(caches[-1].Z, y))
        history.accuracy.append(float(np.mean((probabilities > 0.5) == (y > 0.5))))
        gradient = backward(y, architecture, trained, caches)
        trained = update(trained, gradient, learning_rate)
    return trained, history


def predict(
    X: Array, architecture: Sequence[LayerShape], layers: Sequence[LayerWeights]
) -> Array:
    """Return the probability of yes for each row, (rows, 1)."""
    return forward(X, architecture, layers)[0]


ACTIVATIONS: Mapping[ActivationName, Callable[[Array], Array]] = {
    "relu": relu,
    "sigmoid": sigmoid,
}
DERIVATIVES: Mapping[ActivationName, Callable[[Array], Array]] = {
    "relu": relu_derivative,
    "sigmoid": sigmoid_derivative,
}
