"""What the tools for assistants return.

Every forecast comes as a `RatedForecast`: the probability with its interval, the track
record of such forecasts and the date of the data, so that none can be quoted without
them. Everything is read from stored models; nothing is trained, fetched or written.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from econnet import api
from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.errors import DataError, EconnetError, UsageError
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data.cycle import chronologies, labels
from econnet.evaluation.comparison import Comparison
from econnet.evaluation.confidence import Confidence
from econnet.evaluation.intervals import Interval
from econnet.evaluation.metrics import ReliabilityBin
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast import log as forecast_log
from econnet.forecast import outcomes
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.result import (
    Ahead,
    Driver,
    Episode,
    Forecast,
    ForecastChange,
    ImportanceShown,
    QuestionAnswer,
)
from econnet.forecast.stored_answers import StoredAnswer, StoredAnswers
from econnet.report import wording

# More forecasts would fill an assistant's context with one answer.
MAX_COMPARED = 30


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
    """One assumption, and the probability under it alone."""

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
    """The same question for several countries, the likeliest first."""

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
    can answer in full. Any other needs `econnet train` first.
    """

    country: str
    name: str
    standard: list[StandardAnswer]
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


@dataclass(frozen=True)
class Change:
    """An assumed newest value of an indicator.

    `by` adds to the actual value, `to` replaces it; give one of them, in the unit in
    which the indicator is shown.
    """

    indicator: str
    by: float | None = None
    to: float | None = None

    def to_assumption(self) -> Assumption:
        """Return it as `what_if` takes it."""
        value = self.to if self.by is None else self.by
        if value is None or (self.by is not None and self.to is not None):
            raise UsageError(f"give either `by` or `to` for {self.indicator}")
        if not math.isfinite(value):
            raise UsageError(f"the value for {self.indicator} is no finite number")
        return Assumption(self.indicator, value, relative=self.by is not None)


def request_of(
    label: str | None = None,
    horizon: int | None = None,
    event: Literal["at", "within"] | None = None,
    frequency: Literal["A", "Q", "M"] | None = None,
) -> TaskRequest:
    """Return the question with these options; the others have their defaults."""
    given: dict[str, Any] = {
        "label": label,
        "horizon": horizon,
        "event": event,
        "frequency": frequency,
    }
    return TaskRequest(
        **{name: value for name, value in given.items() if value is not None}
    )


class Answers:
    """Answers questions from stored models."""

    def __init__(self, stored: StoredAnswers) -> None:
        self.stored = stored

    @classmethod
    def of(cls, workspace: Workspace) -> "Answers":
        """Return the answers of a workspace."""
        return cls(StoredAnswers(workspace))

    def countries(self, search: str = "") -> CountriesAnswer:
        """Return the countries with data whose name or code contains a text."""
        table = api.list_countries(self.stored.known)
        with_model = {country.alpha3 for country in self.stored.stored_countries()}
        text = search.casefold().strip()
        entries = [
            CountryEntry(
                row["country"],
                row["name"],
                row["frequency"],
                row["first_period"],
                row["last_period"],
                row["country"] in with_model,
            )
            for row in table.to_dict("records")
            if text in f"{row['country']} {row['name']}".casefold()
        ]
        return CountriesAnswer(
            sorted(entries, key=lambda entry: (not entry.has_model, entry.country))
        )

    def questions(self, country: str) -> QuestionsAnswer:
        """Return what can be asked about a country."""
        found = countries.resolve(country)
        own = {
            name
            for name, chronology in chronologies.load().items()
            if chronology.country == found.alpha3
        }
        rules = [
            Definition(name, rule.meaning, [*rule.frequencies])
            for name, rule in labels.RULES.items()
        ]
        dated = [
            Definition(
                name,
                f"recession by the chronology of {chronology.committee}",
                [*chronology.frequencies],
            )
            for name, chronology in chronologies.load().items()
            if name in own
        ]
        return QuestionsAnswer(
            found.alpha3,
            found.name,
            self._standard(found),
            [
                StoredQuestion(
                    request.label, request.frequency, request.horizon, request.event
                )
                for request in self.stored.stored_requests(found)
            ],
            [*rules, *dated],
        )

    def _standard(self, country: Country) -> list[StandardAnswer]:
        """Return the stored answers to the standard questions; may be empty."""
        try:
            answer = self.stored.ask(country, TaskRequest())
        except DataError:
            return []
        return [_standard_answer(each) for each in answer.forecast.questions]

    def forecast(self, country: str, request: TaskRequest) -> ForecastAnswer:
        """Return the probability of a contraction."""
        forecast = self._ask(country, request).forecast
        return ForecastAnswer(
            rated(forecast),
            [
                _other_horizon(ahead)
                for ahead in forecast.outlook
                if ahead.horizon != forecast.task.horizon
            ],
            wording.caveats(forecast),
        )

    def track_record(self, country: str, request: TaskRequest) -> TrackRecordAnswer:
        """Return how good past forecasts were."""
        forecast = self._ask(country, request).forecast
        assessment = forecast.assessment
        return TrackRecordAnswer(
            rated(forecast),
            [
                _model_scores(name, forecast, assessment.comparisons.get(name))
                for name in assessment.baselines
            ],
            [*assessment.reliability],
            [*assessment.episodes],
            [*assessment.false_alarms],
            self._logged(forecast.country.alpha3),
        )

    def drivers(self, country: str, request: TaskRequest) -> DriversAnswer:
        """Return why the forecast is what it is, and what changed it."""
        forecast = self._ask(country, request).forecast
        explanation = forecast.explanation
        return DriversAnswer(
            rated(forecast),
            [*explanation.drivers],
            explanation.change,
            [*explanation.importance],
        )

    def what_if(
        self, country: str, changes: Sequence[Change], request: TaskRequest
    ) -> WhatIfAnswer:
        """Return the forecast if the newest values of some indicators were others."""
        if not changes:
            raise UsageError("name at least one indicator to change")
        answer = self._ask(country, request)
        supposed = answer.suppose([change.to_assumption() for change in changes])
        return WhatIfAnswer(
            rated(answer.forecast),
            supposed.effect.probability,
            supposed.interval,
            [
                AssumedValue(
                    effect.indicator,
                    effect.title,
                    effect.unit,
                    effect.before,
                    effect.after,
                    effect.probability,
                    effect.out_of_range,
                )
                for effect in supposed.effect.supposed
            ],
        )

    def compare(self, names: Sequence[str], request: TaskRequest) -> CompareAnswer:
        """Return the same question for several countries, the likeliest first."""
        if len(names) > MAX_COMPARED:
            raise UsageError(f"compare at most {MAX_COMPARED} countries at a time")
        chosen = list(names) or [
            country.alpha3 for country in self.stored.stored_countries()
        ]
        forecasts, missing = list[RatedForecast](), list[NotAnswered]()
        for name in chosen[:MAX_COMPARED]:
            try:
                forecasts.append(rated(self._ask(name, request).forecast))
            except EconnetError as error:
                missing.append(NotAnswered(name, str(error)))
        missing += [
            NotAnswered(name, f"more than {MAX_COMPARED} have a model: name this one")
            for name in chosen[MAX_COMPARED:]
        ]
        forecasts.sort(key=lambda answer: (-answer.probability, answer.name))
        return CompareAnswer(forecasts, missing)

    def sources(self, country: str, request: TaskRequest) -> SourcesAnswer:
        """Return the data behind a forecast, with licences and citations."""
        forecast = self._ask(country, request).forecast
        return SourcesAnswer(
            rated(forecast),
            forecast.data.share_in_real_time,
            forecast.data.n_countries,
            [
                SeriesEntry(
                    series.indicator,
                    series.title,
                    series.source,
                    series.series_id,
                    series.unit,
                    series.last_period,
                    series.last_value,
                    series.next_due,
                    series.rights,
                    series.attribution,
                )
                for series in forecast.data.series
            ],
        )

    def _ask(self, country: str, request: TaskRequest) -> StoredAnswer:
        return self.stored.ask(countries.resolve(country), request)

    def _logged(self, alpha3: str) -> PublishedRecord:
        """Return the scores of the country's logged forecasts from public data."""
        lines = [
            line
            for line in forecast_log.read(self.stored.workspace.forecast_log)
            if line["country"] == alpha3 and not line["file"]
        ]
        scores = outcomes.score_log(lines, self.stored.known)
        return PublishedRecord(
            len(scores.forecasts),
            len(scores.scored),
            int(scores.scored["ahead"].sum()),
            _number(scores.brier),
            _number(scores.base_rate_brier),
        )


def rated(forecast: Forecast) -> RatedForecast:
    """Return a forecast with everything that it must be quoted with."""
    stale = wording.stale(forecast)
    record = _track_record(forecast)
    until = wording.period_name(forecast.data.last_period)
    quote = (
        f"{forecast.country.name}: {wording.chance(forecast)}, historical average "
        f"{wording.percent(forecast.base_rate)}; confidence {record.confidence}; data "
        f"to {until}."
    )
    return RatedForecast(
        country=forecast.country.alpha3,
        name=forecast.country.name,
        question=wording.question(forecast),
        definition=forecast.meaning,
        made_in=str(forecast.origin),
        period=str(forecast.period),
        probability=forecast.probability,
        interval_90=forecast.interval,
        historical_average=forecast.base_rate,
        track_record=record,
        data=DataDate(
            forecast.data.as_of[:10],
            forecast.data.last_period,
            None if stale is None else stale.sentence,
        ),
        quote=quote if stale is None else f"{quote} {stale.sentence}",
        version=forecast.versions["econnet"],
    )


def _track_record(forecast: Forecast) -> TrackRecord:
    assessment, verdict = forecast.assessment, wording.verdict(forecast)
    scores, intervals, skill = (
        assessment.metrics,
        assessment.intervals,
        assessment.skill,
    )
    return TrackRecord(
        n_forecasts=scores.n,
        n_contractions=scores.n_contractions,
        skill=None if skill is None else skill.value,
        skill_interval_90=None if skill is None else skill.interval,
        brier=scores.brier,
        brier_interval_90=intervals.brier,
        auroc=scores.auroc,
        auroc_interval_90=intervals.auroc,
        confidence=verdict.confidence,
        verdict=verdict.text,
    )


def _other_horizon(ahead: Ahead) -> OtherHorizon:
    skill = ahead.skill
    return OtherHorizon(
        period=ahead.period,
        horizon=ahead.horizon,
        probability=ahead.probability,
        interval_90=ahead.interval,
        historical_average=ahead.base_rate,
        skill=None if skill is None else skill.value,
        skill_interval_90=None if skill is None else skill.interval,
        n_forecasts=ahead.scores.n,
        n_contractions=ahead.scores.n_contractions,
        confidence=ahead.confidence,
    )


def _standard_answer(answer: QuestionAnswer) -> StandardAnswer:
    skill, task = answer.skill, answer.task
    return StandardAnswer(
        question=wording.question(answer),
        definition=answer.meaning,
        label=task.label,
        frequency=task.frequency,
        horizon=task.horizon,
        event=task.event,
        period=str(answer.period),
        probability=answer.probability,
        interval_90=answer.interval,
        historical_average=answer.base_rate,
        skill=None if skill is None else skill.value,
        skill_interval_90=None if skill is None else skill.interval,
        n_forecasts=0 if skill is None else skill.n,
        n_contractions=0 if skill is None else skill.n_contractions,
        confidence=answer.confidence,
        data_known_on=answer.as_of[:10],
    )


def _model_scores(
    name: str, forecast: Forecast, against: Comparison | None
) -> ModelScores:
    scores = forecast.assessment.baselines[name]
    return ModelScores(
        name,
        wording.baseline_title(name),
        scores.brier,
        scores.log_loss,
        scores.auroc,
        None if against is None else against.brier_difference,
        None if against is None else against.brier_interval,
        None if against is None else against.log_loss_difference,
        None if against is None else against.log_loss_interval,
    )


def _number(value: float) -> float | None:
    """Return a score; `None` if there is none."""
    return None if math.isnan(value) else value
