"""Many countries at once get the same forecasts as each of them alone."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as country_forecast
from econnet.forecast import preparation, ranking, training
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.forecast.saved_model import Model
from tests.builders import changed, observations, series_of, world

TASK = Task("Q", members=2)
FRANCE, GERMANY, ITALY = (countries.by_alpha3(it) for it in ("FRA", "DEU", "ITA"))
ANDORRA = countries.by_alpha3("AND")

pytestmark = pytest.mark.usefixtures("light_outlook")


@pytest.fixture(scope="module")
def known() -> Dataset:
    """Return three countries, one of which ends two quarters early, and a fourth."""
    rows = world(countries=3, quarters=100)
    late = (rows["country"] == "ITA") & (rows["period"] > "2014Q2")
    andorra = observations("AND", "real_gdp", "1990", range(100, 130), "worldbank")
    rows = pd.concat([rows[~late], andorra], ignore_index=True)
    return Dataset(rows, series_of(rows), "snapshot")


@pytest.fixture(scope="module")
def ranked(known: Dataset) -> Ranking:
    return ranking.rank(known, [FRANCE, GERMANY, ITALY, ANDORRA], TASK)


def test_highest_probability_comes_first(ranked: Ranking) -> None:
    probabilities = [one.probability for one in ranked.forecasts]
    assert probabilities == sorted(probabilities, reverse=True)
    assert {one.country for one in ranked.forecasts} == {FRANCE, GERMANY, ITALY}


def test_country_that_cannot_be_forecast_is_named_with_its_reason(
    ranked: Ranking,
) -> None:
    (left_out,) = ranked.left_out
    assert left_out.country == ANDORRA
    assert "no quarterly real_gdp" in left_out.reason


def test_periods_show_whose_data_end_early(ranked: Ranking) -> None:
    assert {str(period): n for period, n in ranked.periods.items()} == {
        "2015Q2": 2,
        "2014Q4": 1,
    }


def without(one: Forecast, names: set[str]) -> dict[str, Any]:
    return {key: value for key, value in asdict(one).items() if key not in names}


@pytest.mark.parametrize("alone", [FRANCE, ITALY], ids=lambda it: it.alpha3)
def test_country_among_others_gets_the_same_forecast_as_alone(
    alone: countries.Country, known: Dataset, ranked: Ranking
) -> None:
    prepared = preparation.prepare(known, alone, TASK)
    expected = country_forecast.make(prepared, country_forecast.train(prepared))
    (found,) = [it for it in ranked.forecasts if it.country == alone]
    pd.testing.assert_frame_equal(found.track_record, expected.track_record)
    pd.testing.assert_frame_equal(found.history, expected.history)
    # What past forecasts needed is measured for a country alone.
    assert found.explanation.importance == ()
    # Italy's data end before those of the others.
    shared = found.provenance.shared_replay
    assert (shared is None) == (alone == FRANCE)
    source = replace(expected.provenance, shared_replay=shared)
    expected = changed(expected, importance=(), provenance=source)
    tables = {"track_record", "history", "made_at"}
    assert without(found, tables) == without(expected, tables)


@pytest.mark.campaign
def test_found_models_are_not_trained_again(known: Dataset, ranked: Ranking) -> None:
    kept: dict[str, Model] = {}

    def keep(members: Sequence[PreparedTask], model: Model) -> None:
        for prepared in members:
            kept[training.task_digest(prepared)] = model

    def find(prepared: PreparedTask) -> Model | None:
        return kept.get(training.task_digest(prepared))

    chosen = [FRANCE, GERMANY, ITALY]
    ranking.rank(known, chosen, TASK, keep=keep)
    assert len(kept) == 2  # one an origin
    again = ranking.rank(
        known, chosen, TASK, find=find, keep=lambda *_: pytest.fail("trained again")
    )
    assert [it.probability for it in again.forecasts] == [
        it.probability for it in ranked.forecasts
    ]
    assert [it.outlook for it in again.forecasts] == [
        it.outlook for it in ranked.forecasts
    ]


@pytest.mark.usefixtures("next_period_only")
@pytest.mark.campaign
def test_countries_that_learn_alone_are_ranked_too(known: Dataset) -> None:
    alone = ranking.rank(known, [FRANCE, GERMANY], replace(TASK, pool="own"))
    assert {it.country for it in alone.forecasts} == {FRANCE, GERMANY}
    assert all(it.assessment.pool_metrics is None for it in alone.forecasts)


@pytest.mark.usefixtures("next_period_only")
def test_country_that_has_too_little_history_alone_is_left_out(known: Dataset) -> None:
    late = known.observations["period"] >= "2010Q1"
    short = known.observations[(known.observations["country"] != "ITA") | late]
    some = replace(known, observations=short)
    made = ranking.rank(some, [FRANCE, ITALY], replace(TASK, pool="own"))
    assert [it.country for it in made.forecasts] == [FRANCE]
    assert "too little history" in made.left_out[0].reason


@pytest.mark.usefixtures("next_period_only")
def test_progress_goes_up_to_one(known: Dataset) -> None:
    told: list[float] = []
    ranking.rank(known, [FRANCE, GERMANY], TASK, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    # Of the models that replay history, none is silent while it works.
    replayed = [share for share in told if share <= ranking.TRAINING * training.REPLAY]
    assert np.diff(replayed, prepend=0).max() < 0.1


def test_ranking_without_countries_gives_the_reason(known: Dataset) -> None:
    with pytest.raises(DataError, match="no country can be forecast; Andorra has no"):
        ranking.rank(known, [ANDORRA], TASK)
