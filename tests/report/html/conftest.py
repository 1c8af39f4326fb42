from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from econnet.core.countries import Country
from econnet.forecast.result import Forecast
from econnet.report import html
from tests.builders import changed

# Text that would run, close an element, leave an attribute or be a formula if it were
# not escaped.
HOSTILE = (
    "=1+1 </script><script>window.ran = 1</script>\"'><img src=x onerror='ran=1'>"
    "<!-- ]]> {{ 7*7 }} {% raw %} \u2028 \\u003c \ud800 東京 العربية"
)


@pytest.fixture(scope="session")
def hostile(germany: Forecast) -> Forecast:
    """Return a forecast whose texts would all break a page that did not escape them."""
    return changed(
        germany,
        country=Country(HOSTILE, "xx", HOSTILE),
        task=replace(germany.task, target=HOSTILE, label=f"given:{HOSTILE}"),
        target_title=HOSTILE,
        meaning=HOSTILE,
        target_unit=HOSTILE,
        drivers=tuple(
            replace(it, indicator=f"{HOSTILE}{number}", title=HOSTILE, group=HOSTILE)
            for number, it in enumerate(germany.explanation.drivers)
        ),
        importance=tuple(
            replace(it, title=HOSTILE, group=HOSTILE)
            for it in germany.explanation.importance
        ),
        change=replace(
            germany.explanation.change,
            movements=tuple(
                replace(it, title=HOSTILE, group=HOSTILE, unit=HOSTILE)
                for it in germany.explanation.change.movements
            ),
        )
        if germany.explanation.change
        else None,
        response_curves=tuple(
            replace(it, indicator=HOSTILE, title=HOSTILE, unit=HOSTILE)
            for it in germany.explanation.response_curves[:1]
        ),
        data=replace(
            germany.data,
            source=HOSTILE,
            series=tuple(
                replace(
                    it,
                    title=HOSTILE,
                    series_id=HOSTILE,
                    unit=HOSTILE,
                    rights=HOSTILE,
                    attribution=HOSTILE,
                )
                for it in germany.data.series[:2]
            ),
        ),
    )


@pytest.fixture(scope="session")
def page_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Forecast], Path]:
    """Return the function that writes a forecast's page and returns its path."""

    def write(forecast: Forecast) -> Path:
        file = tmp_path_factory.mktemp("page") / "report.html"
        file.write_text(html.as_html(forecast), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def german_page(germany: Forecast, page_of: Callable[[Forecast], Path]) -> Path:
    return page_of(germany)
