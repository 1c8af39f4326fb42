"""The documents that the tools for assistants return, as JSON with these fields.

Every forecast comes as a `RatedForecast`: the probability with its interval, the track
record of such forecasts and the date of the data, so that none can be quoted without
them.
"""

from dataclasses import dataclass

from econnet.evaluation.confidence import Confidence
from econnet.evaluation.intervals import Interval
from econnet.evaluation.metrics import ReliabilityBin
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast.result import Driver, Episode, ForecastChange, ImportanceShown


@dataclass(frozen=True)
class TrackRecord:
    """How good past forecasts of this event in this country were, out of sample.

    `skill` is the improvement of the log loss on always forecasting the historical
    average: 1 is perfect, 0 no better. `skill_interval_90` is its 90% interval.
    `auroc` is the chance that a contraction got a higher forecast than a
    non-contraction; 0.5 is a coin toss. `confidence` follows from skill and interval.
    """

    n_forecasts: int
    n_contractions: int
    skill: float | None
    skill_interval_90: Interval | None
    brier: float
    brier_interval_90: Interval
    auroc: float | None
    auroc_interval_90: Interval | None
    confidence: Confidence
    verdict: str


@dataclass(frozen=True)
class DataDate:
    """How new the data of a forecast are.

    `known_on` is the day on which the newest value was known, `target_until` the last
    period of the forecast series. `warning` says if newer data are due.
    """

    known_on: str
    target_until: str
    warning: str | None


@dataclass(frozen=True)
class RatedForecast:
    """A probability, and everything that it must be quoted with.

    `historical_average` is the share of the country's past in which the event happened.
    """

    country: str
    name: str
    question: str
    definition: str
    made_in: str
    period: str
    probability: float
    interval_90: Interval
    historical_average: float
    track_record: TrackRecord
    data: DataDate
    quote: str
    version: str


@dataclass(frozen=True)
class OtherHorizon:
    """The forecast for another period, with the record of such forecasts."""

    period: str
    horizon: int
    probability: float
    interval_90: Interval
    historical_average: float
    skill: float | None
    skill_interval_90: Interval | None
    n_forecasts: int
    n_contractions: int
    confidence: Confidence


@dataclass(frozen=True)
class ForecastAnswer:
    """A forecast, its caveats, and the forecasts for other periods."""

    forecast: RatedForecast
    other_horizons: list[OtherHorizon]
    caveats: list[str]


@dataclass(frozen=True)
class ModelScores:
    """A baseline's scores, and econnet's minus it with 90% intervals.

    A negative difference means that econnet was better.
    """

    model: str
    title: str
    brier: float
    log_loss: float
    auroc: float | None
    brier_difference: float | None
    brier_difference_interval_90: Interval | None
    log_loss_difference: float | None
    log_loss_difference_interval_90: Interval | None


@dataclass(frozen=True)
class PublishedRecord:
    """Forecasts that were logged before the outcome, and their scores.

    All logged forecasts of the country are counted; scores are `None` until one has an
    outcome.
    """

    n_logged: int
    n_scored: int
    n_made_ahead: int
    brier: float | None
    historical_average_brier: float | None


@dataclass(frozen=True)
class TrackRecordAnswer:
    """The track record in full."""

    forecast: RatedForecast
    baselines: list[ModelScores]
    calibration: list[ReliabilityBin]
    past_contractions: list[Episode]
    false_alarms: list[FalseAlarm]
    logged: PublishedRecord


@dataclass(frozen=True)
class DriversAnswer:
    """Why a forecast is what it is.

    Contributions are in log-odds and describe the model, not causes in the economy.
    """

    forecast: RatedForecast
    contributions: list[Driver]
    change_since_previous: ForecastChange | None
    importance: list[ImportanceShown]


@dataclass(frozen=True)
class AssumedValue:
    """One assumption, and the probability under it on its own."""

    indicator: str
    title: str
    unit: str
    actual: float
    assumed: float
    probability: float
    outside_past_values: bool


@dataclass(frozen=True)
class WhatIfAnswer:
    """The forecast under assumptions, beside the actual one.

    It is the model's response to other inputs, not the economy's to a policy.
    """

    actual: RatedForecast
    probability: float
    interval_90: Interval
    assumptions: list[AssumedValue]


@dataclass(frozen=True)
class NotAnswered:
    """A country without a forecast, and why."""

    country: str
    reason: str


@dataclass(frozen=True)
class CompareAnswer:
    """The same question for several countries, the most likely first."""

    forecasts: list[RatedForecast]
    not_answered: list[NotAnswered]


@dataclass(frozen=True)
class CountryEntry:
    """A country with data on output; `has_model` is whether it can be asked about."""

    country: str
    name: str
    frequency: str
    first_period: str
    last_period: str
    has_model: bool


@dataclass(frozen=True)
class CountriesAnswer:
    """The countries that match a search."""

    countries: list[CountryEntry]


@dataclass(frozen=True)
class Definition:
    """A definition of a contraction."""

    label: str
    meaning: str
    frequencies: list[str]


@dataclass(frozen=True)
class StoredQuestion:
    """A question with a model of its own; these values are arguments of the tools.

    All are `None` for the headline question, which is the default.
    """

    label: str | None
    frequency: str | None
    horizon: int | None
    event: str | None


@dataclass(frozen=True)
class StandardAnswer:
    """The answer to a standard question, with the record of such forecasts."""

    question: str
    definition: str
    label: str
    frequency: str
    horizon: int
    event: str
    period: str
    probability: float
    interval_90: Interval
    historical_average: float
    skill: float | None
    skill_interval_90: Interval | None
    n_forecasts: int
    n_contractions: int
    confidence: Confidence
    data_known_on: str


@dataclass(frozen=True)
class QuestionsAnswer:
    """What can be asked about a country now, and the definitions of a contraction.

    `standard` has the answers to the standard questions, those with the best record
    first; the headline is one of them. `stored` are the questions that the other tools
    can answer in full. Any other needs `econnet train` first. `not_answered` is why the
    standard questions have no answers, with the command to run.
    """

    country: str
    name: str
    standard: list[StandardAnswer]
    not_answered: str | None
    stored: list[StoredQuestion]
    definitions: list[Definition]


@dataclass(frozen=True)
class SeriesEntry:
    """A series behind a forecast, with its licence and citation."""

    indicator: str
    title: str
    source: str
    series_id: str
    unit: str
    last_period: str
    last_value: float
    next_due: str
    rights: str
    citation: str


@dataclass(frozen=True)
class SourcesAnswer:
    """The data behind a forecast."""

    forecast: RatedForecast
    share_in_real_time: float
    n_countries_learned_from: int
    series: list[SeriesEntry]
