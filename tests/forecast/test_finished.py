"""A finished forecast is used again only while computing it would give the same one."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Task, TaskRequest
from econnet.core.workspace import Workspace
from econnet.data import load
from econnet.data.sources.observations import Dataset
from econnet.data.store.store import Store
from econnet.forecast import (
    finished,
    preparation,
    provenance,
    saved_model,
    unchanged,
    workflow,
)
from econnet.forecast import log as forecast_log
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.questions import PreparedQuestions
from econnet.forecast.result import Forecast
from econnet.forecast.stored_answers import StoredAnswers
from tests.agents.small import small_data
from tests.data.store.test_store import answer
from tests.light import light_forecaster

GERMANY = countries.by_alpha3("DEU")
REQUEST = TaskRequest(horizon=1, pool="own", members=1)


@pytest.fixture(scope="module", autouse=True)
def light() -> Iterator[None]:
    with light_forecaster():
        yield


def computed(workspace: Workspace, request: TaskRequest = REQUEST) -> Forecast:
    """Return the forecast from small data that pass for those of the workspace."""
    known = small_data().with_digest(load.digest(workspace))
    question = workflow.question(known, GERMANY, request)
    return workflow.forecast(question, workspace)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Forecast]:
    folder = tmp_path_factory.mktemp("finished")
    workspace = Workspace(folder / "data", folder / "reports")
    return workspace, computed(workspace)


@pytest.fixture
def workspace(first: tuple[Workspace, Forecast], tmp_path: Path) -> Workspace:
    """Return a copy of a workspace in which a forecast is finished."""
    shutil.copytree(first[0].data_folder, tmp_path / "data")
    return Workspace(tmp_path / "data", tmp_path / "reports")


def file_of(workspace: Workspace) -> Path:
    (file,) = (workspace.data_folder / "finished").glob("*.msgpack")
    return file


def assert_same(one: Forecast, other: Forecast) -> None:
    for field in dataclasses.fields(Forecast):
        values = getattr(one, field.name), getattr(other, field.name)
        if isinstance(values[0], pd.DataFrame):
            pd.testing.assert_frame_equal(*values, check_exact=True)
        elif field.name != "made_at":
            assert values[0] == values[1], field.name


def test_finished_forecast_is_the_one_that_computing_gives(
    first: tuple[Workspace, Forecast], workspace: Workspace
) -> None:
    found = finished.again(GERMANY, REQUEST, workspace)
    assert found is not None
    assert_same(found, first[1])
    assert_same(found, computed(workspace))
    lines = forecast_log.read(workspace.forecast_log)
    assert len(lines) == 3, "it is logged like a computed one"
    without = finished.again(GERMANY, REQUEST, workspace, outlook=False)
    assert without is not None
    assert [ahead.horizon for ahead in without.outlook] == [1]


def fetch_something(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    Store(workspace.store).write([answer({"FRA": {"2019": 1.0}})])


def replace_the_model(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    (model,) = workspace.models()
    model.write_bytes(model.read_bytes() + b" ")


def log_an_earlier_forecast(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    found = finished.find(GERMANY, REQUEST, workspace)
    assert found is not None
    origin = found.forecast.origin - 1
    earlier = replace(found.forecast, origin=origin, period=origin + 1)
    forecast_log.add(earlier, workspace.forecast_log)


def set_the_clock_back(_: Workspace, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(unchanged, "date", shifted(-1))


def upgrade_a_package(_: Workspace, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(provenance, "version", lambda name: f"next {name}")


def use_another_processor(_: Workspace, patch: pytest.MonkeyPatch) -> None:
    pool = {"user_api": "blas", "internal_api": "other", "version": "1"}
    patch.setattr(provenance, "threadpool_info", lambda: [pool])


def damage_the_file(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    file = file_of(workspace)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_the_file(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    file = file_of(workspace)
    file.write_bytes(file.read_bytes()[:-1])


def shifted(days: int) -> type[date]:
    """Return a class whose `today` is some days later, or earlier."""

    class Shifted(date):
        @classmethod
        def today(cls) -> "Shifted":
            day = date.today() + timedelta(days=days)
            return cls(day.year, day.month, day.day)

    return Shifted


@pytest.mark.parametrize(
    "change",
    [
        fetch_something,
        replace_the_model,
        log_an_earlier_forecast,
        set_the_clock_back,
        upgrade_a_package,
        use_another_processor,
        damage_the_file,
        cut_the_file,
    ],
)
def test_finished_forecast_is_not_used_after(
    change: Callable[[Workspace, pytest.MonkeyPatch], None],
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert finished.find(GERMANY, REQUEST, workspace) is not None
    change(workspace, monkeypatch)
    assert finished.find(GERMANY, REQUEST, workspace) is None


def test_finished_forecast_is_used_only_before_other_values_may_count(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = finished.find(GERMANY, REQUEST, workspace)
    assert made is not None
    assert made.unchanged_until is None, "the invented data ended years ago"
    monkeypatch.setattr(unchanged, "date", shifted(1000))
    assert finished.find(GERMANY, REQUEST, workspace) is not None
    monkeypatch.undo()
    until = date.today() + timedelta(days=3)
    known = small_data().with_digest(load.digest(workspace))
    limited = replace(made, unchanged_until=until)
    finished.keep(limited, known, REQUEST, workspace, None)
    for days, expected in ((2, True), (3, False)):
        monkeypatch.setattr(unchanged, "date", shifted(days))
        found = finished.find(GERMANY, REQUEST, workspace)
        assert (found is not None) is expected


def test_finished_forecast_is_used_only_while_it_is_the_headline(
    workspace: Workspace,
) -> None:
    request = TaskRequest(pool="own", members=1)
    forecast = computed(workspace, request)
    made = finished.find(GERMANY, request, workspace)
    assert made is not None
    assert made.forecast.questions == forecast.questions
    other = next(each for each in forecast.questions if each.task != forecast.task)
    known = small_data().with_digest(load.digest(workspace))
    wrong = replace(made, forecast=replace(made.forecast, task=other.task))
    finished.keep(wrong, known, request, workspace, None)
    assert finished.find(GERMANY, request, workspace) is None


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(
            replace(small_data().with_digest("1")), id="changed after reading"
        ),
        pytest.param(small_data().with_digest("1"), id="of another store"),
        pytest.param(small_data(), id="of the caller"),
    ],
)
def test_forecast_from_other_data_is_not_kept(
    known: Dataset, workspace: Workspace, tmp_path: Path
) -> None:
    made = finished.find(GERMANY, REQUEST, workspace)
    assert made is not None
    elsewhere = Workspace(tmp_path / "elsewhere", tmp_path / "reports")
    finished.keep(made, known, REQUEST, elsewhere, None)
    assert not elsewhere.data_folder.exists()


def test_forecast_as_of_a_past_day_is_not_kept(
    workspace: Workspace, tmp_path: Path
) -> None:
    made = finished.find(GERMANY, REQUEST, workspace)
    assert made is not None
    elsewhere = Workspace(tmp_path / "elsewhere", tmp_path / "reports")
    known = small_data().with_digest(load.digest(elsewhere))
    past = replace(REQUEST, as_of="2019-01-01")
    finished.keep(made, known, past, elsewhere, None)
    assert not elsewhere.data_folder.exists()
    finished.keep(made, known, REQUEST, elsewhere, None)
    assert elsewhere.data_folder.exists()


def test_assistants_get_the_finished_forecast_without_reading_data(
    workspace: Workspace, first: tuple[Workspace, Forecast]
) -> None:
    answers = StoredAnswers(workspace)
    told = answers.ask(GERMANY, REQUEST)
    assert_same(told.forecast, first[1])
    assert answers.ask(GERMANY, REQUEST) is told
    (model,) = workspace.models()
    model.unlink()
    with pytest.raises(DataError, match="no model of Germany"):
        answers.ask(GERMANY, REQUEST)


def test_forecast_of_a_ranking_is_kept_as_that_of_the_country(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", tmp_path / "reports")
    known = small_data().with_digest(load.digest(workspace))
    task = Task("Q", pool="own", members=1)
    ranked = workflow.rank(known, [GERMANY], task, workspace)
    request = TaskRequest(frequency="Q", horizon=1, pool="own", members=1)
    found = finished.again(GERMANY, request, workspace)
    assert found is not None
    assert_same(found, ranked.forecasts[0])
    file_of(workspace).unlink()
    assert_same(found, computed(workspace, request))
    answers = StoredAnswers(workspace, known)
    without_frequency = replace(request, frequency=None)
    assert_same(found, answers.ask(GERMANY, without_frequency).forecast)


def test_ranking_compares_with_the_forecast_logged_before(
    first: tuple[Workspace, Forecast], workspace: Workspace
) -> None:
    origin = first[1].origin - 1
    forecast_log.add(
        replace(first[1], origin=origin, period=origin + 1, probability=0.625),
        workspace.forecast_log,
    )
    task = first[1].task
    (answer,) = workflow.rank(small_data(), [GERMANY], task, workspace).forecasts
    assert answer.previous_probability == 0.625


def test_assumptions_about_a_finished_forecast_need_no_data_and_give_the_same_bits(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assumptions = [Assumption("real_gdp", -2.0, relative=True)]
    known = small_data().with_digest(load.digest(workspace))
    answers = StoredAnswers(workspace, known)
    with monkeypatch.context() as patch:
        patch.setattr(finished, "find", lambda *_: None)
        computed = StoredAnswers(workspace, known).ask(GERMANY, REQUEST)
    expected = computed.supposing.under(assumptions)
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "prepare", Mock(side_effect=AssertionError))
        found = answers.ask(GERMANY, REQUEST).supposing.under(assumptions)
    assert found == expected
    assert found.effect.probability != computed.forecast.probability
    (file,) = workspace.models()
    model = saved_model.load(file)
    incomplete = StoredAnswers(workspace, known).ask(GERMANY, REQUEST)
    saved_model.save(replace(model, partners={}), file)
    assert incomplete.supposing.under(assumptions) == expected


def test_stored_answers_of_an_unchanged_state_need_one_question_prepared(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = TaskRequest(pool="own", members=1)
    made = computed(workspace, request)
    monkeypatch.setattr(finished, "find", lambda *_: None)
    prepare = Mock(wraps=PreparedQuestions.of)
    monkeypatch.setattr(PreparedQuestions, "of", prepare)

    def answered() -> Forecast:
        known = small_data().with_digest(load.digest(workspace))
        return StoredAnswers(workspace, known).ask(GERMANY, request).forecast

    assert_same(answered(), made)
    assert not prepare.called
    fetch_something(workspace, monkeypatch)
    assert answered().probability == made.probability
    assert prepare.called, "other data may lead to other answers"
