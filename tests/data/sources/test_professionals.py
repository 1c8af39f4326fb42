"""The World Economic Outlook and the Survey of Professional Forecasters over HTTP."""

import io
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug import Request, Response

from econnet.core import catalog
from econnet.core.countries import by_alpha3
from econnet.core.errors import SourceError
from econnet.core.sources import LiveSource
from econnet.data import load
from econnet.data.fetch import QUERIES, fetch
from econnet.data.files import user_panel
from econnet.data.sources import spf, weo, workbooks
from econnet.data.sources.http import MissingSeriesError
from econnet.data.sources.observations import Dataset, FetchedSeries
from econnet.data.sources.query import Outcome, Plan
from econnet.data.store.export import export
from tests.data.sources import sdmx_answers
from tests.data.sources.sdmx_answers import series
from tests.data.sources.servers import QUICK, Sources
from tests.data.sources.workbook_files import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RELEASE_DATES = """\
Deadline and Release Dates for the Survey of Professional Forecasters
True deadline and news release dates for surveys prior to 1990:Q2 are not known.

Survey         True Deadline Date       News Release Date

1990 Q2             8/23/90*            8/31/90*
     Q3             8/23/90             8/31/90
     Q4             11/22/90            11/28/90

2019 Q1             3/12/19**           3/22/19**

*The 1990Q2 survey was not taken in real time.
"""
Row = Sequence[object]
RECESS: list[Row] = [
    ["YEAR", "QUARTER", *(f"RECESS{n}" for n in range(1, 6))],
    [1990, 1, 17.25, 21.5, 22.0, 23.125, "#N/A"],
    [1990, 2, 19.0, 20.0, 21.0, 22.0, 23.0],
    [1990, 3, 35.9074074074074, 38.1, 37.0, 33.0, 29.0],
    [2019, 1, 10.5, 18.0, 22.0, 25.0, 27.0],
]
GROWTH: list[Row] = [
    ["YEAR", "QUARTER", *(f"DRGDP{n}" for n in range(2, 7)), "DRGDPA"],
    [1990, 3, 0.9, -0.25, 1.5, 2.1, 2.6, 9.9],
]


def with_member(content: bytes, name: str, text: str) -> bytes:
    """Return a workbook in which one part is replaced."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            new.writestr(member, text if member == name else old.read(member))
    return changed.getvalue()


@dataclass
class Files:
    """The files of a source on loopback."""

    sources: Sources
    source: LiveSource
    files: dict[str, bytes | Response] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = re.compile(f"/{self.source}/.*")
        self.sources.server.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        name = request.path.rpartition("/")[2]
        if name not in self.files:
            return Response("", 404)
        answer = self.files[name]
        if isinstance(answer, Response):
            return answer
        kind = XLSX if name.endswith("xlsx") else "text/plain; charset=utf-8"
        return Response(answer, content_type=kind)

    def run(self, indicator: str, series_id: str) -> Outcome:
        plan = Plan(
            self.sources.settings(Path("unused")), [by_alpha3("USA")], 1960, {}, QUICK
        )
        [job] = [
            job
            for job in QUERIES[self.source](plan).jobs
            if job.key[1:] == (series_id, indicator)
        ]
        return job.run()


def forecasts(outcome: Outcome) -> dict[tuple[str, str, str], float]:
    """Return the values by country, period and day of publication."""
    assert isinstance(outcome, FetchedSeries)
    rows = outcome.observations
    days = rows["known_at"].dt.strftime("%Y-%m-%d")
    keys = zip(rows["country"], rows["period"], days, strict=True)
    return dict(zip(keys, rows["value"], strict=True))


@pytest.fixture
def survey(sources: Sources) -> Files:
    return Files(
        sources,
        "spf",
        {
            "spf-release-dates.txt": RELEASE_DATES.encode(),
            "Mean_RECESS_Level.xlsx": workbook(RECESS),
            "Mean_RGDP_Growth.xlsx": workbook(GROWTH),
        },
    )


def probabilities(survey: Files) -> dict[tuple[str, str, str], float]:
    return forecasts(survey.run("spf_contraction_probability", "RECESS"))


def test_a_survey_is_known_from_its_release(survey: Files) -> None:
    got = probabilities(survey)
    assert got["USA", "2019Q1", "2019-03-22"] == 10.5
    assert got["USA", "2020Q1", "2019-03-22"] == 27.0
    # The date of the first survey is not known: the last day of its quarter.
    assert got["USA", "1990Q1", "1990-03-31"] == 17.25
    assert ("USA", "1991Q1", "1990-03-31") not in got  # `#N/A`


def test_a_survey_that_was_taken_later_is_not_known_in_its_quarter(
    survey: Files,
) -> None:
    got = probabilities(survey)
    # The survey of 1990Q2 came out with that of 1990Q3, whose values count.
    assert got["USA", "1990Q2", "1990-08-31"] == 19.0
    assert got["USA", "1990Q3", "1990-08-31"] == 35.9074074074074
    assert not [key for key in got if key[1] == "1990Q2" and key[2] < "1990-03-31"]


def test_growth_is_that_of_the_surveys_quarter_and_the_next_four(
    survey: Files,
) -> None:
    assert forecasts(survey.run("spf_output_growth", "DRGDP")) == {
        ("USA", "1990Q3", "1990-08-31"): 0.9,
        ("USA", "1990Q4", "1990-08-31"): -0.25,
        ("USA", "1991Q1", "1990-08-31"): 1.5,
        ("USA", "1991Q2", "1990-08-31"): 2.1,
        ("USA", "1991Q3", "1990-08-31"): 2.6,
    }


def test_a_workbook_with_an_invalid_date_is_read(survey: Files) -> None:
    properties = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/'
        'metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dcterms:created '
        'xsi:type="dcterms:W3CDTF">2026-08-14T 2:31:52Z</dcterms:created>'
        "</cp:coreProperties>"
    )
    damaged = with_member(workbook(RECESS), "docProps/core.xml", properties)
    with pytest.raises(TypeError):
        openpyxl.load_workbook(io.BytesIO(damaged))
    survey.files["Mean_RECESS_Level.xlsx"] = damaged
    assert probabilities(survey)["USA", "2019Q1", "2019-03-22"] == 10.5


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "it has no column QUARTER"),
        ([["YEAR", "QUARTER", "RECESS1"]], "it has no column RECESS2"),
        ([RECESS[0], [1990, 5, 1, 1, 1, 1, 1]], "quarter 5.0"),
        ([RECESS[0], ["1990Q1", 1, 1, 1, 1, 1, 1]], "year '1990Q1'"),
        ([RECESS[0], [1990, 1, 500, 1, 1, 1, 1]], "not a percentage"),
        ([RECESS[0], [1990, 1, "ten", 1, 1, 1, 1]], "not a percentage"),
    ],
)
def test_a_survey_of_another_format_fails(
    survey: Files, rows: Sequence[Row], reason: str
) -> None:
    survey.files["Mean_RECESS_Level.xlsx"] = workbook(rows)
    with pytest.raises(SourceError, match=reason):
        probabilities(survey)


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        ("<html>Sorry</html>", "no release dates"),
        ("     Q3   8/23/90   8/31/90", "has no year"),
        ("1990 Q3   8/23/90   8/31/29", "release date of 1990Q3"),
        ("1990 Q3   8/23/90   2/30/91", "release date of 1990Q3"),
        ("1990 Q3   8/23/90   5/31/90", "release date of 1990Q3"),
    ],
)
def test_release_dates_of_another_format_fail(
    survey: Files, dates: str, reason: str
) -> None:
    survey.files["spf-release-dates.txt"] = dates.encode()
    with pytest.raises(SourceError, match=reason):
        probabilities(survey)


@pytest.mark.parametrize("content", [b"", b"<html></html>", workbook(RECESS)[:900]])
def test_file_that_is_not_a_workbook_fails(survey: Files, content: bytes) -> None:
    survey.files["Mean_RECESS_Level.xlsx"] = content
    with pytest.raises(SourceError, match="cannot be read"):
        probabilities(survey)


def test_a_workbook_that_expands_too_far_or_has_entities_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attack = with_member(
        workbook(RECESS), "xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    )
    with pytest.raises(SourceError, match="document type"):
        workbooks.rows(attack, None, SourceError)
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(SourceError, match="too large"):
        workbooks.rows(workbook(RECESS), None, SourceError)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_workbook_gives_an_error_of_ours_or_rows(data: st.DataObject) -> None:
    damaged = bytearray(workbook(RECESS))
    # Its size differs a little from run to run.
    place = data.draw(st.integers(0, 10_000)) % len(damaged)
    damaged[place : place + data.draw(st.integers(0, 99))] = data.draw(
        st.binary(max_size=99)
    )
    with suppress(SourceError):
        assert workbooks.rows(bytes(damaged), None, SourceError)


HISTORY: list[Row] = [
    [
        *("country", "WEO_Country_Code", "ISOAlpha_3Code", "year"),
        *("S2008ngdp_rpch", "F2008ngdp_rpch", "S2009ngdp_rpch", "F2009ngdp_rpch"),
    ],
    ["Germany", 134, "DEU", 2008, 1.4, 1.8, 1.3, 1.25],
    ["Germany", 134, "DEU", 2009, 1.0, 0.0, -5.6, -5.3],
    ["Germany", 134, "DEU", 2010, 2.1, ".", -1.0, 0.3],
    ["Germany", 134, "DEU", 2013, 2.0, 2.0, 2.0, 2.0],
    ["Kosovo", 967, "UVK", 2009, None, None, "--", 3.8],
    ["World", 1, "", 2009, 3.8, 3.0, -1.3, -1.1],
]
OF_FILE = "WEOhistorical.xlsx/ngdp_rpch"
OF_EDITION = f"{weo.OUTLOOK}/.NGDP_RPCH.A"


def test_each_edition_of_the_outlook_is_a_vintage(sources: Sources) -> None:
    files = Files(
        sources, "weo", {"WEOhistorical.xlsx": workbook(HISTORY, "NGDP_rpch")}
    )
    assert forecasts(files.run("weo_output_growth", OF_FILE)) == {
        ("DEU", "2008", "2008-04-30"): 1.4,
        ("DEU", "2008", "2008-10-31"): 1.8,
        ("DEU", "2008", "2009-04-30"): 1.3,
        ("DEU", "2008", "2009-10-31"): 1.25,
        ("DEU", "2009", "2008-04-30"): 1.0,
        ("DEU", "2009", "2008-10-31"): 0.0,
        ("DEU", "2009", "2009-04-30"): -5.6,
        ("DEU", "2009", "2009-10-31"): -5.3,
        ("DEU", "2010", "2009-04-30"): -1.0,
        ("DEU", "2010", "2009-10-31"): 0.3,
        ("XKX", "2009", "2009-10-31"): 3.8,
    }


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["country", "year"]], "columns are not isoalpha_3code"),
        ([["ISOAlpha_3Code", "year", "S2008pcpi_pch"]], "no column such as"),
        ([HISTORY[0], ["", 1, "DEU", 2008, "many", 1, 1, 1]], "DEU 2008 is 'many'"),
    ],
)
def test_a_history_of_another_format_fails(
    sources: Sources, rows: Sequence[Row], reason: str
) -> None:
    files = Files(sources, "weo", {"WEOhistorical.xlsx": workbook(rows, "ngdp_rpch")})
    with pytest.raises(SourceError, match=reason):
        files.run("weo_output_growth", OF_FILE)


def test_a_file_that_is_refused_to_programs_is_missing_with_a_remedy(
    sources: Sources,
) -> None:
    files = Files(sources, "weo", {"WEOhistorical.xlsx": Response("", 403)})
    with pytest.raises(MissingSeriesError, match="set ECONNET_WEO_URL"):
        files.run("weo_output_growth", OF_FILE)


def edition(values: dict[str, str], **dates: str) -> str:
    key = {"COUNTRY": "DEU", "INDICATOR": "NGDP_RPCH", "FREQUENCY": "A"}
    return sdmx_answers.structure_specific(weo.OUTLOOK, [series(key, values)], dates)


def serve_edition(sources: Sources, text: str) -> None:
    path = f"/imf/data/{weo.OUTLOOK}/.NGDP_RPCH.A"
    sources.server.expect_request(path).respond_with_data(
        text, content_type=sdmx_answers.STRUCTURE_SPECIFIC
    )


def test_the_current_edition_is_known_from_its_last_change(sources: Sources) -> None:
    serve_edition(
        sources,
        edition(
            {
                "2023": "-0.9",
                "2024": "-0.5",
                "2025": "0.2",
                "2026": "0.9",
                "2027": "1.5",
            },
            PUBLICATION_DATE="2025-10-14T13:00:00Z",
            UPDATE_DATE="2025-11-19T21:00:00Z",
        ),
    )
    got = forecasts(Files(sources, "weo").run("weo_output_growth", OF_EDITION))
    assert got == {
        ("DEU", "2024", "2025-11-19"): -0.5,
        ("DEU", "2025", "2025-11-19"): 0.2,
        ("DEU", "2026", "2025-11-19"): 0.9,
    }


def test_an_edition_without_a_date_is_known_from_the_download() -> None:
    fetched = pd.Timestamp("2026-03-05 10:00")
    for attributes in ({}, {"UPDATE_DATE": "soon"}, {"UPDATE_DATE": "2031-01-01"}):
        assert weo.date_of_edition(attributes, fetched) == pd.Timestamp("2026-03-05")


def test_forecasts_are_stored_as_vintages_beside_the_panel(
    survey: Files, tmp_path: Path
) -> None:
    of_store = survey.sources.settings(tmp_path)
    usa = [by_alpha3("USA")]
    for _ in range(2):
        summary = fetch(of_store, usa, sources=["spf"], retry_policy=QUICK)
        assert summary.failed == ()
    assert summary.unchanged == summary.requested == 2
    known = load.known(of_store)
    table = known.professional_forecasts
    assert set(table["column"]) == {"spf_contraction_probability", "spf_output_growth"}
    probability = table[table["kind"] == "probability-forecast"]
    of_quarter = probability[probability["period"] == "1990Q3"]
    assert of_quarter["value"].tolist() == [0.22, 0.359074074074074]
    assert of_quarter["known_at"].tolist() == [
        pd.Timestamp("1990-03-31"),
        pd.Timestamp("1990-08-31"),
    ]
    # A forecast must not be mistaken for a measurement, but it can be exported.
    assert not [key for key in known.indicators if _is_forecast_in(known, key)]
    assert _is_forecast_in(load.complete(of_store), "spf_output_growth")


def test_forecasts_of_an_exported_file_are_kept_apart_again(
    survey: Files, tmp_path: Path
) -> None:
    of_store = survey.sources.settings(tmp_path)
    fetch(of_store, [by_alpha3("USA")], sources=["spf"], retry_policy=QUICK)
    file = tmp_path / "export.csv"
    export(load.complete(of_store, countries=["USA"]).observations, file)
    read = user_panel.read(file)
    expected = load.known(of_store, countries=["USA"]).professional_forecasts
    assert len(expected)
    pd.testing.assert_frame_equal(read.professional_forecasts, expected)
    assert not {key for key, each in read.indicators.items() if each.forecast}


def _is_forecast_in(data: Dataset, key: str) -> bool:
    """Return whether forecasts by others are among the observations or series."""
    tables = (data.observations, data.series)
    return bool(data.indicators[key].forecast) and any(
        (table["indicator"] == key).any() for table in tables
    )


def test_data_of_a_day_contain_no_later_forecast(survey: Files, tmp_path: Path) -> None:
    of_store = survey.sources.settings(tmp_path)
    day = pd.Timestamp("1990-08-30").to_pydatetime()
    fetch(of_store, [by_alpha3("USA")], sources=["spf"], retry_policy=QUICK)
    before = load.known(of_store, day).professional_forecasts
    assert before["known_at"].max() == pd.Timestamp("1990-03-31")
    # Another future leaves what was known unchanged.
    later = [[*row[:2], *(99.0 for _ in row[2:])] for row in RECESS[2:]]
    survey.files["Mean_RECESS_Level.xlsx"] = workbook([*RECESS[:2], *later])
    fetch(of_store, [by_alpha3("USA")], sources=["spf"], retry_policy=QUICK)
    pd.testing.assert_frame_equal(
        load.known(of_store, day).professional_forecasts, before
    )


def test_the_surveys_variables_are_those_of_the_catalog() -> None:
    assert {template.id for _, template in catalog.fetched_from("spf")} == set(
        spf.VARIABLES
    )
