"""The page of many countries, as text and in a browser."""

import csv
import io
import re
from html import unescape
from pathlib import Path
from typing import Literal

import pytest

from econnet.forecast.ranking import Ranking
from econnet.report import wording
from econnet.report.html import ranking as ranking_page
from tests.browsers import DESKTOP, PHONE, Browser, violations

ROWS = "#ranking-table tbody tr"


@pytest.fixture(scope="module")
def page_of_many(ranking: Ranking, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "ranking.html"
    text = ranking_page.as_html(ranking, {"BRA": "../BRA/report.html"})
    file.write_text(text, encoding="utf-8")
    return file


def test_map_names_each_country_when_pointed_at(world_ranking: Ranking) -> None:
    text = ranking_page.as_html(world_ranking, {})
    titles = [unescape(title) for title in re.findall("<title>([^<]*)</title>", text)]
    for one in world_ranking.forecasts:
        period, chance = (
            wording.period_text(one.period),
            wording.percent(one.probability),
        )
        title = f"{one.country.name}, {period}: {chance}"
        assert titles.count(title) == 1
    shapes = re.findall('<g class="titled"><title>[^<]*</title>(.*?)</g>', text)
    assert len(shapes) == len(world_ranking.forecasts)
    assert sum("<use" in shape for shape in shapes) > 2  # dots of small countries


def test_only_reports_that_were_written_are_linked(page_of_many: Path) -> None:
    links = re.findall(r'href="(\.\.[^"]*)"', page_of_many.read_text("utf-8"))
    assert links == ["../BRA/report.html"]


@pytest.mark.parametrize(
    ("width", "scheme"), [(DESKTOP, "light"), (PHONE, "light"), (DESKTOP, "dark")]
)
def test_page_is_quiet_fits_and_passes_the_checker(
    width: int,
    scheme: Literal["light", "dark"],
    browser: Browser,
    page_of_many: Path,
) -> None:
    with browser.open(page_of_many, width=width, scheme=scheme) as opened:
        page = opened.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        assert opened.complaints == []
        assert opened.beyond_the_file == []


def test_table_sorts_by_any_column_and_finds(
    browser: Browser, page_of_many: Path, ranking: Ranking
) -> None:
    # All data of the fixture are old.
    mark = "(out of date)".replace(" ", "\N{NO-BREAK SPACE}")
    names = [f"{one.country.name} {mark}" for one in ranking.forecasts]
    with browser.open(page_of_many) as opened:
        page = opened.page
        assert page.locator(f"{ROWS} th").all_inner_texts() == names
        page.get_by_role("button", name="country").click()
        assert page.locator(f"{ROWS} th").all_inner_texts() == sorted(names)
        page.get_by_role("button", name="country").click()
        assert page.locator(f"{ROWS} th").all_inner_texts() == sorted(names)[::-1]
        page.get_by_role("button", name="probability", exact=True).click()
        assert page.locator(f"{ROWS} th").all_inner_texts() == names[::-1]
        page.get_by_label("Find").fill("braz")
        assert page.locator(f"{ROWS}:visible th").all_inner_texts() == [
            f"Brazil {mark}"
        ]


def test_csv_of_the_page_is_that_of_the_files(
    browser: Browser, page_of_many: Path, ranking: Ranking
) -> None:
    with browser.open(page_of_many) as opened:
        page = opened.page
        with page.expect_download() as waiting:
            page.locator("[data-csv=ranking-data]").click()
        text = Path(waiting.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["probability"]) for row in rows] == [
        one.probability for one in ranking.forecasts
    ]


def test_phone_shows_the_confidence_beside_the_country(
    browser: Browser, page_of_many: Path
) -> None:
    """`(out of date)` beside the names must not push it beyond the edge."""
    with browser.open(page_of_many, width=PHONE) as opened:
        page = opened.page
        assert page.get_by_role("rowheader", name="(out of date)").count() > 0
        head = page.get_by_role("columnheader", name="confidence")
        box = head.bounding_box()
        assert box["x"] + box["width"] <= PHONE
