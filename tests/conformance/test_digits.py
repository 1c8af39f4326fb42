"""econnet's numbers agree with those of others to the stated number of digits."""

import importlib.util
import math

import numpy as np
import pytest

from scripts import evidence as page
from tests.conformance.checks import CHECKS
from tests.conformance.evidence import Check, digits_of_agreement


@pytest.mark.parametrize(
    "check", CHECKS, ids=lambda check: f"{check.what} | {check.against}"
)
def test_numbers_agree_to_the_digits_stated(check: Check) -> None:
    if check.needs and importlib.util.find_spec(check.needs) is None:
        pytest.skip(f"{check.needs} is not installed: pip install 'econnet[duel]'")
    ours, theirs = check.pair()
    agreed = digits_of_agreement(ours, theirs, of_largest=check.of_largest)
    assert agreed >= check.digits


def test_page_states_these_digits() -> None:
    remedy = "rewrite the page: python -m scripts.evidence"
    assert page.PAGE.read_text("utf-8") == page.rewritten(CHECKS), remedy


@pytest.mark.parametrize(
    ("found", "certified", "digits"),
    [
        ([1.0], [1.0], 15),
        ([1.001], [1.0], 3),
        ([-2.0002], [-2.0], 4),
        ([1.1, 1.000001], [1.0, 1.0], 1),  # the worst one counts
        ([1e-5], [0.0], 5),
        ([3.0], [1.0], 0),
        ([math.nan], [1.0], 0),
    ],
)
def test_digits_are_those_of_the_relative_error(
    found: list[float], certified: list[float], digits: float
) -> None:
    assert digits_of_agreement(found, certified) == pytest.approx(digits, abs=1e-9)


def test_digits_of_a_series_are_counted_from_its_largest() -> None:
    found, certified = np.array([100.0, 1e-3]), np.array([100.0, 0.0])
    assert digits_of_agreement(found, certified) == pytest.approx(3)
    assert digits_of_agreement(found, certified, of_largest=True) == pytest.approx(5)


def test_numbers_of_different_shapes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        digits_of_agreement([1.0, 2.0], [1.0])
