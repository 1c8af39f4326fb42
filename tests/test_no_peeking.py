"""Nothing that comes after an origin reaches its forecast."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from econnet import ensemble, features, labels, panel
from econnet.ensemble import Options
from econnet.evaluation import walkforward
from econnet.evaluation.baselines import BASELINES
from econnet.evaluation.walkforward import Model
from econnet.features import Features
from tests.builders import world

QUICK = Options(hidden_units=4, fewest_updates=1)
MODELS: dict[str, Model] = {
    "econnet": ensemble.model(2, seed=0, options=QUICK),
    **BASELINES,
}
ORIGIN = pd.Period("2012Q3", "Q")


def features_of(rows: pd.DataFrame, label: str) -> Features:
    known = panel.build(rows, "Q")
    return features.build(known, labels.apply(known, label), horizon=1)


def altered(rows: pd.DataFrame, day: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Replace by noise every value that was not yet known on `day`."""
    periods = pd.PeriodIndex(rows["period"], freq="Q")
    published = periods.end_time.normalize() + pd.Timedelta(days=60)
    noise = np.random.default_rng(seed).uniform(50, 500, len(rows))
    return rows.assign(value=np.where(published > day, noise, rows["value"]))


def forecasts(made: Features) -> pd.DataFrame:
    windows = walkforward.windows(made, "Q", ORIGIN)
    record = walkforward.run(windows, MODELS)
    return record.set_index(["model", "country", "origin"])["probability"].to_frame()


@pytest.mark.parametrize("label", labels.RULES)
@pytest.mark.parametrize("seed", [1, 2])
def test_future_changes_no_forecast_by_a_single_bit(label: str, seed: int) -> None:
    rows = world(countries=3)
    now = forecasts(features_of(rows, label))
    other_future = altered(rows, ORIGIN.end_time, seed)
    then = forecasts(features_of(other_future, label))
    pd.testing.assert_frame_equal(now, then, check_exact=True)


def test_the_past_does_change_the_forecasts() -> None:
    """Or else the test above would prove nothing."""
    rows = world(countries=3)
    now = forecasts(features_of(rows, "negative-growth"))
    other_past = altered(rows, pd.Timestamp("2012-01-01"), 1)
    then = forecasts(features_of(other_past, "negative-growth"))
    changed = (now != then)["probability"].unstack("origin")[ORIGIN]
    assert changed.loc["econnet"].all()
    assert changed.loc["logit"].all()


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


def test_row_of_training_is_used_only_if_its_target_was_known() -> None:
    made = features_of(world(countries=3), "two-quarters")
    for window in walkforward.windows(made, "Q", ORIGIN):
        last_day = np.datetime64(window.origin.end_time, "D").astype(int)
        assert (made.target_known_at[window.train] <= last_day).all()


def test_labels_without_meaning_are_forecast_without_skill() -> None:
    made = features_of(world(countries=4, quarters=160), "negative-growth")
    rng = np.random.default_rng(0)
    shuffled = made.y.copy()
    known = ~np.isnan(shuffled)
    shuffled[known] = rng.permutation(shuffled[known])
    noise = replace(made, X=made.X.copy(), y=shuffled)
    phase = [column.indicator == features.PHASE for column in made.columns]
    noise.X[:, phase] = np.nan
    windows = walkforward.windows(noise, "Q", made.origins.max())
    (record,) = [
        walkforward.run(windows, {"econnet": MODELS["econnet"]}).dropna(
            subset=["outcome"]
        )
    ]
    outcome = record["outcome"].to_numpy() == 1
    said = record["probability"].to_numpy()
    above = said[outcome][:, None] > said[~outcome][None, :]
    # The standard error of the AUROC of noise is sqrt((n + 1) / (12 n1 n0)).
    error = np.sqrt((len(said) + 1) / (12 * outcome.sum() * (~outcome).sum()))
    assert abs(above.mean() - 0.5) < 4 * error
