from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.forecast.explain import importance
from econnet.models.windows import Window, make_windows
from tests.builders import world


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(made, "Q", made.origins.max())


def by_investment(windows: Sequence[Window]) -> list[Floats]:
    """Forecast from the newest growth of investment alone, whatever else there is."""
    columns = [column.name for column in windows[0].features.columns]
    newest = columns.index("investment")
    return [
        1 / (1 + np.exp(1.0 + 1.5 * window.inputs_to_forecast[:, newest].astype(float)))
        for window in windows
    ]


def test_rows_that_are_forecast_come_first_and_unchanged(
    windows: list[Window],
) -> None:
    for window, probe in zip(
        windows, importance.make_probes(windows, "FRA", 0), strict=True
    ):
        own = slice(0, len(window.ahead))
        np.testing.assert_array_equal(probe.window.ahead, window.ahead)
        forecast = probe.window.inputs_to_forecast
        np.testing.assert_array_equal(forecast[own], window.X_ahead)
        np.testing.assert_array_equal(
            forecast, window.scaler.transform(probe.window.raw_to_forecast).astype("f")
        )


def test_only_the_columns_of_the_shuffled_indicator_change(
    windows: list[Window],
) -> None:
    made = windows[0].features
    names = importance.indicators(made)
    probe = importance.make_probes(windows, "FRA", 0)[-1]
    n = importance.TIMES * len(probe.rows)
    for number, name in enumerate(names):
        start = len(probe.window.ahead) + number * n
        shuffled = probe.window.inputs_to_forecast[start : start + len(probe.rows)]
        same = shuffled == probe.window.X_ahead[probe.rows]
        for position, column in enumerate(made.columns):
            assert same[:, position].all() or column.indicator == name


def test_the_country_itself_is_always_among_the_rows(windows: list[Window]) -> None:
    for probe in importance.make_probes(windows, "FRA", 0):
        ahead = probe.window.features.countries[probe.window.ahead]
        assert (ahead[probe.rows] == "FRA").sum() == (ahead == "FRA").sum()


def test_only_the_input_that_a_model_uses_has_importance(
    windows: list[Window],
) -> None:
    probes = importance.make_probes(windows, "FRA", 0)
    forecasts = by_investment([probe.window for probe in probes])
    importances = importance.measure(probes, forecasts)
    assert importances[0].indicator == "investment"
    assert importances[0].interval[0] > 0
    for other in importances[1:]:
        assert other.loss == 0.0
        assert other.interval == (0.0, 0.0)


def test_nothing_is_measured_where_no_outcome_is_known(windows: list[Window]) -> None:
    last = windows[-1]
    unknown = np.isnan(last.outcome)
    assert unknown.any()
    newest = replace(
        last,
        ahead=last.ahead[unknown],
        outcome=last.outcome[unknown],
        X_ahead=last.X_ahead[unknown],
    )
    probes = importance.make_probes([newest], "FRA", 0)
    forecasts = by_investment([probe.window for probe in probes])
    assert importance.measure(probes, forecasts) == ()
