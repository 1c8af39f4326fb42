import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from econnet.core.log_odds import CLIP, log_odds, probability


@given(st.floats(CLIP, 1 - CLIP))
def test_log_odds_equal_scipys_logit_and_can_be_inverted(chance: float) -> None:
    odds = log_odds(chance)
    assert odds == pytest.approx(special.logit(chance), abs=1e-12)
    assert probability(odds) == pytest.approx(chance, rel=1e-9)


@given(st.floats(0, 1), st.sampled_from([CLIP, 1e-6]))
def test_log_odds_are_finite_and_bounded_by_the_clip(
    chance: float, clip: float
) -> None:
    bound = special.logit(1 - clip)
    assert abs(log_odds(chance, clip)) <= bound * (1 + 1e-9)


def test_log_odds_of_an_array_are_those_of_its_elements() -> None:
    chances = np.linspace(0, 1, 23)
    each = [float(log_odds(chance)) for chance in chances]
    np.testing.assert_array_equal(log_odds(chances), each)
