import numpy as np
import pytest
from scipy.stats import norm

from econnet.models.probit import Probit


def test_probit_without_inputs_gives_the_base_rate() -> None:
    y = np.array([1.0, 0, 0, 0, 0, 1, 0, 0])
    fitted = Probit().fit(np.zeros((8, 1)), y)
    probability = fitted.predict_proba(np.zeros((1, 1)))
    assert probability[0] == pytest.approx([0.75, 0.25], abs=1e-4)


def test_weights_are_recovered_from_simulated_outcomes() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 2))
    y = rng.random(len(X)) < norm.cdf(X @ [1.0, -0.5] - 0.7)
    fitted = Probit().fit(X, y)
    # The standard error of a weight is about 0.013 here.
    np.testing.assert_allclose(fitted.weights_, [1.0, -0.5, -0.7], atol=0.05)


def test_probabilities_of_two_groups_are_their_shares() -> None:
    """With one 0/1 input a probit has a free rate for each group."""
    X = np.repeat([0.0, 1.0], [40, 20])[:, None]
    y = np.concatenate([np.ones(10), np.zeros(30), np.ones(15), np.zeros(5)])
    fitted = Probit(prior_precision=1e-9).fit(X, y)
    probability = fitted.predict_proba(np.array([[0.0], [1.0]]))[:, 1]
    np.testing.assert_allclose(probability, [0.25, 0.75], atol=1e-4)


def test_separable_outcomes_give_finite_weights() -> None:
    X = np.linspace(-3, 3, 50)[:, None]
    fitted = Probit().fit(X, X[:, 0] > 0)
    probability = fitted.predict_proba(np.array([[-40.0], [0.0], [40.0]]))
    assert np.isfinite(probability).all()
    assert probability[0, 1] < 1e-6 < probability[1, 1] < 1 - 1e-6 < probability[2, 1]
