"""The site in a browser: without errors, readable on a phone and without scripts."""

import shutil
from pathlib import Path
from typing import Literal

import pytest

from tests.browsers import DESKTOP, PHONE, Browser, violations

# Of a table on a phone, in pixels: 14 times 1.5.
TEXT_LINE = 21
PAGES = ("index.html", "scoreboard.html", "data.html", "countries/BRA.html")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("width", "scheme"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
)
def test_page_is_quiet_fits_and_passes_the_checker(
    page: str,
    width: int,
    scheme: Literal["light", "dark"],
    browser: Browser,
    published: Path,
) -> None:
    with browser.open(published / page, width=width, scheme=scheme) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.complaints == []
        folder = published.absolute().as_uri()
        assert all(url.startswith((folder, "data:")) for url in opened.requests)
        # The checker asks for style sheets by script, which the policy refuses.
        assert violations(opened.page) == []


def test_table_can_be_sorted_and_searched(browser: Browser, published: Path) -> None:
    with browser.open(published / "index.html") as opened:
        rows = opened.page.locator("#countries-table tbody tr")
        opened.page.get_by_role("button", name="country", exact=True).click()
        names = rows.locator("th").all_inner_texts()
        assert names == sorted(names)
        opened.page.get_by_label("Find").fill("malt")
        visible = [it for it in rows.all() if it.is_visible()]
        (name,) = [it.locator("th").inner_text() for it in visible]
        assert name.startswith("Malta")


@pytest.mark.parametrize("page", PAGES)
def test_page_can_be_read_without_scripts(
    page: str, browser: Browser, published: Path
) -> None:
    with browser.open(published / page, scripts=False) as opened:
        assert opened.page.locator("h1").is_visible()
        assert opened.page.locator("table:visible").count()
        assert not opened.page.locator("button:visible").count()


def test_long_badge_fits_a_phone(
    browser: Browser, published: Path, tmp_path: Path
) -> None:
    site = shutil.copytree(published, tmp_path / "site")
    for badge in (site / "badges").iterdir():
        badge.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="500" height="20" '
            'viewBox="0 0 500 20"/>'
        )
    with browser.open(site / "data.html", width=PHONE) as opened:
        box = opened.page.locator(".badge").bounding_box()
        assert box["x"] + box["width"] <= PHONE


def test_phone_shows_each_forecast_of_the_scoreboard_without_scrolling(
    browser: Browser, published: Path
) -> None:
    with browser.open(published / "scoreboard.html", width=PHONE) as opened:
        table = opened.page.locator("#record-table")
        box = table.get_by_role("columnheader", name="forecast").bounding_box()
        assert box["x"] + box["width"] <= PHONE
        event = table.locator("tbody tr").first.locator("td").nth(1)
        assert event.bounding_box()["height"] <= 3 * TEXT_LINE
        assert "--verify" in {
            word.inner_text() for word in opened.page.locator("code .word").all()
        }
