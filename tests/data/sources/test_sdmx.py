"""Eurostat, IMF, OECD, BIS and ECB over HTTP, each in its own response format."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core import catalog
from econnet.core.countries import by_alpha3
from econnet.core.errors import SourceError
from econnet.core.sources import LiveSource
from econnet.data.fetch import QUERIES, fetch
from econnet.data.load import store
from econnet.data.sources import imf, oecd, sdmx
from econnet.data.sources.http import MissingSeriesError
from econnet.data.sources.observations import FetchedSeries, Key
from econnet.data.sources.query import Plan, Query, Reply
from tests.data.sources import replay, sdmx_answers
from tests.data.sources.replay import SERVICES
from tests.data.sources.sdmx_answers import Observation, Series, series
from tests.data.sources.servers import QUICK, Sources, closed_port

QNA, CLI, FINMARK = (
    oecd.QUARTERLY_ACCOUNTS,
    oecd.LEADING_INDICATORS,
    oecd.FINANCIAL_MARKET,
)


@dataclass
class Service:
    """A source on loopback: the answer of each flow; any other has no results."""

    server: HTTPServer
    source: LiveSource
    answers: dict[str, str | Callable[[str], str]] = field(default_factory=dict)
    content_type: str = sdmx_answers.STRUCTURE_SPECIFIC
    instead: list[Response] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        path = re.compile(f"/{self.source}/data/.*")
        self.server.expect_request(path).respond_with_handler(self._answer)

    @property
    def asked(self) -> list[str]:
        return ["/".join(sdmx_answers.flow_and_key(one)) for one in self.requests]

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        if self.instead:
            return self.instead.pop(0)
        flow, key = sdmx_answers.flow_and_key(request)
        if flow not in self.answers:
            return Response(
                sdmx_answers.error("No results"), 404, content_type="application/xml"
            )
        answer = self.answers[flow]
        text = answer if isinstance(answer, str) else answer(key)
        return sdmx_answers.respond(text, self.content_type)


@pytest.fixture
def service(server: HTTPServer) -> Callable[[LiveSource], Service]:
    return lambda source: Service(server, source)


def query(
    sources: Sources,
    source: LiveSource,
    *countries: str,
    digests: Mapping[Key, str] | None = None,
) -> Query:
    settings = sources.settings(Path("unused"))
    named = [by_alpha3(alpha3) for alpha3 in countries]
    return QUERIES[source](Plan(settings, named, 1960, digests or {}, QUICK))


def run(asked: Query, *indicators: str) -> dict[str, Reply]:
    """Return the outcome of each job, or of those of some indicators."""
    outcomes = dict[str, Reply]()
    for job in asked.jobs:
        if indicators and job.key[2] not in indicators:
            continue
        try:
            outcomes[job.key[2]] = job.run()
        except SourceError as error:
            outcomes[job.key[2]] = error
    return outcomes


def values(outcome: Reply) -> dict[tuple[str, str], float]:
    assert isinstance(outcome, FetchedSeries), outcome
    rows = outcome.observations
    keys = zip(rows["country"], rows["period"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def key_of(flow: str, key: str, area: str) -> dict[str, str]:
    """Return the dimensions of a series id's key, with a country in the free place."""
    [dimensions] = [
        each.dimensions[flow] for each in SERVICES if flow in each.dimensions
    ]
    codes = [code or area for code in key.split(".")]
    return dict(zip(dimensions, codes, strict=True))


def eurostat_gdp(area: str, *, unit: str = "CLV10_MNAC") -> dict[str, str]:
    codes = {"freq": "Q", "unit": unit, "s_adj": "SCA", "na_item": "B1GQ", "geo": area}
    return dict(reversed(codes.items()))  # the order of attributes means nothing


def test_eurostat_gives_all_countries_in_one_request(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("eurostat")
    germany = Series(
        eurostat_gdp("DE"),
        [
            Observation("2026-Q1", "727103.9"),
            Observation("2026-Q2", "726411.57", {"OBS_FLAG": "p"}),
            Observation("2026-Q3", "726500.0", {"OBS_FLAG": "f"}),
        ],
    )
    others = {"EL": "47012.3", "EU27_2020": "3", "UK": "5"}
    server.answers["namq_10_gdp"] = sdmx_answers.structure_specific(
        "namq_10_gdp",
        [germany]
        + [
            series(eurostat_gdp(area), {"2026-Q1": text})
            for area, text in others.items()
        ],
    )
    outcome = run(query(sources, "eurostat", "DEU"), "real_gdp")["real_gdp"]
    # The United Kingdom is not in the catalog's list for this series.
    assert values(outcome) == {
        ("DEU", "2026Q1"): 727_103.9,
        ("DEU", "2026Q2"): 726_411.57,
        ("GRC", "2026Q1"): 47_012.3,
    }
    assert server.asked == ["namq_10_gdp/Q.CLV10_MNAC.SCA.B1GQ."]
    arguments = server.requests[0].args
    assert arguments["startPeriod"] == "1960"
    assert arguments["format"] == "SDMX_2.1_STRUCTURED"


@pytest.mark.parametrize(
    ("served", "chosen"),
    [
        ({"EA": "2026-Q2", "EA20": "2026-Q2", "EA21": "2026-Q2"}, "EA21"),
        ({"EA19": "2022-Q4", "EA20": "2026-Q2"}, "EA20"),
        ({"EA": "2026-Q2", "EA21": "2026-Q1"}, "EA"),
        ({"EA12": "2026-Q2"}, None),
    ],
)
def test_newest_euro_area_is_chosen(
    sources: Sources,
    service: Callable[[LiveSource], Service],
    served: dict[str, str],
    chosen: str | None,
) -> None:
    texts = {area: str(number) for number, area in enumerate(served, start=1)}
    service("eurostat").answers["namq_10_gdp"] = sdmx_answers.structure_specific(
        "namq_10_gdp",
        [series(eurostat_gdp("DE"), {"2026-Q1": "9"})]
        + [
            series(eurostat_gdp(area), {"2022-Q3": texts[area], last: texts[area]})
            for area, last in served.items()
        ],
    )
    outcome = run(query(sources, "eurostat", "DEU"), "real_gdp")["real_gdp"]
    got = {key: value for key, value in values(outcome).items() if key[0] == "EA"}
    assert set(got.values()) == ({float(texts[chosen])} if chosen else set())


def test_series_of_one_flow_share_a_download(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server, key = service("oecd"), ".M.{}._Z._Z._Z._Z.N"
    server.answers[FINMARK] = sdmx_answers.structure_specific(
        FINMARK,
        [
            series(
                key_of(FINMARK, key.format(measure), area), {"2026-08": text}, **marks
            )
            for measure, text in {
                "IR3TIB.PA": "2.05",
                "IRLT.PA": "2.71",
                "SHARE.IX": "141.2",
            }.items()
            for area in ("DEU", "OECD")
            for marks in [{"UNIT_MULT": "0", "DECIMALS": "2"}]
        ],
    )
    asked = query(sources, "oecd", "DEU")
    outcomes = run(asked, "three_month_rate", "ten_year_rate", "share_prices")
    assert values(outcomes["three_month_rate"]) == {("DEU", "2026-08"): 2.05}
    assert values(outcomes["ten_year_rate"]) == {("DEU", "2026-08"): 2.71}
    assert values(outcomes["share_prices"]) == {("DEU", "2026-08"): 141.2}
    assert server.asked == [f"{FINMARK}/.M.IR3TIB+IRLT+SHARE.IX+PA._Z._Z._Z._Z.N"]


def test_the_oecd_is_asked_once_per_flow_whatever_the_number_of_countries(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("oecd")
    run(query(sources, "oecd", "DEU", "JPN", "USA", "BRA", "TUR"))
    flows = [path.rpartition("/")[0] for path in server.asked]
    assert sorted(flows) == sorted({QNA, CLI, FINMARK})
    accept = {request.headers["Accept"] for request in server.requests}
    assert accept == {oecd.SERVICE.accept}


def test_the_oecds_millions_become_units(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("oecd")
    key = "Q.Y..S1.S1.B1GQ._Z._Z._Z.XDC.L.N.T0102"
    server.answers[QNA] = sdmx_answers.generic(
        QNA,
        [series(key_of(QNA, key, "JPN"), {"2026-Q2": "142007.35"}, UNIT_MULT="6")],
    )
    server.content_type = sdmx_answers.GENERIC
    outcome = run(query(sources, "oecd", "JPN"), "real_gdp")["real_gdp"]
    assert values(outcome) == {("JPN", "2026Q2"): 142_007_350_000.0}


def test_the_imfs_values_are_complete_whatever_their_scale(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server, flow = service("imf"), imf.QUARTERLY_ACCOUNTS
    key = ".B1GQ.Q.SA.XDC.Q"
    server.answers[flow] = sdmx_answers.structure_specific(
        flow,
        [
            series(key_of(flow, key, area), {"2026-Q2": text}, SCALE="9")
            for area, text in {
                "IND": "85126612600000",
                "G001": "1",
                "WBG": "2",
            }.items()
        ],
        {"LANGUAGE": "EN", "LICENSE": "© International Monetary Fund"},
        groups=[{"INDICATOR": "B1GQ", "SERIES_NAME": "GDP", "UNIT": "XDC"}],
    )
    outcome = run(query(sources, "imf", "IND"), "real_gdp")["real_gdp"]
    assert values(outcome) == {("IND", "2026Q2"): 85_126_612_600_000.0}


def quarterly(country: str, levels: Sequence[float]) -> pd.DataFrame:
    quarters = pd.period_range("2010Q1", periods=len(levels), freq="Q").astype(str)
    return pd.DataFrame({"country": country, "period": quarters, "value": levels})


def test_what_precedes_a_break_in_the_imfs_levels_is_left_out() -> None:
    rising = [100 * 1.005**n for n in range(40)]
    recession = [level * (0.51 if n == 20 else 1) for n, level in enumerate(rising)]
    table = pd.concat(
        [
            quarterly("MAC", recession[:21] + [level * 0.7 for level in rising[21:]]),
            quarterly("SLV", rising[:8] + [level / 1_000 for level in rising[8:20]]),
            quarterly("PAK", rising[:-2] + [level * 4 for level in rising[-2:]]),
            quarterly("IND", rising),
        ],
        ignore_index=True,
    )
    kept = imf.without_breaks(table)
    spans = {
        country: (min(of_country["period"]), max(of_country["period"]))
        for country, of_country in kept.groupby("country")
    }
    assert spans == {
        "IND": ("2010Q1", "2019Q4"),
        "MAC": ("2010Q1", "2019Q4"),
        "SLV": ("2012Q1", "2014Q4"),
    }


def test_the_bis_marks_its_values_for_the_whole_data_set(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("bis")
    server.answers["WS_CBPOL"] = sdmx_answers.structure_specific(
        "WS_CBPOL",
        [
            Series(
                key_of("WS_CBPOL", "M.", area),
                [
                    Observation("2024-01", text, {"OBS_STATUS": "A", "OBS_CONF": "F"}),
                    Observation("2024-02", "NaN", {"OBS_STATUS": "M"}),
                ],
                {"SOURCE_REF": "Bank of Japan", "DECIMALS": "4"},
            )
            for area, text in {"JP": "-0.1", "XM": "4.5"}.items()
        ],
        {"UNIT_MULT": "0", "UNIT_MEASURE": "368"},
    )
    outcome = run(query(sources, "bis", "JPN"), "policy_rate")["policy_rate"]
    assert values(outcome) == {("JPN", "2024-01"): -0.1, ("EA", "2024-01"): 4.5}


def test_the_ecb_is_asked_for_the_currencies_of_today(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("ecb")
    server.answers["IRS"] = sdmx_answers.generic(
        "IRS",
        [
            series(
                key_of("IRS", f"M..L.L40.CI.0000.{currency}.N.Z", area),
                {"2026-09": text},
                UNIT="PCPA",
                UNIT_MULT="0",
                TITLE="Long-term interest rate",
            )
            for area, currency, text in (("DE", "EUR", "2.51"), ("PL", "PLN", "5.3"))
        ],
    )
    server.content_type = sdmx_answers.GENERIC
    outcome = run(query(sources, "ecb", "FRA"), "ten_year_rate")["ten_year_rate"]
    assert values(outcome) == {("DEU", "2026-09"): 2.51, ("POL", "2026-09"): 5.3}


def test_a_source_is_not_asked_about_countries_that_it_does_not_cover(
    sources: Sources,
) -> None:
    assert not query(sources, "eurostat", "USA", "NGA").jobs
    assert not query(sources, "ecb", "USA").jobs


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (eurostat_gdp("DE", unit="CP_MEUR"), "UNIT CP_MEUR, which was not requested"),
        (eurostat_gdp("Atlantis"), "none of its areas is a known country"),
    ],
)
def test_another_series_than_requested_fails(
    sources: Sources,
    service: Callable[[LiveSource], Service],
    key: dict[str, str],
    reason: str,
) -> None:
    service("eurostat").answers["namq_10_gdp"] = sdmx_answers.structure_specific(
        "namq_10_gdp", [series(key, {"2026-Q1": "1"})]
    )
    outcome = run(query(sources, "eurostat", "DEU"), "real_gdp")["real_gdp"]
    assert reason in str(outcome)


def test_a_new_dimension_of_a_flow_fails_where_it_makes_values_ambiguous(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    service("eurostat").answers["namq_10_gdp"] = sdmx_answers.structure_specific(
        "namq_10_gdp",
        [
            series(eurostat_gdp("DE") | {"edition": edition}, {"2026-Q1": text})
            for edition, text in {"OLD": "1", "NEW": "2"}.items()
        ],
    )
    outcome = run(query(sources, "eurostat", "DEU"), "real_gdp")["real_gdp"]
    assert "two values for DEU 2026Q1" in str(outcome)


def test_no_results_are_a_missing_series_and_not_a_failure(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("ecb")
    for answers in ({"IRS": sdmx_answers.structure_specific("IRS", [])}, {}):
        server.answers = dict(answers)
        [outcome] = run(query(sources, "ecb", "DEU")).values()
        assert isinstance(outcome, MissingSeriesError)


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_is_waited_for(
    sources: Sources, service: Callable[[LiveSource], Service], status: int
) -> None:
    server = service("ecb")
    server.instead = [Response("", status, headers={"Retry-After": "0"})]
    key = key_of("IRS", "M..L.L40.CI.0000.EUR.N.Z", "DE")
    server.answers["IRS"] = sdmx_answers.structure_specific(
        "IRS", [series(key, {"2026-09": "2.51"})]
    )
    outcome = run(query(sources, "ecb", "DEU"), "ten_year_rate")["ten_year_rate"]
    assert values(outcome) == {("DEU", "2026-09"): 2.51}
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response("<html>Busy</html>", content_type="text/html"), "not its format"),
        (Response("{}", content_type="application/xml"), "not SDMX"),
        (Response("", 400), "HTTP 400"),
        (Response("", 406), "HTTP 406"),
    ],
)
def test_a_refusal_fails_all_series_of_the_flow_in_one_plain_line(
    sources: Sources,
    service: Callable[[LiveSource], Service],
    response: Response,
    reason: str,
) -> None:
    server = service("ecb")
    server.instead = [response]
    [outcome] = run(query(sources, "ecb", "DEU")).values()
    assert isinstance(outcome, SourceError)
    assert str(outcome).startswith("ECB, IRS: ")
    assert reason in str(outcome)


def test_an_answer_that_differs_only_in_its_date_is_unchanged(
    sources: Sources, service: Callable[[LiveSource], Service]
) -> None:
    server = service("ecb")
    key = key_of("IRS", "M..L.L40.CI.0000.EUR.N.Z", "DE")
    answer = sdmx_answers.structure_specific("IRS", [series(key, {"2026-09": "2.51"})])
    server.answers["IRS"] = answer
    first = run(query(sources, "ecb", "DEU"), "ten_year_rate")["ten_year_rate"]
    assert isinstance(first, FetchedSeries)
    digests = {first.key: first.retrieval.digest}
    server.answers["IRS"] = answer.replace(
        "2026-10-12T10:30:00Z", "2026-10-13T08:00:00Z"
    )
    assert run(query(sources, "ecb", "DEU", digests=digests)) == {"ten_year_rate": None}
    server.answers["IRS"] = answer.replace("2.51", "2.52")
    again = run(query(sources, "ecb", "DEU", digests=digests), "ten_year_rate")[
        "ten_year_rate"
    ]
    assert values(again) == {("DEU", "2026-09"): 2.52}


def test_a_revision_and_a_withdrawal_are_stored_as_vintages(
    sources: Sources, service: Callable[[LiveSource], Service], tmp_path: Path
) -> None:
    server, settings = service("ecb"), sources.settings(tmp_path)
    key = key_of("IRS", "M..L.L40.CI.0000.EUR.N.Z", "DE")
    for given in ({"2026-08": "2.6", "2026-09": "2.5"}, {"2026-09": "2.4"}):
        server.answers["IRS"] = sdmx_answers.structure_specific(
            "IRS", [series(key, given)]
        )
        summary = fetch(
            settings, [by_alpha3("DEU")], sources=["ecb"], retry_policy=QUICK
        )
        assert summary.failed == ()
    rows = store(settings).vintages().sort_values(["period", "retrieved_at"])
    assert rows["value"].fillna(-1).tolist() == [2.6, -1, 2.5, 2.4]
    assert set(store(settings).series()["attribution"]) == {
        "Source: European Central Bank, ECB Data Portal"
    }


def test_an_outage_of_one_source_affects_that_source_only(
    sources: Sources, service: Callable[[LiveSource], Service], tmp_path: Path
) -> None:
    server = service("ecb")
    key = key_of("IRS", "M..L.L40.CI.0000.EUR.N.Z", "DE")
    server.answers["IRS"] = sdmx_answers.structure_specific(
        "IRS", [series(key, {"2026-09": "2.51"})]
    )
    settings = sources.settings(tmp_path)
    settings = replace(settings, urls={**settings.urls, "bis": closed_port()})
    summary = fetch(
        settings,
        [by_alpha3("DEU")],
        sources=["bis", "ecb"],
        retry_policy=QUICK,
    )
    assert [change.source for change in summary.changes] == ["ecb"]
    assert summary.failed
    assert all(line.startswith("BIS") for line in summary.failed)


@pytest.mark.campaign
def test_each_country_gets_quarterly_output_and_monthly_series(
    sources: Sources, tmp_path: Path
) -> None:
    countries = ["DEU", "BRA", "IND", "KOR", "USA"]
    replay.serve(sources.server, countries)
    named = [by_alpha3(alpha3) for alpha3 in countries]
    asked: list[LiveSource] = ["eurostat", "imf", "oecd", "bis", "ecb", "weo", "spf"]
    summary = fetch(
        sources.settings(tmp_path), named, sources=asked, retry_policy=QUICK
    )
    assert summary.failed == ()
    got = store(sources.settings(tmp_path)).series()
    for alpha3 in countries:
        of_country = got[got["country"] == alpha3]
        output = of_country[of_country["indicator"] == "real_gdp"]
        assert "Q" in set(output["frequency"]), alpha3
        monthly = of_country[of_country["frequency"] == "M"]
        assert monthly["indicator"].nunique() >= (4 if alpha3 == "USA" else 5), alpha3
    again = fetch(sources.settings(tmp_path), named, sources=asked, retry_policy=QUICK)
    assert again.changes == ()


@pytest.mark.parametrize("service_of", SERVICES, ids=lambda each: each.source)
def test_each_series_of_the_catalog_can_be_asked_for(service_of: sdmx.Service) -> None:
    for _, template in catalog.fetched_from(service_of.source):
        key = sdmx.SeriesKey.parse(template.id)
        if key.flow not in service_of.dimensions:
            continue
        dimensions = service_of.dimensions[key.flow]
        assert len(key.codes) == len(dimensions)
        free = [
            name for name, codes in zip(dimensions, key.codes, strict=True) if not codes
        ]
        assert free == [service_of.area(key.flow)], template.id
        frequency = dict(zip(dimensions, key.codes, strict=True))
        [code] = frequency["FREQ" if "FREQ" in frequency else "FREQUENCY"]
        assert code == template.frequency


def test_the_client_is_imported_only_when_there_is_an_answer_to_read() -> None:
    program = (
        "import sys; import econnet.data.fetch, econnet.cli.main; "
        "print('sdmx' in sys.modules, 'lxml' in sys.modules, "
        "'openpyxl' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False", "False"]
