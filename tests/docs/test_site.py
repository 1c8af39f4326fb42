"""The site fits a phone, is accessible, and can be searched from the disk."""

from pathlib import Path
from typing import Literal

import pytest

from tests.browsers import DESKTOP, PHONE, Browser, violations
from tests.docs.pages import DOCS

NAMES = sorted(path.stem for path in DOCS.glob("*.md"))

# What reaches beyond the window and does not scroll by itself.
BEYOND_THE_EDGE = """(width) => {
  const scrolls = (it) => /auto|scroll|hidden/.test(getComputedStyle(it).overflowX);
  const inside = (it) => {
    for (let p = it.parentElement; p && p !== document.body; p = p.parentElement)
      if (scrolls(p) && p.getBoundingClientRect().right <= width) return true;
    return false;
  };
  return [...document.querySelectorAll("main *")]
    .filter((it) => it.getBoundingClientRect().right > width + 0.5 && !inside(it))
    .map((it) => it.outerHTML.slice(0, 120));
}"""


@pytest.mark.campaign
@pytest.mark.parametrize("name", NAMES)
def test_no_page_runs_off_the_edge_of_a_phone(
    browser: Browser, site: Path, name: str
) -> None:
    with browser.open(site / f"{name}.html", width=PHONE) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= PHONE
        assert watched.page.evaluate(BEYOND_THE_EDGE, PHONE) == []
        assert watched.complaints == []


def test_figures_of_several_panels_are_legible_on_a_phone(
    browser: Browser, site: Path
) -> None:
    """Five panels were drawn side by side on 328 pixels."""
    with browser.open(site / "network.html", width=PHONE) as watched:
        page = watched.page
        region = page.locator("[role=region]:has(img[src$='members.png'])")
        assert region.get_attribute("tabindex") == "0"
        label = "Four members and the mean of sixteen"
        assert region.get_attribute("aria-label") == label
        assert region.locator("img").bounding_box()["width"] > 550
        # A small figure has no use for a region of its own.
        assert page.locator("[role=region] img[src$='stopping.png']").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "width"), [("index", PHONE), ("network", DESKTOP), ("accuracy", PHONE)]
)
def test_page_is_accessible(
    browser: Browser,
    site: Path,
    name: str,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    with browser.open(site / f"{name}.html", width=width, scheme=scheme) as watched:
        assert violations(watched.page) == []


def test_search_finds_a_page_without_a_server(browser: Browser, site: Path) -> None:
    with browser.open(site / "index.html", width=PHONE) as watched:
        page = watched.page
        page.fill("input[type=search]", "overfit")
        page.wait_for_selector(".results li a")
        first = page.get_attribute(".results li a", "href")
        assert first.startswith("./network-failures.html"), first
        page.fill("input[type=search]", "qwertyuiop")
        page.wait_for_function(
            "document.querySelector('#found').innerText === 'Nothing found'"
        )
        page.keyboard.press("Escape")
        assert not page.is_visible(".results")
        assert watched.complaints == []


def test_reader_chooses_colours_and_they_stay(browser: Browser, site: Path) -> None:
    with browser.open(site / "index.html", scheme="light") as watched:
        page = watched.page
        paper = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(paper) == "rgb(255, 255, 255)"
        page.click("button.colors")
        dark = page.evaluate(paper)
        assert dark != "rgb(255, 255, 255)"
        page.reload()
        assert page.evaluate(paper) == dark


def test_page_without_javascript_is_complete(browser: Browser, site: Path) -> None:
    with browser.open(site / "tutorial.html", width=PHONE, scripts=False) as watched:
        page = watched.page
        assert page.is_visible("h1")
        assert page.is_visible("#pages a[href='methodology.html']")
        assert not page.is_visible("input[type=search]")
