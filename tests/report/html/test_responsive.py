"""The forecast that responds in the page computes what NumPy computes."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from econnet.core.log_odds import log_odds, probability
from econnet.forecast.explain.responsive import POINTS
from econnet.forecast.result import Forecast, Responsive
from econnet.models.windows import Window
from econnet.network import Network
from tests import responding
from tests.browsers import PHONE, Browser, violations
from tests.builders import changed
from tests.responding import forecast, shifted

CALL = (
    "([name, values]) => Responsive[name]("
    "JSON.parse(document.getElementById('data').textContent).responsive, values)"
)


@pytest.fixture(scope="module")
def trained() -> tuple[Window, Network]:
    return responding.trained()


@pytest.fixture(scope="module")
def exported(trained: tuple[Window, Network]) -> Responsive:
    return responding.exported(*trained)


@pytest.fixture(scope="module")
def file(
    germany: Forecast, exported: Responsive, page_of: Callable[[Forecast], Path]
) -> Path:
    return page_of(changed(germany, responsive=exported))


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Iterator[Any]:
    with browser.open(file) as opened:
        yield opened.page


def test_page_computes_the_networks_forecast(
    page: Any,  # noqa: ANN401 - has no types here
    trained: tuple[Window, Network],
    exported: Responsive,
) -> None:
    window, _ = trained
    for shifts in product((-30.0, -0.7, 0.0, 0.31, 30.0), repeat=2):
        values = [
            it.current + shift
            for it, shift in zip(exported.indicators, shifts, strict=True)
        ]
        expected = forecast(*trained, shifted(window, shifts))[0]
        found = page.evaluate(CALL, ["networks", values])
        assert found == pytest.approx(expected, abs=1e-6), shifts


def test_page_reads_the_grid_between_its_points(
    page: Any,  # noqa: ANN401 - has no types here
    exported: Responsive,
) -> None:
    grid = np.array(exported.grid).reshape(POINTS, POINTS)
    first, second = (it.values for it in exported.indicators)
    for i, j in ((0, 0), (3, 3), (6, 2)):
        found = page.evaluate(CALL, ["whole", [first[i], second[j]]])
        assert found == pytest.approx(float(probability(grid[i, j])), abs=1e-9)
    between = [first[1] + 0.25 * (first[2] - first[1]), second[4]]
    expected = 0.75 * grid[1, 4] + 0.25 * grid[2, 4]
    found = page.evaluate(CALL, ["whole", between])
    assert log_odds(np.array(found)) == pytest.approx(expected, abs=1e-9)


def test_page_shows_today_first_and_responds_to_keys(
    browser: Browser, file: Path, exported: Responsive
) -> None:
    with browser.open(file, width=PHONE) as opened:
        page = opened.page
        today = [it.current for it in exported.indicators]

        def shown() -> str:
            return str(page.inner_text("[data-part=networks]"))

        def percent(values: list[float]) -> str:
            return f"{100 * page.evaluate(CALL, ['networks', values]):.1f}%"

        assert shown() == percent(today)
        slider = page.locator("#try-values input").first
        slider.focus()
        page.keyboard.press("Home")
        assert shown() == percent([exported.indicators[0].values[0], today[1]])
        assert shown() != percent(today)
        page.click("#try-values button")
        assert shown() == percent(today)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        assert violations(page) == []
        assert opened.complaints == []


def test_page_explains_which_part_is_computed_where(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "computed in this page from the weights of 3 networks" in text
    assert f"interpolated between {POINTS**2} forecasts" in text


def test_page_without_the_export_has_no_form(german_page: Path) -> None:
    text = german_page.read_text("utf-8")
    assert "try-values" not in text.split('<script type="application/json"')[0]
