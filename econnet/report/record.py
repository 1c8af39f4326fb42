"""A forecast as one JSON document: the answer and every number behind it.

What `econnet forecast --json` prints and `report.json` holds. Numbers are as computed,
not as rounded for print; what is not known is `null`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import pandas as pd

from econnet.answer import Forecast
from econnet.core.types import Floats
from econnet.evaluation.metrics import precision_recall_curve, roc_curve
from econnet.report import words

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def to_dict(forecast: Forecast) -> dict[str, Json]:
    """Return everything that the report prints or plots.

    Two runs with the same data, seed and version differ in `made_at` alone.
    """
    task, verdict = forecast.task, words.verdict(forecast)
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
            "odds": words.odds(forecast.probability),
            "chance": words.chance(forecast),
            "position": words.position(forecast),
            "verdict": f"{verdict.call}: {verdict.reason}",
            "caveats": list(words.caveats(forecast)),
        },
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
        "roc": _roc(forecast),
        "precision_recall": _precision_recall(forecast),
        "change": None
        if forecast.explanation.change is None
        else _known(asdict(forecast.explanation.change)),
        "outlook": [_known(asdict(ahead)) for ahead in forecast.outlook],
        "what_if": (
            None
            if forecast.explanation.what_if is None
            else _known(asdict(forecast.explanation.what_if))
        ),
        "importance": [_known(asdict(it)) for it in forecast.explanation.importance],
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
        "made_at": forecast.made_at,
    }


def _scores(by_model: Mapping[str, Any]) -> dict[str, Json]:
    return {name: _known(asdict(scores)) for name, scores in by_model.items()}


def _roc(forecast: Forecast) -> dict[str, Json]:
    """Return the points of each model's ROC curve, where it has one."""
    return _curves(forecast, roc_curve, ("false_alarm_rate", "hit_rate"))


def _precision_recall(forecast: Forecast) -> dict[str, Json]:
    """Return the points of each model's curve of precision, where it has one."""
    return _curves(forecast, precision_recall_curve, ("recall", "precision"))


def _curves(
    forecast: Forecast,
    points: Callable[[Floats, Floats], tuple[Floats, Floats]],
    names: tuple[str, str],
) -> dict[str, Json]:
    if forecast.assessment.metrics.auroc is None:
        return {}
    known = forecast.track_record.dropna(subset=["outcome", "probability"])
    curves: dict[str, Json] = {}
    for model, rows in known.groupby("model", sort=False):
        curve = points(
            rows["probability"].to_numpy(dtype=float),
            rows["outcome"].to_numpy(dtype=float),
        )
        curves[str(model)] = {
            name: values.tolist() for name, values in zip(names, curve, strict=True)
        }
    return curves


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
