"""Curves over all alarm thresholds, per model: ROC, and precision against recall.

Each is a table with one row per point, in shares of 1. It is empty where the track
record cannot be ranked because it contains contractions only, or none.
"""

from collections.abc import Callable

import pandas as pd

from econnet.core.types import Floats
from econnet.evaluation.metrics import precision_recall_curve, roc_curve
from econnet.forecast.result import Forecast

# How the columns are named to a reader; an event is a period of contraction, or one
# before it.
TITLES = {
    "false_alarm_rate": "false alarms, % of non-events",
    "hit_rate": "found, % of events",
    "recall": "found, % of events",
    "precision": "right, % of signals",
}


def roc(forecast: Forecast) -> pd.DataFrame:
    """Return `false_alarm_rate`, `hit_rate` and `model`."""
    return _by_model(forecast, roc_curve, ("false_alarm_rate", "hit_rate"))


def precision_recall(forecast: Forecast) -> pd.DataFrame:
    """Return `recall`, `precision` and `model`."""
    return _by_model(forecast, precision_recall_curve, ("recall", "precision"))


def _by_model(
    forecast: Forecast,
    curve: Callable[[Floats, Floats], tuple[Floats, Floats]],
    names: tuple[str, str],
) -> pd.DataFrame:
    known = forecast.track_record.dropna(subset=["outcome", "probability"])
    if forecast.assessment.metrics.auroc is None:
        known = known.iloc[:0]
    parts = [pd.DataFrame(columns=[*names, "model"])]
    for model, rows in known.groupby("model", sort=False):
        columns = (rows[name].to_numpy(float) for name in ("probability", "outcome"))
        points = pd.DataFrame(dict(zip(names, curve(*columns), strict=True)))
        # Several thresholds in a row may give the same point.
        moved = (points != points.shift()).any(axis="columns")
        parts.append(points[moved].assign(model=model))
    return pd.concat(parts[1:] or parts, ignore_index=True)
