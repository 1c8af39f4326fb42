"""A refetch from sources that name the version of an answer."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core.countries import by_alpha3
from econnet.core.settings import Settings
from econnet.core.sources import LiveSource
from econnet.data import load
from econnet.data.fetch import Summary, fetch
from econnet.data.sources import conditional, fred
from tests.data.sources import replay, sdmx_answers
from tests.data.sources.sdmx_answers import series
from tests.data.sources.servers import QUICK, Sources, fred_file
from tests.data.sources.workbook_files import workbook
from tests.stores import newest

TEN_YEARS, THREE_MONTHS = "IRLTLT01ISM156N", "IR3TIB01ISM156N"
RATES = {
    TEN_YEARS: fred_file(TEN_YEARS, {"2026-01-01": "6.5", "2026-02-01": "6.7"}),
    THREE_MONTHS: fred_file(THREE_MONTHS, {"2026-01-01": "7.5", "2026-02-01": "7.25"}),
}


@dataclass
class Versioned:
    """A source whose answers have versions; any other path is unknown.

    Parameters
    ----------
    answers
        Content by the last part of the path, or by the id that is asked for.
    changes
        How often each answer was changed, where the content does not show it.
    sent
        The name and status of each reply.
    """

    server: HTTPServer
    header: str = "ETag"
    content_type: str = "text/csv"
    answers: dict[str, str | bytes] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        path = re.compile("/versioned/.*")
        self.server.expect_request(path).respond_with_handler(self._answer)

    def settings(self, sources: Sources, folder: Path, source: LiveSource) -> Settings:
        settings = sources.settings(folder)
        url = self.server.url_for("/versioned/")
        return replace(settings, urls={**settings.urls, source: url})

    def replies(self) -> list[tuple[str, int]]:
        """Return the replies with content, and those without, since the last call."""
        replies = sorted(reply for reply in self.sent if reply[1] != 404)
        self.sent.clear()
        return replies

    def _answer(self, request: Request) -> Response:
        name = request.args.get("id", request.path.rpartition("/")[2])
        if name not in self.answers:
            self.sent.append((name, 404))
            return Response("", 404)
        response = Response(self.answers[name], content_type=self.content_type)
        if name.endswith("xlsx"):
            response.content_type = replay.XLSX
        if self.header == "ETag":
            response.set_etag(f"{hash(self.answers[name])}-{self.changes.get(name)}")
        else:
            day = datetime(2026, 3, 1, tzinfo=UTC)
            response.last_modified = day + timedelta(days=self.changes.get(name, 0))
        response.make_conditional(request)
        self.sent.append((name, response.status_code))
        return response


def refetch(settings: Settings, source: LiveSource, country: str) -> Summary:
    summary = fetch(
        settings, [by_alpha3(country)], sources=[source], retry_policy=QUICK
    )
    assert summary.failed == ()
    return summary


def stored(settings: Settings) -> dict[tuple[str, str], float]:
    rows = newest(load.store(settings))
    keys = zip(rows["series_id"], rows["period"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_only_files_that_changed_are_sent_again(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setattr(fred, "PER_SECOND", None)
    server = Versioned(sources.server, header, answers={**RATES})
    settings = server.settings(sources, tmp_path, "fred")
    assert refetch(settings, "fred", "ISL").added
    assert server.replies() == [(THREE_MONTHS, 200), (TEN_YEARS, 200)]

    again = refetch(settings, "fred", "ISL")
    assert (again.changes, again.unchanged) == ((), 3)
    assert server.replies() == [(THREE_MONTHS, 304), (TEN_YEARS, 304)]

    server.answers[TEN_YEARS] = RATES[TEN_YEARS].replace("6.7", "6.8")
    server.changes[TEN_YEARS] = 1
    assert refetch(settings, "fred", "ISL").revised == 2
    # The difference of both needs the other file, too.
    assert server.replies() == [
        *((THREE_MONTHS, 200), (THREE_MONTHS, 304), (TEN_YEARS, 200)),
    ]
    values = stored(settings)
    assert values[TEN_YEARS, "2026-02"] == 6.8
    assert values[f"{TEN_YEARS}-{THREE_MONTHS}", "2026-02"] == -0.45
    assert refetch(settings, "fred", "ISL").changes == ()
    assert server.replies() == [(THREE_MONTHS, 304), (TEN_YEARS, 304)]


RATES_OF_ECB = "M..L.L40.CI.0000.CZK+DKK+EUR+HUF+PLN+RON+SEK.N.Z"


def rates_of(values: dict[str, str]) -> str:
    names = "FREQ REF_AREA IR_TYPE TR_TYPE MATURITY_CAT BS_COUNT_SECTOR CURRENCY_TRANS"
    codes = ["M", "DE", "L", "L40", "CI", "0000", "EUR", "N", "Z"]
    dimensions = [*names.split(), "IR_BUS_COV", "IR_FV_TYPE"]
    one = series(dict(zip(dimensions, codes, strict=True)), values)
    return sdmx_answers.structure_specific("IRS", [one])


@pytest.fixture
def bank(sources: Sources) -> Versioned:
    return Versioned(
        sources.server,
        content_type=sdmx_answers.STRUCTURE_SPECIFIC,
        answers={RATES_OF_ECB: rates_of({"2026-08": "2.5", "2026-09": "2.6"})},
    )


def test_flow_that_has_not_changed_is_not_sent_again(
    sources: Sources, bank: Versioned, tmp_path: Path
) -> None:
    settings = bank.settings(sources, tmp_path, "ecb")
    assert refetch(settings, "ecb", "DEU").added == 2
    again = refetch(settings, "ecb", "DEU")
    assert (again.changes, again.unchanged) == ((), 1)
    bank.answers[RATES_OF_ECB] = rates_of({"2026-08": "2.5", "2026-09": "2.7"})
    assert refetch(settings, "ecb", "DEU").revised == 1
    assert sorted(status for _, status in bank.sent) == [200, 200, 304]


def test_new_version_of_the_same_values_becomes_the_stored_one(
    sources: Sources, bank: Versioned, tmp_path: Path
) -> None:
    settings = bank.settings(sources, tmp_path, "ecb")
    for changes in (0, 1, 1):
        bank.changes[RATES_OF_ECB] = changes
        refetch(settings, "ecb", "DEU")
    assert [status for _, status in bank.sent] == [200, 200, 304]
    assert stored(settings) == {
        ("IRS/" + RATES_OF_ECB, "2026-08"): 2.5,
        ("IRS/" + RATES_OF_ECB, "2026-09"): 2.6,
    }


def test_other_requests_and_versions_of_econnet_read_the_whole_answer(
    sources: Sources,
    bank: Versioned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = bank.settings(sources, tmp_path, "ecb")
    germany = [by_alpha3("DEU")]
    for start_year in (1960, 1970, 1970):
        fetch(
            *(settings, germany),
            sources=["ecb"],
            start_year=start_year,
            retry_policy=QUICK,
        )
    # The answer from 1960 also serves a fetch from 1970, and is another request's.
    assert [status for _, status in bank.sent] == [200, 200, 304]
    monkeypatch.setattr(conditional, "USER_AGENT", "econnet/99")
    refetch(settings, "ecb", "DEU")
    assert bank.sent[-1] == (RATES_OF_ECB, 200)


def test_flow_with_a_series_that_is_not_stored_is_read_in_full(
    sources: Sources, bank: Versioned, tmp_path: Path
) -> None:
    settings = bank.settings(sources, tmp_path, "ecb")
    refetch(settings, "ecb", "DEU")
    with duckdb.connect(load.store(settings).path) as connection:
        connection.execute("DELETE FROM answers")
    refetch(settings, "ecb", "DEU")
    assert [status for _, status in bank.sent] == [200, 200]


def test_survey_is_read_again_if_one_of_its_files_changed(
    sources: Sources, tmp_path: Path
) -> None:
    dates, survey = "spf-release-dates.txt", "Mean_RECESS_Level.xlsx"
    server = Versioned(
        sources.server,
        content_type="text/plain",
        answers={
            dates: replay.RELEASE_DATES,
            survey: workbook(replay.SURVEYS),
            "Mean_RGDP_Growth.xlsx": workbook(replay.GROWTH),
        },
    )
    settings = server.settings(sources, tmp_path, "spf")
    assert refetch(settings, "spf", "USA").added == 10
    server.replies()
    assert refetch(settings, "spf", "USA").changes == ()
    assert {status for _, status in server.replies()} == {304}
    server.answers[dates] = replay.RELEASE_DATES.replace("5/15/26", "5/18/26")
    assert refetch(settings, "spf", "USA").revised == 10
    known_at = load.store(settings).vintages()["known_at"]
    assert str(known_at.max())[:10] == "2026-05-18"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": ""},
        {"ETag": '"\x1b[2J"'},
        {"ETag": '"caf\xe9"'},
        {"ETag": '"' + "a" * 5_000 + '"'},
    ],
    ids=["none", "empty", "control characters", "other letters", "long"],
)
def test_header_that_names_no_version_is_left_alone(headers: dict[str, str]) -> None:
    response = requests.Response()
    response.headers.update(headers)
    response.request = requests.Request("GET", "http://localhost/").prepare()
    assert conditional.validator(response) == ""
    assert conditional.conditions("http://localhost/", {}, "") == {}


def test_unchanged_without_a_condition_is_a_failure(
    sources: Sources, tmp_path: Path
) -> None:
    sources.server.expect_request(f"/ecb/data/IRS/{RATES_OF_ECB}").respond_with_data(
        "", status=304
    )
    summary = fetch(
        sources.settings(tmp_path),
        [by_alpha3("DEU")],
        sources=["ecb"],
        retry_policy=QUICK,
    )
    [line] = summary.failed
    assert line.startswith("ECB, IRS: HTTP 304")
