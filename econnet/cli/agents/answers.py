"""Answers to the questions of assistants, from stored models.

Nothing is trained, fetched or written. `answer_types` has the documents returned.
"""

import math
from collections.abc import Sequence

from econnet import api
from econnet.cli.agents import conversion
from econnet.cli.agents.answer_types import (
    AssumedValue,
    CompareAnswer,
    CountriesAnswer,
    CountryEntry,
    Definition,
    DriversAnswer,
    ForecastAnswer,
    NotAnswered,
    PublishedRecord,
    QuestionsAnswer,
    RatedForecast,
    SeriesEntry,
    SourcesAnswer,
    StandardAnswer,
    StoredQuestion,
    TrackRecordAnswer,
    WhatIfAnswer,
)
from econnet.cli.agents.arguments import Change
from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.errors import DataError, EconnetError, UsageError
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data.cycle import chronologies, labels
from econnet.forecast import log as forecast_log
from econnet.forecast import outcomes
from econnet.forecast.stored_answers import StoredAnswer, StoredAnswers
from econnet.report import wording

# More forecasts would fill an assistant's context with one answer.
MAX_COMPARED = 30


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
        standard, not_answered = self._standard(found)
        return QuestionsAnswer(
            found.alpha3,
            found.name,
            standard,
            not_answered,
            [
                StoredQuestion(
                    request.label, request.frequency, request.horizon, request.event
                )
                for request in self.stored.stored_requests(found)
            ],
            [*rules, *dated],
        )

    def _standard(self, country: Country) -> tuple[list[StandardAnswer], str | None]:
        """Return the answers to the standard questions; without any, the reason."""
        try:
            answer = self.stored.ask(country, TaskRequest())
        except DataError as error:
            return [], str(error)
        questions = answer.forecast.questions
        return [conversion.standard_answer(each) for each in questions], None

    def forecast(self, country: str, request: TaskRequest) -> ForecastAnswer:
        """Return the probability of a contraction."""
        forecast = self._ask(country, request).forecast
        return ForecastAnswer(
            conversion.rated(forecast),
            [
                conversion.other_horizon(ahead)
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
            conversion.rated(forecast),
            [
                conversion.model_scores(
                    name, forecast, assessment.comparisons.get(name)
                )
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
            conversion.rated(forecast),
            [*explanation.drivers],
            explanation.change,
            [*explanation.importance],
        )

    def what_if(
        self, country: str, changes: Sequence[Change], request: TaskRequest
    ) -> WhatIfAnswer:
        """Return the forecast if the newest values of some indicators changed."""
        if not changes:
            raise UsageError("name at least one indicator to change")
        answer = self._ask(country, request)
        supposed = answer.supposing.under(
            [change.to_assumption() for change in changes]
        )
        return WhatIfAnswer(
            conversion.rated(answer.forecast),
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
        """Return the same question for several countries, the most likely first."""
        if len(names) > MAX_COMPARED:
            raise UsageError(f"compare at most {MAX_COMPARED} countries at a time")
        chosen = list(names) or [
            country.alpha3 for country in self.stored.stored_countries()
        ]
        if not chosen:
            raise DataError(
                "no country has a stored model: run `econnet train --country DEU`, or "
                "`econnet train --all` for every country"
            )
        forecasts, missing = list[RatedForecast](), list[NotAnswered]()
        for name in chosen[:MAX_COMPARED]:
            try:
                forecasts.append(conversion.rated(self._ask(name, request).forecast))
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
            conversion.rated(forecast),
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
        known = self.stored.known.of_country(alpha3)
        scores = outcomes.score_log(lines, known)
        return PublishedRecord(
            len(scores.forecasts),
            len(scores.scored),
            int(scores.scored["ahead"].sum()),
            _number(scores.brier),
            _number(scores.base_rate_brier),
        )


def _number(value: float) -> float | None:
    """Return a score; `None` if there is none."""
    return None if math.isnan(value) else value
