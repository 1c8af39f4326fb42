import numpy as np
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from econnet.models import naive_bayes
from econnet.models.naive_bayes import CalibratedNaiveBayes, GaussianDensities, Sigmoid


def rows(n: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows whose first features are higher in contractions."""
    rng = np.random.default_rng(0)
    event = rng.random(n) < 0.2
    X = rng.normal(size=(n, features))
    X[:, :3] += 1.5 * event[:, None]
    return X, event


def test_densities_give_the_probabilities_of_scikit_learn() -> None:
    X, event = rows(200, 5)
    expected = GaussianNB().fit(X, event).predict_proba(X)[:, 1]
    ours = GaussianDensities.fit(X, event).probability(X)
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_sigmoid_is_the_logistic_regression_on_outcomes_that_are_not_certain() -> None:
    X, event = rows(200, 1)
    n, events = len(event), int(event.sum())
    target = np.where(event, (events + 1) / (events + 2), 1 / (n - events + 2))
    # A row that is a contraction by a share is two rows with these weights.
    regression = LogisticRegression(
        C=1 / naive_bayes.SLOPE_PRECISION, tol=1e-10, max_iter=1000
    ).fit(
        np.vstack([X, X]),
        np.repeat([1, 0], n),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    sigmoid = Sigmoid.fit(X[:, 0], event)
    assert sigmoid.slope == pytest.approx(regression.coef_[0, 0], rel=1e-5)
    assert sigmoid.intercept == pytest.approx(regression.intercept_[0], rel=1e-5)


def test_slope_stays_finite_where_forecasts_separate_the_outcomes() -> None:
    forecasts = np.array([0.0, 1e-6, 2e-6, 1 - 1e-6, 1.0, 1.0])
    sigmoid = Sigmoid.fit(forecasts, forecasts > 0.5)
    assert 0 < sigmoid.slope < 20
    assert np.abs(logit(sigmoid.probability(forecasts))).max() < 20


def test_features_that_separate_the_classes_are_used() -> None:
    X, event = rows(300, 12)
    classifier = CalibratedNaiveBayes(n_features=3).fit(X, event)
    assert {*classifier.columns_} == {0, 1, 2}
    p = classifier.predict_proba(X)[:, 1]
    assert p[event].mean() > p[~event].mean() + 0.3
    constant = np.ones((300, 4))
    share = CalibratedNaiveBayes().fit(constant, event).predict_proba(constant)[:, 1]
    np.testing.assert_allclose(share, event.mean())


def test_outcome_of_fewer_rows_than_folds_is_refused() -> None:
    X, _ = rows(30, 2)
    with pytest.raises(ValueError, match="an outcome has 2 rows: 3 needed"):
        CalibratedNaiveBayes().fit(X, np.arange(30) < 2)
