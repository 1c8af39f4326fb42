"""A ranking as rows, as texts ready to be set, and as one document of numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.figures import world
from econnet.report.figures.time_axis import record_of
from econnet.report.pdf.content import Content
from econnet.report.record import Json


@dataclass(frozen=True)
class Row:
    """One country in the ranking, numbers as computed."""

    rank: int
    country: str
    name: str
    period: str
    probability: float
    interval_low: float
    interval_high: float
    base_rate: float
    previous_probability: float | None
    verdict: str
    alarm: bool
    auroc: float | None
    brier_skill: float | None
    n: int
    n_contractions: int
    data_to: str
    next_due: str


@dataclass(frozen=True)
class Said:
    """An out-of-sample forecast of one period, and its outcome: 1 for contraction."""

    country: str
    origin: str
    period: str
    probability: float
    outcome: float | None


def rows(ranking: Ranking) -> list[Row]:
    """Return one row per country, the highest probability first."""
    return [
        _row(place, forecast) for place, forecast in enumerate(ranking.forecasts, 1)
    ]


def said(ranking: Ranking) -> list[Said]:
    """Return every out-of-sample probability, country by country."""
    return [
        Said(
            forecast.country.alpha3,
            str(row["origin"]),
            str(row["period"]),
            float(row["probability"]),
            None if row["outcome"] != row["outcome"] else float(row["outcome"]),
        )
        for forecast in ranking.forecasts
        for row in record_of(forecast, "econnet").to_dict("records")
    ]


def to_dict(ranking: Ranking) -> dict[str, Json]:
    """Return every number of the ranking; runs on the same data differ in `made_at`."""
    first = wording.newest(ranking.forecasts)
    task = ranking.task
    return {
        "frequency": task.frequency,
        "target": task.target,
        "label": task.label,
        "horizon": task.horizon,
        "event": task.event,
        "pool": task.pool,
        "members": task.members,
        "seed": task.seed,
        "meaning": first.meaning,
        "sentences": [*wording.summary(ranking), *wording.trust(ranking)],
        "countries": [asdict(row) for row in rows(ranking)],
        "strip": [asdict(row) for row in said(ranking)],
        "left_out": [
            {
                "country": left_out.country.alpha3,
                "name": left_out.country.name,
                "reason": left_out.reason,
            }
            for left_out in ranking.left_out
        ],
        "version": first.versions["econnet"],
        "versions": dict(first.versions),
        "made_at": first.made_at,
    }


def ranking_content(ranking: Ranking) -> Content:
    """Return every text of the ranking, ready to be set."""
    return {
        "title": wording.ranking_title(ranking),
        "made": wording.ranking_made(ranking),
        "credit": wording.ranking_credit(ranking),
        "summary": wording.summary(ranking),
        "trust": wording.trust(ranking),
        "columns": COLUMNS,
        "columns_explained": COLUMNS_EXPLAINED,
        "rows": [
            {"cells": _cells(row), "alarm": row.alarm, "country": row.country}
            for row in rows(ranking)
        ],
        "strips": [name for name in alts(ranking) if name != "map"],
        "left_out": [
            [left_out.country.name, left_out.reason] for left_out in ranking.left_out
        ],
    }


def _cells(row: Row) -> list[str]:
    low, high = (round(100 * bound) for bound in (row.interval_low, row.interval_high))
    return [
        str(row.rank),
        row.name,
        row.period,
        wording.percent(row.probability),
        f"{low} to {high}%",
        wording.percent(row.base_rate),
        "" if row.auroc is None else wording.number(row.auroc, 2),
        row.verdict,
    ]


def alts(ranking: Ranking) -> dict[str, str]:
    """Return what each figure shows, by its name."""
    parts = world.parts(ranking)
    strips = {name: wording.strip_alt(part) for name, part in parts.items()}
    on_map = world.on_map(ranking)
    return {"map": wording.map_alt(on_map), **strips} if on_map else strips


def _row(place: int, forecast: Forecast) -> Row:
    verdict = wording.verdict(forecast)
    return Row(
        rank=place,
        country=forecast.country.alpha3,
        name=forecast.country.name,
        period=str(forecast.period),
        probability=forecast.probability,
        interval_low=forecast.interval[0],
        interval_high=forecast.interval[1],
        base_rate=forecast.base_rate,
        previous_probability=forecast.previous_probability,
        verdict=verdict.call,
        alarm=verdict.alarm,
        auroc=forecast.assessment.metrics.auroc,
        brier_skill=forecast.assessment.metrics.brier_skill,
        n=forecast.assessment.metrics.n,
        n_contractions=forecast.assessment.metrics.n_contractions,
        data_to=forecast.data.last_period,
        next_due=forecast.data.next_due,
    )


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
