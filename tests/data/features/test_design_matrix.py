import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.periods import Frequency
from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix, information_set
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.features.information_set import NEVER
from econnet.data.sources import snapshot
from econnet.models.scaling import Scaler
from tests.builders import observations, output, panel_of, published, world

FIRST_ROW = np.array([0])


def built(levels: dict[str, pd.Series], horizon: int = 1) -> DesignMatrix:
    known = panel_of(levels)
    return design_matrix.build(known, labels.apply(known, "negative-growth"), horizon)


def row(made: DesignMatrix, origin: str, country: str = "DEU") -> dict[str, float]:
    place = made.index.get_loc((country, pd.Period(origin, "Q")))
    return {c.name: float(v) for c, v in zip(made.columns, made.X[place], strict=True)}


LEVELS = output("DEU", "2019Q1", [100, 110, 99, 99, 108.9, 98.01])


def test_origin_sees_the_newest_growth_published_by_its_last_day() -> None:
    made = built({"real_gdp": LEVELS})
    # At the end of 2019Q4 the newest published quarter is 2019Q3: 99 after 110.
    assert row(made, "2019Q4")["real_gdp"] == pytest.approx(-10)
    assert row(made, "2019Q4")["real_gdp lag 1"] == pytest.approx(10)
    assert np.isnan(row(made, "2019Q4")["real_gdp lag 2"])


def test_last_origin_is_the_period_in_which_the_newest_target_was_known() -> None:
    made = built({"real_gdp": LEVELS})
    # 2020Q2 ends on 30 June and is known 60 days later, in 2020Q3.
    assert str(made.origins.max()) == "2020Q3"


def test_target_is_the_label_a_horizon_after_the_origin() -> None:
    made = built({"real_gdp": LEVELS}, horizon=2)
    place = made.index.get_loc(("DEU", pd.Period("2019Q1", "Q")))
    assert made.y[place] == 1  # 2019Q3: 99 after 110
    day = np.datetime64("2019-11-29", "D").astype(int)  # 60 days after its end
    assert made.target_known_at[place] == day
    assert made.known_at[place] == np.datetime64("2019-03-31", "D").astype(int)
    newest = made.index.get_loc(("DEU", pd.Period("2020Q3", "Q")))
    assert np.isnan(made.y[newest])
    assert made.target_known_at[newest] == NEVER


def test_event_within_a_horizon_is_a_contraction_in_any_of_its_periods() -> None:
    known = panel.build(world(countries=3, quarters=60), "Q")
    made = design_matrix.build(
        known, labels.apply(known, "negative-growth"), 3, "within"
    )
    each = [design_matrix.with_target(made, ahead) for ahead in (1, 2, 3)]
    together = np.array([one.y for one in each])
    np.testing.assert_array_equal(made.y, together.max(axis=0))
    assert 0 < np.nanmean(made.y) < 1


def test_event_within_is_known_with_its_last_period_whatever_the_outcome() -> None:
    made = built({"real_gdp": LEVELS}, horizon=1)
    within = design_matrix.with_target(made, 3, "within")
    place = made.index.get_loc(("DEU", pd.Period("2019Q1", "Q")))
    # The fall of 2019Q3 brings it about, but it waits for 2019Q4, known 60 days later.
    assert within.y[place] == 1
    assert within.target_known_at[place] == np.datetime64("2020-02-29", "D").astype(int)
    # 2020Q2, a fall too, is the last that is known: 2020Q3 is waited for.
    unsettled = made.index.get_loc(("DEU", pd.Period("2019Q4", "Q")))
    assert np.isnan(within.y[unsettled])
    assert within.target_known_at[unsettled] == NEVER


def test_at_horizon_0_both_events_are_the_origin_itself() -> None:
    made = built({"real_gdp": LEVELS}, horizon=0)
    within = design_matrix.with_target(made, 0, "within")
    np.testing.assert_array_equal(made.y, within.y)
    assert made.y[made.index.get_loc(("DEU", pd.Period("2019Q3", "Q")))] == 1


@pytest.mark.parametrize("event", ["at", "within"])
@pytest.mark.parametrize("horizon", [0, 1, 12])
def test_another_target_equals_that_of_a_new_build(horizon: int, event: Event) -> None:
    known = panel.build(world(countries=3, quarters=40), "Q")
    label = labels.apply(known, "negative-growth")
    whole = design_matrix.build(known, label, horizon, event)
    derived = design_matrix.with_target(
        design_matrix.build(known, label, 4), horizon, event
    )
    assert (derived.horizon, derived.event) == (horizon, event)
    np.testing.assert_array_equal(derived.X, whole.X)
    np.testing.assert_array_equal(derived.y, whole.y)
    np.testing.assert_array_equal(derived.target_known_at, whole.target_known_at)


def test_value_published_more_than_a_year_ago_is_no_longer_used() -> None:
    exports = output("DEU", "2019Q1", [50, 55, 66])
    longer = output("DEU", "2019Q1", np.linspace(100, 130, 12).tolist())
    made = built({"real_gdp": longer, "exports": exports})
    # Growth of 2019Q3 is known on 29 November 2019.
    assert row(made, "2020Q3")["exports"] == pytest.approx(20)
    assert np.isnan(row(made, "2020Q4")["exports"])


def test_moving_average_ends_in_the_newest_value() -> None:
    growth = [np.nan, 10, -10, 0, 10, -10]
    made = built({"real_gdp": LEVELS})
    assert row(made, "2020Q3")["real_gdp mean 4"] == pytest.approx(np.mean(growth[2:]))


def american(frequency: Frequency) -> DesignMatrix:
    """Return features of US unemployment and the spread in the snapshot."""
    rows = snapshot.load().observations
    names = ["unemployment", "term_spread", "industrial_production", "recession_flag"]
    rows = rows[(rows["country"] == "USA") & rows["indicator"].isin(names)]
    known = panel.build(rows, frequency)
    label = labels.apply(known, "negative-growth", "industrial_production")
    return design_matrix.build(known, label, 1)


def test_sahm_gap_signals_the_recessions_that_it_is_known_for() -> None:
    """Months in which it first reached half a point, by the rates of today.

    Computed from the published rates (FRED, UNRATE) by the rule's definition. There is
    a signal for each recession of the NBER, an early one in 1960, and two without a
    recession, in 2003 and 2024.
    """
    made = american("M")
    gap = pd.Series(made.named("sahm gap"), made.origins).round(2)
    signal = gap >= 0.5
    first = gap.index[signal & ~signal.shift(1, fill_value=False)]
    # The rate of a month is published ten days after its end: the origin is the next.
    months = " ".join(str(month - 1) for month in first if month.year > 1949)
    assert months == (
        "1953-11 1957-10 1959-11 1960-10 1970-03 1974-07 1980-02 1981-11 1990-10 "
        "2001-06 2003-07 2008-02 2020-04 2024-07"
    )
    # Rates were 5.0, 5.0, 4.9 in the three months to February 2008, and at their
    # lowest 4.4, 4.5, 4.4 in those to May 2007 (Bureau of Labor Statistics).
    low, high = np.mean([4.4, 4.5, 4.4]), np.mean([5.0, 5.0, 4.9])
    place = made.index.get_loc(("USA", pd.Period("2008-03", "M")))
    assert made.named("sahm gap")[place] == pytest.approx(high - low)


def test_sahm_gap_of_quarters_is_above_the_low_of_the_four_before() -> None:
    rates = output("DEU", "2019Q1", [4, 5, 6, 4.5, 7, 6.5])
    growing = output("DEU", "2019Q1", [100, 101, 102, 103, 104, 105])
    made = built({"real_gdp": growing, "unemployment": rates})
    gap = made.measured("sahm_gap")
    assert gap == "sahm gap"
    # A rate is known 92 days after its quarter: that of 2020Q2 on 30 September.
    assert row(made, "2020Q3")[gap] == pytest.approx(6.5 - 4.5)
    assert row(made, "2020Q2")[gap] == pytest.approx(4.5 - 4)
    assert np.isnan(row(made, "2019Q1")[gap])
    weight = {it.name: it.newest_weight for it in made.columns}
    assert weight[gap] == weight["unemployment"] == 1


def test_sahm_gap_is_missing_where_unemployment_is_no_longer_published() -> None:
    rates = output("DEU", "2018Q1", [5, 5, 5, 5, 6, 6])
    growing = output("DEU", "2018Q1", np.linspace(100, 130, 16).tolist())
    made = built({"real_gdp": growing, "unemployment": rates})
    assert row(made, "2020Q2")["sahm gap"] == pytest.approx(1)
    assert np.isnan(row(made, "2020Q4")["sahm gap"])


def test_columns_name_what_they_measure() -> None:
    made = american("Q")
    assert made.measured("term_spread") == "term_spread"
    assert made.measured("sahm_gap") == "sahm gap"
    # The change of unemployment is not unemployment.
    assert made.measured("unemployment") is None
    assert built({"real_gdp": LEVELS}).measured("sahm_gap") is None


def test_phase_is_the_last_known_one_and_how_long_it_has_lasted() -> None:
    levels = output("DEU", "2019Q1", [100, 101, 100, 99, 98, 99])
    made = built({"real_gdp": levels})
    # At the end of 2020Q2 the newest label is of 2020Q1, the third quarter of a fall.
    assert row(made, "2020Q2")["last known phase"] == 1
    assert row(made, "2020Q2")["log periods in phase"] == pytest.approx(np.log(3))


def test_growth_abroad_leaves_the_country_itself_out() -> None:
    parts = []
    for country, second in (("DEU", 101.0), ("FRA", 102.0), ("ITA", 97.0)):
        levels = [100, second, second, second]
        parts.append(observations(country, "real_gdp", "2020Q1", levels))
    known = panel.build(pd.concat(parts, ignore_index=True), "Q")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    german = row(made, "2020Q3")
    assert german["growth abroad"] == pytest.approx((2 - 3) / 2)
    assert german["share shrinking abroad"] == 50


def test_target_that_most_countries_lack_gives_no_growth_abroad() -> None:
    """A given label does not need the target, so its countries need not have it."""
    flag = [0.0, 1.0, 0.0, 1.0]
    parts = [
        observations(country, "exports", "2020Q1", flag)
        for country in ("DEU", "FRA", "ITA")
    ]
    parts.append(observations("DEU", "real_gdp", "2020Q1", [100, 101, 102, 103]))
    known = panel.build(pd.concat(parts, ignore_index=True), "Q")
    made = design_matrix.build(known, labels.apply(known, "given:exports"), 1)
    names = [column.name for column in made.columns]
    assert "growth abroad" not in names
    assert "last known phase" in names


@pytest.mark.parametrize(
    ("indicator", "levels", "expected"),
    [
        ("real_gdp", [100, 110], 10.0),  # growth, percent
        ("payrolls", [100, 110], 100 * np.log(1.1)),  # log-difference, percent
        ("unemployment", [5.0, 5.5], 0.5),  # difference, percentage points
        ("term_spread", [1.0, -0.5], -0.5),  # level
    ],
)
def test_transform_is_that_of_the_catalog(
    indicator: str, levels: list[float], expected: float
) -> None:
    known = panel_of({indicator: output("USA", "2020Q1", levels)})
    values, known_at = information_set.transformed(
        known, known.indicators[indicator], FIRST_ROW
    )
    assert values[1] == pytest.approx(expected)
    assert known_at[1] == information_set.days_of(known.known_at[indicator])[1]


def test_ratio_is_known_when_both_its_parts_are() -> None:
    known = panel_of(
        {
            "compensation": output("DEU", "2020Q1", [50, 60]),
            "nominal_gdp": output("DEU", "2020Q1", [100, 120]),
        }
    )
    values, known_at = information_set.transformed(
        known, known.indicators["compensation"], FIRST_ROW
    )
    assert values.tolist() == [50, 50]
    np.testing.assert_array_equal(
        known_at, information_set.days_of(known.known_at["nominal_gdp"])
    )


def matrices() -> st.SearchStrategy[np.ndarray]:
    def draw(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        X = rng.normal(0, 10.0 ** rng.integers(-2, 3, 5), (60, 5))
        X[rng.random(X.shape) < 0.2] = np.nan
        X[:, 3] = 7.0
        X[:40, 4] = np.nan
        return X

    return st.integers(0, 2**32 - 1).map(draw)


@given(matrices())
def test_scaled_training_rows_are_centred_bounded_and_whole(X: np.ndarray) -> None:
    scaler = Scaler.fit(X, np.array([0, 1]), np.ones(5))
    Z = scaler.transform(X)
    assert Z.shape == (60, 7)
    assert np.isfinite(Z).all()
    assert np.abs(Z).max() <= 3
    np.testing.assert_array_equal(Z[:, 3:5], 0)  # does not vary; mostly missing
    np.testing.assert_array_equal(Z[:, 5], np.isnan(X[:, 0]))


@given(matrices(), st.integers(0, 2**32 - 1))
def test_scaler_learns_only_from_the_rows_it_is_given(X: np.ndarray, seed: int) -> None:
    other = np.random.default_rng(seed).normal(0, 1000, (20, 5))
    scaler = Scaler.fit(X, np.array([0, 1]), np.ones(5))
    together = scaler.transform(np.concatenate([X, other]))
    np.testing.assert_array_equal(together[: len(X)], scaler.transform(X))


def test_missing_value_takes_the_training_median() -> None:
    X = np.array([[1.0], [2.0], [3.0], [4.0], [100.0], [np.nan]])
    scaler = Scaler.fit(X, np.array([0]), np.ones(1))
    filled = scaler.transform(np.array([[np.nan], [3.0]]))
    assert filled[0, 0] == filled[1, 0]
    assert filled[:, 1].tolist() == [1, 0]


def test_world_has_a_row_for_every_country_and_origin() -> None:
    known = panel.build(world(countries=3, quarters=40), "Q")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    assert not made.index.has_duplicates
    assert set(made.countries) == {"DEU", "FRA", "ITA"}
    assert len(made.X) == len(made.y) == len(made.known_at) == 3 * 41
    assert made.named("real_gdp").shape == (len(made.X),)


def test_unemployment_of_years_has_no_sahm_gap() -> None:
    levels = output("DEU", "2000", [100, 101, 100, 103, 104])
    known = panel_of({"real_gdp": levels, "unemployment": levels / 20}, "A")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    assert "unemployment" in [column.name for column in made.columns]
    assert made.measured("sahm_gap") is None


@pytest.fixture(scope="module")
def vintages() -> DesignMatrix:
    """Return features of output published from 2000 on, and investment from 2005 on."""
    rows = world(countries=2, quarters=100)
    output_alone = rows["indicator"] == "real_gdp"
    parts = [
        published(rows[output_alone], first="2000Q1"),
        published(rows[~output_alone], first="2005Q1"),
    ]
    known = panel.build(pd.concat(parts, ignore_index=True), "Q")
    return design_matrix.build(known, labels.apply(known, "turning-points"), 1)


def seen_on(made: DesignMatrix, day: str) -> DesignMatrix:
    return made.as_known_on(np.datetime64(day, "D").astype(np.int64))


def test_series_is_hidden_until_its_first_vintage_and_then_seen_whole(
    vintages: DesignMatrix,
) -> None:
    """The first vintage of investment, of 2005Q1, came out on 30 May 2005."""
    early = vintages.origins <= pd.Period("2005Q1", "Q")
    for day, seen in (("2005-05-29", False), ("2005-05-30", True)):
        made = seen_on(vintages, day)
        assert np.isfinite(made.named("real_gdp")[early]).any()
        assert np.isfinite(made.named("investment")[early]).any() == seen
    late = vintages.origins > pd.Period("2005Q2", "Q")
    hidden = seen_on(vintages, "2005-05-29").named("investment")
    np.testing.assert_array_equal(hidden[late], vintages.named("investment")[late])


@pytest.mark.parametrize("day", ["2004-12-31", "2009-05-30"])
def test_targets_seen_on_a_day_are_the_labels_known_by_then(
    vintages: DesignMatrix, day: str
) -> None:
    made = seen_on(vintages, day)
    told = vintages.label.on(pd.Timestamp(day))
    target = [(country, origin + 1) for country, origin in vintages.index]
    expected = told.reindex(target).to_numpy()
    number = np.datetime64(day, "D").astype(np.int64)
    seen = made.target_known_at <= number
    np.testing.assert_array_equal(seen, ~np.isnan(made.y))
    np.testing.assert_array_equal(made.y[seen], expected[seen])
    assert np.isnan(expected[~seen]).all()
    assert 0 < seen.sum() < np.isfinite(seen_on(vintages, "2012-12-31").y).sum()


def test_scaler_knows_the_percentiles_of_its_rows() -> None:
    X = np.random.default_rng(0).normal(size=(501, 2))
    scaler = Scaler.fit(X, np.arange(2), np.ones(2))
    for found, share in ((scaler.low, 1), (scaler.median, 50), (scaler.high, 99)):
        np.testing.assert_allclose(found, np.percentile(X, share, axis=0))
