import hashlib
import json
import traceback
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas_datareader.fred import FredReader
from werkzeug import Response

from econnet.core.countries import resolve
from econnet.core.errors import SourceError
from econnet.data.sources import alfred, fred
from econnet.data.sources.http import MissingSeriesError, RefusedKeyError
from econnet.data.sources.observations import FetchedSeries
from tests.data.sources.servers import (
    HTML,
    QUICK,
    Sources,
    fred_file,
    indicator_of,
    template,
)

USA = resolve("USA")
MONTHS = {"2020-01-01": "1.10", "2020-02-01": "1.20", "2020-03-01": "1.30"}


def fetch(
    sources: Sources, series_id: str = "UNRATE", frequency: str = "M"
) -> FetchedSeries:
    indicator, _ = indicator_of("UNRATE", "fred")
    with fred.session(QUICK) as session:
        session.rate_limiter.per_second = None
        downloads = [
            fred.Reader(session, sources.fred_url, plain).download()
            for plain in fred.plain_ids(series_id)
        ]
    return fred.read(downloads, USA, indicator, template(series_id, frequency), 1900)


def values(answer: FetchedSeries) -> dict[str, float]:
    rows = answer.observations
    return dict(zip(rows["period"], rows["value"], strict=True))


def weekly(first: str, count: int) -> dict[str, str]:
    start = date.fromisoformat(first)
    return {str(start + timedelta(weeks=n)): str(n) for n in range(count)}


@pytest.mark.parametrize("heading", ["observation_date", "DATE"])
def test_values_are_those_served_under_either_heading(
    sources: Sources, heading: str
) -> None:
    sources.files["UNRATE"] = fred_file("UNRATE", MONTHS, heading)
    got = fetch(sources)
    assert values(got) == {"2020-01": 1.1, "2020-02": 1.2, "2020-03": 1.3}
    assert got.series["series_id"].tolist() == ["UNRATE"]
    assert got.observations["known_at"].isna().all()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    served=st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12
    )
)
def test_values_keep_their_last_digit(sources: Sources, served: list[float]) -> None:
    days = [f"2020-{month:02d}-01" for month in range(1, len(served) + 1)]
    texts = {day: repr(value) for day, value in zip(days, served, strict=True)}
    sources.files["UNRATE"] = fred_file("UNRATE", texts)
    assert list(values(fetch(sources)).values()) == served


def test_missing_unsorted_and_repeated_rows_are_cleaned(sources: Sources) -> None:
    # `2025-10-01,` without a value is what FRED gives for the month of a shutdown.
    sources.files["UNRATE"] = (
        "observation_date,UNRATE\n2025-11-01,4.5\n2025-09-01,4.4\n2025-10-01,\n"
        "2025-08-01,4.3\n2025-07-01,.\n2025-09-01,4.4\n"
    )
    assert values(fetch(sources)) == {"2025-08": 4.3, "2025-09": 4.4, "2025-11": 4.5}


def test_quarters_and_years_are_recognised_by_their_first_day(sources: Sources) -> None:
    sources.files["GDPC1"] = fred_file(
        "GDPC1", {"2020-01-01": "1", "2020-04-01": "2", "2020-07-01": "3"}
    )
    assert values(fetch(sources, "GDPC1", "Q")) == {
        "2020Q1": 1,
        "2020Q2": 2,
        "2020Q3": 3,
    }
    sources.files["GDPCA"] = fred_file("GDPCA", {"2019-01-01": "1", "2020-01-01": "2"})
    assert values(fetch(sources, "GDPCA", "A")) == {"2019": 1, "2020": 2}


def test_weeks_are_averaged_to_whole_months(sources: Sources) -> None:
    # Fridays from 10 January to 6 March 2020: January lacks its first, March its rest.
    sources.files["ICSA"] = fred_file("ICSA", weekly("2020-01-10", 9))
    got = values(fetch(sources, "ICSA"))
    assert got == {"2020-02": 5.5}  # of 4, 5, 6 and 7


def test_days_are_averaged_to_whole_months(sources: Sources) -> None:
    days = pd.bdate_range("2020-01-02", "2020-03-20")
    rows = {str(day.date()): str(day.month) for day in days}
    sources.files["DGS10"] = fred_file("DGS10", rows)
    assert values(fetch(sources, "DGS10")) == {"2020-01": 1, "2020-02": 2}


def test_difference_is_taken_in_decimal_where_both_exist(sources: Sources) -> None:
    sources.files["GS10"] = fred_file(
        "GS10", {"2020-01-01": "4.03", "2020-02-01": "4.10", "2020-03-01": "4.2"}
    )
    sources.files["TB3MS"] = fred_file(
        "TB3MS", {"2020-01-01": "3.90", "2020-02-01": "."}
    )
    assert values(fetch(sources, "GS10-TB3MS")) == {"2020-01": 0.13}


@pytest.mark.parametrize(("frequency", "served"), [("Q", "M"), ("M", "Q"), ("A", "Q")])
def test_another_frequency_than_the_catalogs_is_refused(
    sources: Sources, frequency: str, served: str
) -> None:
    days = pd.date_range("2020-01-01", periods=8, freq={"M": "MS", "Q": "QS"}[served])
    sources.files["X"] = fred_file("X", {str(day.date()): "1" for day in days})
    with pytest.raises(SourceError, match=r"FRED, X: .* frequency"):
        fetch(sources, "X", frequency)


def test_days_without_a_complete_month_are_refused(sources: Sources) -> None:
    days = {"2020-01-10": "1", "2020-01-17": "2", "2020-02-07": "3"}
    sources.files["X"] = fred_file("X", days)
    with pytest.raises(SourceError, match=r"FRED, X: no complete month"):
        fetch(sources, "X")


def test_difference_of_series_without_a_common_day_is_refused(
    sources: Sources,
) -> None:
    sources.files["X"] = fred_file("X", {"2019-01-01": "1"})
    sources.files["Y"] = fred_file("Y", {"2020-01-01": "1"})
    with pytest.raises(SourceError, match=r"FRED, X-Y: its parts do not overlap"):
        fetch(sources, "X-Y")


def test_unknown_and_empty_series_are_missing(sources: Sources) -> None:
    sources.files["EMPTY"] = fred_file("EMPTY", {"2020-01-01": "."})
    for series_id in ("NOSUCH", "EMPTY"):
        with pytest.raises(MissingSeriesError, match=f"^FRED, {series_id}: "):
            fetch(sources, series_id)


GOOD = fred_file("UNRATE", MONTHS)
BAD_ANSWERS: dict[str, tuple[str | bytes, str]] = {
    "HTML page": (HTML, "web page"),
    "empty body": ("", "the answer is empty"),
    "JSON": ('{"error_code": 400}', "a different one"),
    "another series": (
        fred_file("UNEMPLOY", MONTHS),
        "a different one, with the header",
    ),
    "two series": (GOOD.replace("UNRATE", "UNRATE,GS10"), "a different one"),
    "half a line": (GOOD[:-14], "line 4"),
    "half a number": (GOOD[:-2], "line 4"),
    "no date": (GOOD.replace("2020-02-01", "2020-02-31"), "line 3"),
    "no number": (GOOD.replace("1.20", "n/a"), "line 3"),
    "NaN": (GOOD.replace("1.20", "NaN"), "line 3"),
    "infinity": (GOOD.replace("1.20", "inf"), "line 3"),
    "larger than a double": (GOOD.replace("1.20", "1e999"), "line 3"),
    "power without end": (GOOD.replace("1.20", "1e99999999999999999999"), "line 3"),
    "digits without end": (GOOD.replace("1.20", "1" * 2_000_000 + "x"), "line 3"),
    "other digits": (GOOD.replace("1.20", "\u0661.\u0662"), "line 3"),
    "decimal comma": (GOOD.replace("1.20", "1,20"), "line 3"),
    "year 1": (GOOD.replace("2020-02-01", "0001-01-01"), "line 3"),
    "year 9999": (GOOD.replace("2020-02-01", "9999-12-31"), "line 3"),
    "far future": (
        GOOD.replace("2020", "2199"),
        "a value for 2199-01, which is in the future: check this computer's clock",
    ),
    "two bytes a letter": (GOOD.encode("utf-16"), "a different one"),
    "another charset": (GOOD.replace("1.20", "1·20").encode("latin-1"), "line 3"),
    "control characters": (GOOD.replace("1.20", "\x1b[2J"), "line 3"),
    "contradiction": (GOOD + "2020-01-01,9.99\n", "two values for 2020-01-01"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_is_recognised_and_named(sources: Sources, case: str) -> None:
    body, reason = BAD_ANSWERS[case]
    sources.instead["UNRATE"] = [Response(body, content_type="text/csv")]
    with pytest.raises(SourceError, match=f"^FRED, UNRATE: .*{reason}") as caught:
        fetch(sources)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_truncated_line_is_never_accepted(sources: Sources) -> None:
    line_ends = {at for at, character in enumerate(GOOD) if character == "\n"}
    for cut in range(len(GOOD)):
        # A file that ends between two lines looks whole: the length that HTTP announces
        # shows the difference (test_http.py).
        if cut in line_ends or cut - 1 in line_ends:
            continue
        sources.instead["UNRATE"] = [Response(GOOD[:cut], content_type="text/csv")]
        with pytest.raises(SourceError, match="UNRATE"):
            fetch(sources)


def test_parent_class_still_has_what_the_reader_needs() -> None:
    reader = FredReader("UNRATE", retry_count=0)
    assert reader.symbols == "UNRATE"
    assert reader.url == "https://fred.stlouisfed.org/graph/fredgraph.csv"
    with pytest.raises(TypeError, match="session must be"):
        FredReader("UNRATE", session=object())


# ALFRED

VINTAGES = {
    "2020-02-07": {"2019-12-01": "3.5", "2020-01-01": "3.6"},
    "2020-03-06": {"2019-12-01": "3.5", "2020-01-01": "3.6", "2020-02-01": "3.5"},
    "2021-01-08": {"2019-12-01": "3.6", "2020-01-01": "3.6", "2020-02-01": "."},
}


def fetch_vintages(
    sources: Sources, series_id: str = "UNRATE", stored: str | None = None
) -> FetchedSeries | None:
    indicator, series = indicator_of("UNRATE", "fred")
    with fred.session(QUICK) as session:
        session.rate_limiter.per_second = None
        session.secret = "s3cr3t"  # noqa: S105
        service = alfred.Alfred(session, sources.alfred_url, "s3cr3t")
        found = alfred.vintages(service, series_id)
        n_stored = found.n_stored(stored)
        return alfred.read(service, found, USA, indicator, series, 1900, n_stored)


def rows_of_vintages(sources: Sources) -> pd.DataFrame:
    fetched = fetch_vintages(sources)
    assert fetched is not None
    return fetched.observations


def test_each_value_has_the_day_of_its_publication(sources: Sources) -> None:
    sources.vintages["UNRATE"] = VINTAGES
    rows = rows_of_vintages(sources)
    got = [
        (row.period, row.value, str(row.known_at)[:10])
        for row in rows.fillna({"value": -1}).itertuples()
    ]
    # The values in the first vintage were published earlier, on unknown days.
    assert got == [
        ("2019-12", 3.5, "NaT"),
        ("2019-12", 3.6, "2021-01-08"),
        ("2020-01", 3.6, "NaT"),
        ("2020-02", 3.5, "2020-03-06"),
        ("2020-02", -1.0, "2021-01-08"),
    ]


def test_vintages_are_read_two_thousand_at_a_time_without_gaps(
    sources: Sources,
) -> None:
    days = pd.date_range("2015-01-01", periods=alfred.VINTAGES_PER_CALL + 500)
    sources.vintages["UNRATE"] = {
        str(day.date()): {"2014-12-01": "5.6", "2014-11-01": str(number // 2_100)}
        for number, day in enumerate(days)
    }
    rows = rows_of_vintages(sources)
    assert rows["period"].tolist() == ["2014-11", "2014-11", "2014-12"]
    assert rows["value"].tolist() == [0.0, 1.0, 5.6]
    assert rows["known_at"].iloc[1] == days[2_100]
    calls = [
        request for request in sources.requests if "realtime_start" in request.args
    ]
    assert len(calls) == 2


def digest_of(vintages: Mapping[str, object]) -> str:
    return hashlib.sha256(" ".join(vintages).encode()).hexdigest()


CHANGES = st.dictionaries(
    st.sampled_from([*MONTHS]), st.sampled_from(["1", "2", "."]), min_size=1
)


@given(
    changes=st.lists(CHANGES, min_size=2, max_size=5),
    stored_of_five=st.integers(1, 4),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_new_vintages_add_what_reading_all_would(
    sources: Sources, changes: list[dict[str, str]], stored_of_five: int
) -> None:
    vintages, newest = dict[str, dict[str, str]](), {"2020-01-01": "1"}
    for number, changed in enumerate(changes, 1):
        vintages[f"2020-{number:02d}-15"] = newest = {**newest, **changed}
    vintages["2020-01-15"]["2020-01-01"] = "1"
    n_stored = min(stored_of_five, len(vintages) - 1)
    stored = dict([*vintages.items()][:n_stored])
    parts = []
    for served, digest in ((stored, None), (vintages, digest_of(stored))):
        sources.vintages["UNRATE"] = served
        part = fetch_vintages(sources, stored=digest)
        parts += [] if part is None else [part.observations]
    columns = ["period", "value", "known_at"]
    got, expected = (
        rows[columns].sort_values(["period", "known_at"], na_position="first")
        for rows in (pd.concat(parts), rows_of_vintages(sources))
    )
    pd.testing.assert_frame_equal(
        got.reset_index(drop=True), expected.reset_index(drop=True)
    )


def test_a_vintage_between_stored_ones_makes_all_be_read_again(
    sources: Sources,
) -> None:
    sources.vintages["UNRATE"] = VINTAGES
    stored = {day: VINTAGES[day] for day in VINTAGES if day != "2020-03-06"}
    fetched = fetch_vintages(sources, stored=digest_of(stored))
    assert fetched is not None
    pd.testing.assert_frame_equal(
        fetched.observations.drop(columns="retrieved_at"),
        rows_of_vintages(sources).drop(columns="retrieved_at"),
    )


def test_weekly_series_come_from_the_plain_file(sources: Sources) -> None:
    sources.vintages["UNRATE"] = {"2020-02-07": {"2020-01-04": "1"}}
    with pytest.raises(alfred.NoVintagesError):
        fetch_vintages(sources)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        HTML,
        '{"count": 2, "vintage_dates": []}',
        '{"count": Infinity, "vintage_dates": []}',
        '{"count": "s3cr3t", "vintage_dates": []}',
        '{"count": 1, "vintage_dates": 1}',
        '{"count": 1, "vintage_dates": [1]}',
        '{"count": 1, "vintage_dates": ["s3cr3t"]}',
        '{"count": 1, "vintage_dates": {"s3cr3t": 1}}',
        '{"count": 1, "vintage_dates": ' + "[" * 100_000,
    ],
    ids=lambda body: body[:40],
)
def test_bad_answer_of_alfred_is_named_without_the_key(
    sources: Sources, body: str
) -> None:
    sources.instead["UNRATE"] = [Response(body, content_type="application/json")]
    with pytest.raises(SourceError, match=r"^FRED, UNRATE: ") as caught:
        fetch_vintages(sources)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "odd",
    [
        {"value": "nan"},
        {"value": "1e999"},
        {"value": "s3cr3t"},
        {"value": None},
        {"date": "2020-02-31"},
        {"date": "9999-12-31"},
        {"date": 20200101},
        {"realtime_start": "s3cr3t"},
    ],
    ids=str,
)
def test_invalid_revision_is_named_without_the_key(
    sources: Sources, odd: dict[str, object]
) -> None:
    dates = {"count": 1, "vintage_dates": ["2020-02-07"]}
    row = {"date": "2020-01-01", "realtime_start": "2020-02-07", "value": "3.6"}
    rows = {"count": 1, "observations": [row | odd]}
    sources.instead["UNRATE"] = [
        Response(json.dumps(page), content_type="application/json")
        for page in (dates, rows)
    ]
    with pytest.raises(SourceError, match=r"^FRED, UNRATE: ") as caught:
        fetch_vintages(sources)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_vintages_without_a_value_are_missing(sources: Sources) -> None:
    sources.vintages["UNRATE"] = {"2020-02-07": {"2020-01-01": "."}}
    with pytest.raises(MissingSeriesError, match=r"^FRED, UNRATE: no values"):
        fetch_vintages(sources)


def test_endless_pages_are_abandoned(sources: Sources) -> None:
    page = {"count": 10**9, "vintage_dates": ["2020-02-07"]}
    answer = Response(json.dumps(page), content_type="application/json")
    sources.instead["UNRATE"] = [answer] * 60
    with pytest.raises(SourceError, match="50 rows arrived out of 1,000,000,000"):
        fetch_vintages(sources)
    assert len(sources.asked) == alfred.MAX_PAGES


def test_refused_key_is_named_and_not_shown(sources: Sources) -> None:
    refusal = {
        "error_code": 400,
        "error_message": "The value for api_key s3cr3t is bad",
    }
    sources.instead["UNRATE"] = [Response(json.dumps(refusal), status=400)]
    with pytest.raises(RefusedKeyError, match="FRED_API_KEY is not accepted") as caught:
        fetch_vintages(sources)
    assert "s3cr3t" not in str(caught.value)
