"""A forecast as one JSON document: the answer and every number behind it.

What `econnet forecast --json` prints and `report.json` contains. Numbers are not
rounded; an unknown value is `null`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, TypeAlias

import pandas as pd

from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.report import tables, threshold_curves, wording

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def to_dict(forecast: Forecast) -> dict[str, Json]:
    """Return everything that the report prints or plots.

    Two runs with the same data, seed and version differ in `made_at` alone.
    """
    return {
        name: as_json(value)
        for part in (_answer, _track_record, _explanation, _basis)
        for name, value in part(forecast).items()
    }


def _answer(forecast: Forecast) -> dict[str, Any]:
    """Return the question, its answer, and the sentences on it."""
    task, verdict = forecast.task, wording.verdict(forecast)
    return {
        "country": forecast.country.alpha3,
        "name": forecast.country.name,
        "origin": forecast.origin,
        "period": forecast.period,
        "horizon": task.horizon,
        "frequency": task.frequency,
        "label": task.label,
        "target": task.target,
        "event": task.event,
        "probability": forecast.probability,
        "interval": forecast.interval,
        "base_rate": forecast.base_rate,
        "growth": forecast.growth,
        "previous_probability": forecast.previous_probability,
        "decision": forecast.decision,
        "confidence": verdict.confidence,
        "skill": forecast.assessment.skill,
        "skill_without_2020": forecast.assessment.skill_without_2020,
        "skill_by_day": forecast.skill_by_day,
        "questions": [_question(answer) for answer in forecast.questions],
        "sentences": {
            "question": wording.question(forecast),
            "chance": wording.chance(forecast),
            "position": wording.position(forecast),
            "verdict": verdict.text,
            "caveats": wording.caveats(forecast),
        },
    }


def _question(answer: QuestionAnswer) -> dict[str, Any]:
    """Return one of the standard questions with its answer."""
    task = answer.task
    return {
        "question": wording.question(answer),
        "label": task.label,
        "frequency": task.frequency,
        "horizon": task.horizon,
        "event": task.event,
        "as_of": answer.as_of,
        "origin": answer.origin,
        "period": answer.period,
        "probability": answer.probability,
        "interval": answer.interval,
        "base_rate": answer.base_rate,
        "skill": answer.skill,
        "confidence": answer.confidence,
    }


def _track_record(forecast: Forecast) -> dict[str, Any]:
    """Return how good past forecasts were."""
    assessment = forecast.assessment
    return {
        "metrics": assessment.metrics,
        "doubts": assessment.intervals,
        "baselines": assessment.baselines,
        "comparisons": assessment.comparisons,
        "pool_metrics": assessment.pool_metrics,
        "pool_baselines": assessment.pool_baselines,
        "reliability": assessment.reliability,
        "roc": _by_model(threshold_curves.roc(forecast)),
        "precision_recall": _by_model(threshold_curves.precision_recall(forecast)),
    }


def _by_model(curves: pd.DataFrame) -> dict[str, Any]:
    return {
        str(model): points.drop(columns="model").to_dict("list")
        for model, points in curves.groupby("model", sort=False)
    }


def _explanation(forecast: Forecast) -> dict[str, Any]:
    """Return what moved the forecast, what comes next, and past contractions."""
    explanation = forecast.explanation
    return {
        "change": explanation.change,
        "outlook": forecast.outlook,
        "what_if": explanation.what_if,
        "importance": explanation.importance,
        "drivers": explanation.drivers,
        "response_curves": explanation.response_curves,
        "episodes": forecast.assessment.episodes,
        "false_alarms": forecast.assessment.false_alarms,
        "signals": forecast.assessment.signals,
    }


def _basis(forecast: Forecast) -> dict[str, Any]:
    """Return what the forecast was made from, and with what."""
    task = forecast.task
    return {
        "target_title": forecast.target_title,
        "target_unit": forecast.target_unit,
        "meaning": forecast.meaning,
        "history": tables.history(forecast),
        "track_record": tables.track_record(forecast),
        "data": forecast.data,
        "pool": task.pool,
        "members": task.members,
        "version": forecast.versions["econnet"],
        "versions": forecast.versions,
        "seed": task.seed,
        "provenance": {**asdict(forecast.provenance), "task": task},
        "made_at": forecast.made_at,
    }


def as_json(value: Any) -> Any:  # noqa: ANN401
    """Return `value` for JSON: periods as text, `None` for a missing number."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    elif isinstance(value, pd.DataFrame):
        value = value.to_dict("records")
    if isinstance(value, Mapping):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [as_json(part) for part in value]
    if isinstance(value, pd.Period):
        return str(value)
    return value
