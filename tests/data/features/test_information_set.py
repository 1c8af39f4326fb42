import numpy as np
import pandas as pd
import pytest

from econnet.core.catalog import Transform
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix, information_set
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.panel import Panel
from tests.builders import observations, published, world

LABELS = [name for name, rule in labels.RULES.items() if "Q" in rule.frequencies]
ROWS = world(countries=3, quarters=80)
VINTAGES = published(ROWS, first="2002Q1")
REAL = panel.build(VINTAGES, "Q")


def built(known: Panel, label: str = "negative-growth") -> DesignMatrix:
    return design_matrix.build(known, labels.apply(known, label), horizon=1)


def rows_of(made: DesignMatrix, origin: pd.Period) -> np.ndarray:
    return made.X[made.origins == origin]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("origin", ["2002Q2", "2008Q1"])
def test_origin_reads_what_a_panel_of_its_last_day_would_show(
    label: str, origin: str
) -> None:
    """A panel that ends there cannot contain anything later."""
    then = pd.Period(origin, "Q")
    made = built(REAL, label)
    ended = built(panel.build(VINTAGES, "Q", then.end_time.normalize()), label)
    assert ended.origins.max() == then
    np.testing.assert_array_equal(rows_of(made, then), rows_of(ended, then))


def test_growth_never_compares_two_vintages() -> None:
    """The base changes by half every five years; growth stays a few percent."""
    made = built(REAL)
    newest = made.named("real_gdp")
    assert np.nanmax(np.abs(newest)) < 12
    then = made.origins == pd.Period("2005Q2", "Q")
    vintage = VINTAGES[VINTAGES["known_at"] == pd.Timestamp("2005-05-30")]
    german = vintage[
        (vintage["country"] == "DEU") & (vintage["indicator"] == "real_gdp")
    ].set_index("period")["value"]
    expected = 100 * (german["2005Q1"] / german["2004Q4"] - 1)
    place = then & (made.countries == "DEU")
    assert newest[place] == pytest.approx([expected])


@pytest.mark.parametrize("label", LABELS)
def test_revision_after_the_last_origin_changes_no_feature(
    label: str,
) -> None:
    """A replay of the vintages gives the same features as data without revisions."""
    late = panel.build(ROWS, "Q").as_of
    plain = ROWS.assign(retrieved_at=late)
    one_more = plain.iloc[[17]].assign(
        value=lambda it: it["value"] * 2, known_at=late + pd.Timedelta(days=1)
    )
    rows = pd.concat([plain, one_more], ignore_index=True)
    never_revised = built(panel.build(rows, "Q", late), label)
    revised = built(panel.build(rows, "Q", late + pd.Timedelta(days=1)), label)
    shared = revised.origins <= never_revised.origins.max()
    np.testing.assert_array_equal(never_revised.X, revised.X[shared])


@pytest.mark.parametrize("origin", ["2003Q1", "2008Q1"])
def test_sahm_gap_is_that_of_the_vintage_of_the_day(origin: str) -> None:
    then = pd.Period(origin, "Q")
    rates = ROWS[ROWS["indicator"] == "real_gdp"].assign(indicator="unemployment")
    vintages = published(rates, seed=1, first="2002Q1")
    rows = pd.concat([VINTAGES, vintages], ignore_index=True)
    made = built(panel.build(rows, "Q"))
    gap = made.named("sahm gap")[made.origins == then]
    told = vintages[vintages["known_at"] <= then.end_time]
    told = told.drop_duplicates(["country", "period"], keep="last")
    newest = told.pivot(index="period", columns="country", values="value").iloc[-5:]
    assert gap == pytest.approx((newest.iloc[-1] - newest.iloc[:-1].min()).to_numpy())


def test_ratio_takes_both_its_parts_from_the_same_day() -> None:
    parts = []
    for key, values, later in (
        ("compensation", [50.0, 60.0], [55.0, 66.0]),
        ("nominal_gdp", [100.0, 120.0], [200.0, 240.0]),
    ):
        rows = observations("DEU", key, "2020Q1", values)
        parts.append(rows.assign(known_at=pd.Timestamp("2020-08-15")))
        rows = observations("DEU", key, "2020Q1", later)
        parts.append(rows.assign(known_at=pd.Timestamp("2020-11-15")))
    parts.append(observations("DEU", "real_gdp", "2020Q1", [100, 99, 98, 97]))
    made = built(panel.build(pd.concat(parts, ignore_index=True), "Q"))
    third, fourth = (
        made.named("compensation")[made.origins == pd.Period(quarter, "Q")]
        for quarter in ("2020Q3", "2020Q4")
    )
    assert third == pytest.approx([50.0])
    assert fourth == pytest.approx([27.5])


def test_history_of_a_first_vintage_is_hidden_until_it_came_out() -> None:
    made = built(REAL)
    first_vintage = np.datetime64("2002-05-30", "D").astype(np.int64)
    early = made.origins < pd.Period("2002Q1", "Q")
    before = made.as_known_on(first_vintage - 1)
    assert np.isnan(before.X[early]).all()
    assert np.isnan(before.y).all()
    after = made.as_known_on(first_vintage)
    np.testing.assert_array_equal(after.X, made.X)
    assert not np.isnan(after.y[after.known_at < first_vintage - 365]).all()


def test_targets_are_those_known_by_the_day() -> None:
    made = built(REAL, "negative-growth")
    for quarter in ("2003Q2", "2008Q4"):
        end = pd.Period(quarter, "Q").end_time.normalize()
        told = built(panel.build(VINTAGES, "Q", end))
        known = made.as_known_on(np.datetime64(end, "D").astype(np.int64))
        then = pd.Series(told.y, told.index)
        now = pd.Series(known.y, known.index)
        pd.testing.assert_series_equal(now.dropna(), then.dropna(), check_freq=False)
        assert (known.target_known_at[~np.isnan(known.y)] <= end.value // 864e11).all()


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("growth", 10.0),
        ("log-difference", 100 * np.log(1.1)),
        ("difference", 10.0),
        ("level", 110.0),
        ("ratio", 110.0),
    ],
)
def test_change_is_in_percent_or_in_units(
    transform: Transform, expected: float
) -> None:
    levels, others = np.array([110.0, 110.0]), np.array([100.0, np.nan])
    changed = information_set.change(transform, levels, others)
    assert changed[0] == pytest.approx(expected)
    assert np.isnan(changed[1]) == (transform != "level")


@pytest.mark.parametrize("transform", ["growth", "log-difference", "ratio"])
def test_change_from_zero_is_missing(transform: Transform) -> None:
    changed = information_set.change(transform, np.array([5.0]), np.array([0.0]))
    assert np.isnan(changed).all()
