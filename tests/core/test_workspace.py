from pathlib import Path, PurePath
from typing import Any

import pytest

from econnet.core.task import Task
from econnet.core.workspace import UserFile, Workspace, place_of, ranking_place

OWN = UserFile(Path("somewhere/own.csv"))
WORKSPACE = Workspace(Path("data"), Path("reports"))


def test_default_question_is_at_the_country_itself() -> None:
    place = place_of("DEU", Task("Q"), "Q")
    assert WORKSPACE.report(place) == Path("reports/DEU")
    assert WORKSPACE.model(place) == Path("data/models/DEU.npz")


@pytest.mark.parametrize(
    ("task", "folder"),
    [
        (Task("A"), "negative-growth-A-h1-at"),
        (Task("Q", horizon=3), "negative-growth-Q-h3-at"),
        (Task("Q", event="within"), "negative-growth-Q-h1-within"),
        (Task("Q", label="given:../../x", horizon=3), "given-x-9cdf6a50100a-Q-h3-at"),
    ],
)
def test_other_question_has_a_folder_of_its_own(task: Task, folder: str) -> None:
    place = place_of("DEU", task, "Q")
    assert WORKSPACE.report(place) == Path("reports/DEU") / folder
    assert WORKSPACE.model(place) == Path("data/models/DEU") / f"{folder}.npz"


@pytest.mark.parametrize(
    "changed",
    [
        {"target": "exports"},
        {"pool": "own"},
        {"pool": "all"},
        {"rolling_years": 30},
        {"vintages": "revised"},
        {"members": 2},
        {"as_of": "2008-10-01"},
        {"seed": 1},
    ],
    ids=lambda it: next(iter(it)),
)
def test_option_that_the_name_does_not_contain_adds_a_digest(
    changed: dict[str, Any],
) -> None:
    name = place_of("DEU", Task("Q", **changed), "Q").name
    stem, _, digest = name.rpartition("-")
    assert stem == "negative-growth-Q-h1-at"
    assert len(digest) == 8
    assert int(digest, 16) >= 0
    assert name != place_of("DEU", Task("Q", **changed, horizon=3), "Q").name


def test_file_of_one_country_has_a_folder_and_of_several_one_for_each() -> None:
    task = Task("Q")
    assert place_of("North", task, "Q", OWN, ["North"]) == PurePath("own")
    several = place_of("North", task, "Q", OWN, ["North", "South"])
    assert several == PurePath("own/North")
    later = place_of("North", Task("Q", horizon=2), "Q", OWN, ["North", "South"])
    assert later == PurePath("own/North/negative-growth-Q-h2-at")


@pytest.mark.parametrize(
    "file", [UserFile(OWN.path, lag=2), UserFile(OWN.path, kinds={"sales": "index"})]
)
def test_how_a_file_is_read_changes_the_place(file: UserFile) -> None:
    place = place_of("North", Task("Q"), "Q", file, ["North"])
    assert place.parent == PurePath("own")
    assert place != place_of("North", Task("Q"), "Q", OWN, ["North"])


def test_rankings_have_places_by_the_same_rule() -> None:
    assert ranking_place(Task("Q"), "Q") == PurePath("ranking")
    assert ranking_place(Task("Q"), "Q", OWN) == PurePath("own/ranking")
    other = ranking_place(Task("A"), "Q", OWN)
    assert other == PurePath("own/ranking/negative-growth-A-h1-at")


def test_country_whose_default_question_has_no_frequency_has_no_default() -> None:
    place = place_of("AND", Task("A"), None)
    assert place == PurePath("AND/negative-growth-A-h1-at")
