"""A ranking as tables, as texts ready to be typeset, and as one document of numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.content import Content
from econnet.report.figures import world
from econnet.report.figures.time_axis import record_of
from econnet.report.record import Json, as_json


def rows(ranking: Ranking) -> pd.DataFrame:
    """Return one row per country, the highest probability first."""
    return pd.DataFrame(
        [_row(rank, forecast) for rank, forecast in enumerate(ranking.forecasts, 1)]
    )


def _row(rank: int, forecast: Forecast) -> dict[str, Any]:
    verdict, scores = wording.verdict(forecast), forecast.assessment.metrics
    skill = forecast.assessment.skill
    low, high = (
        (None, None) if skill is None or skill.interval is None else skill.interval
    )
    return {
        "rank": rank,
        "country": forecast.country.alpha3,
        "name": forecast.country.name,
        "period": str(forecast.period),
        "probability": forecast.probability,
        "interval_low": forecast.interval[0],
        "interval_high": forecast.interval[1],
        "base_rate": forecast.base_rate,
        "above_average": forecast.probability - forecast.base_rate,
        "previous_probability": forecast.previous_probability,
        "confidence": verdict.confidence,
        "verdict": verdict.call,
        "alarm": verdict.alarm,
        "skill": None if skill is None else skill.value,
        "skill_low": low,
        "skill_high": high,
        "auroc": scores.auroc,
        "brier_skill": scores.brier_skill,
        "n": scores.n,
        "n_contractions": scores.n_contractions,
        "signals_right": forecast.assessment.signals.right,
        "signals_wrong": forecast.assessment.signals.wrong,
        "data_to": forecast.data.last_period,
        "next_due": forecast.data.next_due,
    }


def past_forecasts(ranking: Ranking) -> pd.DataFrame:
    """Return every out-of-sample probability and its outcome, country by country."""
    columns = ["country", "origin", "period", "probability", "outcome"]
    parts = [
        record_of(forecast, "econnet")
        .assign(country=forecast.country.alpha3)[columns]
        .astype({"origin": str, "period": str})
        for forecast in ranking.forecasts
    ]
    return pd.concat(parts, ignore_index=True)


def to_dict(ranking: Ranking) -> dict[str, Json]:
    """Return every number of the ranking; runs on the same data differ in `made_at`."""
    newest = wording.newest(ranking.forecasts)
    shared = ["frequency", "target", "label", "horizon", "event"]
    shared += ["pool", "members", "seed"]
    return {
        **{name: getattr(ranking.task, name) for name in shared},
        "meaning": newest.meaning,
        "sentences": [*wording.summary(ranking), *wording.trust(ranking)],
        "countries": as_json(rows(ranking)),
        "strip": as_json(past_forecasts(ranking)),
        "left_out": [
            {
                "country": left_out.country.alpha3,
                "name": left_out.country.name,
                "reason": left_out.reason,
            }
            for left_out in ranking.left_out
        ],
        "version": newest.versions["econnet"],
        "versions": as_json(newest.versions),
        "made_at": newest.made_at,
    }


def ranking_content(ranking: Ranking) -> Content:
    """Return every text of the ranking, ready to be typeset."""
    return {
        "title": wording.ranking_title(ranking),
        "made": wording.ranking_made(ranking),
        "credit": wording.ranking_credit(ranking),
        "summary": wording.summary(ranking),
        "trust": wording.trust(ranking),
        "columns": COLUMNS,
        "columns_explained": f"Highest probability first. {COLUMNS_EXPLAINED}",
        "rows": [
            {
                "cells": _cells(row, forecast),
                "alarm": row["alarm"],
                "country": row["country"],
            }
            for row, forecast in zip(
                rows(ranking).to_dict("records"), ranking.forecasts, strict=True
            )
        ],
        "strips": list(world.parts(ranking)),
        "confidence_column": CONFIDENCE_COLUMN,
        "text_columns": list(TEXT_COLUMNS),
        "readings": dict(wording.READINGS),
        "left_out": [
            [left_out.country.name, left_out.reason] for left_out in ranking.left_out
        ],
    }


def _cells(row: dict[Any, Any], forecast: Forecast) -> list[str]:
    above = wording.number(wording.distance(forecast), 0, sign=True)
    return [
        str(row["rank"]),
        wording.name_and_age(forecast),
        wording.percent(row["probability"]),
        row["confidence"],
        wording.percent_range((row["interval_low"], row["interval_high"])),
        wording.percent(row["base_rate"]),
        above,
        wording.period_short(row["period"]),
    ]


def strip_alts(ranking: Ranking, first: int = world.ROWS_PER_STRIP) -> dict[str, str]:
    """Return what each strip shows, by its name; the first has `first` rows."""
    parts = world.parts(ranking, first)
    return {name: wording.strip_alt(part) for name, part in parts.items()}


def alts(ranking: Ranking) -> dict[str, str]:
    """Return what each figure shows, by its name."""
    strips = strip_alts(ranking)
    dots = {"dots": wording.dots_alt(world.by_distance(ranking))}
    if not world.has_map(ranking):
        return {**dots, **strips}
    return {**dots, "map": wording.map_alt(world.on_map(ranking)), **strips}


# The first of these fit on a phone.
COLUMNS: Sequence[str] = (
    "",
    "country",
    "probability",
    "confidence",
    "90% interval",
    "average",
    "difference",
    "period",
)
CONFIDENCE_COLUMN = COLUMNS.index("confidence")
TEXT_COLUMNS = (COLUMNS.index("country"), CONFIDENCE_COLUMN)
COLUMNS_EXPLAINED = (
    "Average: the share of past periods in which the event occurred in the country. "
    "Difference: probability minus average, in percentage points. Confidence: high if "
    "the skill of the country's past forecasts is at least 20% and its 90% interval is "
    "above zero, moderate if the interval is above zero, low otherwise."
)
