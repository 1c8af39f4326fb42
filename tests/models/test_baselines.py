from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.professionals import PROBABILITY
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS
from econnet.models import baselines
from econnet.models.windows import Window, make_windows
from econnet.runtime import workers
from econnet.runtime.ledger import Ledger
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
    label = labels.apply(known, "negative-growth")
    phases = label.values.dropna().rename("outcome").reset_index()
    survey = pd.DataFrame(
        {
            "country": phases["country"],
            "column": "survey",
            "kind": PROBABILITY,
            "period": phases["period"].astype(str),
            "value": 0.1 + 0.5 * phases["outcome"],
            "known_at": pd.PeriodIndex(phases["period"]).start_time,
        }
    )[PROFESSIONAL_COLUMNS]
    features = design_matrix.build(known, label, 1, forecasts=survey)
    return make_windows(features, "Q", features.origins.max())[-1]


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_every_baseline_forecasts_every_row_ahead(name: str, window: Window) -> None:
    (probability,) = baselines.BASELINES[name]([window])
    assert probability.shape == window.ahead.shape
    assert ((probability > 0) & (probability < 1)).all()


def test_base_rate_is_between_the_countrys_share_and_the_pooled_one(
    window: Window,
) -> None:
    (probability,) = baselines.base_rate([window])
    countries = window.features.countries
    pooled = window.y_train.mean()
    for country, forecast in zip(countries[window.ahead], probability, strict=True):
        share = window.y_train[countries[window.train] == country].mean()
        assert min(share, pooled) <= forecast <= max(share, pooled)
        assert abs(forecast - share) < abs(forecast - pooled) or share == pooled


def test_persistence_is_how_often_the_phase_was_followed_by_a_contraction(
    window: Window,
) -> None:
    (probability,) = baselines.persistence([window])
    phase = window.features.named("last known phase")
    for forecast, value in zip(probability, phase[window.ahead], strict=True):
        share = window.y_train[phase[window.train] == value].mean()
        assert forecast == pytest.approx(share, abs=0.05)


def test_classifier_is_fitted_anew_on_the_training_rows(window: Window) -> None:
    model = baselines.LEARNERS["logit"]
    reference = LogisticRegression(C=0.01, max_iter=1000)
    reference.fit(window.X_train, window.y_train)
    expected = reference.predict_proba(window.X_ahead)[:, 1]
    np.testing.assert_array_equal(model([window])[0], expected.astype(np.float64))


def test_baseline_is_left_out_if_the_data_lack_its_indicator(window: Window) -> None:
    bare = panel.build(world(countries=3), "Q")
    features = design_matrix.build(bare, labels.apply(bare, "negative-growth"), 1)
    missing = set(baselines.available(window.features)) - set(
        baselines.available(features)
    )
    assert missing == {"spread_probit", "sahm_logit", "professional"}


def test_pool_is_the_mean_of_the_other_requested_baselines(window: Window) -> None:
    names = ["base_rate", "logit", "persistence", "pool"]
    models = baselines.models(names)
    forecasts = {name: model([window])[0] for name, model in models.items()}
    expected = np.mean([forecasts[name] for name in names[:-1]], axis=0)
    np.testing.assert_allclose(forecasts["pool"], expected)


def test_spread_probit_depends_only_on_the_spread(window: Window) -> None:
    (before,) = baselines.SINGLES["spread_probit"]([window])
    names = [column.name for column in window.features.columns]
    spread = names.index("term_spread")
    X = window.features.X.copy()
    X[:, np.arange(X.shape[1]) != spread] = 0.0
    changed = replace(window, features=replace(window.features, X=X))
    np.testing.assert_array_equal(
        baselines.SINGLES["spread_probit"]([changed])[0], before
    )
    raw = window.raw_ahead.copy()
    raw[:, spread] += 1.0
    moved = replace(changed, raw_ahead=raw)
    assert (baselines.SINGLES["spread_probit"]([moved])[0] != before).all()


def test_fitted_model_forecasts_other_rows_as_it_does_rows_ahead(
    window: Window,
) -> None:
    raw = window.features.X[window.train[:7]]
    scaled = window.scaler.transform(raw).astype(np.float32)
    other = replace(
        window,
        ahead=window.train[:7],
        raw_ahead=raw,
        X_ahead=scaled,
        outcome=window.outcome[:7],
    )
    for name, learner in baselines.LEARNERS.items():
        probability = learner.learn(window).probability(raw, scaled)
        np.testing.assert_array_equal(probability, learner([other])[0], err_msg=name)


def test_ledger_distinguishes_baselines_that_differ_in_their_inputs_only(
    window: Window, tmp_path: Path
) -> None:
    names = ("spread_probit", "dynamic_probit")
    fresh = {name: baselines.LEARNERS[name]([window])[0] for name in names}
    assert (fresh["spread_probit"] != fresh["dynamic_probit"]).any()
    with workers.use_workers(ledger=Ledger(tmp_path)):
        for name in names:
            probability = baselines.LEARNERS[name]([window])[0]
            np.testing.assert_array_equal(probability, fresh[name])
