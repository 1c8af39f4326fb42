"""What professionals forecast, as a baseline."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from econnet.core.log_odds import log_odds, probability
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.sources.observations import PROFESSIONAL_COLUMNS
from econnet.models import baselines
from econnet.models.professionals import professional
from econnet.models.windows import Schedule, Window, make_windows
from tests.builders import world

ROWS = world(countries=3, quarters=100)


def windows_with(kind: str, values: Mapping[str, float] | None = None) -> list[Window]:
    """Return windows with a forecast of every period, a day before it begins.

    `values` are the forecasts by column; without them, one column has growth as it
    turned out.
    """
    known = panel.build(ROWS, "Q")
    label = labels.apply(known, "negative-growth")
    levels = known.values["real_gdp"]
    growth = 100 * (levels / levels.groupby("country").shift() - 1)
    table = growth.dropna().rename("value").reset_index()
    starts = pd.PeriodIndex(table["period"]).start_time - pd.Timedelta(days=1)
    table = table.assign(
        column="survey", kind=kind, known_at=starts, period=table["period"].astype(str)
    )
    if values is not None:
        parts = [table.assign(column=name, value=each) for name, each in values.items()]
        table = pd.concat(parts)
    table = table.sort_values(["country", "column", "period"])[PROFESSIONAL_COLUMNS]
    made = design_matrix.build(known, label, 1, forecasts=table)
    return make_windows(made, "Q", made.origins.max() - 4, Schedule())


def test_probability_is_taken_as_it_is() -> None:
    for forecasts in professional(
        windows_with("probability-forecast", {"survey": 0.3})
    ):
        np.testing.assert_allclose(forecasts, 0.3)


def test_growth_becomes_a_probability_by_what_followed_it() -> None:
    windows = windows_with("growth-forecast")
    outcome = np.concatenate([window.outcome for window in windows])
    forecasts = np.concatenate(professional(windows))
    known = ~np.isnan(outcome)
    # The forecasts are right, so that falls get a higher probability than growth does.
    falls = known & (outcome == 1)
    assert forecasts[falls].min() > forecasts[known & (outcome == 0)].max()


def test_without_a_forecast_it_is_the_share_of_contractions() -> None:
    for window in windows_with("probability-forecast", {"survey": np.nan})[:3]:
        (forecasts,) = professional([window])
        np.testing.assert_allclose(forecasts, window.y_train.mean(), rtol=1e-6)


def test_several_columns_are_averaged_in_log_odds() -> None:
    windows = windows_with("probability-forecast", {"one": 0.1, "other": 0.6})
    expected = probability((log_odds(0.1) + log_odds(0.6)) / 2)
    for forecasts in professional(windows):
        np.testing.assert_allclose(forecasts, expected)


def test_it_is_available_only_with_forecasts() -> None:
    assert "professional" in baselines.available(
        windows_with("growth-forecast")[0].features
    )
    known = panel.build(ROWS, "Q")
    without = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    assert "professional" not in baselines.available(without)
