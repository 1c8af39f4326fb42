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
    return {
        "rank": rank,
        "country": forecast.country.alpha3,
        "name": forecast.country.name,
        "period": str(forecast.period),
        "probability": forecast.probability,
        "interval_low": forecast.interval[0],
        "interval_high": forecast.interval[1],
        "base_rate": forecast.base_rate,
        "previous_probability": forecast.previous_probability,
        "verdict": verdict.call,
        "alarm": verdict.alarm,
        "auroc": scores.auroc,
        "brier_skill": scores.brier_skill,
        "n": scores.n,
        "n_contractions": scores.n_contractions,
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
        "columns_explained": COLUMNS_EXPLAINED,
        "rows": [
            {"cells": _cells(row), "alarm": row["alarm"], "country": row["country"]}
            for row in rows(ranking).to_dict("records")
        ],
        "strips": list(world.parts(ranking)),
        "left_out": [
            [left_out.country.name, left_out.reason] for left_out in ranking.left_out
        ],
    }


def _cells(row: dict[Any, Any]) -> list[str]:
    low, high = (round(100 * row[bound]) for bound in ("interval_low", "interval_high"))
    return [
        str(row["rank"]),
        row["name"],
        row["period"],
        wording.percent(row["probability"]),
        f"{low} to {high}%",
        wording.percent(row["base_rate"]),
        "" if pd.isna(row["auroc"]) else wording.number(row["auroc"], 2),
        row["verdict"],
    ]


def alts(ranking: Ranking) -> dict[str, str]:
    """Return what each figure shows, by its name."""
    parts = world.parts(ranking)
    strips = {name: wording.strip_alt(part) for name, part in parts.items()}
    on_map = world.on_map(ranking)
    return {"map": wording.map_alt(on_map), **strips} if on_map else strips


COLUMNS: Sequence[str] = (
    "",
    "country",
    "for",
    "probability",
    "90% interval",
    "long-run rate",
    "AUROC",
    "how far to trust it",
)
COLUMNS_EXPLAINED = (
    "For each country: the period forecast, the probability of a contraction in it "
    "with its 90% interval, how often the country has contracted, how well its own "
    "past forecasts ranked (AUROC: a coin reaches 0.50), and what its track record "
    "advises."
)
