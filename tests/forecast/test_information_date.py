"""Forecasts are made on fixed days of a period, like those of their replays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.period_days import END, FIXED_DAYS, START, DayOfPeriod
from econnet.core.periods import Frequency
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import data_used, information_date, preparation, training
from econnet.forecast.information_date import information_state
from econnet.forecast.preparation import PreparedTask
from tests.builders import observations, series_of, world

GERMANY = countries.by_alpha3("DEU")
TASK = Task("Q", pool="own", members=1)


def dataset(rows: pd.DataFrame) -> Dataset:
    return Dataset(rows, series_of(rows), "snapshot")


def with_lag(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return rows that become known some days after the end of their periods."""
    ends = pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
    return rows.assign(known_at=ends + pd.Timedelta(days=days))


@pytest.fixture(scope="module")
def known() -> Dataset:
    """Return output known 50 days after its quarter, and investment after 80."""
    rows = world(countries=1, quarters=100)
    output = rows["indicator"] == "real_gdp"
    return dataset(pd.concat([with_lag(rows[output], 50), with_lag(rows[~output], 80)]))


def prepared_on(known: Dataset, day: str, task: Task = TASK) -> PreparedTask:
    return preparation.prepare(known, GERMANY, replace(task, as_of=day))


@pytest.mark.parametrize(
    ("day", "origin", "used_until"),
    [
        ("2012-07-01", "2012Q3", "2012-06-30"),
        ("2012-07-14", "2012Q3", "2012-06-30"),
        ("2012-07-15", "2012Q3", "2012-07-15"),
        ("2012-08-14", "2012Q3", "2012-08-14"),
        ("2012-09-12", "2012Q3", "2012-08-14"),
        ("2012-09-13", "2012Q3", "2012-09-13"),
        ("2012-09-30", "2012Q3", "2012-09-30"),
    ],
)
def test_origin_is_the_running_period_and_its_data_those_of_a_fixed_day(
    known: Dataset, day: str, origin: str, used_until: str
) -> None:
    prepared = prepared_on(known, day)
    assert str(prepared.origin) == origin
    assert str(prepared.state.date.date()) == day
    assert str(prepared.state.used_until.date()) == used_until
    assert (prepared.panel.known_at.max() <= prepared.state.until).all()
    row = training.final_window(prepared).ahead
    assert prepared.features.known_at[row] == np.datetime64(used_until).astype(int)


def test_every_origin_has_the_day_of_the_forecast(known: Dataset) -> None:
    features = prepared_on(known, "2012-08-20").features
    days = features.known_at.astype("datetime64[D]")
    starts = features.origins.start_time.to_numpy().astype("datetime64[D]")
    assert set((days - starts).astype(int)) == {44}


def test_without_a_date_the_newest_value_is_used_as_soon_as_a_fixed_day_has_passed(
    known: Dataset,
) -> None:
    released = information_date.releases(known, GERMANY, TASK, None, alone=True)
    # Investment of 2014Q4 is published 80 days later, on 21 March 2015.
    assert str(released["known_at"].max().date()) == "2015-03-21"
    for today, used_until in (
        ("2015-03-21", "2015-03-16"),
        ("2015-03-30", "2015-03-16"),
        ("2015-03-31", "2015-03-31"),
        ("2026-11-27", "2015-03-31"),
    ):
        state = information_state(released, TASK, None, pd.Timestamp(today))
        assert str(state.used_until.date()) == used_until, today


def test_newer_series_do_not_update_a_stale_target() -> None:
    rows = world(countries=1, quarters=100)
    output = rows["indicator"] == "real_gdp"
    stale = dataset(with_lag(rows[~output | (rows["period"] <= "2013Q1")], days=50))
    for task in (TASK, replace(TASK, as_of="2014-12-01")):
        prepared = preparation.prepare(stale, GERMANY, task)
        # 2013Q1 was published in 2013Q2, more than a year before.
        assert str(prepared.origin) == "2013Q2"
        assert prepared.state.day == END["Q"]
        assert str(prepared.state.used_until.date()) == "2013-06-30"
    fresh = preparation.prepare(stale, GERMANY, replace(TASK, as_of="2014-02-20"))
    assert str(fresh.origin) == "2014Q1"


def test_file_with_one_date_for_all_values_is_used_from_that_date(
    known: Dataset,
) -> None:
    """As from a download: the whole history became known on one day."""
    day = pd.Timestamp("2015-06-02")
    prepared = preparation.prepare(
        dataset(known.observations.assign(known_at=day)), GERMANY, TASK
    )
    assert prepared.state.date >= day
    assert str(prepared.origin) == "2015Q2"
    assert prepared.panel.values.notna().all().all()


def test_forecast_before_all_data_names_its_date(known: Dataset) -> None:
    with pytest.raises(DataError, match="was known on 1950-01-01"):
        prepared_on(known, "1950-01-01")


def test_forecast_moves_from_day_to_day(known: Dataset) -> None:
    """The features of one origin, before and after output is published in it."""
    rows = {
        day: training.final_window(prepared_on(known, day)).raw_ahead
        for day in ("2012-07-20", "2012-08-20", "2012-09-20", "2012-09-30")
    }
    before, middle, late, end = rows.values()
    # Output is published on day 50 and investment on day 80.
    np.testing.assert_array_equal(before, middle)
    assert not np.array_equal(middle, late, equal_nan=True)
    assert not np.array_equal(late, end, equal_nan=True)


def test_release_between_two_fixed_days_changes_nothing_until_the_next(
    known: Dataset,
) -> None:
    rows = known.observations
    release = (rows["indicator"] == "real_gdp") & (rows["period"] == "2012Q2")
    other = dataset(rows.assign(value=rows["value"].where(~release, 50.0)))
    day = "2012-08-25"  # output is published on the 19th, between days 45 and 75
    one, two = prepared_on(known, day), prepared_on(other, day)
    assert training.task_digest(one) == training.task_digest(two)
    pd.testing.assert_frame_equal(one.panel.values, two.panel.values)
    then = [prepared_on(data, "2012-09-13") for data in (known, other)]
    assert training.task_digest(then[0]) != training.task_digest(then[1])


def test_stored_model_fits_until_the_next_fixed_day(known: Dataset) -> None:
    digests = {
        day: training.task_digest(prepared_on(known, day))
        for day in ("2012-08-14", "2012-08-30", "2012-09-12", "2012-09-13")
    }
    first, second, third, fourth = digests.values()
    assert first == second == third != fourth


def test_releases_that_wait_are_listed(known: Dataset) -> None:
    used = data_used.data_used(prepared_on(known, "2012-08-25"))
    assert (used.as_of, used.used_until, used.next_day) == (
        "2012-08-25",
        "2012-08-14",
        "2012-09-13",
    )
    (release,) = used.not_yet_used
    assert (release.indicator, release.period) == ("real_gdp", "2012Q2")
    assert release.known_at == "2012-08-19"
    assert used.last_period == "2012Q1"
    # 2012Q2 is published and no longer due, though it is not used yet.
    assert used.next_due == "2012-11-19"
    (output,) = [it for it in used.series if it.indicator == "real_gdp"]
    assert output.last_period == "2012Q1"
    assert data_used.data_used(prepared_on(known, "2012-09-13")).not_yet_used == ()


def test_series_that_the_task_cannot_use_does_not_bring_the_date_forward() -> None:
    rows = with_lag(world(countries=3, quarters=100), days=50)
    extra = with_lag(
        observations("DEU", "exports", "1990Q1", np.arange(104.0).tolist()), 5
    )
    both = dataset(pd.concat([rows, extra]))
    for alone, newest in ((True, "2016-01-05"), (False, "2015-02-19")):
        released = information_date.releases(both, GERMANY, TASK, None, alone=alone)
        assert str(released["known_at"].max().date()) == newest


def test_countries_share_data_if_their_origin_and_day_are_the_same() -> None:
    rows = with_lag(world(countries=3, quarters=100), days=50)
    late = (rows["country"] == "ITA") & (rows["period"] == "2014Q4")
    both = dataset(rows[~late])
    task = replace(TASK, pool="all")
    germany, france, italy = (countries.by_alpha3(it) for it in ("DEU", "FRA", "ITA"))
    first = preparation.prepare(both, germany, task)
    second = preparation.prepare(both, france, task, sharing=[first])
    assert second.panel is first.panel
    third = preparation.prepare(both, italy, task, sharing=[first])
    assert third.panel is not first.panel
    assert third.panel.values.equals(
        preparation.prepare(both, italy, task).panel.values
    )


def test_tasks_with_another_label_share_only_the_panel(known: Dataset) -> None:
    first = preparation.prepare(known, GERMANY, TASK)
    task = replace(TASK, label="year-on-year")
    shared = preparation.prepare(known, GERMANY, task, sharing=[first])
    fresh = preparation.prepare(known, GERMANY, task)
    assert shared.panel is first.panel
    assert shared.task == task
    np.testing.assert_array_equal(shared.features.X, fresh.features.X)
    np.testing.assert_array_equal(shared.features.y, fresh.features.y)
    annual = preparation.prepare(known, GERMANY, Task("A"), sharing=[first])
    assert annual.panel.frequency == "A"


@pytest.mark.parametrize("day", [START, *FIXED_DAYS["Q"]])
def test_backtest_has_every_outcome_on_any_day(
    known: Dataset, day: DayOfPeriod
) -> None:
    prepared = preparation.prepare_backtest(known, GERMANY, TASK, day)
    newest = prepared.label.values.dropna().index[-1][1]
    features = prepared.features
    scored = features.origins[~np.isnan(features.y)]
    assert str(newest) == "2014Q4"
    assert scored.max() + 1 == newest


def test_file_that_was_published_once_since_the_fixed_day_is_used() -> None:
    """Every value of a user's file may have the day on which the file was made."""
    published = pd.Timestamp("2019-11-20")
    rows = observations("DEU", "real_gdp", "2000Q1", [100.0 + n for n in range(79)])
    rows = rows.assign(known_at=published, retrieved_at=published)
    prepared = preparation.prepare(
        dataset(rows), GERMANY, TASK, pd.Timestamp("2019-11-25")
    )
    assert str(prepared.origin) == "2019Q4"
    assert prepared.state.used_until == pd.Timestamp("2019-12-14")
    newest = prepared.features.X[prepared.features.origins == prepared.origin]
    assert not np.isnan(newest).all()


@given(
    age=st.integers(0, 900),
    frequency=st.sampled_from(["A", "Q", "M"]),
    others=st.lists(st.integers(0, 900), max_size=3),
)
def test_state_of_information_is_unchanged_until_the_day_that_is_named(
    age: int, frequency: Frequency, others: list[int]
) -> None:
    today = pd.Timestamp.now().normalize()
    ages = [age, *others]
    released = pd.DataFrame(
        {
            "indicator": ["real_gdp", *(f"other_{n}" for n in range(len(others)))],
            "known_at": [today - pd.Timedelta(days=days) for days in ages],
            "first_vintage": pd.Series([pd.NaT] * len(ages), dtype="M8[s]"),
        }
    )
    task = Task(frequency)
    until = information_date.unchanged_until(released, task, None)
    now = information_state(released, task, None)
    assert until is None or until > today.date()
    for days in (*range(0, 40, 3), 100, 400):
        day = today + pd.Timedelta(days=days)
        if until is None or day.date() < until:
            assert information_state(released, task, None, day) == now
