"""Every number that the report prints or plots, as one tidy table per figure or table.

They become CSV files that any program opens. A text that a spreadsheet would run as a
formula is preceded by an apostrophe.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from econnet.core.text import without_formulas
from econnet.evaluation.metrics import Scores
from econnet.forecast.result import Forecast
from econnet.report import threshold_curves, wording
from econnet.report.threshold_curves import Points


def tables(forecast: Forecast) -> dict[str, pd.DataFrame]:
    """Return every table that has rows, by the name of its file."""
    all_tables = {name: table(forecast) for name, table in TABLES.items()}
    return {name: table for name, table in all_tables.items() if len(table)}


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with no cell that could run as a formula."""
    text = without_formulas(table).to_csv(index=False, lineterminator="\n")
    return text.encode(errors="replace")


def _outlook(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "horizon": ahead.horizon,
                "period": ahead.period,
                "probability": ahead.probability,
                "low": ahead.interval[0],
                "high": ahead.interval[1],
                "base_rate": ahead.base_rate,
                **_plain(ahead.scores),
            }
            for ahead in forecast.outlook
        ]
    )


def _history(forecast: Forecast) -> pd.DataFrame:
    table = forecast.history.rename_axis("period").reset_index()
    return table.astype({"period": str})


def _track_record(forecast: Forecast) -> pd.DataFrame:
    return forecast.track_record.astype({"origin": str, "period": str})


def _scores(forecast: Forecast) -> pd.DataFrame:
    country = {"econnet": forecast.assessment.metrics, **forecast.assessment.baselines}
    pool = (
        {
            "econnet": forecast.assessment.pool_metrics,
            **forecast.assessment.pool_baselines,
        }
        if forecast.assessment.pool_metrics is not None
        else {}
    )
    return pd.DataFrame(
        [
            {"scored_on": scope, "model": model, **_plain(scores)}
            for scope, by_model in (("country", country), ("all", pool))
            for model, scores in by_model.items()
        ]
    )


def _plain(scores: Scores) -> dict[str, Any]:
    """Return scores as one level of names and numbers."""
    numbers = asdict(scores)
    parts = numbers.pop("brier_parts")
    return {**numbers, **{f"brier_{name}": value for name, value in parts.items()}}


def _comparisons(forecast: Forecast) -> pd.DataFrame:
    """Return econnet minus each baseline, one row per score."""
    return pd.DataFrame(
        [
            {
                "baseline": name,
                "score": score,
                "difference": difference,
                "low": interval[0],
                "high": interval[1],
            }
            for name, comparison in forecast.assessment.comparisons.items()
            for score, difference, interval in (
                (
                    "log_loss",
                    comparison.log_loss_difference,
                    comparison.log_loss_interval,
                ),
                ("brier", comparison.brier_difference, comparison.brier_interval),
                ("auroc", comparison.auroc_difference, comparison.auroc_interval),
            )
            if interval is not None
        ]
    )


def _reliability(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "probability": bin_.probability,
                "frequency": bin_.frequency,
                "low": bin_.interval[0],
                "high": bin_.interval[1],
                "n": bin_.n,
            }
            for bin_ in forecast.assessment.reliability
        ]
    )


def _roc(forecast: Forecast) -> pd.DataFrame:
    return _curves(threshold_curves.roc(forecast), "false_alarm_rate", "hit_rate")


def _precision_recall(forecast: Forecast) -> pd.DataFrame:
    curves = threshold_curves.precision_recall(forecast)
    return _curves(curves, "recall", "precision")


def _curves(curves: Mapping[str, Points], across: str, up: str) -> pd.DataFrame:
    """Return the points of all curves, one row per point."""
    parts = [
        pd.DataFrame({across: x, up: y}).assign(model=model)
        for model, (x, y) in curves.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _groups(forecast: Forecast) -> pd.DataFrame:
    totals = wording.by_group(forecast)
    return pd.DataFrame({"group": list(totals), "contribution": list(totals.values())})


def _importance(forecast: Forecast) -> pd.DataFrame:
    table = _rows(forecast.explanation.importance)
    if table.empty:
        return table
    bounds = pd.DataFrame(table.pop("interval").tolist(), columns=["low", "high"])
    return pd.concat([table, bounds], axis=1)


def _responses(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "indicator": curve.indicator,
                "title": curve.title,
                "unit": curve.unit,
                "current": np.nan if curve.current is None else curve.current,
                "value": value,
                "probability": probability,
            }
            for curve in forecast.explanation.response_curves
            for value, probability in zip(
                curve.values, curve.probabilities, strict=True
            )
        ]
    )


def _series(forecast: Forecast) -> pd.DataFrame:
    table = _rows(forecast.data.series)
    return table.drop(columns=["recent", "recent_periods"], errors="ignore")


def _newest_values(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"indicator": series.indicator, "period": period, "value": value}
            for series in forecast.data.series
            for period, value in zip(series.recent_periods, series.recent, strict=True)
        ]
    )


def _rows(records: Iterable[Any]) -> pd.DataFrame:
    """Return dataclasses as rows."""
    return pd.DataFrame([asdict(record) for record in records])


TABLES: Mapping[str, Callable[[Forecast], pd.DataFrame]] = {
    "outlook": _outlook,
    "history": _history,
    "track-record": _track_record,
    "scores": _scores,
    "comparisons": _comparisons,
    "reliability": _reliability,
    "roc": _roc,
    "precision-recall": _precision_recall,
    "contractions": lambda forecast: _rows(forecast.assessment.episodes),
    "false-alarms": lambda forecast: _rows(forecast.assessment.false_alarms),
    "contributions": lambda forecast: _rows(forecast.explanation.drivers),
    "groups": _groups,
    "importance": _importance,
    "change": lambda forecast: _rows(
        forecast.explanation.change.movements if forecast.explanation.change else ()
    ),
    "responses": _responses,
    "what-if": lambda forecast: _rows(
        forecast.explanation.what_if.supposed if forecast.explanation.what_if else ()
    ),
    "series": _series,
    "newest-values": _newest_values,
}
