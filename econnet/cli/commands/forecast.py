"""`econnet forecast`: the forecast in a few lines, or as one JSON document."""

from dataclasses import replace
from typing import TYPE_CHECKING

from econnet.cli import jobs, output, streamed
from econnet.cli.options import (
    Assumptions,
    CostRatio,
    Json,
    OneCountry,
    TaskOptions,
    flat,
)
from econnet.core.errors import UsageError

if TYPE_CHECKING:
    from econnet.forecast.workflow import Question


@flat
def forecast(
    *,
    country: OneCountry = None,
    task: TaskOptions,
    assumptions: Assumptions = None,
    cost_ratio: CostRatio = None,
    json: Json = False,
) -> None:
    """Forecast the probability of a contraction.

    Trains a model first if no saved model fits.

    Example: econnet forecast --country DEU --horizon 2 --json

    Example: econnet forecast --country USA --set unemployment=+1.0
    """
    from econnet.report import record

    task = replace(task, country=country)
    assumed = jobs.assumptions_of(assumptions)
    if streamed.is_requested(task):
        if assumed or cost_ratio is not None:
            raise UsageError(
                "--set and --cost-ratio do not apply to streamed panels: leave them out"
            )
        streamed.run(task, json=json)
        return
    result = None if assumed else jobs.finished_forecast(task, outlook=False)
    known = None
    if result is None:
        question = _one_question(task)
        known = question.known
        result = jobs.forecast_question(question, assumptions=assumed, outlook=False)
    result = jobs.with_decision(jobs.with_skill_by_day(result, known), cost_ratio)
    if json:
        output.print_json(record.to_dict(result))
    else:
        output.print_verdict(result)


def _one_question(task: TaskOptions) -> "Question":
    """Return the question of the one country that is named or in the user's file."""
    question, *others = jobs.questions(task)
    if others:
        names = ", ".join(each.country.name for each in (question, *others[:7]))
        raise UsageError(
            f"forecast takes one country, not {1 + len(others)}: give --country once "
            f"({names})"
        )
    return question
