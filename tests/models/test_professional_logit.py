"""Professional forecasts that begin late: what the models learn from them."""

import numpy as np
import pandas as pd
import pytest

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS
from econnet.models import baselines, combination, network_ensemble, windows
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.professional_logit import ProfessionalLogit
from econnet.models.windows import Schedule, Window, make_windows
from tests.builders import world

ROWS = world(countries=3, quarters=120)
KNOWN = panel.build(ROWS, "Q")
LABEL = labels.apply(KNOWN, "negative-growth")
PERIODS = pd.PeriodIndex(KNOWN.values.index.get_level_values("period"))
# Forecasts begin in the middle of the data, so that most rows have none for long.
BEGIN = PERIODS.min() + 60
# The window that is tested has rows with forecasts for fewer quarters than without.
ORIGIN = BEGIN + 40


def true_forecasts(*countries: str) -> pd.DataFrame:
    """Return forecasts of growth as it turned out, published before each period."""
    levels = KNOWN.values["real_gdp"]
    growth = 100 * (levels / levels.groupby("country").shift() - 1)
    table = growth.dropna().rename("value").reset_index()
    table = table[table["country"].isin(countries or KNOWN.countries)]
    periods = pd.PeriodIndex(table["period"])
    table = table.assign(
        column="survey",
        kind="growth-forecast",
        known_at=periods.start_time - pd.Timedelta(days=1),
        period=periods.astype(str),
    )[periods > BEGIN]
    return table.sort_values(["country", "period"])[PROFESSIONAL_COLUMNS]


def design(forecasts: pd.DataFrame | None) -> DesignMatrix:
    return design_matrix.build(KNOWN, LABEL, 1, forecasts=forecasts)


def window_of(made: DesignMatrix) -> Window:
    (window,) = make_windows(made, "Q", ORIGIN, Schedule(start=ORIGIN))
    return window


def enough_with(monkeypatch: pytest.MonkeyPatch, contractions: int) -> None:
    """Learn only from rows with forecasts if these have as many contractions."""
    monkeypatch.setattr(windows, "MIN_INFORMED_PER_CLASS", contractions)


def test_forecasts_that_most_of_the_past_lacks_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough_with(monkeypatch, 5)
    made = design(true_forecasts())
    window = window_of(made)
    assert made.origins[window.train].min() == BEGIN
    names = [made.columns[place].name for place in made.professional]
    used = window.scaler.scale[made.professional] > 0
    # Each period has one forecast, so that there are no revisions.
    assert dict(zip(names, used, strict=True)) == {
        "survey growth": True,
        "survey revision": False,
        "survey before": True,
        "survey median": True,
    }


def test_size_of_a_forecast_fall_matters_not_its_rank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough_with(monkeypatch, 5)
    made = design(true_forecasts())
    scaler, place = window_of(made).scaler, made.professional[0]
    rows = np.tile(made.X[-1:], (5, 1))
    rows[:, place] = np.linspace(scaler.low[place], scaler.median[place], 5)
    steps = np.diff(scaler.transform(rows)[:, place])
    assert steps[0] > 0
    np.testing.assert_allclose(steps, steps[0])


def test_all_rows_are_used_where_few_have_forecasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough_with(monkeypatch, 1000)
    informed, alone = (window_of(design(each)) for each in (true_forecasts(), None))
    np.testing.assert_array_equal(informed.train, alone.train)
    # The partner needs no more than the rows that have forecasts.
    assert ProfessionalLogit().learn(informed).from_growth


def test_right_forecasts_separate_falls_from_growth() -> None:
    window = window_of(design(true_forecasts()))
    model = ProfessionalLogit().learn(window)
    made = window.features
    later = np.flatnonzero(made.origins >= BEGIN)
    raw = made.X[later]
    forecasts = model.probability(raw, window.scaler.transform(raw).astype(np.float32))
    outcome = design(None).y[later]
    known = ~np.isnan(outcome)
    falls, grows = (forecasts[known & (outcome == each)] for each in (1, 0))
    assert np.mean(falls[:, None] > grows) > 0.97


def test_rows_without_a_forecast_get_the_logit_of_all_features() -> None:
    covered = KNOWN.countries[0]
    window = window_of(design(true_forecasts(covered)))
    (forecasts,) = ProfessionalLogit()([window])
    (of_logit,) = baselines.SINGLES["logit"]([window])
    others = window.features.countries[window.ahead] != covered
    np.testing.assert_allclose(forecasts[others], of_logit[others], rtol=1e-6)
    assert (forecasts[~others] != of_logit[~others]).all()


@pytest.mark.parametrize("contractions", [5, 1000])
def test_later_forecasts_change_nothing(
    contractions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough_with(monkeypatch, contractions)
    given = true_forecasts()
    day = pd.Timestamp(window_of(design(given)).features.day_of(ORIGIN), unit="D")
    altered = given.assign(
        value=given["value"].mask(given["known_at"] > day, -given["value"] - 3)
    )
    before, after = (window_of(design(each)) for each in (given, altered))
    np.testing.assert_array_equal(before.train, after.train)
    np.testing.assert_array_equal(before.X_train, after.X_train)
    np.testing.assert_array_equal(before.X_ahead, after.X_ahead)
    (forecasts,), (again,) = ProfessionalLogit()([before]), ProfessionalLogit()([after])
    np.testing.assert_array_equal(forecasts, again)


def test_it_has_half_of_the_weight_where_there_are_forecasts() -> None:
    with_forecasts = combination.prior(design(true_forecasts()))
    assert with_forecasts[combination.PROFESSIONAL] == 0.5
    assert sum(with_forecasts.values()) == pytest.approx(1)
    assert combination.PROFESSIONAL not in combination.prior(design(None))


def test_trained_forecaster_uses_the_forecasts() -> None:
    window = window_of(design(true_forecasts()))
    network = network_ensemble.fit(
        [window], 1, 0, EnsembleOptions(min_updates=1)
    ).of_inputs()
    weights = {combination.NETWORK: 0.1, combination.PROFESSIONAL: 0.9}
    forecaster = combination.CombinedForecaster.of(network, window, weights)
    assert forecaster.weights == weights
    raw = window.raw_ahead.copy()
    before = forecaster.probability(raw)
    raw[:, window.features.professional[0]] -= 2
    assert (forecaster.probability(raw) > before).all()
