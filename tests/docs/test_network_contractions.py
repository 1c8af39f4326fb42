"""The page on contractions runs, and its figures show what its code computes."""

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scripts import network_contractions
from scripts.network_contractions import (
    FIGURES,
    Setting,
    forecast,
    ranks,
    z_scores,
)
from tests.docs import pages

PAGE = "network-contractions.md"

pytestmark = pytest.mark.campaign


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return pages.run(PAGE)


def test_figures_draw_the_costs_that_the_page_computes(names: dict[str, Any]) -> None:
    with threadpool_limits(1):
        ours = forecast(Setting())
        overfitted = forecast(Setting(precision=1))
        strong = forecast(Setting(precision=1000, skip=False))
    assert names["learned"] == pytest.approx(ours.learned, rel=1e-6)
    assert names["new"] == pytest.approx(ours.cost, rel=1e-6)
    assert names["overfitted"] == pytest.approx(
        (overfitted.learned, overfitted.cost), rel=1e-6
    )
    assert names["strong_without_skip"] == pytest.approx(strong.cost, rel=1e-6)


def test_scores_of_page_and_script_are_the_same(names: dict[str, Any]) -> None:
    window = network_contractions.windows()[-1]
    for here, there in zip(names["z_scores"](window), z_scores(window), strict=True):
        assert here == pytest.approx(there, rel=1e-9, abs=1e-12)


def test_numbers_of_the_text_are_those_of_the_forecasts() -> None:
    text = pages.text_of(PAGE)
    with threadpool_limits(1):
        ours = forecast(Setting())
        of_z_scores, of_ranks = (forecast(Setting(), it) for it in (z_scores, ranks))
    assert f"{len(ours.y)} forecasts, {ours.y.sum():.0f} of them" in text
    base_rate = network_contractions.base_rate()
    assert f"forecasting it every time costs {base_rate:.3f}" in text
    assert f"With econnet's own setting, new rows cost {ours.cost:.3f}" in text
    assert f"cost {of_z_scores.cost:.3f} instead of {ours.cost:.3f}" in text
    assert f"With ranks the forecasts cost {of_ranks.cost:.3f}" in text
    window = network_contractions.windows()[-1]
    names = [column.name for column in window.features.columns]
    missing = np.isnan(window.raw_train[:, names.index("investment")]).sum()
    assert f"{missing} quarters without a figure for investment" in text
    assert f"one independent row, {window.design_effect:.1f} today" in text


def test_every_figure_is_shown_and_explained() -> None:
    assert not pages.missing_figures(PAGE)
    text = pages.text_of(PAGE)
    for name in FIGURES:
        _, after = text.split(f"figures/network/{name}.png)")
        assert after.lstrip().startswith("*What to see: ")
