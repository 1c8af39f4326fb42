"""The page as text: what it allows and contains, and that every text is escaped."""

import hashlib
import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.forecast.result import Forecast
from econnet.report import figures, html, wording
from econnet.report.html import page
from tests.report.conftest import MakeForecast, without_contractions
from tests.report.html.conftest import HOSTILE

VENDOR = resources.files("econnet.report") / "vendor"


class Outline(HTMLParser):
    """The content of a page: elements, scripts, styles and visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag = self.inside[-1] if self.inside else ""
        if tag == "script":
            self.scripts.append((self.elements[-1][1], data))
        elif tag == "style":
            self.styles.append(data)
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def german_page(germany: Forecast) -> str:
    return html.as_html(germany)


@pytest.fixture(scope="module")
def german(german_page: str) -> Outline:
    return Outline(german_page)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def policy_of(outline: Outline) -> dict[str, list[str]]:
    (meta,) = [it for it in outline.named("meta") if "http-equiv" in it]
    assert meta["http-equiv"] == "Content-Security-Policy"
    parts = (part.split() for part in str(meta["content"]).split(";"))
    return {name: allowed for name, *allowed in parts}


def test_page_contains_all_that_the_printed_report_contains(
    germany: Forecast, german: Outline
) -> None:
    verdict = wording.verdict(germany)
    for said in (
        germany.country.name,
        wording.question(germany),
        wording.percent(germany.probability),
        wording.percent_range(germany.interval),
        wording.position(germany),
        verdict.call,
        verdict.reason,
        wording.signal_counts(germany),
        wording.READINGS["history"],
        wording.track_record(germany),
        wording.responses(germany),
        wording.data(germany),
        wording.command(germany),
        wording.citation(germany),
        *wording.drivers(germany),
        *wording.caveats(germany),
        *(body for _, body in wording.method(germany)),
        *(driver.title for driver in germany.explanation.drivers),
        *(series.series_id for series in germany.data.series),
    ):
        assert squeezed(said) in squeezed(german.text)


def test_page_has_the_charts_of_the_pdf_in_its_order_each_with_its_data(
    germany: Forecast, german: Outline
) -> None:
    typeset = (resources.files("econnet.report") / "pdf/country.typ").read_text("utf-8")
    drawn = figures.draw(germany)
    named = re.findall(r'(?:picture\("|it\.figures\.)([a-z-]+)', typeset)
    in_pdf = [*dict.fromkeys(name for name in named if name in drawn)]
    assert set(in_pdf) == set(drawn)
    in_page = [it["data-chart"] or "" for it in german.named("figure")]
    families = [re.sub(r"^response-.*", "responses", name) for name in in_page]
    assert [*dict.fromkeys(families)] == in_pdf
    buttons = german.named("button")
    for kind in ("data-svg", "data-png", "data-csv"):
        saved = [it[kind] for it in buttons if kind in it]
        # The false alarms are a table, all of which can be saved.
        assert [name for name in saved if name != "false-alarms"] == in_page


def test_policy_allows_what_is_in_the_page_and_nothing_else(german: Outline) -> None:
    policy = policy_of(german)
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["font-src"] == policy["img-src"] == ["data:"]
    running = [text for kind, text in german.scripts if "type" not in kind]
    for allowed, texts in ((policy["script-src"], running), ("", german.styles)):
        allowed = allowed or policy["style-src"]
        digests = {hashlib.sha256(text.encode()).digest() for text in texts}
        assert {b64decode(it[len("'sha256-") : -1]) for it in allowed} == digests


def test_nothing_in_the_page_points_anywhere_else(german: Outline) -> None:
    for tag, attributes in german.elements:
        for name in {"src", "href", "action", "srcset", "poster"} & set(attributes):
            assert str(attributes[name]).startswith(("#", "data:")), (tag, attributes)
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    urls = re.findall(r"url\(([^)]{0,30})", "".join(german.styles))
    assert len(urls) == 2
    assert all(url.startswith('"data:font/woff2;base64,') for url in urls)


def test_headings_go_down_one_level_at_a_time(german: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in german.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_landmarks_and_skip_link_lead_to_what_is_there(german: Outline) -> None:
    for tag in ("header", "nav", "main", "footer"):
        assert len(german.named(tag)) == 1
    ids = [attributes["id"] for _, attributes in german.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(it["href"])[1:] for it in german.named("a")]
    assert links[0] == "content"
    assert set(links) <= set(ids)


def test_no_text_can_leave_its_place(hostile: Forecast, german: Outline) -> None:
    outline = Outline(html.as_html(hostile))
    known = {tag for tag, _ in german.elements}
    assert {tag for tag, _ in outline.elements} <= known
    assert len(outline.scripts) == 3
    assert not [it for _, it in outline.elements if "onerror" in it]
    shown = wording.printable(HOSTILE)
    assert squeezed(shown) in squeezed(outline.text)
    assert "49" not in re.findall(r"\]\]> (\S+)", outline.text)
    _, data = next(it for it in outline.scripts if it[0].get("type"))
    (name,) = [it for it in json.loads(data)["charts"] if it.startswith("response")]
    assert re.fullmatch(r"response-1-[\w-]+", name)
    columns = json.loads(data)["charts"][name]["columns"]
    assert columns[0]["title"] == f"newest value, {HOSTILE}"


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_json_survives_and_contains_no_tag(data: object) -> None:
    text = page.json_in_html(data)
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("alpha3", ["XKX", "BRA"])
def test_small_annual_country_has_a_page(
    alpha3: str, make_forecast: MakeForecast
) -> None:
    forecast = make_forecast(alpha3, "A")
    text = Outline(html.as_html(forecast)).text
    assert forecast.country.name in text
    stale = wording.stale(forecast)
    assert stale is not None
    assert stale.text.replace("`", "") in text


def test_country_that_never_contracted_has_a_page(germany: Forecast) -> None:
    outline = Outline(html.as_html(without_contractions(germany)))
    assert "Low confidence." in outline.text
    assert "All contractions" not in outline.text
    assert "roc" not in {it.get("id") for it in outline.named("figure")}


def test_page_stays_small(german_page: str) -> None:
    assert len(german_page.encode()) < 1_500_000


def test_same_forecast_gives_the_same_page(germany: Forecast, german_page: str) -> None:
    assert html.as_html(germany) == german_page


def test_vendored_files_are_those_that_were_published() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()
    listed = {name: digest for digest, name in map(str.split, lines)}
    there = {
        it.name: hashlib.sha256(it.read_bytes()).hexdigest()
        for it in VENDOR.iterdir()
        if not it.name.endswith((".txt", ".md")) and it.name != "SHA256SUMS"
    }
    assert there == listed
    notes = (VENDOR / "README.md").read_text("utf-8")
    assert all(it.name in notes for it in VENDOR.iterdir() if it.name != "README.md")


def test_no_vendored_script_can_end_its_element() -> None:
    assert "</script" not in (VENDOR / "uPlot.iife.min.js").read_text("utf-8")


def test_embedded_fonts_have_every_letter_of_the_page(german: Outline) -> None:
    fonts = pytest.importorskip("fontTools.ttLib", reason="fonttools is missing")
    pytest.importorskip("brotli", reason="brotli, which opens woff2, is missing")
    letters = {ord(it) for it in german.text if it.isprintable()}
    for weight in ("Regular", "SemiBold"):
        file = resources.files("econnet.report") / "fonts" / f"Inter-{weight}.woff2"
        with file.open("rb") as opened:
            has = set(fonts.TTFont(opened).getBestCmap())
        assert letters <= has
