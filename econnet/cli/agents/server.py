"""The server that gives assistants the tools of `answers`, over standard input.

It speaks the Model Context Protocol through the official SDK, the package `mcp`, which
is an extra. All tools are marked as read-only. An error that the caller can solve is
returned as text; any other is a bug, is logged with its traceback, and ends nothing.
"""

import threading
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Literal, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from econnet.cli.agents.answers import (
    Answers,
    Change,
    CompareAnswer,
    CountriesAnswer,
    DriversAnswer,
    ForecastAnswer,
    QuestionsAnswer,
    SourcesAnswer,
    TrackRecordAnswer,
    WhatIfAnswer,
    request_of,
)
from econnet.core.errors import EconnetError
from econnet.core.workspace import Workspace

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Event = Literal["at", "within"]
Frequency = Literal["A", "Q", "M"]

INSTRUCTIONS = (
    "econnet gives the probability that a country's economy contracts. Quote a "
    "probability only with its 90% interval, the historical average, the confidence "
    "that its track record allows, and the date of its data: `quote` has all of them. "
    "Where confidence is low, say that past forecasts were no better than the "
    "historical average. Repeat `data.warning` if there is one. Drivers and what-if "
    "describe the model, not causes in the economy."
)


def serve(workspace: Workspace) -> None:
    """Answer on standard input and output until the client ends the connection."""
    answers = Answers.of(workspace)
    # The default questions are made ready while the client connects.
    threading.Thread(target=answers.stored.warm_up, daemon=True).start()
    make_server(answers).run()


def make_server(answers: Answers) -> MCPServer[None]:
    """Return the server with its tools."""
    server: MCPServer[None] = MCPServer(
        "econnet",
        instructions=INSTRUCTIONS,
        version=version("econnet"),
        log_level="WARNING",
    )
    for tool in _tools(answers):
        server.add_tool(
            _with_errors_as_text(tool),
            annotations=ToolAnnotations(
                read_only_hint=True, idempotent_hint=True, open_world_hint=False
            ),
        )
    return server


def _with_errors_as_text(tool: Callable[Arguments, Result]) -> Callable[..., Result]:
    """Return the tool with errors of econnet as those of the protocol."""

    @wraps(tool)
    def guarded(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            return tool(*arguments, **named)
        except EconnetError as error:
            raise ToolError(str(error)) from error

    return guarded


def _tools(answers: Answers) -> list[Callable[..., object]]:
    """Return the tools; their signatures and docstrings are what assistants read."""

    def countries(search: str = "") -> CountriesAnswer:
        """List countries with data; `search` is a part of a name or ISO code.

        Those with a stored model, which can be asked about, come first.
        """
        return answers.countries(search)

    def questions(country: str) -> QuestionsAnswer:
        """Answer the standard questions about a country, and list what can be asked.

        Also lists the questions that have a model, and definitions of a contraction.
        """
        return answers.questions(country)

    def forecast(
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
        return answers.forecast(country, request_of(label, horizon, event, frequency))

    def track_record(
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> TrackRecordAnswer:
        """Show how good past forecasts were: scores, baselines, calibration, misses."""
        return answers.track_record(
            country, request_of(label, horizon, event, frequency)
        )

    def drivers(
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> DriversAnswer:
        """Explain a forecast: what each indicator adds, and what changed it."""
        return answers.drivers(country, request_of(label, horizon, event, frequency))

    def what_if(
        country: str,
        changes: list[Change],
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> WhatIfAnswer:
        """Compute the forecast if the newest values of some indicators were others.

        Each change names an indicator and either `by`, which is added to its newest
        value, or `to`, which replaces it. `drivers` lists the indicators.
        """
        request = request_of(label, horizon, event, frequency)
        return answers.what_if(country, changes, request)

    def compare(
        countries: list[str],
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> CompareAnswer:
        """Forecast several countries, the likeliest contraction first.

        An empty list means all that have a stored model, up to thirty.
        """
        return answers.compare(countries, request_of(label, horizon, event, frequency))

    def sources(
        country: str,
        label: str | None = None,
        horizon: int | None = None,
        event: Event | None = None,
        frequency: Frequency | None = None,
    ) -> SourcesAnswer:
        """List the series behind a forecast, with licences and citations."""
        return answers.sources(country, request_of(label, horizon, event, frequency))

    return [
        countries,
        questions,
        forecast,
        track_record,
        drivers,
        what_if,
        compare,
        sources,
    ]
