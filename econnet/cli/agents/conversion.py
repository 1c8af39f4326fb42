"""Forecasts and their parts, as the documents that the tools for assistants return."""

from econnet.cli.agents.answer_types import (
    DataDate,
    ModelScores,
    OtherHorizon,
    RatedForecast,
    StandardAnswer,
    TrackRecord,
)
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Skill
from econnet.evaluation.intervals import Interval
from econnet.forecast.result import Ahead, Forecast, QuestionAnswer
from econnet.report import wording


def rated(forecast: Forecast) -> RatedForecast:
    """Return a forecast with everything that it must be quoted with."""
    stale = wording.stale(forecast)
    record = _track_record(forecast)
    until = wording.period_name(forecast.data.last_period)
    quote = (
        f"{forecast.country.name}: {wording.chance(forecast)}, historical average "
        f"{wording.percent(forecast.base_rate)}; confidence {record.confidence}; data "
        f"to {until}."
    )
    return RatedForecast(
        country=forecast.country.alpha3,
        name=forecast.country.name,
        question=wording.question(forecast),
        definition=forecast.meaning,
        made_in=str(forecast.origin),
        period=str(forecast.period),
        probability=forecast.probability,
        interval_90=forecast.interval,
        historical_average=forecast.base_rate,
        track_record=record,
        data=DataDate(
            forecast.data.as_of[:10],
            forecast.data.last_period,
            None if stale is None else stale.sentence,
        ),
        quote=quote if stale is None else f"{quote} {stale.sentence}",
        version=forecast.versions["econnet"],
    )


def _track_record(forecast: Forecast) -> TrackRecord:
    assessment, verdict = forecast.assessment, wording.verdict(forecast)
    scores, intervals = assessment.metrics, assessment.intervals
    value, interval = _with_interval(assessment.skill)
    return TrackRecord(
        n_forecasts=scores.n,
        n_contractions=scores.n_contractions,
        skill=value,
        skill_interval_90=interval,
        brier=scores.brier,
        brier_interval_90=intervals.brier,
        auroc=scores.auroc,
        auroc_interval_90=intervals.auroc,
        confidence=verdict.confidence,
        verdict=verdict.text,
    )


def _with_interval(skill: Skill | None) -> tuple[float | None, Interval | None]:
    """Return a skill and its 90% interval, `None` where there is none."""
    return (None, None) if skill is None else (skill.value, skill.interval)


def other_horizon(ahead: Ahead) -> OtherHorizon:
    """Return the forecast for another horizon."""
    value, interval = _with_interval(ahead.skill)
    return OtherHorizon(
        period=ahead.period,
        horizon=ahead.horizon,
        probability=ahead.probability,
        interval_90=ahead.interval,
        historical_average=ahead.base_rate,
        skill=value,
        skill_interval_90=interval,
        n_forecasts=ahead.scores.n,
        n_contractions=ahead.scores.n_contractions,
        confidence=ahead.confidence,
    )


def standard_answer(answer: QuestionAnswer) -> StandardAnswer:
    """Return the answer to a standard question."""
    skill, task = answer.skill, answer.task
    value, interval = _with_interval(skill)
    return StandardAnswer(
        question=wording.question(answer),
        definition=answer.meaning,
        label=task.label,
        frequency=task.frequency,
        horizon=task.horizon,
        event=task.event,
        period=str(answer.period),
        probability=answer.probability,
        interval_90=answer.interval,
        historical_average=answer.base_rate,
        skill=value,
        skill_interval_90=interval,
        n_forecasts=0 if skill is None else skill.n,
        n_contractions=0 if skill is None else skill.n_contractions,
        confidence=answer.confidence,
        data_known_on=answer.as_of[:10],
    )


def model_scores(
    name: str, forecast: Forecast, against: Comparison | None
) -> ModelScores:
    """Return the scores of a baseline; `against` compares econnet with it."""
    scores = forecast.assessment.baselines[name]
    return ModelScores(
        name,
        wording.baseline_title(name),
        scores.brier,
        scores.log_loss,
        scores.auroc,
        None if against is None else against.brier_difference,
        None if against is None else against.brier_interval,
        None if against is None else against.log_loss_difference,
        None if against is None else against.log_loss_interval,
    )
