import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from econnet.core.types import Floats
from econnet.evaluation.intervals import (
    Estimate,
    Periods,
    auroc_influence,
    estimate,
    ewc_error,
)
from tests.builders import at_most


def periods_of(outcome: Floats, countries: int = 1) -> Periods:
    """Return the periods of a record in which each has every country."""
    n = len(outcome) // countries
    quarters = pd.period_range("1990Q1", periods=n, freq="Q")
    return Periods.of(
        pd.DataFrame(
            {
                "country": np.tile(np.arange(countries), n),
                "period": quarters.repeat(countries),
                "outcome": outcome,
            }
        )
    )


def test_error_is_that_of_the_cosine_terms() -> None:
    """The formula of Lazarus, Lewis, Stock and Watson (2018), written out."""
    values = np.random.default_rng(0).normal(size=50).cumsum()
    n, terms = len(values), 6
    time = (np.arange(1, n + 1) - 0.5) / n
    cosines = [
        np.sqrt(2 / n) * (np.cos(np.pi * j * time) * values).sum()
        for j in range(1, terms + 1)
    ]
    long_run = np.mean(np.square(cosines))
    assert ewc_error(values, terms) == pytest.approx(np.sqrt(long_run / n))


def test_interval_has_the_critical_value_of_student() -> None:
    low, high = Estimate(1.0, 0.1, 6).interval(-10, 10)
    assert (low, high) == pytest.approx((1 - 0.19432, 1 + 0.19432), abs=1e-5)
    assert Estimate(0.95, 0.1, 6).interval(0, 1)[1] == 1


def test_p_value_agrees_with_the_interval() -> None:
    just_outside = Estimate(0.19432, 0.1, 6)
    assert just_outside.p_value == pytest.approx(0.1, abs=1e-4)
    assert Estimate(0.1, 0.0, 6).p_value is None


@pytest.mark.parametrize("persistence", [0.0, 0.8])
def test_interval_of_a_mean_covers_it_in_nine_of_ten_records(
    persistence: float,
) -> None:
    """In records of 240 months from an autoregression with a mean of 0."""
    rng = np.random.default_rng(0)
    costs = rng.normal(size=(240, 2000))
    costs[0] /= np.sqrt(1 - persistence**2)
    for month in range(1, len(costs)):
        costs[month] += persistence * costs[month - 1]
    inside = []
    for record in costs.T:
        mean = float(record.mean())
        low, high = estimate(mean, record - mean, 100).interval(-100, 100)
        inside.append(low < 0 < high)
    assert 0.86 < np.mean(inside) < 0.92


def test_fewer_spells_make_wider_intervals() -> None:
    values = np.random.default_rng(0).normal(size=80)
    widths = []
    for spells in (0, 2, 4, 8, 12, 50):
        low, high = estimate(0.0, values, spells).interval(-100, 100)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == widths[1]
    assert widths[-1] == widths[-2]


def test_spells_are_runs_of_contractions_within_a_country() -> None:
    two_countries = np.array([[0, 1, 1, 0, 0, 1], [1, 0, 0, 1, 1, 1]]).T
    assert periods_of(two_countries.ravel().astype(float), 2).spells == 4


def test_interval_from_a_single_period_covers_all_values() -> None:
    one = periods_of(np.array([0.0, 1.0, 1.0]), 3)
    assert one.mean(np.array([0.1, 0.2, 0.3])).interval(0, 1) == (0, 1)


def test_countries_of_a_period_count_as_one_value() -> None:
    """Many copies of one country give the interval of that country alone."""
    rng = np.random.default_rng(3)
    outcome = (rng.random(60) < 0.3).astype(float)
    costs = rng.random(60)
    alone = periods_of(outcome).mean(costs)
    copies = periods_of(outcome.repeat(5), 5).mean(costs.repeat(5))
    assert copies.value == pytest.approx(alone.value)
    assert copies.error == pytest.approx(alone.error)


def test_mean_of_a_ragged_panel_weights_rows_alike() -> None:
    record = pd.DataFrame(
        {
            "country": ["A", "B", "A", "A"],
            "period": pd.PeriodIndex(["2000", "2000", "2001", "2002"], freq="Y"),
            "outcome": [0.0, 1.0, 0.0, 1.0],
        }
    )
    mean = Periods.of(record).mean(np.array([1.0, 2.0, 3.0, 6.0]))
    assert mean.value == 3.0
    # Deviations from 3 by year are -3, 0 and 3, times 3 years over 4 rows.
    assert mean.error == pytest.approx(ewc_error(np.array([-2.25, 0.0, 2.25]), 2))


@at_most(30)
@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(2, 30))
def test_area_is_that_of_the_pairs_with_ties(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    outcome = np.append([0.0, 1.0], rng.integers(0, 2, 40))
    probability = rng.integers(0, levels, 42) / levels
    area, influence = auroc_influence(probability, outcome)
    assert area == pytest.approx(roc_auc_score(outcome, probability))
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_error_of_the_area_of_independent_rows_is_that_of_delong() -> None:
    """The variance by placements: of contractions and of expansions, each over n."""
    rng = np.random.default_rng(0)
    outcome = (rng.random(4000) < 0.3).astype(float)
    probability = stats.norm.cdf(rng.normal(outcome, 1.0))
    area, influence = auroc_influence(probability, outcome)
    contracted = outcome == 1
    pairs = probability[contracted][:, None] > probability[~contracted]
    delong = (
        pairs.mean(axis=1).var() / contracted.sum()
        + pairs.mean(axis=0).var() / (~contracted).sum()
    )
    assert np.mean(influence**2) / len(influence) == pytest.approx(delong)
    assert periods_of(outcome).auroc(probability, outcome).value == area


def test_difference_of_equal_models_is_zero_and_certain() -> None:
    rng = np.random.default_rng(0)
    outcome = (rng.random(100) < 0.3).astype(float)
    probability = rng.random(100)
    same = periods_of(outcome).auroc_difference(probability, probability, outcome)
    assert (same.value, same.error) == (0.0, 0.0)
