"""The table of the standard questions, and why one of them is the headline."""

import pandas as pd

from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.report.wording.event import question
from econnet.report.wording.formatting import (
    count,
    percent,
    signed_percent,
    signed_percent_range,
)

# The first of these fit on a phone.
QUESTIONS_HEAD = (
    "question",
    "probability",
    "average",
    "confidence",
    "skill",
    "90% interval",
)
NO_SKILL = "\N{EN DASH}"


def question_rows(forecast: Forecast) -> list[list[str]]:
    """Return a row per standard question, those with the best proven skill first.

    The columns are those of `QUESTIONS_HEAD`.
    """
    return [_row(answer, forecast) for answer in forecast.questions]


def _row(answer: QuestionAnswer, forecast: Forecast) -> list[str]:
    skill = answer.skill
    value, interval = NO_SKILL, NO_SKILL
    if skill is not None and skill.value is not None and skill.interval is not None:
        value = signed_percent(skill.value)
        interval = signed_percent_range(skill.interval)
    return [
        f"{question(answer)}{' (period over)' if is_over(answer, forecast) else ''}",
        percent(answer.probability),
        percent(answer.base_rate),
        answer.confidence,
        value,
        interval,
    ]


def headline_reason(forecast: Forecast) -> str | None:
    """Return why this question is the headline.

    `None` if it was asked for, or if no question has proven skill.
    """
    if not forecast.questions or _skill_is_low(forecast):
        return None
    return f"Of the {_compared(forecast)}, this one has the best proven skill."


def no_usable_forecast(forecast: Forecast) -> str | None:
    """Return that no question has proven skill; `None` if one has, or was asked for."""
    if not forecast.questions or not _skill_is_low(forecast):
        return None
    compared = _compared(forecast)
    return f"No usable forecast exists: none of the {compared} has proven skill."


def _compared(forecast: Forecast) -> str:
    """Return which questions are compared: `8 questions compared`.

    They are those about future periods; if all periods are over, all questions.
    """
    n = len(forecast.questions)
    ahead = sum(not is_over(answer, forecast) for answer in forecast.questions)
    if 0 < ahead < n:
        return f"{count(ahead, 'question')} about future periods"
    return f"{count(n, 'question')} compared"


def is_over(answer: QuestionAnswer, forecast: Forecast) -> bool:
    """Return whether the period of a question was over on the day of the report."""
    today = pd.Timestamp((forecast.task.as_of or forecast.made_at)[:10])
    return bool(answer.period.end_time < today)


def _skill_is_low(forecast: Forecast) -> bool:
    skill = forecast.assessment.skill
    return skill is None or skill.confidence == "low"
