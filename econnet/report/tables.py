"""Every number that the report prints or plots, as one tidy table per figure or table.

They become CSV files that any program opens. A text that a spreadsheet would run as a
formula is preceded by an apostrophe.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from econnet.core.text import without_formulas
from econnet.evaluation.confidence import Skill
from econnet.evaluation.metrics import Scores
from econnet.forecast.result import Forecast
from econnet.report import threshold_curves, wording


def tables(forecast: Forecast) -> dict[str, pd.DataFrame]:
    """Return every table that has rows, by the name of its file."""
    all_tables = {name: table(forecast) for name, table in TABLES.items()}
    return {name: table for name, table in all_tables.items() if len(table)}


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with no cell that could run as a formula."""
    text = without_formulas(table).to_csv(index=False, lineterminator="\n")
    return text.encode(errors="replace")


def history(forecast: Forecast) -> pd.DataFrame:
    """Return growth and contractions by period."""
    return forecast.history.rename_axis("period").reset_index().astype({"period": str})


def track_record(forecast: Forecast) -> pd.DataFrame:
    """Return the out-of-sample forecasts with their periods as text."""
    return forecast.track_record.astype({"origin": str, "period": str})


def forecasts(forecast: Forecast) -> pd.DataFrame:
    """Return every probability forecast for the country, today's last, by period.

    `historical_average` is what was known of it at the origin; `outcome` is missing
    where it is not known yet.
    """
    record = track_record(forecast)
    columns = ["origin", "period", "probability", "outcome"]
    own = record.loc[record["model"] == "econnet", columns]
    average = record.loc[record["model"] == "base_rate", ["period", "probability"]]
    average = average.rename(columns={"probability": "historical_average"})
    table = own.merge(average, on="period", how="left").sort_values("period")
    table.insert(0, "country", forecast.country.alpha3)
    return table.reset_index(drop=True)


def _outlook(forecast: Forecast) -> pd.DataFrame:
    columns = ("horizon", "period", "probability", "low", "high", "base_rate")
    return pd.DataFrame(
        [
            {
                **{name: row[name] for name in columns},
                **_flat_scores(ahead.scores),
                **_skill_interval(ahead.skill),
                "confidence": ahead.confidence,
            }
            for ahead in forecast.outlook
            for row in [_flat(ahead)]
        ]
    )


def _skill_interval(skill: Skill | None) -> dict[str, float | None]:
    """Return the 90% interval of the log-loss skill as two cells."""
    low, high = (skill.interval if skill else None) or (None, None)
    return {"log_loss_skill_low": low, "log_loss_skill_high": high}


def _scores(forecast: Forecast) -> pd.DataFrame:
    assessment = forecast.assessment
    rows = [
        ("country", "econnet", assessment.metrics),
        *(("country", *item) for item in assessment.baselines.items()),
    ]
    if assessment.pool_metrics is not None:
        rows.append(("all", "econnet", assessment.pool_metrics))
        rows.extend(("all", *item) for item in assessment.pool_baselines.items())
    return pd.DataFrame(
        [
            {"scored_on": scope, "model": model, **_flat_scores(scores)}
            for scope, model, scores in rows
        ]
    )


def _flat_scores(scores: Scores) -> dict[str, Any]:
    numbers = asdict(scores)
    parts = numbers.pop("brier_parts")
    return {**numbers, **{f"brier_{name}": value for name, value in parts.items()}}


def _comparisons(forecast: Forecast) -> pd.DataFrame:
    """Return econnet minus each baseline, one row per score."""
    return pd.DataFrame(
        [
            (name, score, getattr(comparison, f"{score}_difference"), *interval)
            for name, comparison in forecast.assessment.comparisons.items()
            for score in ("log_loss", "brier", "auroc")
            if (interval := getattr(comparison, f"{score}_interval")) is not None
        ],
        columns=["baseline", "score", "difference", "low", "high"],
    )


def _skill_by_day(forecast: Forecast) -> pd.DataFrame:
    """Return the skill on each day, with its gain on the first."""
    return pd.DataFrame(
        [
            {
                "day": each.day,
                "forecasts": each.skill.n,
                "contractions": each.skill.n_contractions,
                "auroc": each.auroc,
                "log_loss": each.log_loss,
                "log_loss_skill": each.skill.value,
                **_skill_interval(each.skill),
                "gain": each.gain,
                "gain_low": each.gain_interval and each.gain_interval[0],
                "gain_high": each.gain_interval and each.gain_interval[1],
            }
            for each in forecast.skill_by_day
        ]
    )


def _groups(forecast: Forecast) -> pd.DataFrame:
    totals = wording.by_group(forecast)
    return pd.DataFrame(totals.items(), columns=["group", "contribution"])


def _responses(forecast: Forecast) -> pd.DataFrame:
    columns = ["indicator", "title", "unit", "current", "values", "probabilities"]
    table = _rows(forecast.explanation.response_curves).reindex(columns=columns)
    points = table.explode(["values", "probabilities"], ignore_index=True)
    names = {"values": "value", "probabilities": "probability"}
    return points.rename(columns=names).astype(dict.fromkeys(names.values(), float))


def _series(forecast: Forecast) -> pd.DataFrame:
    table = _rows(forecast.data.series)
    return table.drop(columns=["recent", "recent_periods"], errors="ignore")


def _newest_values(forecast: Forecast) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (series.indicator, *point)
            for series in forecast.data.series
            for point in zip(series.recent_periods, series.recent, strict=True)
        ],
        columns=["indicator", "period", "value"],
    )


def _rows(records: Iterable[Any]) -> pd.DataFrame:
    return pd.DataFrame([_flat(record) for record in records])


def _flat(record: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a dataclass as a row, its interval as two columns."""
    row: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name == "interval":
            row["low"], row["high"] = value
        else:
            row[name] = value
    return row


TABLES: Mapping[str, Callable[[Forecast], pd.DataFrame]] = {
    "outlook": _outlook,
    "history": history,
    "track-record": track_record,
    "scores": _scores,
    "comparisons": _comparisons,
    "skill-by-day": _skill_by_day,
    "reliability": lambda forecast: _rows(forecast.assessment.reliability),
    "roc": threshold_curves.roc,
    "precision-recall": threshold_curves.precision_recall,
    "contractions": lambda forecast: _rows(forecast.assessment.episodes),
    "false-alarms": lambda forecast: _rows(forecast.assessment.false_alarms),
    "contributions": lambda forecast: _rows(forecast.explanation.drivers),
    "groups": _groups,
    "importance": lambda forecast: _rows(forecast.explanation.importance),
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
