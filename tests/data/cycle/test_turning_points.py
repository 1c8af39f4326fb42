from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from benchmarks import chronology
from econnet.core.errors import DataError
from econnet.core.periods import Frequency
from econnet.data import panel
from econnet.data.cycle import labels, trends, turning_points
from econnet.data.sources import snapshot
from tests.builders import at_most, observations, output, random_walk

FIRST_OF: dict[Frequency, str] = {"A": "1960", "Q": "1980Q1", "M": "1980-01"}
FREQUENCIES: tuple[Frequency, ...] = ("A", "Q", "M")
SEEDS = st.integers(0, 2**32 - 1)
many_seeds = at_most(50)


def series(first: str, levels: list[float]) -> pd.Series:
    return output("DEU", first, levels).droplevel("country")


def dates(levels: pd.Series) -> list[str]:
    """Return the turning points as text: `2008Q1 peak`."""
    table = chronology.turning_points(levels)
    return [f"{it.period} {it.kind}" for it in table.itertuples()]


def of_snapshot(series_id: str, frequency: str) -> pd.Series:
    rows = snapshot.load().observations
    rows = rows[rows["series_id"] == series_id]
    periods = pd.PeriodIndex(rows["period"], freq=frequency)
    return pd.Series(rows["value"].to_numpy(dtype=float), periods).sort_index()


def test_peak_and_trough_are_the_last_periods_of_their_phases() -> None:
    levels = series("2000Q1", [1, 2, 3, 4, 5, 4, 3, 2, 3, 4, 5, 6])
    assert dates(levels) == ["2001Q1 peak", "2001Q4 trough"]
    np.testing.assert_equal(
        turning_points.contractions(levels.to_numpy(), "Q"),
        [np.nan, np.nan, 0, 0, 0, 1, 1, 1, 0, 0, 0, np.nan],
    )


def test_peak_must_be_above_two_quarters_on_either_side() -> None:
    """A fall of one quarter is not a contraction, one of two is."""
    assert dates(series("2000Q1", [1, 2, 3, 4, 5, 4, 5.5, 6, 7, 8])) == []
    assert dates(series("2000Q1", [1, 2, 3, 4, 5, 4, 3.5, 6, 7, 8])) == [
        "2001Q1 peak",
        "2001Q3 trough",
    ]


def test_higher_of_two_peaks_within_a_cycle_is_kept() -> None:
    levels = series("2000Q1", [1, 2, 3, 6, 5, 4, 5, 8, 7, 5, 3, 2, 4, 6, 8, 9])
    assert dates(levels) == ["2001Q4 peak", "2002Q4 trough"]


def test_phase_of_one_quarter_is_not_counted() -> None:
    """From the peak of 2001Q1 output falls to its low in a single quarter."""
    levels = series("2000Q1", [1, 2, 3, 4, 9, 3, 5, 6, 7, 8, 9, 10])
    assert dates(levels) == []


def test_only_the_fall_after_a_plateau_is_a_contraction() -> None:
    levels = series("2000Q1", [1, 2, 3, 5, 5, 3, 2, 1, 1, 2, 3, 4])
    assert dates(levels) == ["2001Q1 peak", "2001Q4 trough"]


def test_missing_level_splits_the_series() -> None:
    one = [1, 2, 3, 4, 5, 4, 3, 2, 3, 4, 5, 6]
    levels = series("2000Q1", [*one, np.nan, *one])
    assert dates(levels) == [
        *("2001Q1 peak", "2001Q4 trough"),
        *("2004Q2 peak", "2005Q1 trough"),
    ]


def test_phase_of_a_series_without_turning_points_follows_its_direction() -> None:
    rising, falling = np.arange(1.0, 9), np.arange(9.0, 1, -1)
    np.testing.assert_equal(
        turning_points.contractions(rising, "Q"),
        [np.nan, np.nan, 0, 0, 0, 0, 0, np.nan],
    )
    np.testing.assert_equal(
        turning_points.contractions(falling, "Q"),
        [np.nan, np.nan, 1, 1, 1, 1, 1, np.nan],
    )
    assert np.isnan(turning_points.contractions(np.array([1.0, 2]), "Q")).all()
    assert np.isnan(turning_points.contractions(np.array([]), "M")).all()


def test_recovery_past_the_peak_does_not_remove_the_contraction() -> None:
    """Its trough is dated two quarters later; what was dated before does not change."""
    levels = np.array([1.0, 2, 3, 4, 5, 4, 3, 6, 7, 8, 9])
    for known in range(8, 12):
        told = turning_points.contractions(levels[:known], "Q")
        assert told[4:7].tolist() == [0, 1, 1]
        assert not (told[7:] == 1).any()


@many_seeds
@given(seed=SEEDS)
def test_annual_contraction_is_a_fall(seed: int) -> None:
    """With a window of one year, as Harding and Pagan note."""
    levels = output("DEU", "1960", random_walk(seed, 40))
    told = turning_points.contractions(levels.to_numpy(), "A")
    rule = labels.RULES["negative-growth"]
    row = levels.to_numpy(dtype=float)[None, :]
    np.testing.assert_array_equal(told, rule.label_function(row, "A")[0])


@pytest.mark.parametrize("frequency", FREQUENCIES)
@many_seeds
@given(seed=SEEDS, length=st.integers(0, 200))
def test_turning_points_keep_their_limits(
    frequency: Frequency, seed: int, length: int
) -> None:
    levels = series(FIRST_OF[frequency], random_walk(seed, length))
    table = chronology.turning_points(levels)
    limits = turning_points.LIMITS[frequency]
    places = levels.index.get_indexer(pd.Index(table["period"]))
    assert (table["kind"] != table["kind"].shift()).all()
    assert (np.diff(places) >= limits.phase).all()
    assert (places[2:] - places[:-2] >= limits.cycle).all()
    assert (places >= limits.ends).all()
    assert (places < length - limits.ends).all()
    heights = levels.to_numpy()[places]
    rises = table["kind"].to_numpy()[1:] == "peak"
    np.testing.assert_array_equal(np.diff(heights) > 0, rises)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@many_seeds
@given(seed=SEEDS)
def test_peaks_are_troughs_of_the_inverted_series(
    frequency: Frequency, seed: int
) -> None:
    levels = series(FIRST_OF[frequency], random_walk(seed, 150))
    table = chronology.turning_points(levels)
    upside_down = chronology.turning_points(1 / levels)
    assert upside_down["period"].tolist() == table["period"].tolist()
    other = {"peak": "trough", "trough": "peak"}
    assert upside_down["kind"].tolist() == table["kind"].map(other).tolist()


@pytest.mark.parametrize("frequency", FREQUENCIES)
@many_seeds
@given(seed=SEEDS)
def test_contractions_are_the_periods_after_a_peak_to_the_trough(
    frequency: Frequency, seed: int
) -> None:
    levels = series(FIRST_OF[frequency], random_walk(seed, 150))
    told = pd.Series(
        turning_points.contractions(levels.to_numpy(), frequency), levels.index
    )
    table = chronology.turning_points(levels)
    last = told.dropna().index[-1]
    seen = table[table["period"] < last].reset_index(drop=True)
    pd.testing.assert_frame_equal(chronology.implied_turning_points(told), seen)


def test_peak_is_the_period_before_a_contraction_and_trough_its_last() -> None:
    told = series("2000Q1", [np.nan, 1, 1, 0, 0, 1, 0, np.nan, 1, 1])
    table = chronology.implied_turning_points(told)
    assert [f"{it.period} {it.kind}" for it in table.itertuples()] == [
        *("2000Q3 trough", "2001Q1 peak", "2001Q2 trough")
    ]


def test_months_of_a_slow_wave_turn_where_it_turns() -> None:
    """Peaks are its crests, 48 months apart; a strike of one month is not a trough."""
    month = np.arange(144)
    wave = 100 * np.exp(0.05 * np.sin(2 * np.pi * month / 48))
    calm = dates(series("2000-01", wave.tolist()))
    assert calm == [
        *("2001-01 peak", "2003-01 trough"),
        *("2005-01 peak", "2007-01 trough"),
        *("2009-01 peak", "2011-01 trough"),
    ]
    wave[66] *= 0.6
    assert dates(series("2000-01", wave.tolist())) == calm


def test_months_of_a_short_wave_have_no_cycle() -> None:
    """Crests are ten months apart, amid steady growth."""
    month = np.arange(144)
    wave = np.where((month > 40) & (month < 100), np.sin(2 * np.pi * month / 10), 0)
    levels = 100 * np.exp(0.003 * month + 0.05 * wave)
    assert dates(series("2000-01", levels.tolist())) == []


def test_quarters_of_us_output_turn_with_the_chronology() -> None:
    """NBER, quarterly peaks and troughs; real GDP from the Bureau of Economic Analysis.

    According to today's figures, output did not fall for two quarters in 2001.
    """
    official = chronology.nber_turning_points("Q")
    table = chronology.compare(
        chronology.turning_points(of_snapshot("GDPC1", "Q").loc["1948Q2":]), official
    )
    by_outcome = table.groupby("outcome")["official"].agg(list)
    assert by_outcome.index.tolist() == ["matched", "missed"]
    assert [str(it) for it in by_outcome["missed"]] == ["2001Q1", "2001Q4"]
    assert table["periods_late"].abs().median() <= 1
    exact = table.loc[table["periods_late"] == 0, "official"].astype(str)
    assert {"1973Q4", "1975Q1", "1980Q1", "1980Q3", "1990Q3", "1991Q1"} <= set(exact)


def test_months_of_us_industry_turn_with_the_chronology() -> None:
    """NBER, monthly; industrial production from the Board of Governors.

    It did not peak with the economy in 2020: manufacturing fell from 2018 on. Nor is a
    fall of industry alone a recession, as those of 2014 to 2016 and 2022 to 2024.
    """
    official = chronology.nber_turning_points("M")
    official = official[official["period"] >= pd.Period("1960-01", "M")]
    found = chronology.turning_points(of_snapshot("INDPRO", "M"))
    table = chronology.compare(found, official)
    missed = table.loc[table["outcome"] == "missed", "official"]
    assert [str(it) for it in missed] == ["2020-02"]
    assert table["periods_late"].abs().median() <= 1
    extra = table.loc[table["outcome"] == "extra", "found"]
    assert {it.year for it in extra} == {1989, 2014, 2016, 2018, 2022, 2024}


def table_of(*turns: str) -> pd.DataFrame:
    parts = [turn.split() for turn in turns]
    return pd.DataFrame(
        [(pd.Period(period, "Q"), kind) for period, kind in parts],
        columns=["period", "kind"],
    )


def test_comparison_matches_the_nearest_of_the_same_kind_once() -> None:
    official = table_of("2001Q1 peak", "2001Q4 trough", "2007Q4 peak")
    found = table_of("1999Q4 peak", "2001Q2 peak", "2002Q1 trough", "2009Q2 peak")
    table = chronology.compare(found, official)
    assert [
        (row.kind, str(row.official), str(row.found), row.outcome)
        for row in table.itertuples()
    ] == [
        ("peak", "None", "1999Q4", "extra"),
        ("peak", "2001Q1", "2001Q2", "matched"),
        ("trough", "2001Q4", "2002Q1", "matched"),
        ("peak", "2007Q4", "None", "missed"),
        ("peak", "None", "2009Q2", "extra"),
    ]
    np.testing.assert_equal(
        table["periods_late"].tolist(), [np.nan, 1, 1, np.nan, np.nan]
    )
    wider = chronology.compare(found, official, reach=6)
    assert wider["periods_late"].dropna().tolist() == [1, 1, 6]


@pytest.mark.parametrize("mine", [[], ["2001Q1 peak"]])
def test_comparison_with_nothing_is_all_missed_or_all_extra(mine: list[str]) -> None:
    some, none = table_of("2008Q1 peak", "2009Q2 trough"), table_of(*mine)
    assert chronology.compare(none, some)["outcome"].tolist() == [
        *["extra"] * len(mine),
        *["missed"] * 2,
    ]


@pytest.mark.parametrize(("frequency", "lags"), [("A", 1), ("Q", 4), ("M", 12)])
def test_hamilton_cycle_is_the_residual_of_its_regression(
    frequency: Frequency, lags: int
) -> None:
    levels = np.array(random_walk(3, 160))
    logs = 100 * np.log(levels)
    rows = range(3 * lags - 1, 160)
    past = np.array([[logs[t - 2 * lags - lag] for lag in range(lags)] for t in rows])
    now = logs[list(rows)]
    expected = now - LinearRegression().fit(past, now).predict(past)
    cycle = trends.hamilton_cycle(levels, frequency)
    assert np.isnan(cycle[: 3 * lags - 1]).all()
    np.testing.assert_allclose(cycle[3 * lags - 1 :], expected, atol=1e-7)
    below = trends.below_hamilton_trend(levels, frequency)[3 * lags - 1 :]
    np.testing.assert_array_equal(below == 1, expected < 0)


@pytest.mark.parametrize(
    ("frequency", "smoothing"), [("A", 6.25), ("Q", 1600), ("M", 129600)]
)
def test_hp_trend_satisfies_its_first_order_condition(
    frequency: Frequency, smoothing: float
) -> None:
    levels = np.array(random_walk(4, 160))
    logs = 100 * np.log(levels)
    second = np.diff(np.eye(160), 2, axis=0)
    trend = np.linalg.solve(np.eye(160) + smoothing * second.T @ second, logs)
    cycle = trends.hp_cycle(levels, frequency)
    np.testing.assert_allclose(cycle, logs - trend, atol=1e-6)
    below = trends.below_hp_trend(levels, frequency)
    np.testing.assert_array_equal(below, (cycle < 0).astype(float))


def test_steady_growth_is_its_own_trend() -> None:
    steady = np.geomspace(100.0, 150.0, 80)
    np.testing.assert_allclose(trends.hp_cycle(steady, "Q"), 0.0, atol=1e-8)
    np.testing.assert_allclose(trends.hamilton_cycle(steady, "Q")[11:], 0.0, atol=1e-8)


def test_trend_takes_ten_years() -> None:
    levels = np.array(random_walk(5, 40))
    for below in (trends.below_hamilton_trend, trends.below_hp_trend):
        assert np.isnan(below(levels[:39], "Q")).all()
        assert np.isfinite(below(levels, "Q")).sum() in (29, 40)


def test_rows_that_are_not_consecutive_periods_are_refused() -> None:
    levels = series("2000Q1", [1, 2, 3, 4, 5, 4, 3, 2, 3, 4, 5, 6])
    for rows, problem in (
        (levels.drop(levels.index[5]), "2001Q3 follows 2001Q1"),
        (levels[::-1], "2002Q3 follows 2002Q4"),
        (levels.iloc[[0, 0, 1]], "2000Q1 follows 2000Q1"),
    ):
        for date in (turning_points.contractions, trends.below_hp_trend):
            with pytest.raises(DataError, match=f"{problem}: sort the periods"):
                date(rows, "Q")  # type: ignore[arg-type]  # as a notebook might


def test_panel_with_rows_missing_gets_no_labels() -> None:
    whole = panel.build(
        observations("DEU", "real_gdp", "1990Q1", [*map(float, range(1, 60))]), "Q"
    )
    holed = replace(whole, values=whole.values.drop(whole.values.index[20]))
    with pytest.raises(DataError, match="1995Q2 follows 1994Q4: sort the periods"):
        labels.apply(holed, "turning-points")
