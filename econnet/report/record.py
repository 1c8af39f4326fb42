"""A forecast as one JSON document: the answer and every number behind it.

What `econnet forecast --json` prints and `report.json` holds. Numbers are not rounded;
an unknown value is `null`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import pandas as pd

from econnet.forecast.result import Forecast
from econnet.report import threshold_curves, wording
from econnet.report.threshold_curves import Points

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def to_dict(forecast: Forecast) -> dict[str, Json]:
    """Return everything that the report prints or plots.

    Two runs with the same data, seed and version differ in `made_at` alone.
    """
    return {
        **_answer(forecast),
        **_track_record(forecast),
        **_explanation(forecast),
        **_basis(forecast),
        "made_at": forecast.made_at,
    }


def _answer(forecast: Forecast) -> dict[str, Json]:
    """Return the question, its answer, and the sentences on it."""
    task, verdict = forecast.task, wording.verdict(forecast)
    return {
        "country": forecast.country.alpha3,
        "name": forecast.country.name,
        "origin": str(forecast.origin),
        "period": str(forecast.period),
        "horizon": task.horizon,
        "frequency": task.frequency,
        "label": task.label,
        "target": task.target,
        "event": task.event,
        "probability": forecast.probability,
        "interval": list(forecast.interval),
        "base_rate": forecast.base_rate,
        "previous_probability": forecast.previous_probability,
        "sentences": {
            "odds": wording.odds(forecast.probability),
            "chance": wording.chance(forecast),
            "position": wording.position(forecast),
            "verdict": f"{verdict.call}: {verdict.reason}",
            "caveats": list(wording.caveats(forecast)),
        },
    }


def _track_record(forecast: Forecast) -> dict[str, Json]:
    """Return how good past forecasts were."""
    return {
        "metrics": _known(asdict(forecast.assessment.metrics)),
        "doubts": _known(asdict(forecast.assessment.intervals)),
        "baselines": _scores(forecast.assessment.baselines),
        "comparisons": _scores(forecast.assessment.comparisons),
        "pool_metrics": (
            None
            if forecast.assessment.pool_metrics is None
            else _known(asdict(forecast.assessment.pool_metrics))
        ),
        "pool_baselines": _scores(forecast.assessment.pool_baselines),
        "reliability": [
            _known(asdict(bin_)) for bin_ in forecast.assessment.reliability
        ],
        "roc": _curves(threshold_curves.roc(forecast), "false_alarm_rate", "hit_rate"),
        "precision_recall": _curves(
            threshold_curves.precision_recall(forecast), "recall", "precision"
        ),
    }


def _explanation(forecast: Forecast) -> dict[str, Json]:
    """Return what moved the forecast, what comes next, and what was said before."""
    return {
        "change": None
        if forecast.explanation.change is None
        else _known(asdict(forecast.explanation.change)),
        "outlook": [_known(asdict(ahead)) for ahead in forecast.outlook],
        "what_if": (
            None
            if forecast.explanation.what_if is None
            else _known(asdict(forecast.explanation.what_if))
        ),
        "importance": [
            _known(asdict(weight)) for weight in forecast.explanation.importance
        ],
        "drivers": [_known(asdict(driver)) for driver in forecast.explanation.drivers],
        "response_curves": [
            _known(asdict(curve)) for curve in forecast.explanation.response_curves
        ],
        "episodes": [
            _known(asdict(episode)) for episode in forecast.assessment.episodes
        ],
        "false_alarms": [
            _known(asdict(alarm)) for alarm in forecast.assessment.false_alarms
        ],
    }


def _basis(forecast: Forecast) -> dict[str, Json]:
    """Return what the forecast was made from, and with what."""
    task = forecast.task
    return {
        "target_title": forecast.target_title,
        "target_unit": forecast.target_unit,
        "meaning": forecast.meaning,
        "history": _rows(forecast.history.rename_axis("period").reset_index()),
        "track_record": _rows(forecast.track_record),
        "data": _known(asdict(forecast.data)),
        "pool": task.pool,
        "members": task.members,
        "version": forecast.versions["econnet"],
        "versions": dict(forecast.versions),
        "seed": task.seed,
        "provenance": {**_known(asdict(forecast.provenance)), "task": asdict(task)},
    }


def _scores(by_model: Mapping[str, Any]) -> dict[str, Json]:
    return {name: _known(asdict(scores)) for name, scores in by_model.items()}


def _curves(curves: Mapping[str, Points], across: str, up: str) -> dict[str, Json]:
    return {
        model: {across: x.tolist(), up: y.tolist()} for model, (x, y) in curves.items()
    }


def _rows(table: pd.DataFrame) -> list[Json]:
    return [_known(row) for row in table.to_dict("records")]


def _known(value: Any) -> Any:  # noqa: ANN401
    """Return `value` as JSON has it: periods as text, `None` for a missing number."""
    if isinstance(value, Mapping):
        return {str(key): _known(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(part) for part in value]
    if isinstance(value, pd.Period):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
