from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.evaluation import calibration
from econnet.forecast import country as country_forecast
from econnet.forecast import preparation, replay, saved_model, training
from econnet.forecast.data_used import data_used
from econnet.forecast.explain.importance import Importance
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast
from econnet.forecast.saved_model import Model
from econnet.models import combination
from econnet.models.combination import WITH_GROWTH
from tests.builders import observations, series_of, world_and_andorra
from tests.light import NEXT_PERIOD_ONLY

FRANCE = countries.by_alpha3("FRA")

pytestmark = pytest.mark.usefixtures("light_outlook")


@pytest.fixture(scope="module")
def known() -> Dataset:
    return world_and_andorra()


@pytest.fixture(scope="module")
def prepared(known: Dataset) -> PreparedTask:
    return preparation.prepare(known, FRANCE, Task("Q", members=2))


@pytest.fixture(scope="module")
def model(prepared: PreparedTask) -> Model:
    return country_forecast.train(prepared)


@pytest.fixture(scope="module")
def made(prepared: PreparedTask, model: Model) -> Forecast:
    return country_forecast.make(prepared, model)


def test_data_name_the_sources_of_the_whole_training_pool(
    known: Dataset, made: Forecast
) -> None:
    own = {series.attribution for series in made.data.series}
    series = known.series[known.series["country"] != made.country.alpha3]
    other = series.assign(attribution="Source: elsewhere")
    mine = known.series[known.series["country"] == made.country.alpha3]
    changed = replace(known, series=pd.concat([mine, other], ignore_index=True))
    prepared = preparation.prepare(changed, made.country, made.task)
    used = data_used(prepared)
    assert set(used.pool_attributions) == {*own, "Source: elsewhere"}
    assert {series.attribution for series in used.series} == own


def test_forecast_is_for_the_horizon_after_the_last_origin(made: Forecast) -> None:
    # 120 quarters from 1990Q1 end in 2019Q4, which is known in 2020Q1.
    assert str(made.origin) == "2020Q1"
    assert str(made.period) == "2020Q2"
    assert made.data.last_period == "2019Q4"
    assert made.data.next_due == "2020-05-30"


def test_probability_lies_in_its_interval(made: Forecast) -> None:
    low, high = made.interval
    assert 0 < low < made.probability < high < 1


def test_track_record_is_scored_beside_every_baseline(made: Forecast) -> None:
    record = made.track_record
    known = record[(record["model"] == "econnet") & record["outcome"].notna()]
    assert made.assessment.metrics.n == len(known)
    assert made.assessment.metrics.n_contractions == known["outcome"].sum()
    assert made.assessment.metrics.brier == pytest.approx(
        ((known["probability"] - known["outcome"]) ** 2).mean()
    )
    assert {"base_rate", "logit", "network", "extra_trees"} <= set(
        made.assessment.baselines
    )
    assert made.assessment.baselines["base_rate"].brier_skill == 0
    assert made.assessment.pool_metrics is not None
    assert made.assessment.pool_metrics.n == 3 * made.assessment.metrics.n


def test_track_record_ends_with_todays_forecast(made: Forecast) -> None:
    today = made.track_record[
        (made.track_record["model"] == "econnet")
        & (made.track_record["origin"] == made.origin)
    ]
    assert today["probability"].tolist() == [made.probability]
    assert today["outcome"].isna().all()


def test_previous_probability_is_the_forecast_of_one_origin_earlier(
    made: Forecast,
) -> None:
    before = made.track_record[
        (made.track_record["model"] == "econnet")
        & (made.track_record["origin"] == made.origin - 1)
    ]
    assert before["probability"].tolist() == [made.previous_probability]


def test_episodes_are_the_runs_of_contractions(made: Forecast) -> None:
    months = made.history["contraction"]
    n = sum(
        (pd.Period(it.last, "Q") - pd.Period(it.first, "Q")).n + 1
        for it in made.assessment.episodes
    )
    assert n == months.sum()
    for episode in made.assessment.episodes:
        assert months[episode.first] == months[episode.last] == 1
        assert months.get(pd.Period(episode.first, "Q") - 1, 0.0) != 1
        assert episode.growth_percent is not None
        assert episode.growth_percent < 0


def test_base_rate_is_the_countrys_share_of_contractions(made: Forecast) -> None:
    assert made.base_rate == made.history["contraction"].mean()


def test_same_seed_gives_the_same_forecast_but_for_its_time(
    prepared: PreparedTask, made: Forecast
) -> None:
    again = country_forecast.make(prepared, country_forecast.train(prepared))
    assert_equal_fields(made, replace(again, made_at=made.made_at))


def assert_equal_fields(dataclass: object, other: object) -> None:
    """Compare two dataclasses field by field, those inside them and DataFrames too."""
    for name, value in vars(dataclass).items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, getattr(other, name))
        elif is_dataclass(value):
            assert_equal_fields(value, getattr(other, name))
        else:
            assert value == getattr(other, name), name


def test_stored_model_fits_only_its_own_task_and_data(
    prepared: PreparedTask, model: Model, known: Dataset, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "FRA.npz"
    assert country_forecast.stored_model(prepared, path) is None
    saved_model.save(model, path)
    stored = country_forecast.stored_model(prepared, path)
    assert stored is not None
    assert country_forecast.make(prepared, stored).probability == made.probability
    other_seed = replace(prepared, task=replace(prepared.task, seed=1))
    assert country_forecast.stored_model(other_seed, path) is None
    rows = known.observations
    revised = rows.assign(value=rows["value"].where(rows.index != 5, rows["value"] + 1))
    newer = preparation.prepare(
        replace(known, observations=revised), FRANCE, prepared.task
    )
    assert country_forecast.stored_model(newer, path) is None
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match="not a model file"):
        country_forecast.stored_model(prepared, path)


def test_saved_model_gives_the_same_bits_without_fitting_anything_again(
    prepared: PreparedTask,
    model: Model,
    made: Forecast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "FRA.npz"
    saved_model.save(model, path)
    stored = saved_model.load(path)
    assert {*stored.partners} == {*model.partners} != set()
    without_parts = replace(stored, partners={}, calibration=None)
    fitted_again = country_forecast.make(prepared, without_parts)
    fit = Mock(side_effect=AssertionError("fitted again"))
    monkeypatch.setattr(combination, "_learned", fit)
    monkeypatch.setattr(calibration, "fit_maps", fit)
    read = country_forecast.make(prepared, stored)
    for forecast in (read, fitted_again):
        assert_equal_fields(replace(forecast, made_at=made.made_at), made)


def test_crafted_model_that_fits_the_data_is_damaged(
    prepared: PreparedTask, model: Model, tmp_path: Path
) -> None:
    record = model.track_record
    renamed = record.assign(model=record["model"].replace("econnet", "oracle"))
    elsewhere = record.assign(country=record["country"].replace("FRA", "XXX"))
    other = Importance("oracle", 0.1, (0.0, 0.2))
    crafted = {
        "forecasts of econnet": replace(model, track_record=renamed),
        "countries of the data": replace(model, track_record=elsewhere),
        "indicators of the data": replace(model, importance=(other,)),
    }
    path = tmp_path / "FRA.npz"
    for problem, each in crafted.items():
        saved_model.save(each, path)
        with pytest.raises(ValueError, match=f"lacks {problem}"):
            country_forecast.stored_model(prepared, path)


def test_own_pool_learns_only_from_the_country(
    known: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "OUTLOOK", NEXT_PERIOD_ONLY)
    task = Task("Q", pool="own", members=1)
    prepared = preparation.prepare(known, FRANCE, task)
    made = country_forecast.make(prepared, country_forecast.train(prepared))
    assert made.data.n_countries == 1
    assert made.assessment.pool_metrics is None
    assert made.assessment.pool_baselines == {}


@pytest.mark.parametrize(
    ("country", "label", "frequency"),
    [
        ("FRA", "negative-growth", "Q"),
        ("AND", "negative-growth", "A"),
        ("USA", "nber", "M"),
    ],
)
def test_frequency_is_what_data_and_label_allow(
    known: Dataset, country: str, label: str, frequency: str
) -> None:
    chosen = preparation.choose_frequency(
        known, countries.by_alpha3(country), "real_gdp", label
    )
    assert chosen == frequency


@pytest.mark.parametrize(
    ("first_quarter", "label", "frequency"),
    [
        ("2000Q1", "negative-growth", "Q"),
        ("2009Q1", "negative-growth", "A"),
        ("2009Q1", "two-quarters", "Q"),
    ],
)
def test_a_few_quarters_give_way_to_a_long_annual_history(
    known: Dataset, first_quarter: str, label: str, frequency: str
) -> None:
    series = known.series
    of_france = (series["country"] == "FRA") & (series["indicator"] == "real_gdp")
    quarters = series[of_france].assign(
        frequency="Q", first_period=first_quarter, last_period="2015Q4"
    )
    years = quarters.assign(frequency="A", first_period="1970", last_period="2015")
    longer = replace(known, series=pd.concat([series[~of_france], quarters, years]))
    chosen = preparation.choose_frequency(longer, FRANCE, "real_gdp", label)
    assert chosen == frequency


@pytest.mark.parametrize(
    ("country", "label", "words"),
    [
        ("AND", "two-quarters", r"Andorra has no quarterly real_gdp .* annual \(1990"),
        ("BRA", "negative-growth", "Brazil has no real_gdp .* no other series"),
        ("FRA", "nber", "chronology of the United States"),
    ],
)
def test_missing_data_are_named_with_the_available_data(
    known: Dataset, country: str, label: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        preparation.choose_frequency(
            known, countries.by_alpha3(country), "real_gdp", label
        )


def test_given_label_needs_the_target_that_is_shown_beside_it(known: Dataset) -> None:
    flag = observations("AND", "exports", "1990", [0.0, 1.0] * 15, "worldbank")
    rows = pd.concat([known.observations, flag], ignore_index=True)
    alone = replace(known, observations=rows, series=series_of(rows))
    task = Task("A", target="investment", label="given:exports")
    with pytest.raises(DataError, match="Andorra has no investment"):
        preparation.prepare(alone, countries.by_alpha3("AND"), task)


def test_forecast_as_of_a_date_does_not_depend_on_later_days(known: Dataset) -> None:
    prepared = preparation.prepare(known, FRANCE, Task("Q", as_of="2015-03-01"))
    assert str(prepared.origin) == "2015Q1"
    assert prepared.panel.values.index.get_level_values("period").max() < pd.Period(
        "2015Q1", "Q"
    )


def test_future_changes_neither_the_probability_nor_its_interval() -> None:
    task, date = Task("Q", members=1, as_of="2009-06-30"), pd.Timestamp("2009-06-30")
    known = world_and_andorra()
    rows = known.observations.copy()
    later = pd.PeriodIndex(rows["period"], freq="Q").end_time > date
    rows.loc[later, "value"] *= np.random.default_rng(0).uniform(0.8, 1.2, later.sum())
    answers = []
    for data in (known, replace(known, observations=rows)):
        prepared = preparation.prepare(data, FRANCE, task)
        model = country_forecast.train(prepared, outlook=False)
        made = country_forecast.make(prepared, model)
        answers.append((made.probability, made.interval))
    assert answers[0] == answers[1]


def test_drivers_name_what_they_are(made: Forecast) -> None:
    titles = {driver.indicator: driver.title for driver in made.explanation.drivers}
    assert titles["real_gdp"] == "Real GDP"
    assert titles["phase"] == "Phase and past contractions"
    assert titles["abroad"] == "Growth abroad"
    assert all(np.isfinite(driver.contribution) for driver in made.explanation.drivers)


def test_every_number_of_the_scores_is_finite_or_none(made: Forecast) -> None:
    for scores in (made.assessment.metrics, *made.assessment.baselines.values()):
        numbers = asdict(scores)
        numbers |= numbers.pop("brier_parts")
        assert all(v is None or np.isfinite(v) for v in numbers.values())


def test_outlook_contains_the_forecast_itself_and_other_horizons(
    made: Forecast,
) -> None:
    assert [it.horizon for it in made.outlook] == [1, 2, 3, 4]
    first, last = made.outlook[0], made.outlook[-1]
    assert first.probability == made.probability
    assert first.interval == made.interval
    assert last.period == str(made.origin + 4)
    assert last.scores.n < first.scores.n  # fewer of its outcomes are known yet
    assert first.skill == made.assessment.skill
    for it in made.outlook:
        assert it.interval[0] <= it.probability <= it.interval[1]
        assert it.skill is not None
        assert it.skill.value is not None
        assert it.skill.interval is not None
        assert it.skill.value == pytest.approx(it.scores.log_loss_skill)
        assert it.skill.interval[0] <= it.skill.value <= it.skill.interval[1]


def test_outlook_is_trained_when_it_is_needed_and_nothing_else_again(
    prepared: PreparedTask, model: Model
) -> None:
    bare = replace(model, outlook=None)
    made = country_forecast.make(prepared, bare)
    assert [ahead.horizon for ahead in made.outlook] == [1]
    completed = country_forecast.train(prepared, stored=bare)
    assert completed.network is bare.network
    assert completed.outlook == model.outlook


def test_forecast_before_is_that_of_the_replay_unless_one_is_given(
    made: Forecast,
) -> None:
    assert made.explanation.change is not None
    assert made.explanation.change.made_at is None
    assert made.explanation.change.origin == str(made.origin - 1)
    assert made.explanation.change.probability == made.previous_probability


def test_baselines_of_a_training_can_be_chosen(
    prepared: PreparedTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "OUTLOOK", NEXT_PERIOD_ONLY)
    model = country_forecast.train(prepared, baselines=["logit"])
    names = set(model.track_record["model"])
    assert names == {"econnet", *WITH_GROWTH, "base_rate", "logit"}


def test_growth_agrees_with_the_probability_of_contraction(made: Forecast) -> None:
    growth = made.growth
    assert growth is not None
    assert growth.percentile_5 < growth.median < growth.percentile_95
    assert (growth.median < 0) == (made.probability > 0.5)
    assert (growth.percentile_5 < 0) == (made.probability > 0.05)
    assert 0 < growth.probability_below_minus_1 < made.probability


def test_runs_of_countries_that_contract_together_count_for_less(
    prepared: PreparedTask,
) -> None:
    window = training.final_window(prepared)
    features, rows = window.features, window.train
    by_country = pd.DataFrame(
        {"country": features.countries[rows], "y": features.y[rows]},
        index=features.origins[rows].asi8,
    )
    runs = sum(
        int((np.diff(of_one["y"].sort_index().to_numpy(), prepend=0) == 1).sum())
        for _, of_one in by_country.groupby("country")
    )
    assert window.design_effect > 1
    assert training.independent_runs(window) * window.design_effect == pytest.approx(
        runs
    )
