import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import preparation, ranking
from econnet.forecast.pools import learns_alone
from tests.builders import series_of, world_and_andorra

FRANCE, GERMANY, EURO_AREA = map(countries.by_alpha3, ("FRA", "DEU", "EA"))


@pytest.fixture(scope="module")
def known() -> Dataset:
    """Return a world in which the euro area has France's output."""
    rows = world_and_andorra().observations
    union = rows[rows["country"] == "FRA"].assign(country="EA")
    rows = pd.concat([rows, union], ignore_index=True)
    return Dataset(rows, series_of(rows), "snapshot")


def test_members_do_not_learn_from_the_euro_area(known: Dataset) -> None:
    with_union = preparation.prepare(known, FRANCE, Task("Q"))
    without = preparation.prepare(world_and_andorra(), FRANCE, Task("Q"))
    assert "EA" not in with_union.panel.countries
    pd.testing.assert_frame_equal(with_union.panel.values, without.panel.values)
    pd.testing.assert_frame_equal(with_union.panel.vintages, without.panel.vintages)


def test_euro_area_learns_from_its_own_data(known: Dataset) -> None:
    prepared = preparation.prepare(known, EURO_AREA, Task("Q"))
    assert prepared.panel.countries == ["EA"]
    assert set(prepared.features.countries) == {"EA"}


def test_euro_area_is_ranked_beside_the_countries(known: Dataset) -> None:
    left_out: list[Country] = []
    groups = ranking.prepare_groups(
        known,
        [EURO_AREA, FRANCE, GERMANY],
        Task("Q"),
        lambda country, _: left_out.append(country),
    )
    assert not left_out
    together = sorted(sorted(each.country.alpha3 for each in group) for group in groups)
    assert together == [["DEU", "FRA"], ["EA"]]


@pytest.mark.parametrize(
    ("task", "country", "alone"),
    [
        (Task("Q"), FRANCE, False),
        (Task("Q", pool="own"), FRANCE, True),
        (Task("Q"), EURO_AREA, True),
        (Task("M", label="nber"), FRANCE, True),
        (Task("Q", label="cepr"), EURO_AREA, True),
    ],
)
def test_countries_learn_alone_by_choice_by_chronology_or_as_a_union(
    task: Task, country: Country, alone: bool
) -> None:
    assert learns_alone(country, task) == alone
