"""The JSON API of the site: static documents below `api/v1/`, and their schemas.

The types below are the documents, and the JSON Schemas are generated from them, so that
both always agree. Fields are only added within a version of the API. Probabilities are
shares of 1, an unknown number is `null`, and `made_at` is the only field in which two
publications of the same forecasts differ.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from econnet.core.sources import SOURCES
from econnet.evaluation.confidence import Confidence, Skill
from econnet.evaluation.metrics import ReliabilityBin
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Ahead, Driver, Forecast, GrowthForecast
from econnet.report import wording
from econnet.report.figures.time_axis import record_of
from econnet.report.record import as_json
from econnet.report.site.chain import FILE, Record
from econnet.report.site.scoreboard import GroupScores, QuestionScores, Row, Scoreboard

FOLDER = "api/v1"
FORECASTS = f"{FOLDER}/forecasts.json"
SCOREBOARD = f"{FOLDER}/scoreboard.json"
Interval = tuple[float, float]


@dataclass(frozen=True)
class Question:
    """What is forecast, for all countries alike; `meaning` defines the event."""

    target: str
    label: str
    frequency: str
    horizon: int
    event: str
    title: str
    meaning: str


@dataclass(frozen=True)
class CountryForecast:
    """One country's forecast, always with its interval, track record and data date.

    `interval` is the 90% interval, `base_rate` the historical average,
    `previous_probability` the forecast of one period earlier. `confidence` and `skill`
    are those of past forecasts, out of sample. `out_of_date` means that newer data have
    been due since `next_due`, and `period_over` that the period forecast is over.
    """

    country: str
    name: str
    origin: str
    period: str
    probability: float
    interval: Interval
    base_rate: float
    previous_probability: float | None
    confidence: Confidence
    skill: Skill | None
    as_of: str
    data_to: str
    next_due: str
    out_of_date: bool
    period_over: bool
    page: str
    document: str
    badge: str


@dataclass(frozen=True)
class LeftOut:
    """A country without a forecast, and why."""

    country: str
    name: str
    reason: str


@dataclass(frozen=True)
class Forecasts:
    """`api/v1/forecasts.json`: all forecasts, the highest above its average first."""

    made_at: str
    version: str
    question: Question
    forecasts: tuple[CountryForecast, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class PastForecast:
    """A past forecast of the walk-forward test; `outcome` is `null` until known."""

    origin: str
    period: str
    probability: float
    outcome: float | None


@dataclass(frozen=True)
class Series:
    """A series behind a forecast, with its licence and the attribution it requires."""

    indicator: str
    title: str
    source: str
    series_id: str
    unit: str
    frequency: str
    first_period: str
    last_period: str
    rights: str
    attribution: str
    terms: str
    retrieved_at: str


@dataclass(frozen=True)
class CountryDocument:
    """`api/v1/countries/DEU.json`: one country's forecast and what it rests on.

    `data_digest` is the SHA-256 of the data that the models were trained on, as in the
    record. `report` is the document that `econnet report --verify` repeats.
    """

    made_at: str
    version: str
    question: Question
    forecast: CountryForecast
    position: str
    verdict: str
    growth: GrowthForecast | None
    outlook: tuple[Ahead, ...]
    drivers: tuple[Driver, ...]
    past_forecasts: tuple[PastForecast, ...]
    series: tuple[Series, ...]
    data_digest: str
    seed: int


@dataclass(frozen=True)
class RecordHead:
    """The record: its file, number of lines and the SHA-256 of the last line."""

    file: str
    lines: int
    head: str


@dataclass(frozen=True)
class ScoreboardRow:
    """A published forecast. `outcome` is 1 if the event occurred, 0 if not.

    `line` is its line in the record. `public_before` is whether it was published before
    its outcome was known, `missed` whether the historical average was closer.
    """

    line: int
    recorded_at: str
    country: str
    target: str
    label: str
    frequency: str
    horizon: int
    event: str
    origin: str
    period: str
    probability: float
    base_rate: float
    professional: float | None
    outcome: int | None
    known_at: str | None
    public_before: bool
    missed: bool


@dataclass(frozen=True)
class ScoreboardDocument:
    """`api/v1/scoreboard.json`: every forecast of the record, and the scores.

    `public` scores the forecasts that were published before their outcome was known;
    `questions` and `calibration` are of the same. `all` includes the others.
    """

    made_at: str
    record: RecordHead
    public: GroupScores
    all: GroupScores
    questions: tuple[QuestionScores, ...]
    calibration: tuple[ReliabilityBin, ...]
    forecasts: tuple[ScoreboardRow, ...]


def forecasts(ranking: Ranking, ordered: Sequence[Forecast]) -> Forecasts:
    """Return the document of all forecasts, in the order given."""
    first = wording.newest(ranking.forecasts)
    return Forecasts(
        made_at=first.made_at,
        version=first.versions["econnet"],
        question=_question(first),
        forecasts=tuple(map(country_forecast, ordered)),
        left_out=tuple(
            LeftOut(left.country.alpha3, left.country.name, left.reason)
            for left in ranking.left_out
        ),
    )


def country_forecast(forecast: Forecast) -> CountryForecast:
    """Return the entry of one country."""
    code = forecast.country.alpha3
    return CountryForecast(
        country=code,
        name=forecast.country.name,
        origin=str(forecast.origin),
        period=str(forecast.period),
        probability=forecast.probability,
        interval=forecast.interval,
        base_rate=forecast.base_rate,
        previous_probability=forecast.previous_probability,
        confidence=wording.verdict(forecast).confidence,
        skill=forecast.assessment.skill,
        as_of=forecast.data.as_of,
        data_to=forecast.data.last_period,
        next_due=forecast.data.next_due,
        out_of_date=wording.stale(forecast) is not None,
        period_over=wording.has_passed(forecast),
        page=country_page(code),
        document=country_file(code),
        badge=badge_file(code),
    )


def country(forecast: Forecast) -> CountryDocument:
    """Return the document of one country."""
    verdict = wording.verdict(forecast)
    own = record_of(forecast, "econnet")
    return CountryDocument(
        made_at=forecast.made_at,
        version=forecast.versions["econnet"],
        question=_question(forecast),
        forecast=country_forecast(forecast),
        position=wording.position(forecast),
        verdict=verdict.text,
        growth=forecast.growth,
        outlook=forecast.outlook,
        drivers=forecast.explanation.drivers,
        past_forecasts=tuple(
            PastForecast(str(origin), str(period), float(probability), as_json(outcome))
            for origin, period, probability, outcome in zip(
                *(own[name] for name in ("origin", "period", "probability", "outcome")),
                strict=True,
            )
        ),
        series=series(forecast),
        data_digest=forecast.provenance.data,
        seed=forecast.task.seed,
    )


def series(forecast: Forecast) -> tuple[Series, ...]:
    """Return the series behind a forecast, with licences and attributions."""
    names = [name for name in Series.__annotations__ if name != "terms"]
    return tuple(
        Series(
            **{name: getattr(used, name) for name in names},
            terms=SOURCES[used.source].terms if used.source in SOURCES else "",
        )
        for used in forecast.data.series
    )


def scoreboard(record: Record, scores: Scoreboard, made_at: str) -> ScoreboardDocument:
    """Return the document of a record and its scores."""
    return ScoreboardDocument(
        made_at=made_at,
        record=RecordHead(FILE, len(record.entries), record.head),
        public=scores.public,
        all=scores.all,
        questions=scores.questions,
        calibration=scores.calibration,
        forecasts=tuple(map(_row, scores.rows)),
    )


def _row(row: Row) -> ScoreboardRow:
    known = row.outcome
    names = {*ScoreboardRow.__annotations__} & {*row.forecast.__struct_fields__}
    return ScoreboardRow(
        **{name: getattr(row.forecast, name) for name in names},
        outcome=None if known is None else known.outcome,
        known_at=None if known is None else known.known_at,
        public_before=row.public_before,
        missed=row.missed,
    )


def _question(forecast: Forecast) -> Question:
    task = forecast.task
    return Question(
        target=task.target,
        label=task.label,
        frequency=task.frequency,
        horizon=task.horizon,
        event=task.event,
        title=wording.general_event(forecast),
        meaning=forecast.meaning,
    )


def country_page(code: str) -> str:
    """Return the path of a country's page in the site."""
    return f"countries/{code}.html"


def country_file(code: str) -> str:
    """Return the path of a country's document in the site."""
    return f"{FOLDER}/countries/{code}.json"


def badge_file(code: str) -> str:
    """Return the path of a country's badge in the site."""
    return f"badges/{code}.svg"


def encode(document: Forecasts | CountryDocument | ScoreboardDocument) -> bytes:
    """Return a document as JSON."""
    text = json.dumps(as_json(document), indent=1, allow_nan=False, ensure_ascii=False)
    return f"{text}\n".encode(errors="replace")


def schemas() -> Mapping[str, bytes]:
    """Return the JSON Schema of each document, by its path in the site."""
    return {
        f"{FOLDER}/schemas/{name}.schema.json": _schema(kind)
        for name, kind in SCHEMAS.items()
    }


def _schema(kind: type) -> bytes:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(kind),
    }
    return json.dumps(schema, indent=1).encode() + b"\n"


SCHEMAS: Mapping[str, type] = {
    "forecasts": Forecasts,
    "country": CountryDocument,
    "scoreboard": ScoreboardDocument,
}
