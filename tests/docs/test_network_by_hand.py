"""Every number of the page that works a network by hand is recomputed."""

import re

import numpy as np

from econnet.network import tutorial
from econnet.network.tutorial import Array, LayerShape, LayerWeights
from tests.docs import pages

PAGE = "network-by-hand.md"

# What the page sets and does not compute: inputs, first weights, learning rate.
GIVEN = {"0.5", "0.8", "0.6", "0.9", "0.25", "0.75", "1.5", "2.75"}


def rounded(*values: float | Array) -> set[str]:
    """Return the sizes of numbers as the page prints them: four decimals, no sign."""
    return {f"{abs(x):.4f}" for value in values for x in np.ravel(value)}


def one_neuron() -> set[str]:
    """Recompute the first section."""
    shapes: list[LayerShape] = [
        {"input_dim": 2, "output_dim": 1, "activation": "sigmoid"}
    ]
    x, y = np.array([[-1, 0.5]]), np.array([[1.0]])
    layers = [LayerWeights(np.array([[-0.8], [-0.6]]), np.array([[-0.9]]))]
    p, caches = tutorial.forward(x, shapes, layers)
    assert np.isclose(caches[0].Z, -0.4).all()
    gradient = tutorial.backward(y, shapes, layers, caches)
    updated = tutorial.update(layers, gradient, 0.5)
    p_after, caches_after = tutorial.forward(x, shapes, updated)
    costs = [tutorial.cross_entropy(it[0].Z, y) for it in (caches, caches_after)]
    coin_toss = tutorial.cross_entropy(np.zeros((1, 1)), y)
    logit = caches_after[0].Z
    results: list[float | Array] = [p, p_after, *costs, coin_toss, logit]
    results += [*gradient[0], *updated[0]]
    terms = {
        f"{abs(term):.1f}" for term in [*(x * layers[0].W.T)[0], caches[0].Z[0, 0]]
    }
    return rounded(*results) | terms


def two_layers() -> set[str]:
    """Recompute the section on the network."""
    shapes: list[LayerShape] = [
        {"input_dim": 2, "output_dim": 2, "activation": "relu"},
        {"input_dim": 2, "output_dim": 1, "activation": "sigmoid"},
    ]
    X, y = np.array([[-1, 0.5], [0.5, -1], [2, 1]]), np.array([[1.0], [0.0], [0.0]])
    layers = [
        LayerWeights(np.array([[1, -0.5], [0.5, 1]]), np.array([[0.25, -0.25]])),
        LayerWeights(np.array([[-1.0], [1.0]]), np.array([[0.0]])),
    ]
    p, caches = tutorial.forward(X, shapes, layers)
    hidden = [[-0.5, 0.75], [0.25, -1.5], [2.75, -0.25]]
    np.testing.assert_allclose(caches[0].Z, hidden)
    np.testing.assert_allclose(caches[1].Z, [[0.75], [-0.25], [-2.75]])
    gradient = tutorial.backward(y, shapes, layers, caches)
    updated = tutorial.update(layers, gradient, 1)
    after = tutorial.cross_entropy(tutorial.forward(X, shapes, updated)[1][-1].Z, y)
    rows = np.logaddexp(0, caches[1].Z) - y * caches[1].Z
    promised = sum(np.sum(dW**2) + np.sum(db**2) for dW, db in gradient)
    dZ = (p - y) / 3
    first, second = gradient
    new_first, new_second = updated
    return rounded(
        *(p, rows, rows.mean(), dZ, *first, *second, *new_first, *new_second),
        *(after, promised, rows.mean() - after),
    )


def numbers_in_text() -> set[str]:
    """Return all decimal numbers outside of code, without their signs."""
    text = re.sub(r"```.*?```", "", pages.text_of(PAGE), flags=re.DOTALL)
    return set(re.findall(r"\d+\.\d+", text))


def test_every_number_in_the_text_is_given_or_recomputed() -> None:
    assert numbers_in_text() - GIVEN - one_neuron() - two_layers() == set()


def test_every_result_is_in_the_text() -> None:
    assert (one_neuron() | two_layers()) - numbers_in_text() == set()


def test_code_runs_as_it_stands() -> None:
    assert len(pages.run(PAGE)) > 5
