"""The choice of the headline among the answers to the standard questions."""

from collections.abc import Sequence

import pandas as pd

from econnet.evaluation.confidence import Skill
from econnet.forecast.result import QuestionAnswer


def headline(answers: Sequence[QuestionAnswer], today: pd.Timestamp) -> QuestionAnswer:
    """Return the answer to the headline question.

    If the periods of all questions are over, they are compared as if none were.
    """
    current = [each for each in answers if each.period.end_time >= today] or answers
    ahead = [each for each in current if each.task.horizon > 0]
    for some in (ahead, current):
        if proven := [each for each in some if each.confidence != "low"]:
            return max(proven, key=lambda each: proven_skill(each.skill))
    return max(ahead or current, key=lambda each: proven_skill(each.skill))


def proven_skill(skill: Skill | None) -> float:
    """Return the skill that is proven: the lower end of its 90% interval."""
    if skill is None or skill.interval is None:
        return float("-inf")
    return skill.interval[0]
