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
    `horizon` quarters ahead. Only forecasts of these quarters are scored.
    """
    quarters = pd.period_range("2000Q1", periods=len(contracts), freq="Q")
    contractions = pd.Series(
        [float(character == "x") for character in contracts],
        pd.MultiIndex.from_product([["DEU"], quarters], names=["country", "period"]),
    )
    origins = pd.period_range("2000Q1", periods=len(signalled), freq="Q")
    until = np.arange(len(signalled)) + horizon
    since = np.arange(len(signalled)) + 1 if event == "within" else until
    record = pd.DataFrame(
        {
            "country": "DEU",
            "origin": origins,
            "period": origins + horizon,
            "probability": np.linspace(0.1, 0.9, len(signalled)),
            "signal": [character == "!" for character in signalled],
            "outcome": [
                float("x" in contracts[first : last + 1])
                for first, last in zip(since, until, strict=True)
            ],
        }
    )[until < len(contracts)]
    return signals.scorecard(record, contractions, event)


@pytest.mark.parametrize(
    ("contracts", "signalled", "early", "right", "wrong"),
    [
        (".....xx...", "....!!...", [1], 2, 0),  # in time: a quarter before the first
        (".....xx...", ".....!...", [0], 1, 0),  # late: for its second quarter
        (".....xx...", ".!.......", [None], 0, 1),  # no run leads from it to the first
        (".....xx...", ".!!!!....", [4], 1, 3),  # an unbroken run leads into it
        (".....xx...", ".!!.!....", [1], 1, 2),  # a broken one does not
        (".....xx...", ".........", [None], 0, 0),  # missed
        (".....xx...", "......!..", [None], 0, 1),  # when it is over
        (".....xx...", "!!!!!!!!!", [5], 2, 7),  # always: every wrong signal counts
        ("...x..x...", "..!!!!...", [1, 1], 2, 2),  # the run followed the first
        ("...x..x...", "..!.!!...", [1, 2], 2, 1),  # this one did not
        ("...x...x..", "...!!!!..", [None, 1], 1, 3),  # it began after the first
        ("...x.x....", "..!......", [1, None], 1, 0),  # the second has none of its own
        ("x....xx...", "....!....", [1], 1, 0),  # the first began before any forecast
        ("..........", "!.!!.....", [], 0, 3),
    ],
)
def test_signals_worked_by_hand(
    contracts: str,
    signalled: str,
    early: Sequence[int | None],
    right: int,
    wrong: int,
) -> None:
    scorecard = card(contracts, signalled)
    assert [call.periods_early for call in scorecard.episodes] == early
    assert (scorecard.counts.right, scorecard.counts.wrong) == (right, wrong)


def test_every_wrong_signal_is_in_one_false_alarm() -> None:
    scorecard = card(".....xx...", "!!..!!!!!")
    alarms = [
        (alarm.first, alarm.last, alarm.periods) for alarm in scorecard.false_alarms
    ]
    assert alarms == [("2000Q2", "2000Q3", 2), ("2001Q4", "2002Q2", 3)]
    assert sum(alarm.periods for alarm in scorecard.false_alarms) == 5
    assert scorecard.counts.wrong == 5
    # Of nine forecasts, two were for contractions.
    assert scorecard.counts.share_of_expansions == pytest.approx(5 / 7)


def test_country_that_is_always_signalled_has_no_early_calls() -> None:
    """Tuvalu: all of 29 years were signalled, and every contraction looked foreseen."""
    scorecard = card("..x...x..x.x..", "!!!!!!!!!!!!!")
    assert [call.periods_early for call in scorecard.episodes] == [2, 1, 1, 1]
    assert (scorecard.counts.signals, scorecard.counts.right) == (13, 4)
    assert scorecard.counts.share_of_expansions == 1.0
    assert scorecard.false_alarms


def test_run_is_broken_where_an_origin_has_no_forecast() -> None:
    scorecard = card(".......x..", "...!!!!..")
    assert [call.periods_early for call in scorecard.episodes] == [4]
    rows = pd.DataFrame(
        {
            "country": "DEU",
            "origin": pd.PeriodIndex(["2000Q4", "2001Q1", "2001Q3"], freq="Q"),
            "period": pd.PeriodIndex(["2001Q1", "2001Q2", "2001Q4"], freq="Q"),
            "probability": 0.5,
            "signal": True,
            "outcome": [0.0, 0.0, 1.0],
        }
    )
    index = pd.MultiIndex.from_product([["DEU"], rows["period"]])
    contractions = pd.Series([0.0, 0.0, 1.0], index.set_names(["country", "period"]))
    (call,) = signals.scorecard(rows, contractions, "at").episodes
    assert call.periods_early == 1


def test_episode_has_its_periods_and_its_first_signal() -> None:
    scorecard = card(".....xx...", "....!....")
    (call,) = scorecard.episodes
    highest = call.highest_probability  # of 0.1, 0.2, ...: that of the second quarter
    assert highest == pytest.approx(0.6)
    assert call == EpisodeCall("DEU", "2001Q2", "2001Q3", "2001Q1", 1, highest)
    assert scorecard.median_periods_early == 1
    assert card(".....xx...", ".........").median_periods_early is None


def test_signal_of_a_contraction_within_a_year_may_come_a_year_before() -> None:
    scorecard = card("......x....", "..!....", "within", horizon=4)
    assert [call.periods_early for call in scorecard.episodes] == [4]
    assert (scorecard.counts.right, scorecard.counts.wrong) == (1, 0)
