from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import growth
from econnet.models.growth import LEVELS, GrowthDistribution, GrowthNetworks
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Window, make_windows
from tests.builders import world

QUICK = GrowthNetworks(1, EnsembleOptions(hidden_units=4, min_updates=1))


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(features, "Q", features.origins.max())


@st.composite
def distributions(draw: st.DrawFn) -> GrowthDistribution:
    """Draw distributions of some rows, of which quantiles may be equal or cross."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    estimates = rng.normal(rng.normal(), 2, (draw(st.integers(1, 5)), len(LEVELS)))
    if draw(st.booleans()):
        estimates = estimates.round()
    return GrowthDistribution.of(estimates)


@given(distributions())
def test_quantiles_are_undercut_with_the_probability_of_their_level(
    given_: GrowthDistribution,
) -> None:
    steps = np.diff(given_.quantiles, axis=1)
    for level in (0.001, 0.02, *LEVELS, 0.33, 0.97, 0.999):
        for row, at in enumerate(given_.quantile(level)):
            if steps[row].min() > 1e-6:
                assert given_.below(at)[row] == pytest.approx(level, rel=1e-6)


@given(distributions())
def test_probability_rises_with_growth_from_0_to_1(given_: GrowthDistribution) -> None:
    grid = np.linspace(-40, 40, 401)
    below = np.stack([given_.below(at) for at in grid])
    assert ((below >= 0) & (below <= 1)).all()
    assert (np.diff(below, axis=0) >= -1e-12).all()


@given(distributions(), st.floats(0.001, 0.999))
def test_tilted_distribution_has_the_given_mass_below_zero(
    given_: GrowthDistribution, negative: float
) -> None:
    tilted = given_.tilted(np.full(len(given_.quantiles), negative))
    np.testing.assert_allclose(tilted.below(0.0), negative)
    zero = given_.below(0.0)
    usual = (zero > 1e-6) & (zero < 1 - 1e-6)
    zero = zero[usual]
    # On each side of zero, parts keep their proportions.
    falls, rises = given_.below(-1.0)[usual], 1 - given_.below(1.0)[usual]
    expected = negative * falls / zero
    np.testing.assert_allclose(tilted.below(-1.0)[usual], expected, atol=1e-12)
    expected = (1 - negative) * rises / (1 - zero)
    np.testing.assert_allclose(1 - tilted.below(1.0)[usual], expected, atol=1e-12)
    median = tilted.quantile(0.5)
    if abs(negative - 0.5) > 1e-9:
        assert ((median < 0) == (negative > 0.5))[usual].all()


def test_probability_is_the_mass_below_zero(windows: list[Window]) -> None:
    window = windows[-1]
    fitted = QUICK.learn(window)
    mass = fitted.distribution(window.X_ahead).below(0.0)
    probability = fitted.probability(window.raw_ahead, window.X_ahead)
    np.testing.assert_allclose(probability, mass, atol=3 / len(window.train))
    np.testing.assert_array_equal(QUICK(windows[-1:])[0], probability)


def test_forecasts_of_a_window_do_not_depend_on_other_windows(
    windows: list[Window],
) -> None:
    together = QUICK(windows[:4])
    for window, expected in zip(windows[:4], together, strict=True):
        np.testing.assert_array_equal(QUICK([window])[0], expected)


def test_distribution_moves_with_the_unit_of_growth(windows: list[Window]) -> None:
    window = windows[-1]
    wide = replace(window, growth_train=4 * window.growth_train)
    once, fourfold = (
        QUICK.learn(each).distribution(window.X_ahead).quantiles
        for each in (window, wide)
    )
    np.testing.assert_allclose(fourfold, 4 * once, rtol=1e-5)


def test_outlier_of_growth_hardly_matters(windows: list[Window]) -> None:
    window = windows[-1]
    outlier = window.growth_train.copy()
    outlier[outlier.argmax()] = 1e6
    assert growth.spread(replace(window, growth_train=outlier)) == pytest.approx(
        growth.spread(window), rel=0.01
    )


@pytest.mark.campaign
def test_quantiles_are_undercut_as_often_as_they_should(windows: list[Window]) -> None:
    """Out of sample, in a world whose growth can be foreseen in part."""
    features = windows[0].features
    made = [GrowthNetworks(2).learn(window) for window in windows]
    below = np.concatenate(
        [
            features_growth(window)[:, None]
            < fitted.distribution(window.X_ahead).quantiles
            for window, fitted in zip(windows, made, strict=True)
        ]
    )
    known = ~np.isnan(np.concatenate([features_growth(window) for window in windows]))
    shares = below[known].mean(axis=0)
    np.testing.assert_allclose(shares, LEVELS, atol=0.12)
    assert features.growth_of_label is not None


def features_growth(window: Window) -> np.ndarray:
    """Return the growth that the rows ahead had, as known today."""
    dated = window.features.growth_of_label
    assert dated is not None
    periods = window.features.origins[window.ahead] + window.features.horizon
    countries = window.features.countries[window.ahead]
    keys = list(zip(countries, periods, strict=True))
    return dated.values.reindex(keys).to_numpy(dtype=float)
