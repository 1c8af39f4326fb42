"""The standard questions, their answers, and the choice of the headline."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Event, Task, TaskRequest
from econnet.core.workspace import Workspace
from econnet.data.sources import snapshot
from econnet.data.sources.observations import Dataset
from econnet.evaluation.confidence import Skill
from econnet.forecast import questions, saved_answers, workflow
from econnet.forecast.headline import headline
from econnet.forecast.questions import PreparedQuestions
from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.report import record
from tests.light import light_forecaster

TODAY = pd.Timestamp("2026-11-27")
GERMANY = countries.by_alpha3("DEU")
REQUEST = TaskRequest(pool="own", members=1)


@pytest.fixture(scope="module")
def known() -> Dataset:
    """Return the bundled data of Germany alone, which train in a second."""
    whole = snapshot.load()
    return replace(
        whole,
        observations=whole.observations[whole.observations["country"] == "DEU"],
        series=whole.series[whole.series["country"] == "DEU"],
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("questions")
    return Workspace(folder / "data", folder / "reports")


@pytest.fixture(scope="module", autouse=True)
def light() -> Iterator[None]:
    with light_forecaster():
        yield


@pytest.fixture(scope="module")
def made(known: Dataset, workspace: Workspace) -> Forecast:
    asked = workflow.question(known, GERMANY, REQUEST)
    return workflow.forecast(asked, workspace, outlook=False)


def test_quarterly_annual_and_dated_economies_have_their_questions() -> None:
    bundled = snapshot.load()

    def asked(alpha3: str, **choices: str) -> list[str]:
        request = TaskRequest(**choices)  # type: ignore[arg-type]  # texts only
        country = countries.by_alpha3(alpha3)
        tasks = questions.standard_tasks(bundled, country, request)
        return [task.file_stem for task in tasks]

    quarterly = [
        "negative-growth-Q-h0-at",
        "negative-growth-Q-h1-at",
        "negative-growth-Q-h4-within",
        "year-on-year-Q-h4-at",
        "turning-points-Q-h4-within",
    ]
    assert asked("DEU") == quarterly
    assert asked("AND") == [
        "negative-growth-A-h0-at",
        "negative-growth-A-h1-at",
        "turning-points-A-h1-at",
    ]
    dated = ["nber-M-h0-at", "nber-M-h3-at", "nber-M-h12-at"]
    assert asked("USA") == quarterly + dated
    assert not {*asked("USA", target="unemployment")} & {*dated}


def answer(
    low: float,
    *,
    label: str = "year-on-year",
    horizon: int = 4,
    event: Event = "at",
    period: str = "2027Q3",
    contractions: int = 20,
) -> QuestionAnswer:
    """Return an answer with a skill whose interval begins at `low`."""
    return QuestionAnswer(
        task=Task("Q", label=label, horizon=horizon, event=event),
        as_of="2026-11-15T00:00:00",
        origin=pd.Period(period, "Q") - horizon,
        period=pd.Period(period, "Q"),
        target_title="Real GDP",
        meaning="",
        probability=0.2,
        interval=(0.1, 0.3),
        base_rate=0.15,
        skill=Skill(low + 0.1, (low, low + 0.2), 100, contractions),
    )


def test_headline_has_the_best_proven_skill_about_the_future() -> None:
    running = answer(0.5, label="negative-growth", horizon=0, period="2026Q4")
    near, far = answer(0.1, horizon=1, period="2027Q1"), answer(0.2)
    assert headline([running, near, far], TODAY) is far
    assert headline([running, answer(-0.1)], TODAY) is running


def test_question_on_a_past_period_or_with_few_contractions_is_not_the_headline() -> (
    None
):
    past = answer(0.6, period="2026Q3")
    rare = answer(0.4, contractions=4)
    good = answer(0.1)
    assert headline([past, rare, good], TODAY) is good
    # If every period is over, the forecasts are illustrations, compared alike.
    assert headline([past, answer(0.1, period="2026Q2")], TODAY) is past


def test_without_proven_skill_the_headline_is_the_best_about_the_future() -> None:
    running = answer(-0.05, horizon=0, period="2026Q4")
    best, other = answer(-0.1), answer(-0.3, horizon=1, period="2027Q1")
    assert headline([running, best, other], TODAY) is best


def test_forecast_without_options_answers_the_headline_and_lists_all(
    made: Forecast, known: Dataset, workspace: Workspace
) -> None:
    assert len(made.questions) == 5
    chosen = headline(made.questions, pd.Timestamp.now().normalize())
    assert made.task == chosen.task
    assert (made.probability, made.interval) == (chosen.probability, chosen.interval)
    assert made.base_rate == chosen.base_rate
    assert made.assessment.skill == chosen.skill
    document = record.to_dict(made)
    rows = document["questions"]
    assert isinstance(rows, list)
    assert [*rows[0]][1:5] == ["label", "frequency", "horizon", "event"]  # type: ignore[misc]
    # One question that is asked for is answered alike, at a place of its own.
    task = made.task
    single = replace(REQUEST, label=task.label, horizon=task.horizon, event=task.event)
    asked = workflow.question(known, GERMANY, single)
    alone = workflow.forecast(asked, workspace, outlook=False)
    assert alone.probability == made.probability
    assert alone.questions == ()
    assert alone.place != made.place


def test_stored_answers_are_used_until_the_data_change(
    made: Forecast,
    known: Dataset,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert made.place is not None
    standard = PreparedQuestions.of(known, GERMANY, REQUEST)
    file = workspace.answers(made.place)
    assert saved_answers.load(file, standard.digest()) == made.questions
    monkeypatch.setattr(questions, "answer", None)  # it would fail
    asked = workflow.question(known, GERMANY, REQUEST)
    again = workflow.forecast(asked, workspace, outlook=False)
    assert again.questions == made.questions
    rows = known.observations
    newest = (rows["indicator"] == "real_gdp") & (rows["period"] == "2020Q2")
    values = rows["value"].mask(newest, rows["value"] * 1.01)
    changed = replace(known, observations=rows.assign(value=values))
    other = PreparedQuestions.of(changed, GERMANY, REQUEST)
    assert saved_answers.load(file, other.digest()) is None


def test_damaged_answers_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "DEU.questions.json"
    assert saved_answers.load(file, "x") is None
    saved_answers.save([answer(0.1)], "x", None, file)
    assert saved_answers.load(file, "x") == (answer(0.1),)
    text = file.read_text()
    for wrong in (
        text[:-9],
        text.replace('"probability":0.2', '"probability":2'),
        text.replace("2027Q3", "soon"),
        text.replace('"year-on-year"', "7"),
    ):
        file.write_text(wrong)
        with pytest.raises(ValueError, match="no answers to questions"):
            saved_answers.load(file, "x")


def test_answers_of_another_schema_are_computed_again(tmp_path: Path) -> None:
    file = tmp_path / "DEU.questions.json"
    saved_answers.save([answer(0.1)], "x", None, file)
    text = file.read_text()
    number = f'"schema":{saved_answers.SCHEMA},'
    for other in ("", '"schema":99,"new_field":1,'):
        changed = text.replace(number, other)
        assert changed != text
        file.write_text(changed)
        assert saved_answers.load(file, "x") is None


def test_the_future_changes_neither_answers_nor_headline(known: Dataset) -> None:
    day = "2016-02-20"
    request = replace(REQUEST, as_of=day)
    rows = known.observations
    later = rows["period"].str[:4] >= "2016"
    rewritten = replace(
        known, observations=rows.assign(value=rows["value"].mask(later, 1.0))
    )
    now, then = (
        PreparedQuestions.of(data, GERMANY, request) for data in (known, rewritten)
    )
    assert now.digest() == then.digest()
    one = replace(now, prepared=now.prepared[1:2])
    other = replace(then, prepared=then.prepared[1:2])
    assert one.answers() == other.answers()


def test_data_that_allow_no_question_are_refused(known: Dataset) -> None:
    with pytest.raises(DataError):
        PreparedQuestions.of(known, countries.by_alpha3("PRK"), REQUEST)
