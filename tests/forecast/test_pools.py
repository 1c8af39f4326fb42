import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import backtest, preparation, ranking
from econnet.forecast.pools import learns_alone
from econnet.forecast.training import task_digest
from tests.builders import observations, random_walk, series_of, world_and_andorra

FRANCE, GERMANY, EURO_AREA = map(countries.by_alpha3, ("FRA", "DEU", "EA"))
OWN_INDICATORS = ("exports", "imports", "construction", "unemployment")


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
        (Task("Q", pool="all"), EURO_AREA, True),
        (Task("M", label="nber"), FRANCE, True),
        (Task("Q", label="cepr"), EURO_AREA, True),
    ],
)
def test_countries_learn_alone_by_choice_by_chronology_or_as_a_union(
    known: Dataset, task: Task, country: Country, alone: bool
) -> None:
    assert learns_alone(country, task, known) == alone


def with_rich_france(first: str = "1970Q1", first_own: str = "1970Q1") -> Dataset:
    """Return a world in which France has more indicators than the others.

    Its output begins at `first`, the indicators that the others lack at `first_own`.
    """
    rows = world_and_andorra().observations
    is_output = (rows["country"] == "FRA") & (rows["indicator"] == "real_gdp")
    before = len(pd.period_range(first, "2019Q4", freq="Q"))
    parts = [
        rows[~is_output],
        observations("FRA", "real_gdp", first, random_walk(1, before)),
    ]
    n_own = len(pd.period_range(first_own, "2019Q4", freq="Q"))
    parts += [
        observations("FRA", indicator, first_own, random_walk(seed, n_own))
        for seed, indicator in enumerate(OWN_INDICATORS)
    ]
    found = pd.concat(parts, ignore_index=True)
    return Dataset(found, series_of(found), "snapshot")


@pytest.fixture(scope="module")
def rich() -> Dataset:
    return with_rich_france()


def test_country_with_long_and_much_richer_data_learns_alone(rich: Dataset) -> None:
    assert learns_alone(FRANCE, Task("Q"), rich)
    assert not learns_alone(GERMANY, Task("Q"), rich)
    assert not learns_alone(FRANCE, Task("Q", pool="all"), rich)
    # 50 years are 50 rows.
    assert not learns_alone(FRANCE, Task("A"), rich)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_rich_france(first="1985Q1"), id="short history"),
        pytest.param(with_rich_france(first_own="2000Q1"), id="short indicators"),
        pytest.param(world_and_andorra(), id="no other indicators"),
    ],
)
def test_country_with_less_learns_with_the_others(data: Dataset) -> None:
    assert not learns_alone(FRANCE, Task("Q"), data)


def test_series_that_began_later_than_the_forecast_do_not_count() -> None:
    data = with_rich_france("1945Q1", first_own="1968Q1")
    assert learns_alone(FRANCE, Task("Q", as_of="2015-01-01"), data)
    # On that day the indicators were newer than half of the history of output.
    assert not learns_alone(FRANCE, Task("Q", as_of="1988-01-01"), data)
    assert not learns_alone(FRANCE, Task("Q", as_of="1967-01-01"), data)


def test_choice_of_a_replay_does_not_depend_on_future_values(rich: Dataset) -> None:
    rows = rich.observations
    later = (rows["period"] > "2010Q4").to_numpy()
    noise = np.random.default_rng(0).uniform(50, 150, len(rows))
    altered = rows.assign(value=np.where(later, noise, rows["value"]))
    known = Dataset(altered, series_of(altered), "snapshot")
    past = rows[~later]
    ended = Dataset(past, series_of(past), "snapshot")
    # Twelve years earlier only France had data.
    for country in (FRANCE, GERMANY):
        before = learns_alone(country, Task("Q"), rich)
        assert learns_alone(country, Task("Q"), known) == before
        as_of = Task("Q", as_of="2011-01-01")
        assert learns_alone(country, as_of, ended) == learns_alone(
            country, as_of, known
        )


def test_country_that_learns_alone_is_in_the_pool_of_the_others(rich: Dataset) -> None:
    pools = backtest.prepare_pools(rich, [FRANCE, GERMANY], Task("Q"))
    assert [pool.alone for pool in pools] == [True, False]
    alone, pool = pools
    assert set(alone.features.countries) == {"FRA"}
    assert set(pool.features.countries) == {"FRA", "DEU", "ITA"}
    used = {column.indicator for column in alone.features.columns}
    assert used >= {*OWN_INDICATORS}
    shared = {column.indicator for column in pool.features.columns}
    assert not shared & {*OWN_INDICATORS}


@pytest.mark.usefixtures("light")
def test_backtest_scores_each_forecast_once_and_by_its_own_pool(rich: Dataset) -> None:
    task = Task("Q")
    names = ["base_rate", "spread_probit"]
    pools = backtest.prepare_pools(rich, [FRANCE, GERMANY], task)
    record = backtest.run(pools, [FRANCE, GERMANY], baselines=names).track_record
    assert not record.duplicated(["model", "country", "origin"]).any()
    alone = backtest.run(pools[:1], [FRANCE], baselines=names).track_record
    both = record[record["country"] == "FRA"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        both[["model", "origin", "probability"]],
        alone[["model", "origin", "probability"]],
    )


def test_ranking_groups_a_country_that_learns_alone_by_itself(rich: Dataset) -> None:
    groups = ranking.prepare_groups(
        rich, [GERMANY, FRANCE, countries.by_alpha3("ITA")], Task("Q"), lambda *_: None
    )
    together = [sorted(each.country.alpha3 for each in group) for group in groups]
    assert together == [["DEU", "ITA"], ["FRA"]]
    assert {*groups[1][0].features.countries} == {"FRA"}
    assert len({task_digest(each) for group in groups for each in group}) == 2
