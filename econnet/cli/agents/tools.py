"""The tools for assistants, which are sent their signatures and docstrings."""

from collections.abc import Callable
from dataclasses import dataclass

from econnet.cli.agents.answer_types import (
    CompareAnswer,
    CountriesAnswer,
    DriversAnswer,
    ForecastAnswer,
    QuestionsAnswer,
    SourcesAnswer,
    TrackRecordAnswer,
    WhatIfAnswer,
)
from econnet.cli.agents.answers import Answers
from econnet.cli.agents.arguments import Change, Event, Frequency, request_of


@dataclass(frozen=True, eq=False)
class Tools:
    """Each public method but `all` is a tool."""

    answers: Answers

    def all(self) -> list[Callable[..., object]]:
        """Return the tools, in the order in which they are listed."""
        return [
            self.countries,
            self.questions,
            self.forecast,
            self.track_record,
            self.drivers,
            self.what_if,
            self.compare,
            self.sources,
        ]

    def countries(self, search: str = "") -> CountriesAnswer:
        """List countries with data; `search` is a part of a name or ISO code.

        Those with a stored model, which can be asked about, come first.
        """
        return self.answers.countries(search)

    def questions(self, country: str) -> QuestionsAnswer:
        """Answer the standard questions about a country, and list what can be asked.

        Also lists the questions that have a model, and definitions of a contraction.
        """
        return self.answers.questions(country)

    def forecast(
        self,
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> ForecastAnswer:
        """Forecast the probability that a country's economy contracts.

        `country` is a name or ISO code. `label` is the definition of a contraction,
        `horizon` the periods ahead, `event` whether it is that period (`at`) or any up
        to it (`within`). Without them it is the country's headline question, that with
        the best record.
        """
        return self.answers.forecast(
            country, request_of(label, horizon, event, frequency)
        )

    def track_record(
        self,
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> TrackRecordAnswer:
        """Show how good past forecasts were: scores, baselines, calibration, misses."""
        return self.answers.track_record(
            country, request_of(label, horizon, event, frequency)
        )

    def drivers(
        self,
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> DriversAnswer:
        """Explain a forecast: what each indicator adds, and what changed it."""
        return self.answers.drivers(
            country, request_of(label, horizon, event, frequency)
        )

    def what_if(
        self,
        country: str,
        changes: list[Change],
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> WhatIfAnswer:
        """Compute the forecast if the newest values of some indicators changed.

        Each change names an indicator and either `by`, which is added to its newest
        value, or `to`, which replaces it. `drivers` lists the indicators.
        """
        request = request_of(label, horizon, event, frequency)
        return self.answers.what_if(country, changes, request)

    def compare(
        self,
        countries: list[str],
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> CompareAnswer:
        """Forecast several countries, the most likely contraction first.

        An empty list means all that have a stored model, up to thirty.
        """
        return self.answers.compare(
            countries, request_of(label, horizon, event, frequency)
        )

    def sources(
        self,
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> SourcesAnswer:
        """List the series behind a forecast, with licences and citations."""
        return self.answers.sources(
            country, request_of(label, horizon, event, frequency)
        )
