"""Gradients of whole networks, compared with finite differences and PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from econnet.network import Architecture, Layer, Network
from econnet.network.activations import ACTIVATIONS, ActivationName, Array
from econnet.network.losses import LOSSES, Loss
from econnet.network.propagation import Propagation

HIDDEN: list[ActivationName] = list(ACTIVATIONS)


@dataclass(frozen=True, eq=False)
class Problem:
    """A network, a batch for it, and dropout masks (none, or one per hidden layer)."""

    network: Network
    X: Array
    targets: Array
    weights: Array
    masks: Sequence[Array]

    @property
    def loss(self) -> Loss:
        last = self.network.architecture.layers[-1].activation
        return LOSSES["softmax" if last == "softmax" else "sigmoid"]

    def propagate(self, parameters: Array, gradient: Array) -> Propagation:
        propagation = Propagation.allocate(
            self.network.architecture,
            parameters,
            gradient,
            self.X.shape[1],
            dropout=bool(self.masks),
        )
        propagation.inputs[..., :-1] = self.X
        propagation.forward(self.masks)
        return propagation

    def cost(self, parameters: Array) -> Array:
        logits = self.propagate(parameters, np.empty_like(parameters)).logits
        return self.loss.cost(logits, self.targets, self.weights)

    def gradient(self) -> Array:
        gradient = np.full_like(self.network.parameters, np.nan)
        propagation = self.propagate(self.network.parameters, gradient)
        self.loss.gradient(
            propagation.logits, self.targets, self.weights, out=propagation.logits
        )
        propagation.backward(self.masks)
        return gradient


@st.composite
def problems(draw: st.DrawFn, *, plain: bool = False) -> Problem:
    """Draw a small network of any layers, and a batch whose first row has weight 0.

    `plain` excludes skip and dropout, for the comparison with PyTorch.
    """
    sizes = draw(st.lists(st.integers(2, 5), min_size=1, max_size=4))
    names: list[ActivationName] = [draw(st.sampled_from(HIDDEN)) for _ in sizes[1:]]
    classes = draw(st.booleans())
    sizes.append(3 if classes else draw(st.integers(1, 2)))
    names.append("softmax" if classes else "sigmoid")
    layers = tuple(map(Layer, sizes[:-1], sizes[1:], names))
    skip = not plain and len(layers) > 1 and draw(st.booleans())
    members, rows = draw(st.integers(1, 3)), draw(st.integers(2, 6))
    network = Network(
        Architecture(layers, skip=skip), members, draw(st.integers(0, 99)), dtype=float
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    network.parameters[...] = rng.normal(size=network.parameters.shape)
    outputs = sizes[-1]
    if classes:
        targets = np.eye(outputs)[rng.integers(0, outputs, (members, rows))]
    else:
        targets = rng.uniform(size=(members, rows, outputs))
    weights = rng.uniform(0.1, 1, (members, rows, 1))
    weights[:, 0] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    masks = []
    if not plain and draw(st.booleans()):
        masks = [
            (rng.random((members, layer.output_dim, rows)) >= 0.3) / 0.7
            for layer in layers[:-1]
        ]
    X = rng.normal(size=(members, rows, sizes[0]))
    return Problem(network, X, targets, weights, masks)


@given(problems(), st.integers(0, 2**32 - 1))
def test_gradient_of_a_network_equals_finite_differences(
    problem: Problem, seed: int
) -> None:
    parameters = problem.network.parameters
    direction = np.random.default_rng(seed).normal(size=parameters.shape)

    def difference(step: float) -> Array:
        above = problem.cost(parameters + step * direction)
        below = problem.cost(parameters - step * direction)
        return (above - below) / (2 * step)

    # Two differences that disagree have a corner of ReLU between them.
    assume(np.allclose(difference(1e-5), difference(5e-6), rtol=1e-7, atol=1e-8))
    # Richardson extrapolation removes the error of second order.
    expected = (4 * difference(5e-6) - difference(1e-5)) / 3
    found = (problem.gradient() * direction).sum(axis=1)
    # Costs near 1 round at 1e-16, which is some 1e-10 once divided by the step.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@given(problems())
def test_row_of_weight_zero_changes_no_gradient(problem: Problem) -> None:
    before = problem.gradient()
    problem.X[:, 0] += 3
    np.testing.assert_array_equal(problem.gradient(), before)


@given(problems())
def test_gradient_of_a_member_does_not_depend_on_the_others(problem: Problem) -> None:
    together = problem.gradient()
    for member in range(problem.network.members):
        alone = Problem(
            Network(problem.network.architecture, dtype=float),
            problem.X[[member]],
            problem.targets[[member]],
            problem.weights[[member]],
            [mask[[member]] for mask in problem.masks],
        )
        alone.network.parameters[...] = problem.network.parameters[member]
        np.testing.assert_array_equal(alone.gradient()[0], together[member])


@given(problem=problems(plain=True))
def test_forward_and_backward_equal_those_of_pytorch(problem: Problem) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional = torch.nn.functional
    apply = {
        "identity": lambda z: z,
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "softmax": lambda z: torch.softmax(z, dim=1),
        "tanh": torch.tanh,
    }
    network, gradient = problem.network, problem.gradient()
    layers = network.architecture.layers
    for member in range(network.members):
        W = [torch.tensor(W[member], requires_grad=True) for W in network.W]
        b = [torch.tensor(b[member], requires_grad=True) for b in network.b]
        A = torch.tensor(problem.X[member])
        for index, layer in enumerate(layers):
            A = A @ W[index] + b[index]
            if index < len(layers) - 1:
                A = apply[layer.activation](A)
        logits = problem.propagate(
            network.parameters, np.empty_like(network.parameters)
        ).logits[member]
        np.testing.assert_allclose(logits, A.detach().numpy(), rtol=1e-6, atol=1e-12)

        y = torch.tensor(problem.targets[member])
        if layers[-1].activation == "softmax":
            costs = functional.cross_entropy(A, y, reduction="none")[:, None]
        else:
            costs = functional.binary_cross_entropy_with_logits(A, y, reduction="none")
        (costs * torch.tensor(problem.weights[member])).sum().backward()
        blocks = network.architecture.blocks(gradient[[member]])
        for block, weights, biases in zip(blocks, W, b, strict=True):
            expected = torch.cat([weights.grad, biases.grad]).numpy()
            np.testing.assert_allclose(block[0], expected, rtol=1e-6, atol=1e-12)
