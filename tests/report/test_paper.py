"""The PDF as other people's tools see it: fonts, reading order, nothing cut."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from econnet.forecast.ranking import Ranking
from econnet.forecast.result import AssumptionEffect, WhatIf
from econnet.report import Format
from econnet.report import country as country_report
from econnet.report import ranking as ranking_report
from tests.builders import changed
from tests.user import HANG_SECONDS

from .conftest import MakeForecast

pytestmark = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="poppler-utils is not installed"
)

COUNTRIES = (("DEU", "Q"), ("BRA", "A"), ("XKX", "A"))


def output_of(*command: str | Path) -> str:
    run = subprocess.run(command, capture_output=True, check=True, timeout=HANG_SECONDS)
    return run.stdout.decode("utf-8")


@pytest.fixture(scope="module", params=COUNTRIES, ids=lambda it: it[0])
def report(
    request: pytest.FixtureRequest,
    make_forecast: MakeForecast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    forecast = make_forecast(*request.param)
    folder = tmp_path_factory.mktemp("paper")
    (path,) = country_report.write(forecast, folder, [Format.PDF])
    return path


def test_every_font_is_embedded_and_none_is_of_type_3(report: Path) -> None:
    lines = output_of("pdffonts", report).splitlines()[2:]
    assert lines
    for line in lines:
        assert "Type 3" not in line
        embedded, subset, unicode_ = line.split()[-5:-2]
        assert (embedded, subset, unicode_) == ("yes", "yes", "yes"), line


@pytest.mark.campaign
def test_structure_is_read_in_the_order_of_the_page(report: Path) -> None:
    text = re.sub(r"\s+", " ", output_of("pdfinfo", "-struct-text", report))
    landmarks = (
        "Will ",
        "Next releases",
        "Track record",
        "Signals and false alarms",
        "Skill and confidence",
        "Scores:",
        "Drivers",
        "Data and method",
        "How it was made",
        "How to cite",
        "Caveats",
        "Reproduce",
    )
    places = [text.index(landmark) for landmark in landmarks]
    assert places == sorted(places)


def test_report_is_small_and_no_page_is_nearly_empty(report: Path) -> None:
    assert report.stat().st_size < 2_000_000
    pages = output_of("pdftotext", "-layout", report, "-").split("\f")[:-1]
    assert 4 <= len(pages) <= 7
    for page in pages:
        assert len(page.split()) > 120


def test_every_page_but_the_last_is_at_least_two_thirds_full(report: Path) -> None:
    assert_two_thirds_full(report)


def test_pages_of_a_long_ranking_are_two_thirds_full(
    world_ranking: Ranking, tmp_path: Path
) -> None:
    """The page on which the table ended was empty below it."""
    (path,) = ranking_report.write(world_ranking, tmp_path, [Format.PDF])
    assert_two_thirds_full(path)
    text = output_of("pdftotext", "-layout", path, "-").split("Past forecasts")[1]
    for forecast in world_ranking.forecasts:
        assert forecast.country.name[:20] in text


def assert_two_thirds_full(report: Path) -> None:
    """Check how far down each page of an A4 report has words, but for the last."""
    top, bottom = 20 * 72 / 25.4, 842 - 18 * 72 / 25.4
    *full, _last = words_of(report)
    for words in full:
        lowest = max(word.bottom for word in words if word.bottom < bottom)
        assert lowest - top > 2 / 3 * (bottom - top)


@dataclass(frozen=True)
class Word:
    """A word and its box, in points from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Word") -> bool:
        """Return whether two boxes overlap by more than their leading."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        height = min(self.bottom - self.top, other.bottom - other.top)
        return across > 1.0 and down > 0.45 * height


def words_of(report: Path) -> Iterator[list[Word]]:
    """Yield the words of each page."""
    markup = output_of("pdftotext", "-bbox", report, "-")
    for page in markup.split("<page ")[1:]:
        yield [
            Word(text, *map(float, box))
            for *box, text in re.findall(
                r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)<',
                page,
            )
        ]


def test_every_word_is_inside_the_margins(report: Path) -> None:
    for words in words_of(report):
        for word in words:
            assert word.left > 40, word
            assert word.right < 595 - 40, word
            assert word.top > 25, word
            assert word.bottom < 842 - 14, word


def test_no_word_covers_another(report: Path) -> None:
    for words in words_of(report):
        covered = [
            (one.text, other.text)
            for one, other in combinations(words, 2)
            if one.overlaps(other)
        ]
        assert not covered


def test_fullest_first_page_also_fits_on_letter_paper(
    make_forecast: MakeForecast, tmp_path: Path
) -> None:
    supposed = AssumptionEffect(
        "real_gdp", "Real GDP", "change, percent", 1.1, -2.0, 0.2, True
    )
    forecast = changed(make_forecast("BRA", "A"), what_if=WhatIf(0.2, (supposed,)))
    (path,) = country_report.write(forecast, tmp_path, [Format.PDF], "letter")
    first, second = output_of("pdftotext", "-layout", path, "-").split("\f")[:2]
    assert "Out of date" in first
    assert "What if?" in first
    assert "the deepest 5 of 7" in first
    assert "Next releases" in first
    assert re.search(r"6 of 7\s+contractions had a signal\.", first)
    assert second.split("Track record")[0].count("\n") < 6
