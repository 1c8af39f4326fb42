import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from econnet.evaluation import metrics


def record(probability: list[float], outcome: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"origin": range(len(outcome)), "probability": probability, "outcome": outcome}
    )


@given(st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.01, 0.99, 50)
    outcome = np.r_[0.0, 1.0, rng.integers(0, 2, 48)]
    scores = metrics.score(
        record(probability.tolist(), outcome.tolist()), np.full(50, 0.5)
    )
    assert scores.auroc == pytest.approx(reference.roc_auc_score(outcome, probability))
    assert scores.brier == pytest.approx(
        reference.brier_score_loss(outcome, probability)
    )
    assert scores.log_loss == pytest.approx(reference.log_loss(outcome, probability))
    assert scores.average_precision == pytest.approx(
        reference.average_precision_score(outcome, probability)
    )


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.0]), st.booleans()),
        max_size=30,
    )
)
def test_curves_are_those_of_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    rows = [*rows, (0.4, True), (0.3, False)]
    probability, outcome = np.array(rows, dtype=float).T
    false_alarms, hits, _ = reference.roc_curve(outcome, probability)
    curve = metrics.roc_curve(probability, outcome)
    np.testing.assert_array_equal(curve, [false_alarms, hits])
    precision, recall, _ = reference.precision_recall_curve(outcome, probability)
    ours = metrics.precision_recall_curve(probability, outcome)
    # Its last point has no threshold: no signals, and a precision of 1.
    np.testing.assert_array_equal(ours, [recall[-2::-1], precision[-2::-1]])


def test_skill_is_the_share_of_the_base_rates_cost_that_is_saved() -> None:
    outcome = [1.0, 0.0, 0.0, 0.0]
    base_rate = np.full(4, 0.25)
    perfect = metrics.score(record(outcome, outcome), base_rate)
    same = metrics.score(record([0.25] * 4, outcome), base_rate)
    worse = metrics.score(record([0.9] * 4, outcome), base_rate)
    assert perfect.brier_skill == 1
    assert same.brier_skill == same.log_loss_skill == 0
    assert worse.brier_skill is not None
    assert worse.brier_skill < 0


def test_certain_and_wrong_forecast_has_a_large_but_finite_cost() -> None:
    scores = metrics.score(record([1.0, 0.0], [0.0, 1.0]), np.full(2, 0.5))
    assert scores.brier == 1
    assert scores.log_loss == pytest.approx(-np.log(1e-6))


def test_without_a_contraction_ranking_scores_are_none() -> None:
    scores = metrics.score(record([0.1, 0.2], [0.0, 0.0]), np.full(2, 0.1))
    assert scores.auroc is None
    assert scores.average_precision is None
    assert (scores.n, scores.n_contractions, scores.n_origins) == (2, 0, 2)


def test_with_contractions_only_ranking_scores_are_none() -> None:
    scores = metrics.score(record([0.1, 0.2], [1.0, 1.0]), np.full(2, 0.1))
    assert scores.auroc is scores.average_precision is None
    assert scores.recall_at_imf_precision is scores.precision_at_imf_recall is None
    assert (scores.n, scores.n_contractions, scores.n_origins) == (2, 2, 2)


def test_one_contraction_is_enough_to_rank() -> None:
    scores = metrics.score(record([0.1, 0.9, 0.8], [0.0, 0.0, 1.0]), np.full(3, 0.1))
    assert scores.auroc == scores.average_precision == 0.5
    assert scores.recall_at_imf_precision == 0
    assert scores.precision_at_imf_recall == 0.5


def test_interval_of_a_share_is_between_0_and_1() -> None:
    for n in range(1, 200):
        for hits in (0, n):
            low, high = metrics.wilson_interval(hits, n)
            assert 0 <= low < high <= 1


def test_skill_is_none_if_the_base_rate_costs_nothing() -> None:
    scores = metrics.score(record([0.1, 0.9], [0.0, 1.0]), np.array([0.0, 1.0]))
    assert scores.brier_skill is None
    # A certain forecast is clipped to one in a million, which costs a little.
    assert scores.log_loss_skill == pytest.approx(1 + np.log(0.9) / 1e-6, rel=1e-5)


def test_scores_count_origins_once_and_compare_with_the_imf() -> None:
    """From the highest on: wrong, right, right, wrong, right."""
    rows = record([0.9, 0.8, 0.7, 0.6, 0.5], [0.0, 1.0, 1.0, 0.0, 1.0])
    rows["origin"] = [1, 1, 2, 2, 3]
    scores = metrics.score(rows, np.full(5, 0.5))
    assert (scores.n, scores.n_contractions, scores.n_origins) == (5, 3, 3)
    # All three are found at a precision of 3/5, two of them at 2/3, above 64%.
    assert scores.recall_at_imf_precision == pytest.approx(2 / 3)
    assert scores.precision_at_imf_recall == pytest.approx(2 / 3)
    assert scores.brier_parts == metrics.brier_parts(
        rows["probability"].to_numpy(), rows["outcome"].to_numpy()
    )


def test_imf_found_13_percent_of_falls_in_the_autumn_before() -> None:
    # The first signal is right and finds one contraction of five, or 20%; the next
    # contraction comes after three wrong signals.
    outcome = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    falling = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    scores = metrics.score(record(falling, outcome), np.full(8, 0.5))
    assert scores.precision_at_imf_recall == 1


@given(st.integers(0, 2**32 - 1))
def test_every_forecast_is_in_one_reliability_bin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = np.round(rng.uniform(0, 1, 40), 1)
    outcome = rng.integers(0, 2, 40).astype(float)
    curve = metrics.reliability_curve(probability, outcome)
    assert sum(part.n for part in curve) == 40
    assert sum(part.n * part.frequency for part in curve) == pytest.approx(
        outcome.sum()
    )
    assert [part.probability for part in curve] == sorted(p.probability for p in curve)
    for part in curve:
        low, high = part.interval
        assert 0 <= low <= part.frequency + 1e-12
        assert part.frequency - 1e-12 <= high <= 1


def test_reliability_curve_has_five_equal_bins_by_default() -> None:
    probability = np.arange(10) / 10
    outcome = np.array([0, 0, 0, 1, 0, 1, 1, 1, 1, 1], float)
    curve = metrics.reliability_curve(probability, outcome)
    assert [part.n for part in curve] == [2] * 5
    np.testing.assert_allclose(
        [part.probability for part in curve], [0.05, 0.25, 0.45, 0.65, 0.85]
    )
    assert [part.frequency for part in curve] == [0, 0.5, 0.5, 1, 1]
    assert [part.interval for part in curve] == [
        metrics.wilson_interval(hits, 2) for hits in (0, 1, 1, 2, 2)
    ]
    halves = metrics.reliability_curve(probability, outcome, bins=2)
    assert [(part.n, part.frequency) for part in halves] == [(5, 0.2), (5, 1)]


def test_forecast_at_the_edge_of_two_bins_is_in_the_lower() -> None:
    curve = metrics.reliability_curve(np.array([0.1, 0.2, 0.3]), np.ones(3), bins=2)
    assert [part.n for part in curve] == [2, 1]


def test_equal_forecasts_share_a_bin() -> None:
    curve = metrics.reliability_curve(np.full(9, 0.3), np.r_[np.ones(3), np.zeros(6)])
    (part,) = curve
    assert part.n == 9
    assert part.frequency == pytest.approx(1 / 3)


def test_parts_of_a_brier_score_worked_by_hand() -> None:
    """One of five forecasts of 20% comes true, and four of five of 60%.

    The first are reliable; the second are off by 0.2, as are both from the mean by 0.3.
    """
    probability = np.repeat([0.2, 0.6], 5)
    outcome = np.array([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], float)
    parts = metrics.brier_parts(probability, outcome)
    assert parts.reliability == pytest.approx(0.5 * 0.2**2)
    assert parts.resolution == pytest.approx(0.3**2)
    assert parts.uncertainty == pytest.approx(0.25)


@given(st.integers(0, 2**32 - 1))
def test_parts_of_a_brier_score_add_up_and_are_never_negative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = np.round(rng.random(40), rng.integers(1, 6))
    outcome = rng.integers(0, 2, 40).astype(float)
    parts = metrics.brier_parts(probability, outcome)
    whole = parts.reliability - parts.resolution + parts.uncertainty
    assert whole == pytest.approx(reference.brier_score_loss(outcome, probability))
    assert parts.reliability > -1e-12
    assert -1e-12 < parts.resolution < parts.uncertainty + 1e-12


def test_recall_and_precision_worked_by_hand() -> None:
    """From the highest on: right, wrong, right, right, wrong.

    So precision is 1, 1/2, 2/3, 3/4, 3/5 where recall is 1/3, 1/3, 2/3, 1, 1.
    """
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    outcome = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    assert metrics.recall_at_precision(probability, outcome, 0.57) == 1.0
    assert metrics.recall_at_precision(probability, outcome, 0.76) == pytest.approx(
        1 / 3
    )
    assert metrics.precision_at_recall(probability, outcome, 0.24) == 1.0
    assert metrics.precision_at_recall(probability, outcome, 0.5) == 0.75
    # Both bounds are inclusive.
    assert metrics.recall_at_precision(probability, outcome, 0.75) == 1.0
    assert metrics.precision_at_recall(probability, outcome, 1.0) == 0.75


def test_recall_is_0_if_no_threshold_is_precise_enough() -> None:
    probability, outcome = np.array([0.9, 0.8, 0.1]), np.array([0.0, 0.0, 1.0])
    assert metrics.recall_at_precision(probability, outcome, 0.57) == 0.0


def test_curves_worked_by_hand() -> None:
    """From the highest on: right, wrong, right, right and wrong at once, wrong.

    So of three contractions 1, 1, 2, 3, 3 are seen and of three expansions 0, 1, 1, 2,
    3 taken for one.
    """
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.5])
    outcome = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    recall, precision = metrics.precision_recall_curve(probability, outcome)
    np.testing.assert_allclose(recall, [1 / 3, 1 / 3, 2 / 3, 1, 1])
    np.testing.assert_allclose(precision, [1, 1 / 2, 2 / 3, 3 / 5, 3 / 6])
    false_alarms, hits = metrics.roc_curve(probability, outcome)
    np.testing.assert_allclose(false_alarms, [0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(hits, [0, 1 / 3, 1 / 3, 2 / 3, 1, 1])
