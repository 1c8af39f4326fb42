"""The failures page runs, and its figures show what its code computes."""

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scripts.network_failures import FAILURES
from tests.docs import pages

PAGE = "network-failures.md"

# The page's names of each experiment's broken and repaired layers.
NAMES = {
    "equal-weights": ("equal_trained", "random_trained"),
    "large-weights": ("large_trained", "usual_trained"),
    "dead-units": ("raw_trained", "standardised_trained"),
    "high-rate": ("fast_trained", "good_trained"),
    "overfitting": ("few_trained", "best_layers"),
}


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return pages.run(PAGE)


@pytest.mark.parametrize("failure", FAILURES)
def test_figure_draws_the_layers_that_the_page_trains(
    names: dict[str, Any], failure: str
) -> None:
    with threadpool_limits(1):
        drawn = FAILURES[failure]()
    for run, name in zip((drawn.broken, drawn.repaired), NAMES[failure], strict=True):
        for layer, (W, b) in zip(names[name], run.layers, strict=True):
            np.testing.assert_allclose(layer.W, W, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(layer.b, b, rtol=1e-9, atol=1e-12)


def test_every_failure_has_its_figure() -> None:
    assert not pages.missing_figures(PAGE)
    text = pages.text_of(PAGE)
    for failure in FAILURES:
        assert f"figures/network/failure-{failure}.png" in text


def test_every_failure_has_code_symptom_diagnosis_and_repair() -> None:
    sections = pages.text_of(PAGE).split("\n## ")[1:-1]
    assert len(sections) == 5
    for section in sections:
        for part in ("The lines that", "The symptom.", "The diagnosis.", "The repair."):
            assert f"**{part}" in section
        assert "*What to see: " in section
