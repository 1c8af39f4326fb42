"""The page in a browser: no errors, readable, usable by mouse, finger and keys."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from econnet.forecast.result import Forecast, QuestionAnswer
from econnet.report.content import MAX_SERIES
from econnet.report.wording import period_text
from tests.browsers import DESKTOP, PHONE, Browser, violations
from tests.builders import changed

PLOT = "[role=slider]"


def chosen(page: Any) -> str:  # noqa: ANN401
    """Return what the first chart shows for the chosen period."""
    return str(page.locator(PLOT).first.get_attribute("aria-valuetext"))


def ends(forecast: Forecast) -> tuple[str, str]:
    return period_text(forecast.history.index[0]), period_text(forecast.period)


@pytest.mark.parametrize(
    ("whose", "width", "scheme"),
    [
        ("germany", DESKTOP, "light"),
        ("germany", DESKTOP, "dark"),
        ("germany", PHONE, "light"),
        ("brazil", PHONE, "dark"),
        ("hostile", PHONE, "light"),
    ],
)
def test_page_is_quiet_fits_and_passes_the_checker(
    whose: str,
    width: int,
    scheme: Literal["light", "dark"],
    browser: Browser,
    page_of: Callable[[Forecast], Path],
    request: pytest.FixtureRequest,
) -> None:
    forecast: Forecast = request.getfixturevalue(whose)
    with browser.open(page_of(forecast), width=width, scheme=scheme) as opened:
        page = opened.page
        assert page.locator(PLOT).count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("details").evaluate_all("all => all.forEach(it => it.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        assert page.evaluate("window.ran") is None
        assert opened.complaints == []
        assert opened.beyond_the_file == []


def test_keys_move_through_time(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    first, last = ends(germany)
    with browser.open(german_page) as opened:
        page = opened.page
        page.locator(PLOT).first.focus()
        page.keyboard.press("End")
        assert chosen(page).startswith(last)
        assert "90% interval" in chosen(page)
        page.keyboard.press("ArrowLeft")
        assert chosen(page).startswith(period_text(germany.period - 1))
        page.keyboard.press("PageDown")
        assert chosen(page).startswith(period_text(germany.period - 21))
        page.keyboard.press("Home")
        assert chosen(page).startswith(first)
        page.keyboard.press("ArrowLeft")
        assert chosen(page).startswith(first)
        readout = page.locator(".readout").first.inner_text()
        assert readout.startswith(first)


def test_chart_shows_what_was_forecast(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    own = germany.track_record[germany.track_record["model"] == "econnet"]
    said = own.set_index("period")["probability"].to_dict()
    with browser.open(german_page) as opened:
        page = opened.page
        page.locator(PLOT).first.focus()
        page.keyboard.press("End")
        for back in range(1, 4):
            page.keyboard.press("ArrowLeft")
            period = germany.period - back
            assert f"{period_text(period)}, " in chosen(page)
            assert f"{100 * said[period]:.1f}%" in chosen(page)


def test_pointing_at_a_place_reads_its_values(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    first, last = ends(germany)
    with browser.open(german_page) as opened:
        page = opened.page
        box = page.locator(f"{PLOT} .u-over").first.bounding_box()
        page.mouse.move(box["x"] + 1, box["y"] + 20)
        assert chosen(page).startswith(first)
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 20)
        assert chosen(page).startswith(last)


def test_zoom_by_button_key_and_drag_and_back(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        group = page.locator("#history .controls")
        all_of_it = group.get_by_role("button", name="All")
        ten = group.get_by_role("button", name="10 years")
        plot = page.locator(PLOT).first
        assert all_of_it.get_attribute("aria-pressed") == "true"
        ten.click()
        assert ten.get_attribute("aria-pressed") == "true"
        assert all_of_it.get_attribute("aria-pressed") == "false"
        plot.focus()
        page.keyboard.press("0")
        assert all_of_it.get_attribute("aria-pressed") == "true"
        page.keyboard.press("+")
        assert all_of_it.get_attribute("aria-pressed") == "false"
        page.keyboard.press("Escape")
        box = plot.locator(".u-over").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 400, box["y"] + 50, steps=4)
        page.mouse.up()
        assert all_of_it.get_attribute("aria-pressed") == "false"
        all_of_it.click()
        assert all_of_it.get_attribute("aria-pressed") == "true"


def test_finger_reads_values_without_moving_the_page(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    with browser.open(german_page, width=PHONE, touch=True) as opened:
        page = opened.page
        over = page.locator(f"{PLOT} .u-over").first
        box = over.bounding_box()
        over.dispatch_event(
            "pointermove",
            {"pointerType": "touch", "clientX": box["x"] + 1, "bubbles": True},
        )
        assert chosen(page).startswith(ends(germany)[0])


def test_baselines_can_be_added_to_the_forecast(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        figure = page.locator("#track-record")
        switch = figure.get_by_role("button", name="persistence")
        readout = figure.locator(".readout")
        assert switch.get_attribute("aria-pressed") == "false"
        assert "persistence" not in readout.inner_text()
        switch.click()
        assert switch.get_attribute("aria-pressed") == "true"
        assert "persistence" in readout.inner_text()


def test_csv_contains_every_number_as_it_was_computed(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        page.locator("#history summary").click()
        with page.expect_download() as waiting:
            page.locator("#history .csv").click()
        text = Path(waiting.value.path()).read_text("utf-8")
        assert waiting.value.suggested_filename == f"DEU-{germany.period}-history.csv"
        assert opened.beyond_the_file == []
    rows = list(csv.DictReader(io.StringIO(text)))
    growth = {row["period"]: row["growth_percent"] for row in rows}
    for period, value in germany.history["growth"].dropna().items():
        assert float(growth[str(period)]) == value
    assert float(rows[-1]["probability"]) == germany.probability


def test_chart_is_saved_as_svg_and_png_with_title_and_source(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        for name in ("roc", "history"):
            with page.expect_download() as waiting:
                page.locator(f"[data-svg={name}]").click()
            text = Path(waiting.value.path()).read_text("utf-8")
            assert text.startswith("<svg ")
            assert "Germany: Will real GDP fall in" in text
            assert "Source: OECD" in text
            assert "class=" not in text
        with page.expect_download() as waiting:
            page.locator("[data-png=roc]").click()
        assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
        assert opened.complaints == []


def test_cut_table_shows_a_hint(browser: Browser, german_page: Path) -> None:
    for width, said in ((PHONE, True), (DESKTOP, False)):
        with browser.open(german_page, width=width) as opened:
            hints = opened.page.locator("[aria-labelledby=record] .more").all()
            assert any(hint.is_visible() for hint in hints) == said


def test_long_names_of_releases_leave_the_next_columns_in_view(
    browser: Browser, germany: Forecast, page_of: Callable[[Forecast], Path]
) -> None:
    curves = tuple(
        replace(curve, title="Price level of household consumption")
        for curve in germany.explanation.response_curves
    )
    page = page_of(changed(germany, response_curves=curves))
    with browser.open(page, width=DESKTOP) as opened:
        table = opened.page.get_by_role("region", name="Next releases")
        assert table.locator("tbody tr").count() > 0
        assert table.evaluate("it => it.scrollWidth <= it.clientWidth")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("Next releases", "forecast would move to"),
        ("Past contractions", "first signal"),
        ("All contractions and the forecast one quarter ahead", "first signal"),
        ("Skill and confidence", "confidence"),
    ],
)
def test_phone_shows_the_answer_of_a_row_beside_its_name(
    table: str, column: str, browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page, width=PHONE) as opened:
        region = opened.page.get_by_role("region", name=table, exact=True)
        head = region.get_by_role("columnheader", name=column, exact=True)
        box = head.bounding_box()
        assert box["x"] + box["width"] <= PHONE


def test_phone_shows_the_confidence_of_each_question(
    browser: Browser, germany: Forecast, page_of: Callable[[Forecast], Path]
) -> None:
    answer = QuestionAnswer(
        task=germany.task,
        as_of="2026-11-24",
        origin=germany.origin,
        period=germany.period,
        target_title=germany.target_title,
        meaning=germany.meaning,
        probability=germany.probability,
        interval=germany.interval,
        base_rate=germany.base_rate,
        skill=germany.assessment.skill,
    )
    page = page_of(replace(germany, questions=(answer,)))
    with browser.open(page, width=PHONE) as opened:
        region = opened.page.get_by_role("region", name="Questions", exact=True)
        assert region.evaluate("it => it.scrollWidth <= it.clientWidth")
        cells = region.get_by_role("row").last.locator("th, td")
        first, *others = (cell.bounding_box() for cell in cells.all())
        assert first["width"] > PHONE / 2
        heads = region.get_by_role("columnheader").all()[1:]
        for cell, head in zip(others, heads, strict=True):
            box = head.bounding_box()
            assert box["x"] + box["width"] == cell["x"] + cell["width"] <= PHONE


def test_longest_chart_of_the_drivers_is_beside_the_others(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page, width=DESKTOP) as opened:
        top = {
            name: opened.page.locator(f"#{name}").bounding_box()["y"]
            for name in ("groups", "importance", "contributions")
        }
        assert top["groups"] == top["contributions"] < top["importance"]


def test_series_beyond_the_most_important_are_listed_on_request(
    browser: Browser, germany: Forecast, page_of: Callable[[Forecast], Path]
) -> None:
    many = germany.data.series * (MAX_SERIES // len(germany.data.series) + 2)
    page = page_of(changed(germany, data=replace(germany.data, series=many)))
    with browser.open(page, width=PHONE) as opened:
        rows = opened.page.locator("[aria-labelledby=data-used] tbody tr")
        visible = [row.is_visible() for row in rows.all()]
        assert visible == [True] * MAX_SERIES + [False] * (len(many) - MAX_SERIES)
        opened.page.get_by_text(f"{len(many) - MAX_SERIES} more series").click()
        assert rows.last.is_visible()


def test_dates_and_bases_of_series_are_not_broken(
    browser: Browser, germany: Forecast, page_of: Callable[[Forecast], Path]
) -> None:
    series = tuple(
        replace(
            it,
            unit="index, 1995 = 100",
            series_id="t1621/v584/c11255=90707",
            rights="free reuse with attribution",
            next_due="2026-12-02",
        )
        for it in germany.data.series
    )
    page = page_of(changed(germany, data=replace(germany.data, series=series)))
    with browser.open(page, width=DESKTOP) as opened:
        row = opened.page.get_by_role("region", name="Series").locator("tbody tr").first
        text = row.text_content()
        assert "2\N{NO-BREAK SPACE}Dec\N{NO-BREAK SPACE}2026" in text
        assert "1995\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}100" in text


def test_all_false_alarms_can_be_saved(
    browser: Browser, german_page: Path, germany: Forecast
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        with page.expect_download() as waiting:
            page.get_by_role("button", name="all false alarms").click()
        text = Path(waiting.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    alarms = germany.assessment.false_alarms
    assert [row["first"] for row in rows] == [str(alarm.first) for alarm in alarms]


def test_no_cell_of_the_csv_is_a_formula(
    browser: Browser, hostile: Forecast, page_of: Callable[[Forecast], Path]
) -> None:
    path = page_of(hostile)
    with browser.open(path) as opened:
        n = opened.page.locator(".csv").count()
    for number in range(n):  # Chromium saves no more than ten files of one page
        with browser.open(path) as opened:
            page = opened.page
            page.locator("details").evaluate_all(
                "all => all.forEach(it => it.open = true)"
            )
            with page.expect_download() as waiting:
                page.locator(".csv").nth(number).click()
            text = Path(waiting.value.path()).read_text("utf-8")
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert len({len(row) for row in csv.reader(io.StringIO(text))}) == 1
            assert not [cell for cell in cells if cell[:1] in "=+@" and cell]


def test_policy_stops_what_was_not_in_the_page(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        page.evaluate(
            "() => { const it = document.createElement('script');"
            " it.textContent = 'window.ran = 1'; document.body.append(it);"
            " const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; }"
        )
        refused = page.evaluate(
            "fetch('http://127.0.0.1:9/').then(() => false, () => true)"
        )
        assert refused
        assert page.evaluate("window.ran") is None
        assert any("Content Security Policy" in it for it in opened.complaints)


def test_charts_are_static_without_scripts(browser: Browser, german_page: Path) -> None:
    with browser.open(german_page, scripts=False) as opened:
        page = opened.page
        assert page.locator("#history svg.picture").first.is_visible()
        assert page.locator("#history svg.picture path").count() > 8
        assert not page.locator(".csv").first.is_visible()
    with browser.open(german_page) as opened:
        assert not opened.page.locator("#history svg.picture").first.is_visible()


def test_printed_page_has_static_charts_in_light_colours(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page, scheme="dark") as opened:
        page = opened.page
        page.emulate_media(media="print")
        assert page.locator("#history svg.picture").first.is_visible()
        for gone in (".plot", ".controls", "nav", ".hint"):
            assert not page.locator(gone).first.is_visible()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


def test_skip_link_comes_first_and_leads_past_the_links(
    browser: Browser, german_page: Path
) -> None:
    with browser.open(german_page) as opened:
        page = opened.page
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.className")
        assert focused == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_hint_of_a_chart_fits_the_device(browser: Browser, german_page: Path) -> None:
    for touch, said in ((True, "Touch and slide"), (False, "arrow keys")):
        with browser.open(german_page, touch=touch) as opened:
            for hint in opened.page.locator(".hint").all():
                assert said in hint.text_content()
