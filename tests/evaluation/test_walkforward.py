from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation import walkforward
from econnet.models.baselines import LIGHT, available
from econnet.models.baselines import models as baseline_models
from econnet.models.windows import (
    MIN_PER_CLASS,
    Schedule,
    Window,
    make_windows,
    window_digest,
)
from tests.builders import world


@pytest.fixture(scope="module")
def features() -> DesignMatrix:
    known = panel.build(world(countries=3), "Q")
    return design_matrix.build(known, labels.apply(known, "negative-growth"), 1)


@pytest.fixture(scope="module")
def windows(features: DesignMatrix) -> list[Window]:
    return make_windows(features, "Q", features.origins.max())


def test_window_learns_nothing_that_was_not_known_at_its_origin(
    windows: list[Window],
) -> None:
    for window in windows:
        last_day = np.datetime64(window.origin.end_time, "D").astype(int)
        known_at = window.features.target_known_at[window.train]
        assert known_at.max() <= last_day
        # Targets of a horizon of 1 are known two quarters after their origin.
        assert window.features.origins[window.train].max() == window.origin - 2


def test_windows_forecast_every_origin_from_the_first_on_once(
    features: DesignMatrix, windows: list[Window]
) -> None:
    ahead = np.concatenate([window.ahead for window in windows])
    assert len(set(ahead)) == len(ahead)
    expected = np.flatnonzero(features.origins >= windows[0].origin)
    assert sorted(ahead) == expected.tolist()


def test_window_is_refitted_once_a_year(windows: list[Window]) -> None:
    refits = [window.origin.ordinal for window in windows]
    assert set(np.diff(refits)) == {4}


def test_first_window_has_twelve_years_of_history(
    features: DesignMatrix, windows: list[Window]
) -> None:
    labelled = features.origins[~np.isnan(features.y)]
    assert windows[0].origin.ordinal - labelled.min().ordinal >= 12 * 4


def test_first_window_waits_for_a_feature(
    features: DesignMatrix, windows: list[Window]
) -> None:
    until = windows[0].origin + 8
    X = np.where((features.origins < until)[:, None], np.nan, features.X)
    later = make_windows(replace(features, X=X), "Q", features.origins.max())
    assert later[0].origin > until


def test_windows_end_at_the_last_requested_origin(features: DesignMatrix) -> None:
    last = features.origins.max() - 6
    windows = make_windows(features, "Q", last)
    assert features.origins[windows[-1].ahead].max() == last


def test_refits_are_as_frequent_as_the_schedule(features: DesignMatrix) -> None:
    last = features.origins.max()
    windows = make_windows(features, "Q", last, Schedule(refit_every=3))
    assert set(np.diff([window.origin.ordinal for window in windows])) == {3}
    assert {len(set(features.origins[w.ahead])) for w in windows[:-1]} == {3}


def test_refit_waits_until_enough_rows_or_contractions_are_new(
    features: DesignMatrix,
) -> None:
    def new_share(before: Window, after: Window) -> float:
        new = ~np.isin(after.train, before.train)
        contractions = after.y_train[new].sum() / after.y_train.sum()
        return float(max(new.mean(), contractions))

    last = features.origins.max()
    yearly = make_windows(features, "Q", last)
    windows = make_windows(features, "Q", last, Schedule(min_new_share=0.1))
    assert 1 < len(windows) < len(yearly)
    in_use = windows[0]
    refits = {window.origin: window for window in windows}
    for each in yearly[1:]:
        assert (new_share(in_use, each) >= 0.1) == (each.origin in refits)
        in_use = refits.get(each.origin, in_use)
    forecast, every = (
        np.concatenate([window.ahead for window in group])
        for group in (windows, yearly)
    )
    np.testing.assert_array_equal(np.sort(forecast), np.sort(every))


def test_rolling_window_learns_only_from_its_last_years(
    features: DesignMatrix,
) -> None:
    last = features.origins.max()
    windows = make_windows(features, "Q", last, Schedule(rolling_years=10))
    for window in windows:
        trained_on = features.origins[window.train]
        assert trained_on.min() == window.origin - 4 * 10 + 1
        # The embargo is that of an expanding window.
        assert trained_on.max() == window.origin - 2


def test_window_with_too_few_contractions_leaves_the_previous_one_in_use(
    features: DesignMatrix,
) -> None:
    """Ten calm years have no contractions for a window of eight years."""
    year = features.origins.year
    calm = (year >= 2005) & (year < 2015)
    quiet = replace(features, y=np.where(calm, 0.0, features.y))
    last = pd.Period("2016Q4", "Q")
    windows = make_windows(quiet, "Q", last, Schedule(rolling_years=8))
    longest = max(windows, key=lambda window: len(window.ahead))
    assert len(set(features.origins[longest.ahead])) > 4
    for window in windows:
        assert 10 <= window.y_train.sum() <= len(window.y_train) - 10
    ahead = np.concatenate([window.ahead for window in windows])
    between = (features.origins >= windows[0].origin) & (features.origins <= last)
    assert sorted(ahead) == np.flatnonzero(between).tolist()


def test_first_forecast_is_at_the_requested_origin(features: DesignMatrix) -> None:
    start = pd.Period("2010Q2", "Q")
    windows = make_windows(features, "Q", features.origins.max(), Schedule(start=start))
    assert windows[0].origin == start
    assert features.origins[windows[0].ahead].min() == start
    # Earlier rows are used for training all the same.
    assert features.origins[windows[0].train].min() == features.origins.min()


def test_start_may_be_early_if_there_is_enough_to_learn(features: DesignMatrix) -> None:
    start = pd.Period("1991Q1", "Q")
    windows = make_windows(features, "Q", features.origins.max(), Schedule(start=start))
    assert windows[0].origin < pd.Period("2002Q1", "Q")
    assert windows[0].y_train.sum() >= MIN_PER_CLASS


def test_windows_too_large_for_memory_raise_an_error_before_they_are_made(
    features: DesignMatrix,
) -> None:
    wide = replace(features, X=np.broadcast_to(0.0, (len(features.X), 10**7)))
    with pytest.raises(DataError, match="GB of memory: refit less often"):
        make_windows(wide, "Q", features.origins.max())


def test_too_little_history_is_a_data_error_that_names_what_is_needed() -> None:
    known = panel.build(world(countries=1, quarters=44), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    with pytest.raises(DataError, match=r"12 years .* 1990Q1"):
        make_windows(features, "Q", features.origins.max())


def test_track_record_has_one_row_per_model_country_and_origin(
    features: DesignMatrix, windows: list[Window]
) -> None:
    names = [name for name in available(features) if name in LIGHT]
    record = walkforward.forecast_windows(windows, baseline_models(names))
    assert not record.duplicated(["model", "country", "origin"]).any()
    assert set(record["model"]) == set(names)
    assert record["probability"].between(0, 1).all()
    assert (
        (record["period"] - record["origin"]).map(lambda offset: offset.n) == 1
    ).all()
    key = ["country", "origin"]
    outcomes = pd.Series(features.y, features.index)
    some = record.sample(20, random_state=0).set_index(key)["outcome"]
    pd.testing.assert_series_equal(
        some, outcomes.loc[some.index], check_names=False, check_freq=False
    )


def test_without_a_label_there_is_nothing_to_learn_from(features: DesignMatrix) -> None:
    unknown = replace(features, y=np.full(len(features.y), np.nan))
    with pytest.raises(DataError, match=r"too little history.*there are none"):
        make_windows(unknown, "Q", features.origins.max())


def test_digest_depends_on_everything_that_a_forecast_depends_on(
    features: DesignMatrix, windows: list[Window]
) -> None:
    window = windows[0]
    digest = window_digest("model", [window])
    again = make_windows(features, "Q", features.origins.max())[0]
    assert window_digest("model", [again]) == digest
    altered = window.X_ahead.copy()
    altered[-1, -1] += 1
    others = [
        window_digest("another model", [window]),
        window_digest("model", windows[:2]),
        window_digest("model", [replace(window, X_ahead=altered)]),
        window_digest("model", [replace(window, y_train=1 - window.y_train)]),
        window_digest("model", [replace(window, train=window.train[::-1])]),
    ]
    assert len({digest, *others}) == len(others) + 1
