from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.evaluation import signals
from econnet.evaluation.signals import EpisodeCall, Measure, Scorecard
from econnet.models.windows import Window, make_windows
from tests.builders import world


@given(st.integers(0, 2**32 - 1))
def test_scores_of_signals_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcome = np.r_[0.0, 1.0, rng.integers(0, 2, 18)]
    signal = rng.random(20) < 0.4
    expected = reference.f1_score(outcome, signal, zero_division=0)
    assert signals.f1(signal, outcome) == pytest.approx(expected)
    assert signals.balanced_accuracy(signal, outcome) == pytest.approx(
        reference.balanced_accuracy_score(outcome, signal)
    )


def test_balanced_accuracy_needs_both_outcomes() -> None:
    assert signals.balanced_accuracy(np.array([True, False]), np.zeros(2)) is None


@pytest.mark.parametrize("measure", ["f1", "balanced_accuracy"])
@given(seed=st.integers(0, 2**32 - 1))
def test_no_other_threshold_is_better(measure: Measure, seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = (
        rng.integers(0, 8, 20) / 10 + 0.1
    )  # few levels, so that many are equal
    outcome = np.r_[0.0, 1.0, rng.integers(0, 2, 18)]
    score = signals.f1 if measure == "f1" else signals.balanced_accuracy
    chosen = score(
        probability >= signals.best_threshold(probability, outcome, measure), outcome
    )
    assert chosen is not None
    for level in np.linspace(0, 1, 41):
        other = score(probability >= level, outcome)
        assert other is not None
        assert chosen >= other - 1e-12


def test_threshold_lies_half_way_down_to_the_next_forecast() -> None:
    probability, outcome = (
        np.array([0.9, 0.7, 0.3, 0.1]),
        np.array([1.0, 1.0, 0.0, 0.0]),
    )
    assert signals.best_threshold(probability, outcome, "f1") == pytest.approx(0.5)


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(features, "Q", features.origins.max())


def test_threshold_does_not_depend_on_later_windows(
    windows: list[Window],
) -> None:
    """A window's threshold depends on no forecast from that window on."""
    rng = np.random.default_rng(0)
    forecasts = [rng.random(len(window.ahead)) for window in windows]
    middle = len(windows) // 2
    changed = [
        *forecasts[:middle],
        *(1 - probability for probability in forecasts[middle:]),
    ]
    before = signals.thresholds(windows, forecasts, "f1")
    after = signals.thresholds(windows, changed, "f1")
    assert before[: middle + 1] == after[: middle + 1]
    assert before != after


def test_first_threshold_is_the_share_of_contractions_so_far(
    windows: list[Window],
) -> None:
    forecasts = [np.full(len(window.ahead), 0.5) for window in windows]
    first = signals.thresholds(windows, forecasts, "f1")[0]
    assert first == pytest.approx(windows[0].y_train.mean())


def test_threshold_is_best_for_the_forecasts_whose_outcome_was_known(
    windows: list[Window],
) -> None:
    """If 20% always precedes a contraction, and 10% never, the threshold is 15%."""
    forecasts = [np.where(window.outcome == 1, 0.2, 0.1) for window in windows]
    assert signals.thresholds(windows, forecasts, "f1")[-1] == pytest.approx(0.15)
    issued = signals.real_time_signals(windows, forecasts, "f1")
    last = windows[-1].outcome
    np.testing.assert_array_equal(issued[-len(last) :], last == 1)


def card(
    contracts: str, signalled: str, event: Event = "at", horizon: int = 1
) -> Scorecard:
    """Return the scorecard of one country, from 2000Q1 on.

    One character per quarter: `x` contracts, `!` is a signal in that quarter for
    `horizon` quarters ahead.
    """
    quarters = pd.period_range("2000Q1", periods=len(contracts), freq="Q")
    contractions = pd.Series(
        [float(character == "x") for character in contracts],
        pd.MultiIndex.from_product([["DEU"], quarters], names=["country", "period"]),
    )
    origins = pd.period_range("2000Q1", periods=len(signalled), freq="Q")
    record = pd.DataFrame(
        {
            "country": "DEU",
            "origin": origins,
            "period": origins + horizon,
            "probability": np.linspace(0.1, 0.9, len(signalled)),
            "signal": [character == "!" for character in signalled],
        }
    )
    return signals.scorecard(record, contractions, event, patience=4)


@pytest.mark.parametrize(
    ("contracts", "signalled", "early", "false_alarms"),
    [
        (".....xx...", "....!!...", [1], 0),  # in time: a quarter ahead of the first
        (".....xx...", ".....!...", [0], 0),  # late by as much: for its second quarter
        (".....xx...", ".!.......", [4], 0),  # for a quarter three before the first
        ("........xx", ".!.......", [None], 1),  # too early to be right
        (".....xx...", ".........", [None], 0),  # missed
        (".....xx...", "......!..", [None], 1),  # when it is over
        (".....xx...", "!!!.....!", [5], 1),
        ("...x.x....", "..!......", [1, None], 0),  # the second has none of its own
        ("...x.x....", "..!.!....", [1, 1], 0),
        ("x....xx...", "....!....", [1], 0),  # the first began before any forecast
        ("..........", "!.!!.....", [], 2),
    ],
)
def test_episodes_and_alarms_worked_by_hand(
    contracts: str, signalled: str, early: Sequence[int | None], false_alarms: int
) -> None:
    scorecard = card(contracts, signalled)
    assert [call.periods_early for call in scorecard.episodes] == early
    assert scorecard.n_false_alarms == false_alarms


def test_episode_has_its_periods_and_its_first_signal() -> None:
    scorecard = card(".....xx...", "....!....")
    (call,) = scorecard.episodes
    highest = call.highest_probability  # of 0.1, 0.2, ...: that of the second quarter
    assert highest == pytest.approx(0.6)
    assert call == EpisodeCall("DEU", "2001Q2", "2001Q3", "2001Q1", 1, highest)
    assert scorecard.median_periods_early == 1
    assert card(".....xx...", ".........").median_periods_early is None


def test_signal_of_a_contraction_within_a_year_may_come_a_year_before() -> None:
    scorecard = card("......x....", "..!........", "within", horizon=4)
    assert [call.periods_early for call in scorecard.episodes] == [4]
    assert scorecard.n_false_alarms == 0
