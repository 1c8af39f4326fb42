"""Nothing that comes after an origin reaches its forecast."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from econnet.core.period_days import FIXED_DAYS, MIDDLE, START, DayOfPeriod, days_in
from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import chronologies, labels
from econnet.data.cycle.chronologies import Recession
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation import walkforward
from econnet.models import baselines, combination, network_ensemble, pooling
from econnet.models.growth import GrowthNetworks
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Model, Schedule, Window, make_windows
from tests.builders import observations, published, world

QUICK = EnsembleOptions(hidden_units=4, min_updates=1)
ORIGIN = pd.Period("2012Q3", "Q")
DAY = ORIGIN.end_time.normalize()

# A column of ones and zeros, known 60 days after its quarter like the others.
FLAG = "exports"
MONTHLY = ("payrolls", "ten_year_rate")
LABELS = [
    *(name for name, rule in labels.RULES.items() if "Q" in rule.frequencies),
    f"given:{FLAG}",
]


def data() -> pd.DataFrame:
    """Return a world of three countries: spells, rates and monthly series in it."""
    rng = np.random.default_rng(3)
    rows = world(countries=3)
    parts = [rows]
    for country in rows["country"].unique():
        spells = np.repeat(rng.integers(0, 2, 60), 2).astype(float)
        parts.append(observations(country, FLAG, "1990Q1", spells.tolist()))
        for rate in ("unemployment", "term_spread"):
            walk = 5 + rng.normal(0, 0.3, 120).cumsum()
            parts.append(observations(country, rate, "1990Q1", walk.tolist()))
        for indicator in MONTHLY:
            walk = 5 + rng.normal(0, 0.1, 360).cumsum()
            parts.append(observations(country, indicator, "1990-01", walk.tolist()))
    return pd.concat(parts, ignore_index=True)


def known_from(rows: pd.DataFrame) -> pd.Series:
    """Return the day on which each value was known, given or after its usual delay."""
    ends = pd.Series(pd.NaT, rows.index, dtype="datetime64[us]")
    for frequency, length in (("Q", 6), ("M", 7)):
        alike = rows["period"].str.len() == length
        periods = pd.PeriodIndex(rows.loc[alike, "period"], freq=frequency)
        ends[alike] = periods.end_time.normalize()
    days = np.where(rows["indicator"].isin(MONTHLY), 31, 60)
    return rows["known_at"].fillna(ends + pd.to_timedelta(days, unit="D"))


def altered(rows: pd.DataFrame, day: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Replace by noise every value and every revision that was not known on `day`."""
    rng = np.random.default_rng(seed)
    noise = np.where(
        rows["indicator"] == FLAG,
        rng.integers(0, 2, len(rows)).astype(float),
        rng.uniform(50, 500, len(rows)),
    )
    later = known_from(rows) > day
    return rows.assign(value=rows["value"].mask(later, noise))


def features_of(
    rows: pd.DataFrame,
    label: str,
    horizon: int = 1,
    event: Event = "at",
    day: DayOfPeriod | None = None,
) -> DesignMatrix:
    known = panel.build(rows, "Q")
    return design_matrix.build(known, labels.apply(known, label), horizon, event, day)


def windows_of(made: DesignMatrix, start: str | None = None) -> list[Window]:
    first = None if start is None else pd.Period(start, "Q")
    return make_windows(made, "Q", ORIGIN, Schedule(start=first))


def models_of(made: DesignMatrix) -> dict[str, Model]:
    """Return econnet, its networks alone, and every baseline."""
    networks = pooling.Memoized(network_ensemble.model(2, seed=0, options=QUICK))
    others = baselines.models(baselines.available(made))
    if made.growth_of_label is not None:
        others[combination.GROWTH] = pooling.Memoized(GrowthNetworks(1, QUICK))
    prior = combination.prior(made)
    models: dict[str, Model] = {"network": networks, **others}
    econnet = pooling.weighted(
        [models[name] for name in prior], np.array([*prior.values()])
    )
    return {"econnet": econnet, **models}


def forecasts(windows: list[Window]) -> pd.DataFrame:
    record = walkforward.forecast_windows(windows, models_of(windows[0].features))
    return record.set_index(["model", "country", "origin"])["probability"].to_frame()


def assert_alike(one: Window, other: Window) -> None:
    """Fail unless all that a model is given has the same bits.

    That is every field of a window except the outcome, by which it is judged; of the
    features, only those of the origins that it learns from and forecasts.
    """
    given = {field.name for field in fields(Window)} - {"outcome", "features", "scaler"}
    for name in given:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    for field in fields(one.scaler):
        mine, theirs = (getattr(window.scaler, field.name) for window in (one, other))
        np.testing.assert_array_equal(mine, theirs, field.name)
    rows = np.concatenate([one.train, one.ahead])
    for name in ("X", "y", "growth", "known_at", "target_known_at"):
        mine, theirs = (getattr(it.features, name)[rows] for it in (one, other))
        np.testing.assert_array_equal(mine, theirs, name)


@pytest.fixture(scope="module")
def revised() -> pd.DataFrame:
    """One vintage only, with the dates on which its values were published."""
    return data()


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    """A vintage a quarter, of the flag too, and a vintage a month of monthly series."""
    rows = data()
    monthly = rows["indicator"].isin(MONTHLY)
    rows = pd.concat(
        [
            published(rows[~monthly], first="2000Q1"),
            published(rows[monthly], first="2009-01", frequency="M", days=31),
        ],
        ignore_index=True,
    )
    flags = rows["indicator"] == FLAG
    return rows.assign(value=rows["value"].where(~flags, rows["value"] > 0.7) * 1.0)


def assert_windows_are_alike(now: DesignMatrix, then: DesignMatrix) -> None:
    """For both events and several horizons."""
    targets: list[tuple[int, Event]] = [(0, "at"), (1, "at"), (3, "within")]
    for horizon, event in targets:
        pairs = zip(
            windows_of(design_matrix.with_target(now, horizon, event)),
            windows_of(design_matrix.with_target(then, horizon, event)),
            strict=True,
        )
        for one, other in pairs:
            assert_alike(one, other)


@pytest.mark.parametrize("vintages", ["revised", "real"])
@pytest.mark.parametrize("label", LABELS)
def test_future_changes_nothing_that_a_model_is_given(
    label: str, vintages: str, request: pytest.FixtureRequest
) -> None:
    """For every label rule, both events, several horizons, and every window."""
    rows = request.getfixturevalue(vintages)
    now = features_of(rows, label)
    then = features_of(altered(rows, DAY, seed=1), label)
    assert not np.array_equal(now.y, then.y, equal_nan=True)
    assert_windows_are_alike(now, then)


@pytest.mark.parametrize("vintages", ["revised", "real"])
@pytest.mark.parametrize(
    ("label", "horizon", "event"),
    [("negative-growth", 1, "at"), ("turning-points", 3, "within")],
)
def test_future_changes_no_forecast_by_a_single_bit(
    label: str,
    horizon: int,
    event: Event,
    vintages: str,
    request: pytest.FixtureRequest,
) -> None:
    """Of econnet and of every baseline that there is."""
    rows = request.getfixturevalue(vintages)
    other_future = altered(rows, DAY, seed=2)
    now, then = (
        forecasts(windows_of(features_of(it, label, horizon, event), "2011Q4"))
        for it in (rows, other_future)
    )
    pd.testing.assert_frame_equal(now, then, check_exact=True)


@pytest.mark.parametrize("day", [START, *FIXED_DAYS["Q"][:-1]])
@pytest.mark.parametrize(
    "vintages", ["revised", pytest.param("real", marks=pytest.mark.campaign)]
)
@pytest.mark.parametrize("label", ["negative-growth", "turning-points"])
def test_later_days_of_the_period_change_nothing_that_a_model_is_given(
    label: str, vintages: str, day: DayOfPeriod, request: pytest.FixtureRequest
) -> None:
    """On each fixed day within the period."""
    rows = request.getfixturevalue(vintages)
    date = pd.Timestamp(int(days_in(ORIGIN.ordinal, "Q", day)), unit="D")
    now = features_of(rows, label, day=day)
    then = features_of(altered(rows, date, seed=1), label, day=day)
    # Output of 2012Q2 is published on 29 August 2012, between days 45 and 75.
    newest = now.X[now.index.get_loc(("DEU", ORIGIN)), 0]
    later = features_of(rows, label).X[now.index.get_loc(("DEU", ORIGIN)), 0]
    assert (newest == later) == (day == DayOfPeriod(0, 75))
    assert_windows_are_alike(now, then)


def test_later_days_of_the_period_change_no_forecast_by_a_single_bit(
    real: pd.DataFrame,
) -> None:
    day = MIDDLE["Q"]
    date = pd.Timestamp(int(days_in(ORIGIN.ordinal, "Q", day)), unit="D")
    now, then = (
        forecasts(windows_of(features_of(it, "negative-growth", day=day), "2011Q4"))
        for it in (real, altered(real, date, seed=2))
    )
    pd.testing.assert_frame_equal(now, then, check_exact=True)


@pytest.mark.parametrize(
    ("announced", "seen"), [("2012-12-01", False), ("2012-06-01", True)]
)
def test_peak_counts_from_the_day_on_which_it_was_announced(
    announced: str, seen: bool, revised: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recession that the NBER found to have begun before the origin."""
    usa = revised[revised["country"] == "DEU"].assign(country="USA")
    now = features_of(usa, "nber")
    found = Recession(
        pd.Period("2011-12", "M"),
        pd.Period("2013-06", "M"),
        pd.Timestamp(announced),
        pd.Timestamp("2014-01-15"),
    )
    dated = chronologies.load()
    longer = replace(dated["nber"], recessions=(*dated["nber"].recessions, found))
    monkeypatch.setattr(chronologies, "load", lambda: {**dated, "nber": longer})
    then = features_of(altered(usa, DAY, seed=1), "nber")
    assert not np.array_equal(now.y, then.y, equal_nan=True)
    for one, other in zip(windows_of(now), windows_of(then), strict=True):
        if one.origin < pd.Period(announced, "Q"):
            assert_alike(one, other)
    (one,), (other,) = (windows_of(it, str(ORIGIN)) for it in (now, then))
    if seen:
        assert not np.array_equal(one.features.y, other.features.y, equal_nan=True)
    else:
        assert_alike(one, other)


def test_the_past_does_change_the_forecasts(revised: pd.DataFrame) -> None:
    """Otherwise the tests above would prove nothing."""
    other_past = altered(revised, pd.Timestamp("2012-01-01"), 1)
    now, then = (
        forecasts(windows_of(features_of(it, "negative-growth"), "2011Q4"))
        for it in (revised, other_past)
    )
    changed = (now != then)["probability"].unstack("origin")[ORIGIN]
    assert changed.loc["econnet"].all()
    assert changed.loc["logit"].all()


def test_revision_does_change_what_is_known_after_it(real: pd.DataFrame) -> None:
    """And before it nothing: a figure of 2011Q4 is revised on 30 May 2012."""
    day = pd.Timestamp("2012-05-30")
    revision = (real["known_at"] == day) & (real["period"] == "2011Q4")
    other = real.assign(value=real["value"].where(~revision, real["value"] * 1.2))
    now, then = (features_of(it, "negative-growth") for it in (real, other))
    same = np.array(
        [
            np.array_equal(*rows, equal_nan=True)
            for rows in zip(now.X, then.X, strict=True)
        ]
    )
    assert same[now.origins < pd.Period("2012Q2", "Q")].all()
    assert not same[now.origins == pd.Period("2012Q2", "Q")].any()


@pytest.mark.parametrize("vintages", ["revised", "real"])
def test_month_published_within_the_quarter_is_used_and_a_later_one_is_not(
    vintages: str, request: pytest.FixtureRequest
) -> None:
    """July is published on the last day of August, August on the first of October."""
    rows = request.getfixturevalue(vintages)
    now = features_of(rows, "negative-growth")
    place = now.index.get_loc(("DEU", ORIGIN))
    of_jobs = [column.indicator == "payrolls" for column in now.columns]
    for period, used in (("2012-07", True), ("2012-08", False)):
        changed = (rows["period"] == period) & (rows["indicator"] == "payrolls")
        other = rows.assign(value=rows["value"] * np.where(changed, 1.1, 1.0))
        then = features_of(other, "negative-growth")
        same = now.X[place, of_jobs] == then.X[place, of_jobs]
        assert same.all() != used


def test_value_published_on_the_day_after_the_origin_is_not_used() -> None:
    rows = world(countries=3)
    # The accounts of 2012Q2 are published on 29 August 2012, within 2012Q3; were they
    # published a quarter later, the forecast of 2012Q3 could not rest on them.
    late = rows.assign(
        known_at=pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
        + pd.Timedelta(days=93)
    )
    made = features_of(late, "negative-growth")
    second = rows[(rows["period"] == "2012Q2") & (rows["country"] == "DEU")]
    first = rows[(rows["period"] == "2012Q1") & (rows["country"] == "DEU")]
    before = rows[(rows["period"] == "2011Q4") & (rows["country"] == "DEU")]
    gdp = [
        float(part.loc[part["indicator"] == "real_gdp", "value"].iloc[0])
        for part in (before, first, second)
    ]
    place = made.index.get_loc(("DEU", ORIGIN))
    assert made.X[place, 0] == pytest.approx(100 * (gdp[1] / gdp[0] - 1))


@pytest.mark.parametrize("label", ["two-quarters", "turning-points"])
def test_row_of_training_is_used_only_if_its_target_was_known(label: str) -> None:
    made = features_of(world(countries=3), label)
    for window in windows_of(made):
        last_day = np.datetime64(window.origin.end_time, "D").astype(int)
        known = window.features
        assert (known.target_known_at[window.train] <= last_day).all()
        told = made.label.on(window.origin.end_time.normalize())
        ahead = [(country, origin + 1) for country, origin in made.index[window.train]]
        np.testing.assert_array_equal(window.y_train, told.loc[ahead])


@pytest.mark.campaign
def test_labels_without_meaning_are_forecast_without_skill() -> None:
    made = features_of(world(countries=4, quarters=160), "negative-growth")
    rng = np.random.default_rng(0)
    shuffled = made.y.copy()
    known = ~np.isnan(shuffled)
    shuffled[known] = rng.permutation(shuffled[known])
    noise = replace(made, X=made.X.copy(), y=shuffled)
    phase = [column.indicator == design_matrix.PHASE for column in made.columns]
    noise.X[:, phase] = np.nan
    windows = make_windows(noise, "Q", made.origins.max())
    record = walkforward.forecast_windows(
        windows, {"econnet": models_of(noise)["econnet"]}
    )
    record = record.dropna(subset=["outcome"])
    outcome = record["outcome"].to_numpy() == 1
    said = record["probability"].to_numpy()
    above = said[outcome][:, None] > said[~outcome][None, :]
    # The standard error of the AUROC of noise is sqrt((n + 1) / (12 n1 n0)).
    error = np.sqrt((len(said) + 1) / (12 * outcome.sum() * (~outcome).sum()))
    assert abs(above.mean() - 0.5) < 4 * error
