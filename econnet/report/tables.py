"""Every number that the report prints or plots, as tidy tables: one a figure or table.

They become CSV files that any program opens. A cell of text that a spreadsheet would
take for a formula gets an apostrophe before it, and is shown as the text it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from econnet.answer import Forecast
from econnet.core.text import csv_cell
from econnet.core.types import Floats
from econnet.evaluation.metrics import Scores, precision_recall_curve, roc_curve
from econnet.report import words


def tables(forecast: Forecast) -> dict[str, pd.DataFrame]:
    """Return every table that has rows, by the name of its file."""
    made = {name: table(forecast) for name, table in TABLES.items()}
    return {name: table for name, table in made.items() if len(table)}


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with no cell that could run as a formula."""
    safe = table.map(lambda cell: csv_cell(cell) if isinstance(cell, str) else cell)
    safe.columns = pd.Index([csv_cell(str(name)) for name in table.columns])
    return safe.to_csv(index=False, lineterminator="\n").encode(errors="replace")


def _outlook(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "horizon": it.horizon,
                "period": it.period,
                "probability": it.probability,
                "low": it.interval[0],
                "high": it.interval[1],
                "base_rate": it.base_rate,
                **_plain(it.scores),
            }
            for it in forecast.outlook
        ]
    )


def _history(forecast: Forecast) -> pd.DataFrame:
    table = forecast.history.rename_axis("period").reset_index()
    return table.astype({"period": str})


def _track_record(forecast: Forecast) -> pd.DataFrame:
    return forecast.track_record.astype({"origin": str, "period": str})


def _scores(forecast: Forecast) -> pd.DataFrame:
    own = {"econnet": forecast.assessment.metrics, **forecast.assessment.baselines}
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
            for scope, by_model in (("country", own), ("all", pool))
            for model, scores in by_model.items()
        ]
    )


def _plain(scores: Scores) -> dict[str, Any]:
    """Return scores as one level of names and numbers."""
    numbers = asdict(scores)
    parts = numbers.pop("brier_parts")
    return {**numbers, **{f"brier_{name}": value for name, value in parts.items()}}


def _comparisons(forecast: Forecast) -> pd.DataFrame:
    """Return econnet less each baseline, a row a score."""
    return pd.DataFrame(
        [
            {
                "baseline": name,
                "score": score,
                "difference": difference,
                "low": interval[0],
                "high": interval[1],
            }
            for name, it in forecast.assessment.comparisons.items()
            for score, difference, interval in (
                ("log_loss", it.log_loss_difference, it.log_loss_interval),
                ("brier", it.brier_difference, it.brier_interval),
                ("auroc", it.auroc_difference, it.auroc_interval),
            )
            if interval is not None
        ]
    )


def _reliability(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "probability": it.probability,
                "frequency": it.frequency,
                "low": it.interval[0],
                "high": it.interval[1],
                "n": it.n,
            }
            for it in forecast.assessment.reliability
        ]
    )


def _roc(forecast: Forecast) -> pd.DataFrame:
    return _curves(forecast, roc_curve, ("false_alarm_rate", "hit_rate"))


def _precision_recall(forecast: Forecast) -> pd.DataFrame:
    return _curves(forecast, precision_recall_curve, ("recall", "precision"))


def _curves(
    forecast: Forecast,
    points: Callable[[Floats, Floats], tuple[Floats, Floats]],
    names: tuple[str, str],
) -> pd.DataFrame:
    """Return the points of each model's curve, where the record can be ranked."""
    if forecast.assessment.metrics.auroc is None:
        return pd.DataFrame()
    known = forecast.track_record.dropna(subset=["outcome", "probability"])
    parts = []
    for model, rows in known.groupby("model", sort=False):
        curve = points(
            rows["probability"].to_numpy(dtype=float),
            rows["outcome"].to_numpy(dtype=float),
        )
        parts.append(
            pd.DataFrame(dict(zip(names, curve, strict=True))).assign(model=model)
        )
    return pd.concat(parts, ignore_index=True)


def _groups(forecast: Forecast) -> pd.DataFrame:
    totals = words.by_group(forecast)
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
