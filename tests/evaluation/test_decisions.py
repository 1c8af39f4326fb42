import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.types import Floats
from econnet.evaluation.decisions import decide, thresholds_by_origin
from econnet.evaluation.signals import cheapest_threshold


def record(probability: Floats, outcome: Floats) -> pd.DataFrame:
    """Return forecasts one quarter ahead, from 2000Q1 on."""
    origin = pd.period_range("2000Q1", periods=len(probability), freq="Q")
    return pd.DataFrame(
        {
            "origin": origin,
            "period": origin + 1,
            "probability": probability,
            "outcome": outcome,
        }
    )


def random_record(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.3).astype(float)
    outcome[-2:] = np.nan
    return record(rng.uniform(0, 1, n), outcome)


@given(seed=st.integers(0, 2**32 - 1), ratio=st.floats(0.1, 20))
def test_no_other_threshold_costs_less(seed: int, ratio: float) -> None:
    rows = random_record(seed).dropna()
    probability, outcome = rows["probability"].to_numpy(), rows["outcome"].to_numpy()

    def cost(threshold: float) -> float:
        signal = probability >= threshold
        missed, wrong = (
            (~signal & (outcome == 1)).sum(),
            (signal & (outcome == 0)).sum(),
        )
        return float(ratio * missed + wrong)

    best = cost(cheapest_threshold(probability, outcome, ratio))
    for threshold in np.linspace(0.0, 1.01, 60):
        assert best <= cost(threshold) + 1e-9


def test_decision_worked_by_hand() -> None:
    """Few outcomes are known, so that the threshold is 1 / (1 + 4) = 20%."""
    rows = record(
        np.array([0.1, 0.3, 0.5, 0.15, 0.25]), np.array([0.0, 1.0, 0.0, 1.0, np.nan])
    )
    decision = decide(rows, cost_ratio=4)
    assert decision.threshold == pytest.approx(0.2)
    assert decision.signal
    assert (decision.right, decision.wrong, decision.missed) == (1, 1, 1)
    assert decision.cost == 5  # one miss costs 4, one false alarm 1
    assert decision.cost_without_signals == 8
    assert decision.cost_of_always == 2


@given(seed=st.integers(0, 2**32 - 1))
def test_threshold_does_not_depend_on_what_came_later(seed: int) -> None:
    rows = random_record(seed)
    start = 40
    later = rows.index >= start
    changed = rows.assign(
        outcome=rows["outcome"].where(~later, 1 - rows["outcome"]),
        probability=rows["probability"].where(~later, 1 - rows["probability"]),
    )
    before = thresholds_by_origin(rows, 3.0)
    after = thresholds_by_origin(changed, 3.0)
    np.testing.assert_array_equal(before[: start + 1], after[: start + 1])


@given(seed=st.integers(0, 2**32 - 1))
def test_dearer_misses_never_give_fewer_signals_on_a_short_record(seed: int) -> None:
    rows = random_record(seed, n=12)
    cheap, dear = (decide(rows, ratio) for ratio in (1.0, 9.0))
    assert dear.right + dear.wrong >= cheap.right + cheap.wrong
    assert dear.threshold <= cheap.threshold
