from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from econnet import features, labels, panel
from econnet.evaluation import baselines, walkforward
from econnet.evaluation.walkforward import Window
from tests.builders import observations, world


@pytest.fixture(scope="module")
def window() -> Window:
    rng = np.random.default_rng(1)
    rows = [world(countries=3)]
    for country in ("DEU", "FRA", "ITA"):
        for rate in ("unemployment", "term_spread"):
            walk = 5 + rng.normal(0, 0.3, 120).cumsum()
            rows.append(observations(country, rate, "1990Q1", walk.tolist()))
    known = panel.build(pd.concat(rows, ignore_index=True), "Q")
    made = features.build(known, labels.apply(known, "negative-growth"), 1)
    return walkforward.windows(made, "Q", made.origins.max())[-1]


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_every_baseline_forecasts_every_row_ahead(name: str, window: Window) -> None:
    (probability,) = baselines.BASELINES[name]([window])
    assert probability.shape == window.ahead.shape
    assert ((probability > 0) & (probability < 1)).all()


def test_base_rate_lies_between_the_countrys_share_and_the_common_one(
    window: Window,
) -> None:
    (probability,) = baselines.base_rate([window])
    countries = window.features.countries
    common = window.y_train.mean()
    for country, said in zip(countries[window.ahead], probability, strict=True):
        own = window.y_train[countries[window.train] == country].mean()
        assert min(own, common) <= said <= max(own, common)
        assert abs(said - own) < abs(said - common) or own == common


def test_persistence_says_how_often_the_phase_was_followed_by_a_contraction(
    window: Window,
) -> None:
    (probability,) = baselines.persistence([window])
    phase = window.features.named("last known phase")
    for said, now in zip(probability, phase[window.ahead], strict=True):
        followed = window.y_train[phase[window.train] == now].mean()
        assert said == pytest.approx(followed, abs=0.05)


def test_classifier_is_fitted_anew_on_the_training_rows(window: Window) -> None:
    model = baselines.classifier(lambda _: LogisticRegression(C=0.01, max_iter=1000))
    reference = LogisticRegression(C=0.01, max_iter=1000)
    reference.fit(window.X_train, window.y_train)
    expected = reference.predict_proba(window.X_ahead)[:, 1]
    np.testing.assert_array_equal(model([window])[0], expected.astype(np.float64))


def test_baseline_is_left_out_where_the_data_lack_its_figure(window: Window) -> None:
    bare = panel.build(world(countries=3), "Q")
    made = features.build(bare, labels.apply(bare, "negative-growth"), 1)
    missing = set(baselines.available(window.features)) - set(baselines.available(made))
    assert missing == {"spread_probit", "sahm_logit"}


def test_pool_is_the_mean_of_the_others_asked_for(window: Window) -> None:
    names = ["base_rate", "logit", "persistence", "pool"]
    said = {name: model([window])[0] for name, model in baselines.models(names).items()}
    expected = np.mean([said[name] for name in names[:-1]], axis=0)
    np.testing.assert_allclose(said["pool"], expected)


def test_spread_probit_looks_at_the_spread_alone(window: Window) -> None:
    (before,) = baselines.SINGLES["spread_probit"]([window])
    column = [it.name for it in window.features.columns].index("term_spread")
    X = window.features.X.copy()
    others = [it for it in range(X.shape[1]) if it != column]
    X[:, others] = 0.0
    changed = replace(window, features=replace(window.features, X=X))
    np.testing.assert_array_equal(
        baselines.SINGLES["spread_probit"]([changed])[0], before
    )
    X[window.ahead, column] += 1.0
    assert (baselines.SINGLES["spread_probit"]([changed])[0] != before).all()
