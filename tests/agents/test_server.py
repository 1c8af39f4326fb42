"""The tools for assistants, called by the official client over standard input."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest

from econnet import make_forecast, to_record
from econnet.core.errors import DataError
from econnet.core.task import TaskRequest
from econnet.core.workspace import Workspace
from econnet.data import panel
from econnet.forecast import preparation, stored_answers
from econnet.forecast.result import Forecast
from econnet.forecast.stored_answers import StoredAnswers
from tests.agents.small import small_data
from tests.user import ROOT, econnet

pytest.importorskip("mcp", reason="the extra mcp is not installed")

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from econnet.cli.agents.answers import Answers
from econnet.cli.agents.server import make_server

pytestmark = pytest.mark.usefixtures("light")

WITH_A_FORECAST = ("forecast", "track_record", "drivers", "sources")
TOOLS = {*WITH_A_FORECAST, "countries", "questions", "what_if", "compare"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("agents")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECONNET_DATA", str(folder))
        patch.setenv("ECONNET_REPORTS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def made(folder: Path, light: None) -> Forecast:  # noqa: ARG001 - what they set up
    return make_forecast("Germany", small_data())


@asynccontextmanager
async def connected(*command: str, folder: Path) -> AsyncIterator[Client]:
    process = StdioServerParameters(
        command=sys.executable, args=[*command], env={**os.environ}, cwd=folder
    )
    async with Client(stdio_client(process)) as client:
        yield client


def results(folder: Path, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return the result of each call, all in one process that serves `small_data`."""

    async def call() -> list[Any]:
        script = str(Path(__file__).with_name("served.py"))
        async with connected(script, str(folder), folder=folder) as client:
            return [await client.call_tool(*each) for each in calls]

    answers: list[Any] = anyio.run(call)
    return answers


def test_command_serves_read_only_tools_with_schemas(tmp_path: Path) -> None:
    async def listed() -> list[Any]:
        async with connected("-m", "econnet", "mcp", folder=tmp_path) as client:
            result = await client.call_tool("forecast", {"country": "DEU"})
            assert result.is_error
            assert "run `econnet train --country DEU`" in result.content[0].text
            asked = await client.call_tool("questions", {"country": "DEU"})
            assert asked.structured_content["standard"] == []
            assert "econnet train" in asked.structured_content["not_answered"]
            compared = await client.call_tool("compare", {"countries": []})
            assert compared.is_error
            assert "no country has a stored model" in compared.content[0].text
            early = await client.call_tool("forecast", {"country": "DE", "horizon": -1})
            assert "`horizon` -1 is " in early.content[0].text
            tools: list[Any] = (await client.list_tools()).tools
            return tools

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("ECONNET_DATA", str(tmp_path / "data"))
        tools = anyio.run(listed)
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert tool.description
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False
    assert not (tmp_path / "data").exists()


def test_every_forecast_has_interval_track_record_and_data_date(
    made: Forecast, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    answers = results(folder, *((name, {"country": "DE"}) for name in WITH_A_FORECAST))
    record = to_record(made)
    for answer in answers:
        assert not answer.is_error, answer.content
        forecast = answer.structured_content["forecast"]
        assert forecast["probability"] == made.probability
        assert forecast["interval_90"] == record["interval"]
        assert forecast["historical_average"] == made.base_rate
        assert forecast["track_record"]["n_forecasts"] == made.assessment.metrics.n
        assert forecast["track_record"]["confidence"] == record["confidence"]
        assert forecast["data"]["target_until"] == made.data.last_period
        for part in ("90% interval", "historical average", "confidence", "data to"):
            assert part in forecast["quote"]
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    assert after == before, "the tools write nothing"


def test_what_if_agrees_with_the_forecast_command(made: Forecast, folder: Path) -> None:
    indicator = made.explanation.response_curves[0].indicator
    expected = made_with(f"{indicator}=+1.0")
    no_change, changed, both = results(
        folder,
        *(
            ("what_if", {"country": "DEU", "changes": [{"indicator": indicator, **to}]})
            for to in ({"by": 0.0}, {"by": 1.0}, {"by": 1.0, "to": 2.0})
        ),
    )
    same = no_change.structured_content
    assert same["probability"] == pytest.approx(made.probability, abs=1e-12)
    assert same["interval_90"] == pytest.approx(made.interval, abs=1e-12)
    supposed = changed.structured_content
    assert supposed["probability"] == pytest.approx(expected, abs=1e-12)
    low, high = supposed["interval_90"]
    assert low <= supposed["probability"] <= high
    assert both.is_error
    assert "either `by` or `to`" in both.content[0].text


def made_with(assumption: str) -> float:
    """Return the probability under an assumption, as the command computes it."""
    from econnet.core import countries
    from econnet.forecast import workflow
    from econnet.forecast.explain.what_if import parse_assumption

    question = workflow.question(small_data(), countries.resolve("DEU"), TaskRequest())
    result = workflow.forecast(
        question,
        Workspace.from_environment(),
        assumptions=[parse_assumption(assumption)],
        outlook=False,
    )
    assert result.explanation.what_if is not None
    return result.explanation.what_if.probability


def test_lists_contain_what_can_be_asked(made: Forecast, folder: Path) -> None:
    listed, questions, compared, unknown = results(
        folder,
        ("countries", {}),
        ("questions", {"country": "Germany"}),
        ("compare", {"countries": ["DEU", "FRA"]}),
        ("forecast", {"country": "Germny"}),
    )
    first, second = listed.structured_content["countries"]
    assert (first["country"], first["has_model"]) == ("DEU", True)
    assert (second["country"], second["has_model"]) == ("FRA", False)
    (stored,) = questions.structured_content["stored"]
    assert set(stored.values()) == {None}, "the headline question"
    standard = questions.structured_content["standard"]
    assert questions.structured_content["not_answered"] is None
    assert len(standard) == len(made.questions) > 1
    for answer, expected in zip(standard, made.questions, strict=True):
        assert answer["probability"] == expected.probability
        low, high = answer["interval_90"]
        assert low <= answer["probability"] <= high
        assert answer["n_forecasts"] > 0
        assert answer["question"].startswith("Will ")
    labels = [entry["label"] for entry in questions.structured_content["definitions"]]
    assert "two-quarters" in labels
    assert "nber" not in labels, "the chronology of another country"
    (forecast,) = compared.structured_content["forecasts"]
    assert forecast["probability"] == made.probability
    (missing,) = compared.structured_content["not_answered"]
    assert missing["country"] == "FRA"
    assert "econnet train --country FRA" in missing["reason"]
    assert unknown.is_error
    assert "nearest: Germany" in unknown.content[0].text


def test_model_that_no_longer_fits_is_not_used(made: Forecast, folder: Path) -> None:
    data = small_data()
    newest = data.observations["period"].max()
    rows = data.observations[data.observations["period"] < newest]
    older = type(data)(rows, data.series, "snapshot")
    with pytest.raises(DataError, match="fits the newest data: run `econnet train"):
        StoredAnswers(Workspace(folder, folder), older).ask(made.country, TaskRequest())


def test_answer_is_computed_once_until_model_or_day_changes(
    made: Forecast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = StoredAnswers(Workspace(folder, folder), small_data())
    answers.read_data()
    first = answers.ask(made.country, TaskRequest())
    assert answers.ask(made.country, TaskRequest()) is first
    (folder / "models" / "DEU.npz").touch()
    second = answers.ask(made.country, TaskRequest())
    assert second is not first
    assert second.forecast.probability == first.forecast.probability

    class Tomorrow(date):
        @classmethod
        def today(cls) -> "Tomorrow":
            day = pd.Timestamp.now() + pd.Timedelta(days=1)
            return cls(day.year, day.month, day.day)

    monkeypatch.setattr(stored_answers, "date", Tomorrow)
    assert answers.ask(made.country, TaskRequest()) is not second


def test_countries_trained_together_are_prepared_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("ECONNET_DATA", "ECONNET_REPORTS"):
        monkeypatch.setenv(variable, str(tmp_path))
    made = [make_forecast(name, small_data()) for name in ("Germany", "France")]
    germany, france = (forecast.country for forecast in made)

    def fresh() -> StoredAnswers:
        return StoredAnswers(Workspace(tmp_path, tmp_path), small_data())

    alone = to_record(fresh().ask(france, TaskRequest()).forecast)
    answers = fresh()
    answers.ask(germany, TaskRequest())
    build = Mock(wraps=panel.build)
    monkeypatch.setattr(panel, "build", build)
    second = to_record(answers.ask(france, TaskRequest()).forecast)
    assert not build.called
    assert {**second, "made_at": ""} == {**alone, "made_at": ""}


def test_logged_forecasts_are_scored_by_the_data_of_their_country(
    made: Forecast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers(StoredAnswers(Workspace(folder, folder), small_data()))
    answers.track_record("DEU", TaskRequest())
    build = Mock(wraps=panel.build)
    monkeypatch.setattr(panel, "build", build)
    assert answers.track_record("DEU", TaskRequest()).logged.n_logged >= 1
    (call,) = build.call_args_list
    assert set(call.args[0]["country"]) == {made.country.alpha3}


def test_damaged_model_is_read_once_until_its_file_changes(
    made: Forecast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = StoredAnswers(Workspace(folder, folder), small_data())
    file = folder / "models" / "DEU.npz"
    intact = file.read_bytes()
    prepare = Mock(wraps=preparation.prepare)
    monkeypatch.setattr(preparation, "prepare", prepare)
    try:
        file.write_bytes(intact[:-100])
        for expected in (True, False, False):
            prepare.reset_mock()
            with pytest.raises(DataError, match=r"DEU\.npz is damaged"):
                answers.ask(made.country, TaskRequest())
            assert prepare.called is expected
    finally:
        file.write_bytes(intact)
    answer = answers.ask(made.country, TaskRequest())
    assert answer.forecast.probability == made.probability


def test_stored_question_is_found_by_the_name_of_its_model(
    folder: Path, made: Forecast
) -> None:
    make_forecast("Germany", small_data(), horizon=2)
    answers = StoredAnswers(Workspace(folder, folder), small_data())
    requests = [*answers.stored_requests(made.country)]
    assert [request.horizon for request in requests] == [None, 2]
    assert answers.ask(made.country, requests[1]).forecast.task.horizon == 2


DEU = {"country": "DEU"}


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("forecast", {}, "`country` is missing"),
        ("forecast", {"country": 5}, "`country` 5 is not a text"),
        ("forecast", DEU | {"event": "soon"}, "`event` 'soon' is not 'at' or 'within'"),
        (
            "compare",
            {"countries": [], "frequency": "W"},
            "`frequency` 'W' is not 'A', 'Q' or 'M'",
        ),
        ("drivers", DEU | {"horizon": "1q"}, "`horizon` '1q' is not a whole number"),
        ("what_if", DEU | {"changes": 2}, "`changes` 2 is not a list"),
        (
            "what_if",
            DEU | {"changes": [{"by": "two"}]},
            "`changes[0].indicator` is missing; `changes[0].by` 'two' is not a number",
        ),
        (
            "what_if",
            DEU | {"changes": [{"indicator": "exports", "add": 2}]},
            "`changes[0].add` is not an argument",
        ),
        (
            "questions",
            DEU | {"as_of\n": "2008"},
            r"`as_of\n` is not an argument of questions, which takes country",
        ),
    ],
)
def test_wrong_argument_is_explained_in_one_line(
    tool: str, arguments: dict[str, Any], message: str, folder: Path
) -> None:
    async def call() -> Any:  # noqa: ANN401 - the client's result
        answers = Answers(StoredAnswers(Workspace(folder, folder), small_data()))
        async with Client(make_server(answers)) as client:
            return await client.call_tool(tool, arguments)

    result = anyio.run(call)
    assert result.is_error
    assert result.content[0].text == message


def test_one_line_explains_how_to_install_a_missing_extra(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("econnet.cli.commands.mcp.find_spec", lambda _: None)
        run = econnet("mcp", folder=tmp_path)
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "econnet: econnet mcp needs the package mcp: run `pip install 'econnet[mcp]'`"
    ]


def test_help_does_not_import_the_extra() -> None:
    code = (
        "import sys; from econnet.cli import app; "
        "print([name for name in ('mcp', 'pydantic', 'pandas') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
