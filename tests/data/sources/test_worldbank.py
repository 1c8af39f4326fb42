import inspect
import json
import math
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas_datareader.wb import WorldBankReader
from werkzeug import Response

from econnet.core.errors import SourceError
from econnet.data.sources import observations, worldbank
from econnet.data.sources.http import MissingSeriesError
from econnet.data.sources.observations import FetchedSeries
from tests.data.sources.servers import (
    GERMANY,
    HTML,
    QUICK,
    WORLD,
    XML_ERROR,
    Row,
    Sources,
    bank_message,
    bank_page,
    indicator_of,
    rows_of,
    template,
)

GDP = "NY.GDP.MKTP.KD"
JSON = "application/json;charset=utf-8"


def fetch(
    sources: Sources, series_id: str = GDP, start_year: int = 1960
) -> FetchedSeries:
    indicator, series = indicator_of(series_id)
    with worldbank.session(QUICK) as session:
        got = worldbank.Reader(session, sources.bank_url, series, start_year).download()
    return worldbank.read(got, indicator, series, start_year)


def values(answer: FetchedSeries) -> dict[tuple[str, str], float]:
    rows = answer.observations
    return dict(
        zip(
            zip(rows["country"], rows["period"], strict=True),
            rows["value"],
            strict=True,
        )
    )


def test_values_are_those_served_to_the_last_digit(sources: Sources) -> None:
    served: dict[str, float | str | None] = {
        "2019": 3_435_817_336_358.41,
        "2020": 0.1 + 0.2,
        "2021": 5e-324,
        "2022": 83_160_871,
        "2023": -1.7976931348623157e308,
    }
    sources.bank[GDP] = rows_of(GERMANY, served)
    assert values(fetch(sources)) == {("DEU", year): served[year] for year in served}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    served=st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9
    ),
    per_page=st.integers(1, 9),
)
def test_every_page_is_read_and_asked_for_once(
    sources: Sources, served: list[float], per_page: int
) -> None:
    rows = rows_of(GERMANY, {str(1960 + n): value for n, value in enumerate(served)})
    sources.bank[GDP], sources.per_page = rows, per_page
    sources.asked.clear()
    assert list(values(fetch(sources)).values()) == served
    assert len(sources.asked) == -(-len(rows) // per_page)


def test_one_request_returns_all_countries(sources: Sources) -> None:
    sources.bank[GDP] = rows_of(GERMANY, {"2020": 1.0}) + rows_of(WORLD, {"2020": 2.0})
    fetch(sources)
    [request] = sources.requests
    assert request.path == f"/v2/country/all/indicator/{GDP}"
    assert request.args["per_page"] == "32500"
    assert request.args["format"] == "json"
    assert request.args["date"].startswith("1960:")


def test_countries_are_codes_and_aggregates_keep_theirs(sources: Sources) -> None:
    areas = {
        ("DEU", "DE", "Germany"): "DEU",
        ("NAM", "NA", "Namibia"): "NAM",
        ("XKX", "XK", "Kosovo"): "XKX",
        ("", "NA", "Namibia, without its code"): "NAM",
        ("EMU", "XC", "Euro area"): "EMU",
        ("", "XD", "High income"): "XD",
    }
    for area, code in areas.items():
        sources.bank[GDP] = rows_of(area, {"2020": 1.0})
        assert list(values(fetch(sources))) == [(code, "2020")]


def test_null_is_left_out_and_order_does_not_matter(sources: Sources) -> None:
    sources.bank[GDP] = rows_of(GERMANY, {"2020": 1.0, "2018": 2.0, "2019": None})
    assert list(values(fetch(sources)).items()) == [
        (("DEU", "2018"), 2.0),
        (("DEU", "2020"), 1.0),
    ]


def test_series_comes_with_its_description(sources: Sources) -> None:
    sources.updated = "2026-10-07"
    sources.bank[GDP] = rows_of(GERMANY, {"2020": 1.0})
    [row] = fetch(sources).series.to_dict("records")
    assert row["title"] == "GDP (constant 2015 US$)"
    assert row["unit"] == "constant 2015 US dollars"
    assert row["edition"] == "2026-10-07"
    assert row["licence"] == "CC BY 4.0"
    assert "World Bank" in row["attribution"]
    assert not row["discontinued"]


def test_quarters_and_months_become_standard_texts(sources: Sources) -> None:
    indicator, _ = indicator_of(GDP)
    with worldbank.session(QUICK) as session:
        for frequency, date, period in (
            ("Q", "2020Q3", "2020Q3"),
            ("M", "2020M03", "2020-03"),
        ):
            series = template(GDP, frequency, "worldbank")
            sources.bank[GDP] = rows_of(GERMANY, {date: 1.0})
            got = worldbank.Reader(session, sources.bank_url, series, 1960).download()
            answer = worldbank.read(got, indicator, series, 1960)
            assert list(values(answer)) == [("DEU", period)]


@pytest.mark.parametrize("pages", [0, 1])
def test_empty_answer_is_missing_and_requested_once(
    sources: Sources, pages: int
) -> None:
    empty = [{"page": pages, "pages": pages, "per_page": 32500, "total": 0}, None]
    sources.instead[GDP] = [Response(json.dumps(empty), content_type=JSON)] * 3
    with pytest.raises(MissingSeriesError, match=GDP):
        fetch(sources)
    assert sources.asked == [GDP]


@pytest.mark.parametrize(("frequency", "dates"), [("Q", "2020Q3"), ("M", "2020M07")])
def test_monitor_is_asked_with_a_range_of_dates(
    sources: Sources, frequency: str, dates: str
) -> None:
    series_id = "GEM/TOTRESV"
    sources.bank[series_id] = rows_of(GERMANY, {dates: 1.5})
    series = template(series_id, frequency, "worldbank")
    with worldbank.session(QUICK) as session:
        got = worldbank.Reader(session, sources.bank_url, series, 1990).download()
    answer = worldbank.read(got, indicator_of("GEM/TOTRESV")[0], series, 1990)
    [row] = answer.series.to_dict("records")
    assert row["attribution"] == "Source: World Bank, Global Economic Monitor"
    [request] = sources.requests
    assert request.path == "/v2/country/all/indicator/TOTRESV"
    assert request.args["source"] == "15"
    assert request.args["frequency"] == frequency
    year = observations.now().year
    first, last = ("Q1", "Q4") if frequency == "Q" else ("M01", "M12")
    assert request.args["date"] == f"1990{first}:{year}{last}"


@pytest.mark.parametrize(
    ("series_id", "dates", "reason"),
    [
        ("GEM/IPTOTSAKD", ["2026", "2025"], "2026, which is not a month"),
        ("GEM/NYGDPMKTPSAKN", ["2025M01"], "2025-01, which is not a quarter"),
        (GDP, ["2020Q1", "2020Q2"], "2020Q2, which is not a year"),
    ],
)
def test_answer_of_another_frequency_is_refused(
    sources: Sources, series_id: str, dates: list[str], reason: str
) -> None:
    sources.bank[series_id] = rows_of(GERMANY, dict.fromkeys(dates, 1.0))
    with pytest.raises(SourceError, match=reason):
        fetch(sources, series_id)


def test_page_that_repeats_the_first_does_not_complete_it(sources: Sources) -> None:
    rows = rows_of(GERMANY, {"2019": 1.0, "2020": 2.0})
    first, second = (
        json.dumps(bank_page(GDP, rows, page=page, per_page=1)) for page in (1, 2)
    )
    repeated = json.loads(second)[:1] + json.loads(first)[1:]
    sources.instead[GDP] = [
        Response(body, content_type=JSON) for body in (first, json.dumps(repeated))
    ]
    with pytest.raises(
        SourceError, match="1 rows arrived out of 2 that were announced"
    ):
        fetch(sources)


def test_answer_of_nulls_only_is_missing_too(sources: Sources) -> None:
    sources.bank[GDP] = rows_of(GERMANY, {"2020": None})
    with pytest.raises(MissingSeriesError, match=GDP):
        fetch(sources)


ROWS: list[Row] = rows_of(GERMANY, {"2019": 1.5, "2020": 2.5})
GOOD = json.dumps(bank_page(GDP, ROWS))


def changed(change: Callable[[list[dict[str, object]]], object]) -> str:
    """Return a valid page with its rows changed."""
    header, rows = json.loads(GOOD)
    change(rows)
    return json.dumps([header, rows])


def with_header(**counts: object) -> str:
    """Return a valid page whose header gives other counts."""
    header, rows = json.loads(GOOD)
    return json.dumps([header | counts, rows])


BAD_ANSWERS: dict[str, tuple[str | bytes, str]] = {
    "HTML page": (HTML, "page or an error"),
    "truncated": (GOOD[: len(GOOD) // 2], "is cut off"),
    "empty body": ("", "the answer is empty"),
    "XML error": (XML_ERROR, "message 105: Unable to retrieve data"),
    "message 120": (bank_message("120"), "message 120: The provided parameter"),
    "message 175": (bank_message("175"), "message 175: The indicator was not found"),
    "fault": (json.dumps({"fault": {"faultstring": "x"}}), "not its format"),
    "number": ("42", "not its format"),
    "header only": (json.dumps(json.loads(GOOD)[:1]), "another format"),
    "rows missing": (changed(lambda rows: rows.pop()), "1 rows arrived out of 2"),
    "no rows": (json.dumps([json.loads(GOOD)[0], None]), "another format"),
    "another portal's": (
        json.dumps([json.loads(GOOD)[0], [{"id": "ABW", "name": "Aruba"}] * 2]),
        "another format",
    ),
    "another indicator's": (GOOD.replace(GDP, "SP.POP.TOTL"), "another format"),
    "no number": (changed(lambda rows: rows[0].update(value="many")), "another format"),
    "number as text": (changed(lambda rows: rows[0].update(value="5")), "another"),
    "number of Python": (
        changed(lambda rows: rows[0].update(value="1_0")),
        "another format",
    ),
    "infinite": (changed(lambda rows: rows[0].update(value=1e999)), "another format"),
    "not a number": (
        changed(lambda rows: rows[0].update(value=math.nan)),
        "another format",
    ),
    "true": (changed(lambda rows: rows[0].update(value=True)), "another format"),
    "larger than a double": (
        changed(lambda rows: rows[0].update(value=10**400)),
        "another format",
    ),
    "list for a value": (
        changed(lambda rows: rows[0].update(value=[1])),
        "another format",
    ),
    "no code": (
        changed(lambda rows: rows[0].update(countryiso3code="DEU\n../..")),
        "another format",
    ),
    "title that is a list": (
        changed(lambda rows: rows[0].update(indicator={"id": GDP, "value": []})),
        "another format",
    ),
    "title missing": (
        changed(lambda rows: rows[0].update(indicator={"id": GDP})),
        "another format",
    ),
    "header of text": (with_header(total="two"), "not its format"),
    "infinite header": (with_header(total=math.inf), "not its format"),
    "rows past counting": (with_header(total=10**400), "not its format"),
    "pages without end": (
        with_header(total=10**9, per_page=1),
        "1,000,000,000 pages, more than 20",
    ),
    "list in a list": (f"[{GOOD}]", "another format|not its format"),
    "rows in a list": (
        json.dumps([[json.loads(GOOD)[0]], json.loads(GOOD)[1]]),
        "another format",
    ),
    "nested without end": (
        f"[{json.dumps(json.loads(GOOD)[0])}, {'[' * 100_000}",
        "another format",
    ),
    "header nested without end": ('[{"page": ' + "[" * 4000, "not its format"),
    "another charset": (
        GOOD.replace("Germany", "Côte d'Ivoire").encode("latin-1"),
        "not JSON",
    ),
    "two bytes a letter": (GOOD.encode("utf-16"), "not its format"),
    "far future": (
        changed(lambda rows: rows[0].update(date="2199")),
        "a value for 2199, which is in the future: check this computer's clock",
    ),
    "message with control characters": (
        json.dumps([{"message": [{"id": "1", "value": "\x1b[2J\nall is well"}]}]),
        r"message 1: \\x1b\[2J\\nall is well",
    ),
    "no year": (changed(lambda rows: rows[0].update(date="YR20")), "another format"),
    "contradiction": (
        changed(lambda rows: rows[0].update(date="2019")),
        "two values for DEU 2019: 2.5 and 1.5",
    ),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_is_recognised_and_named(sources: Sources, case: str) -> None:
    body, reason = BAD_ANSWERS[case]
    sources.instead[GDP] = [Response(body, content_type=JSON)]
    with pytest.raises(
        SourceError, match=f"^World Bank, {GDP}: .*({reason})"
    ) as caught:
        fetch(sources)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(GOOD) - 1))
def test_part_of_an_answer_is_never_accepted_as_the_whole(
    sources: Sources, cut: int
) -> None:
    sources.instead[GDP] = [Response(GOOD[:cut], content_type=JSON)]
    with pytest.raises(SourceError, match=GDP):
        fetch(sources)


def test_page_two_of_three_failing_fails_the_whole(sources: Sources) -> None:
    sources.bank[GDP] = rows_of(GERMANY, {"2018": 1.0, "2019": 2.0, "2020": 3.0})
    sources.per_page = 1
    first = bank_page(GDP, sources.bank[GDP], page=1, per_page=1)
    sources.instead[GDP] = [
        Response(json.dumps(first), content_type=JSON),
        *[Response("", status=500) for _ in range(1 + QUICK.repeats)],
    ]
    with pytest.raises(SourceError, match=f"{GDP}: HTTP 500"):
        fetch(sources)


@pytest.mark.parametrize("odd", [{"page": 1}, {"page": 2, "updated": "2026-10-08"}])
def test_page_of_another_answer_is_refused(
    sources: Sources, odd: dict[str, object]
) -> None:
    rows = rows_of(GERMANY, {"2018": 1.0, "2019": 2.0})
    pages = [
        bank_page(GDP, rows, page=1, per_page=1),
        bank_page(GDP, rows, per_page=1, **odd),  # type: ignore[arg-type]  # drawn above
    ]
    sources.instead[GDP] = [
        Response(json.dumps(page), content_type=JSON) for page in pages
    ]
    with pytest.raises(SourceError, match="page 2 of 2 belongs to another answer"):
        fetch(sources)


def test_digest_changes_with_the_answer_only(sources: Sources) -> None:
    sources.bank[GDP] = rows_of(GERMANY, {"2020": 1.0})
    first, again = fetch(sources), fetch(sources)
    sources.bank[GDP] = rows_of(GERMANY, {"2020": 1.1})
    revised = fetch(sources)
    assert first.retrieval.digest == again.retrieval.digest
    assert first.retrieval.digest != revised.retrieval.digest


def test_parent_class_still_has_what_the_reader_needs() -> None:
    # Of pandas-datareader's reader: its arguments, its dates, its parameters.
    arguments = inspect.signature(WorldBankReader.__init__).parameters
    needed = "symbols countries start end freq retry_count session errors"
    assert {*arguments} >= {*needed.split()}
    reader = WorldBankReader(
        "X", countries="all", start="1960-01-01", end="2026-12-31", errors="raise"
    )
    assert reader.params == {"date": "1960:2026", "per_page": 25000, "format": "json"}
    assert (reader.start, reader.end) == (
        pd.Timestamp("1960-01-01"),
        pd.Timestamp("2026-12-31"),
    )
    with pytest.raises(TypeError, match="session must be"):
        WorldBankReader("X", session=object())
