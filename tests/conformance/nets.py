"""The network's arithmetic compared with mpmath, PyTorch and statsmodels."""

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import mpmath
import numpy as np
import statsmodels.api as sm
from mpmath import mpf

from econnet.network import (
    SGD,
    AdamW,
    Architecture,
    Array,
    Layer,
    Momentum,
    Network,
    Optimizer,
    TrainingOptions,
    train,
)
from econnet.network.activations import sigmoid, softmax
from econnet.network.losses import LOSSES, OutputActivation
from econnet.network.propagation import Propagation
from tests.conformance.evidence import Check, Floats, Pair

Exact: TypeAlias = Any  # an array of objects: numbers of mpmath

EXACT_DIGITS = 50
exact = np.vectorize(mpf, otypes=[object])
exp = np.vectorize(mpmath.exp, otypes=[object])
log = np.vectorize(mpmath.log, otypes=[object])
tanh = np.vectorize(mpmath.tanh, otypes=[object])

# From a probability of nearly 0 to one that float64 cannot distinguish from 1.
LOGITS = np.array([-700.0, -37.5, -20.0, -3.0, -1e-3, 0.0, 1e-8, 0.7, 5.0, 19.0, 36.0])


def _sigmoid(dtype: type) -> Pair:
    z: Array = LOGITS[1:].astype(dtype).reshape(1, -1, 1)
    with mpmath.workdps(EXACT_DIGITS):
        theirs = 1 / (1 + exp(-exact(z.astype(float))))
        return sigmoid(z, out=np.empty_like(z)).astype(float), theirs.astype(float)


def _softmax() -> Pair:
    z = np.random.default_rng(0).normal(0, 8, (1, 20, 4))
    with mpmath.workdps(EXACT_DIGITS):
        powers = exp(exact(z))
        theirs = powers / powers.sum(axis=2, keepdims=True)
        return softmax(z, out=np.empty_like(z)), theirs.astype(float)


def _exact_cost(logits: Exact, targets: Exact, weights: Exact, last: str) -> Exact:
    """Return the cost of one member in `EXACT_DIGITS` digits."""
    if last == "softmax":
        costs = -targets * (logits - log(exp(logits).sum(axis=-1, keepdims=True)))
    else:
        costs = log(1 + exp(logits)) - targets * logits
    return (costs * weights).sum()


def _costs() -> Pair:
    """Return the cost of each logit alone for either outcome; some costs are vast.

    Large logits of the right sign are left out: their cost falls like exp(-z), and
    float64 has too few digits for it.
    """
    z = np.repeat(LOGITS, 2).reshape(-1, 1, 1)
    y = np.tile([0.0, 1.0], len(LOGITS)).reshape(-1, 1, 1)
    w = np.ones_like(z)
    wrong = ((z > 0) != (y == 1)).ravel() | (np.abs(z).ravel() < 5)
    with mpmath.workdps(EXACT_DIGITS + 350):
        theirs = [
            float(_exact_cost(exact(z[k]), y[k], w[k], "sigmoid"))
            for k in np.flatnonzero(wrong)
        ]
    return LOSSES["sigmoid"].cost(z, y, w)[wrong], theirs


def _cost_gradients() -> Pair:
    z = LOGITS[1:].reshape(1, -1, 1)
    y, w = np.full_like(z, 0.25), np.full_like(z, 1 / z.size)
    ours = LOSSES["sigmoid"].gradient(z, y, w, out=np.empty_like(z))
    with mpmath.workdps(EXACT_DIGITS):
        theirs = (1 / (1 + exp(-exact(z))) - exact(y)) * exact(w)
        return ours, theirs.astype(float)


def _costs_of_classes() -> Pair:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 8, (5, 20, 3))
    y = np.eye(3)[rng.integers(0, 3, (5, 20))]
    w = np.full((5, 20, 1), 1 / 20)
    with mpmath.workdps(EXACT_DIGITS):
        theirs = [
            float(_exact_cost(exact(z[k]), y[k], exact(w[k]), "softmax"))
            for k in range(5)
        ]
    return LOSSES["softmax"].cost(z, y, w), theirs


class _Problem:
    """One network with every activation, a batch for it, and its gradient.

    Its last layer also takes the inputs, unless it is `plain`.
    """

    def __init__(self, last: OutputActivation, *, plain: bool = False) -> None:
        outputs = 3 if last == "softmax" else 1
        self.last: OutputActivation = last
        self.architecture = Architecture(
            (
                Layer(3, 4, "tanh"),
                Layer(4, 4, "relu"),
                Layer(4, 3, "sigmoid"),
                Layer(3, outputs, last),
            ),
            skip=not plain,
        )
        rng = np.random.default_rng(4)
        self.network = Network(self.architecture, dtype=float)
        self.network.parameters[...] = rng.normal(0, 0.7, self.network.parameters.shape)
        self.X = rng.normal(size=(6, 3))
        self.y = (
            np.eye(3)[rng.integers(0, 3, 6)]
            if outputs > 1
            else rng.integers(0, 2, (6, 1)).astype(float)
        )
        self.w = rng.uniform(0.1, 1, (6, 1))
        self.w /= self.w.sum()

    def gradient(self) -> Floats:
        """Return the gradient of the cost by the parameters, by backpropagation."""
        gradient = np.empty_like(self.network.parameters)
        stack = Propagation.allocate(
            self.architecture, self.network.parameters, gradient, len(self.X)
        )
        stack.inputs[..., :-1] = self.X
        stack.forward()
        LOSSES[self.last].gradient(
            stack.logits, self.y[None], self.w[None], out=stack.logits
        )
        stack.backward()
        slopes: Floats = gradient[0].astype(np.float64)
        return slopes

    def exact_cost(self, parameters: Exact) -> Exact:
        """Return the cost in `EXACT_DIGITS` digits, layer by layer as in a textbook."""
        X = exact(self.X)
        A, start, last = X, 0, self.architecture.layers[-1]
        for (rows, columns), layer in zip(
            self.architecture.block_shapes(), self.architecture.layers, strict=True
        ):
            block = parameters[start : start + rows * columns].reshape(rows, columns)
            start += rows * columns
            if layer is last and self.architecture.skip:
                A = np.concatenate([A, X], axis=1)
            A = A @ block[:-1] + block[-1]
            if layer is not last:
                A = EXACT_ACTIVATIONS[layer.activation](A)
        return _exact_cost(A, exact(self.y), exact(self.w), self.last)


EXACT_ACTIVATIONS: dict[str, Callable[[Exact], Exact]] = {
    "tanh": tanh,
    "relu": lambda z: np.where(z > 0, z, mpf(0)),
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
}


def _gradients(last: OutputActivation) -> Pair:
    """Return gradients, and differences over steps so short that all digits count."""
    problem = _Problem(last)
    theirs = []
    with mpmath.workdps(EXACT_DIGITS):
        parameters = exact(problem.network.parameters[0])
        near = mpf(10) ** -20
        for place in range(len(parameters)):
            nudge = np.zeros(len(parameters), object)
            nudge[place] = near
            above = problem.exact_cost(parameters + nudge)
            below = problem.exact_cost(parameters - nudge)
            theirs.append(float((above - below) / (2 * near)))
    return problem.gradient(), theirs


def _gradients_by_torch(last: OutputActivation) -> Pair:
    torch = importlib.import_module("torch")
    problem = _Problem(last, plain=True)
    flat = torch.tensor(problem.network.parameters[0], requires_grad=True)
    A, start = torch.tensor(problem.X), 0
    layers = problem.architecture.layers
    for (rows, columns), layer in zip(
        problem.architecture.block_shapes(), layers, strict=True
    ):
        block = flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        A = A @ block[:-1] + block[-1]
        if layer is not layers[-1]:
            A = getattr(torch, layer.activation)(A)
    y, w = torch.tensor(problem.y), torch.tensor(problem.w)
    functional = torch.nn.functional
    if last == "softmax":
        costs = functional.cross_entropy(A, y, reduction="none")[:, None]
    else:
        costs = functional.binary_cross_entropy_with_logits(A, y, reduction="none")
    (costs * w).sum().backward()
    return problem.gradient(), flat.grad.numpy()


GRADIENTS = np.random.default_rng(0).normal(size=(20, 2))
START = (1.0, -2.0)


def _walk(optimizer: Optimizer) -> Floats:
    """Return two parameters after a step along each gradient."""
    parameters: Array = np.array([START])
    moments = [np.zeros((1, 2)) for _ in range(optimizer.n_moments)]
    for step, gradient in enumerate(GRADIENTS, start=1):
        optimizer.update(
            parameters, gradient[None].copy(), moments, np.array([[step]]), 0.1
        )
    reached: Floats = parameters[0].astype(np.float64)
    return reached


def _adam() -> Pair:
    """Follow Kingma and Ba (2015), algorithm 1, as it is printed."""
    with mpmath.workdps(EXACT_DIGITS):
        alpha, beta1, beta2, epsilon = map(mpf, ("0.1", "0.8", "0.95", "1e-8"))
        theta, m, v = exact(START), exact([0, 0]), exact([0, 0])
        for t, g in enumerate(exact(GRADIENTS), start=1):
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
            theta = theta - alpha * m_hat / (v_hat ** mpf("0.5") + epsilon)
        return _walk(AdamW(0.1, beta1=0.8, beta2=0.95)), theta.astype(float)


def _steps_by_torch() -> Pair:
    torch = importlib.import_module("torch")
    pairs: Sequence[tuple[Optimizer, Callable[[Any], Any]]] = [
        (SGD(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (
            Momentum(0.1, momentum=0.8),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8),
        ),
        (
            Momentum(0.1, momentum=0.8, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
        ),
        (
            AdamW(0.1, beta1=0.8, beta2=0.95),
            lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.95), weight_decay=0),
        ),
    ]
    theirs = []
    for _, make in pairs:
        parameters = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        peer = make([parameters])
        for gradient in GRADIENTS:
            parameters.grad = torch.tensor(gradient)
            peer.step()
        theirs.append(parameters.detach().numpy())
    return [_walk(ours) for ours, _ in pairs], theirs


def _logit() -> Pair:
    """Train a network without a hidden layer until it no longer changes."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(300, 3))
    y = (rng.random(300) < 1 / (1 + np.exp(-(X @ [1.0, -0.5, 0.2] - 0.4)))).astype(
        float
    )
    network = Network(Architecture.dense(3), dtype=float)
    options = TrainingOptions(Momentum(1.0), epochs=1500, batch_size=None)
    train(network, X, y, options=options)
    ours = np.append(network.b[0].ravel(), network.W[0].ravel())
    theirs = sm.Logit(y, sm.add_constant(X)).fit(disp=False, tol=1e-14)
    return ours, theirs.params


TORCH = "PyTorch in float64, by its own backward pass"

CHECKS = [
    Check("sigmoid, float64", "mpmath, 50 digits", 15, partial(_sigmoid, np.float64)),
    Check("sigmoid, float32", "mpmath, 50 digits", 6, partial(_sigmoid, np.float32)),
    Check("softmax", "mpmath, 50 digits", 14, _softmax),
    Check(
        "binary cross-entropy of logits from -700 to 36",
        "mpmath, 400 digits",
        15,
        _costs,
    ),
    Check(
        "its gradient with respect to the logits",
        "mpmath, 50 digits",
        14,
        _cost_gradients,
    ),
    Check("cross-entropy of three classes", "mpmath, 50 digits", 14, _costs_of_classes),
    *(
        Check(
            f"gradient of a network of every activation, with a skip, to a {last}",
            "differences of mpmath at 1e-20, 50 digits",
            13,
            partial(_gradients, last),
        )
        for last in LOSSES
    ),
    *(
        Check(
            f"gradient of a network of every activation to a {last}",
            TORCH,
            13,
            partial(_gradients_by_torch, last),
            needs="torch",
        )
        for last in LOSSES
    ),
    Check(
        "twenty steps of Adam",
        "Kingma and Ba (2015), algorithm 1 as printed, by mpmath in 50 digits",
        14,
        _adam,
    ),
    Check(
        "twenty steps of gradient descent, momentum, Nesterov's and Adam",
        "PyTorch in float64",
        14,
        _steps_by_torch,
        needs="torch",
    ),
    Check(
        "weights of a network without a hidden layer, trained to the end",
        "statsmodels, `Logit`",
        12,
        _logit,
    ),
]
