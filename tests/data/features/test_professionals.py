"""Forecasts by professionals, as they were known at each origin."""

import numpy as np
import pandas as pd
import pytest

from econnet.core.period_days import END, MIDDLE, DayOfPeriod
from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.features.professionals import PROFESSIONALS
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS
from tests.builders import world

Given = tuple[str, str, str, float]


def table(kind: str, *given: Given, column: str = "survey") -> pd.DataFrame:
    """Return forecasts from country, period, date and value."""
    rows = [
        (country, column, kind, period, pd.Timestamp(day), value)
        for country, period, day, value in given
    ]
    return pd.DataFrame(rows, columns=PROFESSIONAL_COLUMNS).sort_values(
        ["country", "column", "period", "known_at"], ignore_index=True
    )


def built(
    forecasts: pd.DataFrame | None,
    horizon: int = 1,
    event: Event = "at",
    day: DayOfPeriod = END["Q"],
) -> DesignMatrix:
    known = panel.build(world(countries=3, quarters=60), "Q")
    label = labels.apply(known, "negative-growth")
    return design_matrix.build(known, label, horizon, event, day, forecasts)


def value(made: DesignMatrix, column: str, origin: str, country: str = "DEU") -> float:
    place = made.index.get_loc((country, pd.Period(origin, "Q")))
    return float(made.named(column)[place])


PROBABILITIES = table(
    "probability-forecast",
    ("DEU", "2001Q2", "2001-02-10", 0.2),
    ("DEU", "2001Q2", "2001-03-20", 0.5),
    ("DEU", "2001Q3", "2001-02-10", 0.4),
    ("DEU", "2001Q2", "2001-05-10", 0.9),
)
GROWTH = table(
    "growth-forecast",
    ("DEU", "2001Q1", "2001-02-10", 0.1),
    ("DEU", "2001Q2", "2001-01-10", 0.7),
    ("DEU", "2001Q2", "2001-02-10", 0.4),
    ("DEU", "2001Q3", "2001-02-10", -0.3),
    ("FRA", "2001Q2", "2001-02-10", 1.0),
    ("ITA", "2001Q2", "2001-02-10", 0.8),
)


def test_newest_forecast_of_the_targets_period_counts() -> None:
    end = built(PROBABILITIES)
    assert value(end, "survey log-odds", "2001Q1") == pytest.approx(0)  # 50%
    middle = built(PROBABILITIES, day=MIDDLE["Q"])
    expected = np.log(0.2 / 0.8)
    assert value(middle, "survey log-odds", "2001Q1") == pytest.approx(expected)
    # Nobody had forecast 2001Q2 before February.
    assert np.isnan(value(end, "survey log-odds", "2000Q4"))
    assert np.isnan(value(end, "survey log-odds", "2001Q1", "FRA"))


def test_event_within_periods_takes_the_likeliest_of_them() -> None:
    within = built(PROBABILITIES, 2, "within", MIDDLE["Q"])
    expected = np.log(0.4 / 0.6)
    assert value(within, "survey log-odds", "2001Q1") == pytest.approx(expected)
    lowest = built(GROWTH, 2, "within")
    assert value(lowest, "survey growth", "2001Q1") == pytest.approx(-0.3)


def test_growth_comes_with_its_revision_the_period_before_and_the_median() -> None:
    made = built(GROWTH)
    assert value(made, "survey growth", "2001Q1") == pytest.approx(0.4)
    assert value(made, "survey revision", "2001Q1") == pytest.approx(-0.3)
    assert value(made, "survey before", "2001Q1") == pytest.approx(0.1)
    assert value(made, "survey median", "2001Q1") == pytest.approx(0.8)


@pytest.mark.parametrize("event", ["at", "within"])
@pytest.mark.parametrize("horizon", [0, 1, 2])
def test_another_target_has_its_own_forecasts(horizon: int, event: Event) -> None:
    whole = built(GROWTH, horizon, event)
    derived = design_matrix.with_target(built(GROWTH, 4), horizon, event)
    np.testing.assert_array_equal(derived.X, whole.X)


def test_other_columns_are_those_of_the_data_without_forecasts() -> None:
    made, without = built(GROWTH), built(None)
    own = [column.indicator != PROFESSIONALS for column in made.columns]
    np.testing.assert_array_equal(made.X[:, own], without.X)
    assert built(GROWTH.iloc[:0]).columns == without.columns


def test_forecasts_of_another_frequency_are_not_used() -> None:
    annual = GROWTH.assign(period=GROWTH["period"].str[:4])
    assert built(annual).columns == built(None).columns


@pytest.mark.parametrize("day", [MIDDLE["Q"], END["Q"]])
def test_forecast_published_after_the_day_changes_nothing_before(
    day: DayOfPeriod,
) -> None:
    rng = np.random.default_rng(0)
    periods = pd.period_range("1998Q1", "2003Q4", freq="Q")
    given = [
        (country, str(period), str((period - lead).start_time.date() + delay), 0.0)
        for country in ("DEU", "FRA", "ITA")
        for period in periods
        for lead in (0, 1, 2)
        for delay in (pd.Timedelta(days=30), pd.Timedelta(days=60))
    ]
    forecasts = table("growth-forecast", *given)
    forecasts["value"] = rng.normal(size=len(forecasts))
    origin = pd.Period("2001Q1", "Q")
    one = built(forecasts, day=day)
    date = one.day_of(origin)
    later = forecasts["known_at"].to_numpy("datetime64[D]").astype(int) > date
    noise = rng.normal(size=len(forecasts))
    other = built(
        forecasts.assign(value=np.where(later, noise, forecasts["value"])), day=day
    )
    past = one.origins <= origin
    np.testing.assert_array_equal(one.X[past], other.X[past])
    assert not np.array_equal(one.X[~past], other.X[~past], equal_nan=True)
