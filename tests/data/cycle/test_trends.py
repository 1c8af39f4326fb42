import numpy as np
import pytest

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.data.cycle.trends import below_hamilton_trend, below_hp_trend


@pytest.mark.parametrize("below", [below_hamilton_trend, below_hp_trend])
@pytest.mark.parametrize("frequency", ["A", "Q", "M"])
@pytest.mark.parametrize("rate", [-0.3, 0.0, 0.7])
def test_constant_growth_is_never_below_its_trend(
    below: object, frequency: Frequency, rate: float
) -> None:
    assert callable(below)
    periods = np.arange(60 * PERIODS_A_YEAR[frequency])
    levels = 100 * np.exp(rate * periods / 100)
    levels = np.array([float(f"{level:.6g}") for level in levels])
    assert not np.nansum(below(levels, frequency))


@pytest.mark.parametrize("below", [below_hamilton_trend, below_hp_trend])
def test_dent_of_a_tenth_of_a_percent_is_below_the_trend(below: object) -> None:
    assert callable(below)
    levels = 100 * np.exp(0.5 * np.arange(120) / 100)
    levels[80] *= 0.999
    assert below(levels, "Q")[80] == 1
