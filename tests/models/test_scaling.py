import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.types import Floats
from econnet.models.scaling import (
    MAX_SHARE_MISSING,
    NO_COLUMNS,
    Scaler,
    has_information,
)

SEEDS = st.integers(0, 2**32 - 1)
FIRST = np.array([0])


def column(seed: int, rows: int = 120) -> Floats:
    return np.random.default_rng(seed).standard_t(3, (rows, 1))


def scaler_of(X: Floats, emphasis: float = 1.0) -> Scaler:
    """Fit a scaler whose first column may get a flag."""
    return Scaler.fit(X, FIRST, np.full(X.shape[1], emphasis))


@given(seed=SEEDS)
def test_training_rows_have_mean_zero_and_standard_deviation_one(seed: int) -> None:
    X = column(seed)
    scores = scaler_of(X).transform(X)[:, 0]
    # Normal scores of the 1st to the 99th percentile are not clipped.
    assert scores.mean() == pytest.approx(0, abs=1e-12)
    assert scores.std() == pytest.approx(1)


@given(seed=SEEDS)
def test_order_of_rows_is_kept(seed: int) -> None:
    X = column(seed)
    scores = scaler_of(X).transform(X)[:, 0]
    assert (np.diff(scores[np.argsort(X[:, 0])]) >= 0).all()


@given(seed=SEEDS, unit=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_unit_of_measurement_changes_nothing(
    seed: int, unit: float, shift: float
) -> None:
    X = column(seed)
    other = unit * X + shift
    np.testing.assert_allclose(
        scaler_of(X).transform(X), scaler_of(other).transform(other), atol=1e-6
    )


@pytest.mark.parametrize("outlier", [1e3, 1e300])
def test_outlier_is_no_further_out_than_the_largest_of_a_hundred(
    outlier: float,
) -> None:
    X = np.arange(1.0, 101.0)[:, None]
    scaler = scaler_of(X)
    largest, beyond = scaler.transform(np.array([[100.0], [outlier]]))[:, 0]
    assert beyond == largest
    # The 99th percentile of a standard normal distribution.
    assert beyond == pytest.approx(2.33, rel=0.02)


def test_normal_values_are_only_standardised() -> None:
    normal = np.random.default_rng(1).normal(5, 2, (20_000, 1))
    scores = scaler_of(normal).transform(np.array([[1.0], [5.0], [7.0]]))[:, 0]
    # Standard deviations are a little larger where the tails are cut off.
    np.testing.assert_allclose(scores, [-2.03, 0.0, 1.02], atol=0.05)


@given(seed=SEEDS)
def test_monotonic_transformations_change_nothing(seed: int) -> None:
    X = column(seed)
    scores, of_cubes = (scaler_of(it).transform(it)[:, 0] for it in (X, X**3))
    # Percentiles between two rows are interpolated, which cubes change a little.
    np.testing.assert_allclose(scores, of_cubes, atol=0.15)


def test_score_of_equal_values_is_the_middle_of_theirs() -> None:
    # A flag that is 0 in 80% of the rows and 1 in 20%: the first ones have the scores
    # from the 1st to the 80th percentile, the others those up to the 99th.
    X = np.repeat([0.0, 1.0], [80, 20])[:, None]
    scaler = scaler_of(X)
    zero, unit = scaler.transform(np.array([[0.0], [1.0]]))[:, 0]
    assert unit - zero == pytest.approx(1 / np.sqrt(0.8 * 0.2))
    zeros, ones = (-2.33 + 0.84) / 2, (0.84 + 2.33) / 2
    assert scaler.mean[0] == pytest.approx(0.8 * zeros + 0.2 * ones, abs=0.01)


def test_missing_value_is_scaled_as_the_median_and_flagged() -> None:
    X = np.arange(101.0)[:, None]
    X[::10] = np.nan
    scaler = scaler_of(X)
    missing, median = scaler.transform(np.array([[np.nan], scaler.median]))
    assert missing[0] == median[0]
    assert (missing[1], median[1]) == (1.0, 0.0)


def test_column_that_is_hardly_ever_missing_gets_no_flag() -> None:
    X = np.arange(101.0)[:, None]
    X[0] = np.nan
    assert scaler_of(X).transform(X)[0, 1] == 0.0


@pytest.mark.parametrize("missing", [0.0, 1.0, MAX_SHARE_MISSING + 0.01])
def test_column_without_information_is_zero_throughout(missing: float) -> None:
    X = np.arange(100.0)[:, None] + [0.0, 1.0]
    X[: round(100 * missing), 0] = np.nan
    if not missing:
        X[:, 0] = 4.2
    scaler = scaler_of(X)
    scores = scaler.transform(np.array([[-1e9, 1.0], [1e9, 2.0], [np.nan, 3.0]]))
    assert not scores[:, [0, 2]].any()
    assert scores[:, 1].all()
    assert not scaler.knots[0].any()


def test_emphasis_multiplies_a_column_but_not_its_flag() -> None:
    X = column(1)
    X[:10] = np.nan
    once, thrice = (scaler_of(X, emphasis).transform(X) for emphasis in (1.0, 3.0))
    np.testing.assert_allclose(thrice[:, 0], 3 * once[:, 0], rtol=1e-15)
    np.testing.assert_array_equal(thrice[:, 1], once[:, 1])


def test_low_median_and_high_are_percentiles_of_the_training_rows() -> None:
    X = np.arange(101.0)[:, None]
    scaler = scaler_of(X)
    quantiles = [scaler.low[0], scaler.median[0], scaler.high[0]]
    assert quantiles == pytest.approx([1, 50, 99])


def test_rows_to_scale_do_not_change_the_scaler() -> None:
    X, later = column(1), 50 + column(2)
    scaler = scaler_of(X)
    alone = scaler.transform(X)
    together = scaler.transform(np.concatenate([X, later]))
    np.testing.assert_array_equal(together[: len(X)], alone)


@pytest.mark.parametrize(("n_missing", "usable"), [(60, True), (61, False)])
def test_rows_have_information_if_a_column_is_present_in_half(
    n_missing: int, usable: bool
) -> None:
    X = np.hstack([np.full((120, 1), np.nan), column(1)])
    X[:n_missing, 1] = np.nan
    assert has_information(X) == usable


@given(seed=SEEDS)
def test_linear_columns_keep_distances_on_each_side_of_the_median(seed: int) -> None:
    X = column(seed)
    scaler = Scaler.fit(X, NO_COLUMNS, np.ones(1), linear=FIRST)
    low, median = scaler.low[0], scaler.median[0]
    at = low + (median - low) * np.array([0.6, 0.7, 0.8, 0.9, 1.0])
    scores = scaler.transform(at[:, None])[:, 0]
    # Nearer to the median, no value is clipped at three standard deviations.
    np.testing.assert_allclose(np.diff(scores), np.diff(scores)[0], rtol=1e-6)


@given(seed=SEEDS)
def test_percentiles_are_those_of_the_values_that_are_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_t(3, (60, 8))
    X[rng.random(X.shape) < rng.choice([0.0, 0.2, 0.4], 8)] = np.nan
    present = np.isnan(X).mean(axis=0) <= MAX_SHARE_MISSING
    expected = np.nanquantile(X[:, present], np.linspace(0.01, 0.99, 99), axis=0)
    np.testing.assert_array_equal(scaler_of(X).knots[present], expected.T)


def test_some_columns_alone_are_scaled_to_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, (80, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    scaler = Scaler.fit(X, np.array([1, 3, 5]), np.array([1.0, 2, 1, 1, 3, 1]))
    columns = np.array([1, 2, 5])
    of_columns, inputs = scaler.of_columns(columns)
    np.testing.assert_array_equal(inputs, [1, 2, 5, 6, 8])
    np.testing.assert_array_equal(
        of_columns.transform(X[:, columns]), scaler.transform(X)[:, inputs]
    )
