"""The table of the standard questions, and why one of them is the headline."""

from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.report.wording.event import question
from econnet.report.wording.formatting import (
    count,
    percent,
    signed_percent,
    signed_percent_range,
)

NO_SKILL = "\N{EN DASH}"


def question_rows(forecast: Forecast) -> list[list[str]]:
    """Return a row per standard question, those with the best proven skill first.

    Question, probability, historical average, skill, its 90% interval, confidence.
    """
    return [_row(answer) for answer in forecast.questions]


def _row(answer: QuestionAnswer) -> list[str]:
    skill = answer.skill
    value, interval = NO_SKILL, NO_SKILL
    if skill is not None and skill.value is not None and skill.interval is not None:
        value = signed_percent(skill.value)
        interval = signed_percent_range(skill.interval)
    return [
        question(answer),
        percent(answer.probability),
        percent(answer.base_rate),
        value,
        interval,
        answer.confidence,
    ]


def headline_reason(forecast: Forecast) -> str | None:
    """Return why this question is the headline; `None` if it was asked for."""
    n = len(forecast.questions)
    if n == 0:
        return None
    compared = count(n, "question")
    if forecast.assessment.skill is None or (
        forecast.assessment.skill.confidence == "low"
    ):
        return (
            f"No usable forecast exists: none of the {compared} compared has proven "
            "skill."
        )
    return f"Of the {compared} compared, this one has the best proven skill."
