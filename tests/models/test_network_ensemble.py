from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import network_ensemble
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.windows import Window, make_windows
from tests.builders import world

QUICK = EnsembleOptions(hidden_units=4, min_updates=1)


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(features, "Q", features.origins.max())


def test_networks_of_a_window_do_not_depend_on_other_windows(
    windows: list[Window],
) -> None:
    together = network_ensemble.model(2, seed=0, options=QUICK)(windows)
    for window, expected in zip(windows, together, strict=True):
        (alone,) = network_ensemble.model(2, seed=0, options=QUICK)([window])
        np.testing.assert_array_equal(alone, expected)


def test_more_members_do_not_change_the_first_ones(windows: list[Window]) -> None:
    with threadpool_limits(1):
        two = network_ensemble.fit(windows[:1], 2, 0, QUICK).of_inputs()
        three = network_ensemble.fit(windows[:1], 3, 0, QUICK).of_inputs()
    np.testing.assert_array_equal(two.parameters, three.parameters[:2])


def test_windows_of_few_rows_are_trained_for_more_epochs() -> None:
    options = EnsembleOptions(batch_size=64, min_updates=400)
    assert options.epochs(64 * 20) == 20
    assert options.epochs(64 * 10) == 40
    assert options.epochs(64 * 3) == 160
    assert options.epochs(10) == 320


def test_networks_with_many_rows_use_more_axes() -> None:
    assert EnsembleOptions().max_axes(50) == 64
    options = EnsembleOptions(rows_per_axis=32)
    assert options.max_axes(50) == 32
    assert options.max_axes(64 * 32) == 64


def test_stacks_keep_the_order_and_have_equal_settings(windows: list[Window]) -> None:
    cut = network_ensemble.stacks(windows, 2, EnsembleOptions())
    assert [window for stack in cut for window in stack] == windows
    for stack in cut:
        inputs = {len(network_ensemble.varying(window)) for window in stack}
        assert len(inputs) == 1
        assert 2 * len(stack) * next(iter(inputs)) <= network_ensemble.STACK_INPUTS
        assert (
            len({EnsembleOptions().epochs(len(window.train)) for window in stack}) == 1
        )
    assert len(cut) > 1


def test_stacks_of_similar_windows_have_about_equal_sizes(
    windows: list[Window],
) -> None:
    sizes = [
        len(stack)
        for stack in network_ensemble.stacks(windows[:1] * 99, 2, EnsembleOptions())
    ]
    assert len(sizes) > 1
    assert sum(sizes) == 99
    assert max(sizes) - min(sizes) <= 1
    assert [
        len(stack)
        for stack in network_ensemble.stacks(windows[:1], 2, EnsembleOptions())
    ] == [1]


def test_networks_ignore_inputs_that_did_not_vary(
    windows: list[Window],
) -> None:
    X = windows[0].X_train.copy()
    X[:, [1, 4]] = 0
    still = replace(windows[0], X_train=X)
    assert not {1, 4} & set(network_ensemble.varying(still))
    moved = still.X_ahead.copy()
    moved[:, [1, 4]] += 3
    model = network_ensemble.model(2, seed=0, options=QUICK)
    before, after = model([still]), model([replace(still, X_ahead=moved)])
    np.testing.assert_array_equal(before[0], after[0])
    # Beside windows in which these inputs vary, the networks are the same.
    together = model([windows[0], still, windows[1]])
    np.testing.assert_array_equal(together[1], before[0])


def test_many_inputs_are_replaced_by_their_principal_axes(
    windows: list[Window],
) -> None:
    X = windows[-1].X_train
    varying = network_ensemble.varying(windows[-1])
    assert len(varying) > 12
    with threadpool_limits(1):
        axes = network_ensemble.principal_axes(windows[-1], 12)
        few_rows = replace(windows[-1], X_train=X[:8])
        of_few_rows = network_ensemble.principal_axes(few_rows, 12)
    assert axes.shape == (X.shape[1], 12)
    np.testing.assert_allclose(axes.T @ axes, np.eye(12), atol=1e-5)
    variances = np.linalg.svd(X[:, varying], compute_uv=False) ** 2
    np.testing.assert_allclose(((X @ axes) ** 2).sum(axis=0), variances[:12], rtol=1e-4)
    # Eight rows have at most eight axes, from which all their values follow.
    assert not of_few_rows[:, 8:].any()
    varying = network_ensemble.varying(few_rows)
    np.testing.assert_allclose(
        (X[:8] @ of_few_rows @ of_few_rows.T)[:, varying], X[:8, varying], atol=1e-4
    )


def test_networks_along_axes_do_not_depend_on_other_windows(
    windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_ensemble, "AXES", (12,))
    together = network_ensemble.model(2, seed=0, options=QUICK)(windows[-9:])
    (alone,) = network_ensemble.model(2, seed=0, options=QUICK)([windows[-5]])
    np.testing.assert_array_equal(together[4], alone)


def test_networks_depend_on_seed_and_origin(windows: list[Window]) -> None:
    with threadpool_limits(1):
        first = network_ensemble.fit(windows[:1], 1, 0, QUICK).of_inputs().parameters
        other_seed = (
            network_ensemble.fit(windows[:1], 1, 1, QUICK).of_inputs().parameters
        )
        moved = replace(windows[0], origin=windows[0].origin + 1)
        other_origin = network_ensemble.fit([moved], 1, 0, QUICK).of_inputs().parameters
    assert (first != other_seed).any()
    assert (first != other_origin).any()


def test_ensemble_forecasts_the_mean_of_its_members_log_odds(
    windows: list[Window],
) -> None:
    with threadpool_limits(1):
        networks = network_ensemble.fit(windows[:1], 3, 0, QUICK)
        (odds,) = networks.logits(windows[:1])
    np.testing.assert_allclose(
        networks.of_inputs().logits(windows[0].X_ahead)[:, :, 0], odds, rtol=1e-4
    )
    (forecast,) = network_ensemble.model(3, seed=0, options=QUICK)(windows[:1])
    np.testing.assert_allclose(forecast, 1 / (1 + np.exp(-odds.sum(axis=0) / 3)))


def test_world_with_cycles_is_forecast_better_than_its_base_rate(
    windows: list[Window],
) -> None:
    probability = np.concatenate(network_ensemble.model(2, seed=0)(windows))
    outcome = np.concatenate([window.outcome for window in windows])
    known = ~np.isnan(outcome)
    brier = np.mean((probability[known] - outcome[known]) ** 2)
    rate = outcome[known].mean()
    assert brier < 0.95 * rate * (1 - rate)
