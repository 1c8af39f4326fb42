"""From options to questions and the places of their answers."""

from dataclasses import replace
from pathlib import PurePath

import pytest

from econnet.cli import jobs
from econnet.cli.options import TaskOptions
from econnet.core.task import Task
from econnet.forecast import workflow
from tests.cli.test_train import panel


@pytest.fixture
def options(tmp_path_factory: pytest.TempPathFactory) -> TaskOptions:
    file = panel(tmp_path_factory.mktemp("jobs") / "firms.csv")
    text = file.read_text("utf-8").replace("output", "real_gdp", 1)
    file.write_text(text, "utf-8")
    return TaskOptions(data=file)


def test_reports_on_two_horizons_of_a_file_do_not_overwrite_each_other(
    options: TaskOptions,
) -> None:
    one = replace(options, country=["Beta"])
    (near,), (far,) = (jobs.questions(replace(one, horizon=it)) for it in (1, 3))
    assert near.place == PurePath("firms/Beta")
    assert far.place == PurePath("firms/Beta/negative-growth-Q-h3-at")


def test_place_does_not_depend_on_the_other_countries_asked_for(
    options: TaskOptions,
) -> None:
    alone = jobs.questions(replace(options, country=["Beta"]))
    among = jobs.questions(replace(options, country=["Alpha", "Beta"]))
    assert alone[0].place == among[1].place


def test_frequency_that_is_the_default_leads_to_the_default_place(
    options: TaskOptions,
) -> None:
    beta = replace(options, country=["Beta"])
    (named,) = jobs.questions(replace(beta, frequency="Q"))
    (annual,) = jobs.questions(replace(beta, frequency="A"))
    assert named.place == PurePath("firms/Beta")
    assert annual.place == PurePath("firms/Beta/negative-growth-A-h1-at")


def test_ranking_by_the_default_task_has_the_plain_place(options: TaskOptions) -> None:
    data = jobs.data_and_countries(options)

    def place(task: Task, asked: TaskOptions = options) -> PurePath:
        return workflow.ranking_folder(*data, asked, task)

    assert place(Task("Q")) == PurePath("firms/ranking")
    named = replace(options, frequency="Q")
    assert place(Task("Q"), named) == PurePath("firms/ranking")
    annual = replace(options, frequency="A")
    expected = PurePath("firms/ranking/negative-growth-A-h1-at")
    assert place(Task("A"), annual) == expected
    expected = PurePath("firms/ranking/negative-growth-Q-h2-at")
    assert place(Task("Q", horizon=2)) == expected
