"""Curves over all alarm thresholds: ROC, and precision against recall, per model.

The figures, the page, the JSON and the CSV files all take them from here. Where the
track record cannot be ranked, because it holds contractions alone or none, there are no
curves.
"""

from collections.abc import Callable
from typing import TypeAlias

from econnet.core.types import Floats
from econnet.evaluation.metrics import precision_recall_curve, roc_curve
from econnet.forecast.result import Forecast

Points: TypeAlias = tuple[Floats, Floats]


def roc(forecast: Forecast) -> dict[str, Points]:
    """Return each model's false alarm rates and hit rates, as shares of 1."""
    return _by_model(forecast, roc_curve)


def precision_recall(forecast: Forecast) -> dict[str, Points]:
    """Return each model's recalls and precisions, as shares of 1."""
    return _by_model(forecast, precision_recall_curve)


def _by_model(
    forecast: Forecast, curve: Callable[[Floats, Floats], Points]
) -> dict[str, Points]:
    if forecast.assessment.metrics.auroc is None:
        return {}
    known = forecast.track_record.dropna(subset=["outcome", "probability"])
    return {
        str(model): curve(
            rows["probability"].to_numpy(dtype=float),
            rows["outcome"].to_numpy(dtype=float),
        )
        for model, rows in known.groupby("model", sort=False)
    }
