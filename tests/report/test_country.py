import json
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pypdf
import pytest

from econnet.core.countries import Country
from econnet.evaluation.signals import FalseAlarm
from econnet.forecast.result import Forecast
from econnet.report import Format, figures, tables, wording
from econnet.report import country as country_report
from tests.builders import changed

from .conftest import MakeForecast, without_contractions

# Typst markup, SVG, control characters, a lone surrogate, scripts without a font here.
HOSTILE = (
    '#let x = 1; *a_b* $x^2$ </svg><script>&amp; \x00\x1b[31m\ud800 "q\\" // `r` @ref '
    "<episodes> \n東京 العربية ไทย"
)
# Combining marks, a keycap, flags and joined emoji; then scripts and spaces.
STACKED = (
    "Zoe\u0308 Z\u0351\u036b\u0343 x\u0301\u0302 a\u20dd 1\ufe0f\u20e3 "
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2603\ufe0f"
)
SCRIPTS = (
    "Zoe\u0308 \u65e5\u672c \ud55c\uad6d \u0645\u0650\u0635\u0652\u0631 "
    "\u05e9\u05c1\u05b8 \u0915\u094d\u0937\u093f \u0e33 \u3000\u200b\u202e!"
)


@pytest.fixture(scope="session")
def written(germany: Forecast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with Germany's whole report."""
    folder = tmp_path_factory.mktemp("reports") / "DEU"
    country_report.write(germany, folder)
    return folder


def pdf_of(forecast: Forecast) -> pypdf.PdfReader:
    return pypdf.PdfReader(
        BytesIO(country_report.as_pdf(forecast, figures.draw(forecast), "a4"))
    )


def text_of(reader: pypdf.PdfReader) -> str:
    """Return the text of all pages with single spaces."""
    text = " ".join(page.extract_text() for page in reader.pages)
    return re.sub(r"\s+", " ", text)


def fonts_of(reader: pypdf.PdfReader) -> Iterator[Any]:
    for page in reader.pages:
        yield from _fonts_in(page["/Resources"])


def _fonts_in(resources: Any) -> Iterator[Any]:  # noqa: ANN401
    for font in resources.get("/Font", {}).values():
        yield font.get_object()
    for drawn in resources.get("/XObject", {}).values():
        inner = drawn.get_object().get("/Resources")
        if inner is not None:
            yield from _fonts_in(inner.get_object())


def test_report_is_a_pdf_a_picture_of_each_figure_and_the_numbers(
    germany: Forecast, written: Path
) -> None:
    names = {path.name for path in written.iterdir() if path.is_file()}
    pictures = {f"{name}.png" for name in figures.draw(germany)}
    documents = {"report.pdf", "report.html", "report.json", "SHA256SUMS"}
    documents |= {"forecasts.csv"}
    assert names == documents | pictures
    assert len(pictures) == len(figures.DRAWINGS)
    drawn_from = {path.stem for path in (written / "csv").iterdir()}
    assert drawn_from == set(tables.tables(germany))
    assert drawn_from >= {"history", "track-record", "roc", "contributions", "series"}


def test_only_the_formats_that_were_asked_for_are_written(
    germany: Forecast, tmp_path: Path
) -> None:
    assert country_report.write(germany, tmp_path, [Format.JSON]) == [
        tmp_path / "report.json"
    ]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.json", "SHA256SUMS"}


def test_pdf_contains_the_answer_the_verdict_and_every_score(
    germany: Forecast, written: Path
) -> None:
    text = text_of(pypdf.PdfReader(written / "report.pdf"))
    verdict = wording.verdict(germany)
    for said in (
        germany.country.name,
        wording.question(germany),
        wording.percent(germany.probability),
        f"90% interval {wording.percent_range(germany.interval)}",
        wording.position(germany),
        verdict.call,
        verdict.reason,
        wording.command(germany),
        *wording.caveats(germany),
    ):
        assert re.sub(r"\s+", "", said) in re.sub(r"\s+", "", text)
    for name, scores in germany.assessment.baselines.items():
        skills = [
            wording.signed_percent(skill or 0)
            for skill in (scores.brier_skill, scores.log_loss_skill)
        ]
        row = f"{wording.baseline_title(name)} {scores.brier:.3f} {skills[0]}"
        row += f" {scores.log_loss:.3f} {skills[1]} {scores.auroc:.2f}"
        assert row in text
    for series in germany.data.series:
        assert series.series_id in text
        assert series.attribution.removeprefix("Source: ") in text


def test_loss_to_a_baseline_is_printed_as_a_loss(germany: Forecast) -> None:
    lost = {
        name: replace(it, log_loss_interval=(0.01, 0.2))
        for name, it in germany.assessment.comparisons.items()
    }
    beaten = changed(germany, comparisons=lost, pool_metrics=None, pool_baselines={})
    text = text_of(pdf_of(beaten)).split("Scores:")[1]
    assert text.count("+0.010 to +0.200 worse") == len(lost) == 3


def test_pdf_names_the_file_of_all_false_alarms(germany: Forecast) -> None:
    alarms = tuple(
        FalseAlarm("DEU", f"{year}Q1", f"{year}Q2", 2, 0.4)
        for year in range(1990, 2010)
    )
    text = text_of(pdf_of(changed(germany, false_alarms=alarms)))
    assert "The 14 highest of 20; csv/false-alarms.csv has all." in text


def test_columns_of_false_alarms_are_of_equal_length(germany: Forecast) -> None:
    """Six were set as five and one, beside an empty column."""
    alarms = tuple(
        FalseAlarm("DEU", f"{year}Q1", f"{year}Q2", 2, 0.4)
        for year in range(2000, 2006)
    )
    text = text_of(pdf_of(changed(germany, false_alarms=alarms)))
    _, first, second = text.split("false alarms (quarters)")
    assert (first.count("Q2 (2)"), second.count("Q2 (2)")) == (3, 3)


def test_second_sentence_of_the_footer_is_not_broken(germany: Forecast) -> None:
    """Its last word stood alone on a second line."""
    pool = ("Source: A National Statistical Office", "Source: B")
    data = replace(germany.data, pool_attributions=pool)
    first = pdf_of(replace(germany, data=data)).pages[0]
    note = wording.figures(germany.data.share_in_real_time)
    assert f"\n{note}" in first.extract_text()


def test_pdf_is_tagged_titled_and_has_bookmarks_and_described_figures(
    germany: Forecast, written: Path
) -> None:
    reader = pypdf.PdfReader(written / "report.pdf")
    assert reader.metadata is not None
    # As a statement, the title would be read as a fact.
    assert reader.metadata.title == "Germany: Will real GDP fall in 2026 Q3?"
    root: Any = reader.trailer["/Root"]
    assert reader.xmp_metadata is not None
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()
    titles = [
        str(entry["/Title"]) for entry in reader.outline if isinstance(entry, dict)
    ]
    assert titles == ["Germany", "Track record", "Drivers", "Data and method"]
    described = set(_alt_texts(root["/StructTreeRoot"]))
    assert described == {figures.alt(germany, name) for name in figures.DRAWINGS}


def _alt_texts(element: Any) -> Iterator[str]:  # noqa: ANN401
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, list):
        for part in element:
            yield from _alt_texts(part)
    elif isinstance(element, dict):
        if "/Alt" in element:
            yield str(element["/Alt"])
        if "/K" in element:
            yield from _alt_texts(element["/K"])


def test_fonts_are_embedded_and_none_is_type_3(written: Path) -> None:
    kinds = {}
    for font in fonts_of(pypdf.PdfReader(written / "report.pdf")):
        for inner in font["/DescendantFonts"]:
            descriptor = inner.get_object()["/FontDescriptor"].get_object()
            embedded = {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)
            kinds[str(font["/BaseFont"]).split("+")[1]] = (font["/Subtype"], embedded)
    assert all(kind == "/Type0" and embedded for kind, embedded in kinds.values())
    families = {name.removesuffix("-Identity-H") for name in kinds}
    assert families == {"Inter-Regular", "Inter-SemiBold", "DejaVuSansMono"}


def test_pdf_fits_the_paper_that_was_asked_for(
    germany: Forecast, written: Path
) -> None:
    a4 = pypdf.PdfReader(written / "report.pdf").pages[0].mediabox
    drawn = figures.draw(germany)
    letter = pypdf.PdfReader(
        BytesIO(country_report.as_pdf(germany, drawn, "letter"))
    ).pages
    assert (round(a4.width), round(a4.height)) == (595, 842)
    assert {(page.mediabox.width, page.mediabox.height) for page in letter} == {
        (612, 792)
    }
    first_page = letter[0].extract_text()
    assert "Past contractions" in first_page


def test_same_forecast_gives_the_same_bytes(
    germany: Forecast, written: Path, tmp_path: Path
) -> None:
    for path in country_report.write(germany, tmp_path, [Format.PDF, Format.JSON]):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


@pytest.mark.campaign
def test_many_reports_are_those_that_are_written_alone(
    germany: Forecast, brazil: Forecast, tmp_path: Path
) -> None:
    both = [germany, brazil] * 2
    reports = [(each, tmp_path / str(number)) for number, each in enumerate(both)]
    written = country_report.write_many(reports, [Format.HTML, Format.JSON])
    for (forecast, folder), files in zip(reports, written, strict=True):
        country_report.write(forecast, tmp_path / "a", [Format.HTML, Format.JSON])
        assert [file.parent for file in files] == [folder] * 2
        for file in files:
            assert file.read_bytes() == (tmp_path / "a" / file.name).read_bytes()


def test_pictures_are_wide_enough_to_print(written: Path) -> None:
    for path in written.glob("*.png"):
        height, width = matplotlib.image.imread(path).shape[:2]
        assert width >= 1050
        assert 0.2 < height / width < 1.6
    history = matplotlib.image.imread(written / "history.png")
    assert history.shape[1] == pytest.approx((180 + 6) / 25.4 * 300, abs=2)


def test_half_a_report_is_never_seen(
    germany: Forecast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.json"
    target.write_text("the report of last month")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("econnet.runtime.atomic_files.os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        country_report.write(germany, tmp_path, [Format.JSON])
    assert target.read_text() == "the report of last month"
    assert list(tmp_path.iterdir()) == [target]


def named(germany: Forecast, name: str) -> Forecast:
    return changed(
        germany,
        country=Country(name, "xx", name),
        task=replace(germany.task, target=name, label=f"given:{name}"),
        target_title=name,
        meaning=name,
        drivers=tuple(replace(it, title=name) for it in germany.explanation.drivers),
        response_curves=tuple(
            replace(it, title=name, unit=name)
            for it in germany.explanation.response_curves
        ),
        data=replace(
            germany.data,
            source=name,
            series=tuple(
                replace(it, title=name, series_id=name, rights=name)
                for it in germany.data.series[:2]
            ),
        ),
    )


@pytest.mark.parametrize("name", [STACKED, SCRIPTS], ids=["stacked", "scripts"])
def test_name_of_any_characters_has_a_report(
    germany: Forecast, tmp_path: Path, name: str
) -> None:
    formats = [Format.PDF, Format.PNG]
    country_report.write(named(germany, name), tmp_path, formats)
    assert "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}" in text_of(
        pypdf.PdfReader(tmp_path / "report.pdf")
    )


def test_no_name_can_break_the_report(germany: Forecast, tmp_path: Path) -> None:
    hostile = named(germany, HOSTILE)
    country_report.write(hostile, tmp_path, [Format.PDF, Format.JSON])
    text = text_of(pypdf.PdfReader(tmp_path / "report.pdf"))
    assert "#let x = 1; *a_b* $x^2$ </svg><script>&amp;" in text
    assert json.loads((tmp_path / "report.json").read_bytes())["name"] == HOSTILE


def test_report_on_old_annual_data_has_no_headline(
    make_forecast: MakeForecast,
) -> None:
    forecast = make_forecast("XKX", "A")
    text = text_of(pdf_of(forecast))
    ends = forecast.data.last_period
    assert f"Out of date Data end in {ends}. Run econnet fetch --country XKX." in text
    assert "For illustration only" in text


def test_country_that_never_contracted_has_a_report(germany: Forecast) -> None:
    text = text_of(pdf_of(without_contractions(germany)))
    assert "Low confidence" in text
    assert "no contraction" in text
    assert "All contractions" not in text


def test_forecast_without_drivers_pool_or_growth_has_a_report(
    germany: Forecast,
) -> None:
    bare = changed(
        germany,
        history=germany.history.assign(growth=np.nan),
        pool_metrics=None,
        pool_baselines={},
        drivers=germany.explanation.drivers[:3],
        response_curves=(),
        change=None,
        outlook=(),
    )
    text = text_of(pdf_of(bare))
    assert "not known" in text
    assert "countries in the pool" not in text


@pytest.mark.parametrize("n", [9, 60])
def test_every_contraction_is_listed_once_on_one_page(
    n: int, germany: Forecast
) -> None:
    episodes = tuple(
        replace(germany.assessment.episodes[0], first=f"{n:04}Q9", last="2025Q4")
        for n in range(n)
    )
    pages = pdf_of(changed(germany, episodes=episodes)).pages
    having = [number for number, it in enumerate(pages, 1) if "Q9" in it.extract_text()]
    assert having[-1:] == [3]
    text = pages[2].extract_text()
    assert all(text.count(f"{episode.first[:4]} Q9") == 1 for episode in episodes)


@pytest.mark.campaign
def test_eight_hundred_months_and_many_series_stay_small(
    make_forecast: MakeForecast, germany: Forecast
) -> None:
    months = pd.period_range("1959-01", "2026-09", freq="M")
    usa = make_forecast("USA", "Q")
    growth = np.random.default_rng(0).normal(0.2, 0.6, len(months))
    monthly = changed(
        usa,
        task=replace(usa.task, frequency="M"),
        origin=months[-1],
        period=months[-1] + 1,
        history=pd.DataFrame({"growth": growth, "contraction": growth < 0}, months)
        * 1.0,
        track_record=pd.DataFrame(
            {
                "model": "econnet",
                "origin": months - 1,
                "period": months,
                "probability": 0.5,
                "outcome": (growth < 0) * 1.0,
            }
        ),
        metrics=replace(usa.assessment.metrics, auroc=None),
        data=replace(usa.data, series=germany.data.series * 4),
    )
    pdf = country_report.as_pdf(monthly, figures.draw(monthly), "a4")
    assert len(pdf) < 2_000_000
    assert "change from the previous month" in text_of(pypdf.PdfReader(BytesIO(pdf)))
