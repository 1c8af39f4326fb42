from dataclasses import replace

import numpy as np
import pytest

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import forests
from econnet.models.baselines import LEARNERS
from econnet.models.forests import ReplayForests
from econnet.models.windows import Schedule, Window, make_windows
from tests.builders import world

HORIZONS = (1, 2, 4)


@pytest.fixture(scope="module")
def by_horizon() -> list[list[Window]]:
    """The last two windows at each horizon, with the same origins."""
    known = panel.build(world(countries=2), "Q")
    label = labels.apply(known, "negative-growth")
    origins = None
    windows = []
    for horizon in HORIZONS:
        made = design_matrix.build(known, label, horizon)
        last = made.origins.max()
        if origins is None:
            origins = (last - 8, last - 4)
        windows.append(make_windows(made, "Q", last, Schedule(origins=origins)))
    return windows


def test_forest_of_one_horizon_without_a_prior_is_the_usual_one(
    by_horizon: list[list[Window]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forests, "PRIOR_ROWS", 1e-9)
    windows = by_horizon[0]
    for window, forecast in zip(
        windows, ReplayForests("extra_trees", 1.0)(windows), strict=True
    ):
        usual = LEARNERS["extra_trees"].learn(window)
        np.testing.assert_allclose(
            forecast, usual.probability(window.raw_ahead, window.X_ahead)
        )


@pytest.mark.parametrize("name", forests.FORESTS)
def test_prior_keeps_probabilities_from_zero(
    by_horizon: list[list[Window]], name: str
) -> None:
    windows = [window for windows in by_horizon for window in windows]
    forecasts = np.concatenate(ReplayForests(name, 0.1)(windows))
    assert len(forecasts) == sum(len(window.ahead) for window in windows)
    assert ((forecasts > 0) & (forecasts < 1)).all()


def test_horizons_of_an_origin_share_trees_and_fill_them_with_their_own_rows(
    by_horizon: list[list[Window]],
) -> None:
    one, two, four = (windows[0] for windows in by_horizon)
    model = ReplayForests("extra_trees", 0.2)
    together = model([one, two, four])
    # The longer a horizon, the fewer outcomes are known.
    extra = np.flatnonzero(~np.isin(one.train, four.train))
    assert len(extra)
    y_train = one.y_train.copy()
    y_train[extra] = 1 - y_train[extra]
    turned = model([replace(one, y_train=y_train), two, four])
    assert (turned[0] != together[0]).any()
    np.testing.assert_array_equal(turned[1], together[1])
    np.testing.assert_array_equal(turned[2], together[2])
    # Windows of other origins do not matter.
    later = [windows[1] for windows in by_horizon]
    both = model([later[0], one, later[1], two, later[2], four])
    for alone, among in zip(together, both[1::2], strict=True):
        np.testing.assert_array_equal(alone, among)


def test_horizons_whose_growth_overlaps_have_their_own_trees() -> None:
    known = panel.build(world(countries=2), "Q")
    label = labels.apply(known, "year-on-year")
    windows = []
    for horizon in (1, 2):
        made = design_matrix.build(known, label, horizon)
        assert not forests.can_share(made)
        last = made.origins.max()
        windows += make_windows(made, "Q", last, Schedule(origins=(last - 4,)))
    model = ReplayForests("extra_trees", 0.2)
    for window, together in zip(windows, model(windows), strict=True):
        np.testing.assert_array_equal(model([window])[0], together)
    growth = labels.apply(known, "negative-growth")
    assert forests.can_share(design_matrix.build(known, growth, 1))
    assert not forests.can_share(design_matrix.build(known, growth, 4, "within"))
