from dataclasses import replace

import pytest

from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Skill
from econnet.evaluation.metrics import BrierParts, Scores

BASE = Scores(
    auroc=0.5,
    average_precision=0.2,
    brier=0.2,
    brier_skill=0.0,
    log_loss=0.5,
    log_loss_skill=0.0,
    brier_parts=BrierParts(reliability=0.0, resolution=0.0, uncertainty=0.2),
    recall_at_imf_precision=0.0,
    precision_at_imf_recall=0.2,
    n=80,
    n_contractions=16,
    n_origins=80,
)


def skill(difference: float, low: float, high: float, contractions: int = 16) -> Skill:
    """Return the skill of forecasts by their log loss minus the base rate's."""
    comparison = Comparison(difference, (low, high), None, 0, (0, 0), None, None, None)
    own = replace(BASE, log_loss=0.5 + difference, n_contractions=contractions)
    return Skill.of(own, BASE, comparison)


def test_skill_is_the_share_of_the_base_rates_loss_that_was_saved() -> None:
    made = skill(-0.1, -0.15, -0.02)
    assert made.value == pytest.approx(0.2)
    assert made.interval == pytest.approx((0.04, 0.3))
    assert (made.n, made.n_contractions) == (80, 16)


@pytest.mark.parametrize(
    ("made", "confidence"),
    [
        (skill(-0.1, -0.15, -0.01), "high"),  # 20%, interval above zero
        (skill(-0.09, -0.15, -0.01), "moderate"),  # 18%, interval above zero
        (skill(-0.2, -0.5, 0.01), "low"),  # 40%, but the interval includes zero
        (skill(0.1, 0.05, 0.2), "low"),  # worse than the base rate
        (skill(-0.1, -0.15, -0.01, contractions=4), "low"),  # too few contractions
    ],
)
def test_confidence_depends_on_the_interval(made: Skill, confidence: str) -> None:
    assert made.confidence == confidence


def test_base_rate_that_was_never_wrong_leaves_no_skill() -> None:
    comparison = Comparison(0.1, (0.0, 0.2), None, 0, (0, 0), None, None, None)
    made = Skill.of(BASE, replace(BASE, log_loss=0.0), comparison)
    assert made.value is None
    assert made.interval is None
    assert made.confidence == "low"
