import gzip
import json
import socket
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import duckdb
import pandas as pd
import pytest
from werkzeug import Response

from econnet.core import catalog
from econnet.core.countries import resolve
from econnet.core.errors import DataError, SourceError
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES, LiveSource
from econnet.data import fetch as data_fetch
from econnet.data import load, panel
from econnet.data.fetch import FetchProgress, Summary
from econnet.data.sources import fred, observations, snapshot
from econnet.data.sources.observations import FetchedSeries, Retrieval, now
from econnet.data.store.store import Store
from tests.data.sources.servers import (
    GERMANY,
    HTML,
    LITHUANIA,
    QUICK,
    TOGO,
    WORLD,
    Sources,
    alfred_error,
    bank_message,
    closed_port,
    fred_file,
    indicator_of,
    rows_of,
)
from tests.stores import newest

GDP = "NY.GDP.MKTP.KD"
BANK_IDS = {
    template.id
    for indicator in catalog.load().values()
    for template in indicator.series
    if template.source == "worldbank" and not template.id.startswith(catalog.ARCHIVE)
}
ARCHIVE = "archive/NY.GDP.MKTP.KD/DEU"
# Lithuania has few series at FRED.
FRED_FILES = {
    "CLVMNACSCAB1GQLT": {"2020-01-01": "9000.1", "2020-04-01": "8500.2"},
    "LTUIRLTLT01STM": {"2020-01-01": "6.5", "2020-02-01": "6.7"},
    "QLTR628BIS": {"2020-01-01": "120.25", "2020-04-01": "118.5"},
}
YEARS: dict[str, float | str | None] = {"2018": 1.5, "2019": 2.5, "2020": 2.25}


@pytest.fixture
def settings(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setattr(fred, "PER_SECOND", None)
    sources.else_rows = [
        row
        for area in (GERMANY, LITHUANIA, TOGO, WORLD)
        for row in rows_of(area, YEARS)
    ]
    sources.files = {key: fred_file(key, rows) for key, rows in FRED_FILES.items()}
    return sources.settings(tmp_path)


def fetch_bank(settings: Settings) -> Summary:
    return data_fetch.fetch(
        settings, [resolve("DEU")], sources=["worldbank"], retry_policy=QUICK
    )


def fetch_both(settings: Settings) -> Summary:
    return data_fetch.fetch(
        settings,
        [resolve("LTU")],
        sources=["worldbank", "fred"],
        retry_policy=QUICK,
    )


def fetch_fred(settings: Settings) -> Summary:
    return data_fetch.fetch(
        settings, [resolve("LTU")], sources=["fred"], retry_policy=QUICK
    )


def test_one_request_per_indicator_returns_every_country(
    sources: Sources, settings: Settings
) -> None:
    seen: list[FetchProgress] = []
    summary = data_fetch.fetch(
        settings,
        [resolve("DEU")],
        sources=["worldbank"],
        retry_policy=QUICK,
        progress=seen.append,
    )
    summary.check()
    assert Counter(sources.asked) == Counter([*BANK_IDS, ARCHIVE])
    assert len(BANK_IDS) >= 40
    rows = newest(load.store(settings))
    assert {*rows["country"]} == {"DEU", "LTU", "TGO"}
    assert {*rows["series_id"]} == BANK_IDS
    assert {*rows["value"]} == {1.5, 2.5, 2.25}
    assert summary.added == len(rows)
    assert [progress.done for progress in seen] == [*range(1, len(BANK_IDS) + 2)]


def test_refetch_without_change_adds_nothing_and_reads_nothing(
    settings: Settings,
) -> None:
    fetch_bank(settings)
    before = load.store(settings).vintages()
    summary = fetch_bank(settings)
    # The archive does not have the country.
    assert summary.unchanged == summary.requested - 1 == len(BANK_IDS)
    assert (summary.added, summary.revised, summary.changes) == (0, 0, ())
    pd.testing.assert_frame_equal(load.store(settings).vintages(), before)
    checked = load.store(settings).series()["retrieved_at"]
    assert checked.min() > before["retrieved_at"].max()


def test_refetch_of_the_same_edition_reads_a_row_of_each_series(
    sources: Sources, settings: Settings
) -> None:
    sources.updated = "2026-10-07"
    fetch_bank(settings)
    sources.requests.clear()
    sources.asked.clear()
    again = fetch_bank(settings)
    assert again.unchanged == len(BANK_IDS)
    assert Counter(sources.asked) == Counter([*BANK_IDS, ARCHIVE])
    of_bank = [r for r in sources.requests if "/indicator/" in r.path]
    assert {request.args["per_page"] for request in of_bank} == {"1"}
    # A later edition is read, and so is one of the day of the fetch.
    sources.updated = "2026-10-08"
    sources.bank[GDP] = rows_of(GERMANY, {**YEARS, "2020": -4.0})
    assert fetch_bank(settings).revised > 0


def test_refetch_with_revisions_keeps_the_old_vintage(
    sources: Sources, settings: Settings
) -> None:
    fetch_bank(settings)
    store = load.store(settings)
    then = store.vintages()["retrieved_at"].max().to_pydatetime()
    sources.bank[GDP] = rows_of(GERMANY, {**YEARS, "2020": -4.0, "2021": 3.5})
    sources.bank[GDP] += [row for row in sources.else_rows if row[0] != "DEU"]
    summary = fetch_bank(settings)
    assert (summary.added, summary.revised) == (1, 1)

    def germany(as_of: datetime | None) -> dict[str, float]:
        rows = newest(store, as_of, ["DEU"]).query("series_id == @GDP")
        return dict(zip(rows["period"], rows["value"], strict=True))

    assert germany(None) == {"2018": 1.5, "2019": 2.5, "2020": -4.0, "2021": 3.5}
    assert {year: germany(then)[year] for year in YEARS} == YEARS
    assert store.status().n_revisions == 1


def test_fred_returns_the_countrys_own_series(settings: Settings) -> None:
    fetch_fred(settings).check()
    rows = newest(load.store(settings))
    got = rows.set_index(["series_id", "period"])["value"].to_dict()
    assert got == {
        ("CLVMNACSCAB1GQLT", "2020Q1"): 9000.1,
        ("CLVMNACSCAB1GQLT", "2020Q2"): 8500.2,
        ("LTUIRLTLT01STM", "2020-01"): 6.5,
        ("LTUIRLTLT01STM", "2020-02"): 6.7,
        ("QLTR628BIS", "2020Q1"): 120.25,
        ("QLTR628BIS", "2020Q2"): 118.5,
    }
    assert {*rows["country"]} == {"LTU"}
    assert "BIS" in load.store(settings).series()["licence"].str.cat()


@pytest.mark.campaign
def test_series_of_a_difference_is_downloaded_once(
    sources: Sources, settings: Settings
) -> None:
    data_fetch.fetch(settings, [resolve("ISL")], sources=["fred"], retry_policy=QUICK)
    assert sources.asked.count("IRLTLT01ISM156N") == 1
    assert sources.asked.count("IR3TIB01ISM156N") == 1


@pytest.mark.campaign
def test_vintages_come_with_a_key_and_are_not_read_twice(
    sources: Sources, tmp_path: Path, settings: Settings
) -> None:
    with_key = sources.settings(tmp_path, key="s3cr3t")
    assert "s3cr3t" not in repr(with_key)
    sources.vintages["LTUIRLTLT01STM"] = {
        "2020-02-28": {"2020-01-01": "6.5"},
        "2020-03-31": {"2020-01-01": "6.6", "2020-02-01": "6.7"},
    }
    fetch_fred(with_key).check()
    store = load.store(settings)
    rate = store.vintages().query("series_id == 'LTUIRLTLT01STM'")
    assert rate["value"].tolist() == [6.5, 6.6, 6.7]
    assert rate["known_at"].isna().tolist() == [True, False, False]
    # What ALFRED does not keep comes from the plain file.
    assert len(newest(store).query("series_id == 'QLTR628BIS'")) == 2
    assert fetch_fred(with_key).unchanged == 3
    calls = [r for r in sources.requests if r.path.endswith("/observations")]
    assert len(calls) == 1


def test_only_vintages_that_are_not_stored_are_requested(
    sources: Sources, tmp_path: Path
) -> None:
    with_key = sources.settings(tmp_path, key="s3cr3t")
    vintages = {f"2020-{month:02d}-15": {"2019-12-01": "6.5"} for month in range(1, 9)}
    sources.vintages["LTUIRLTLT01STM"] = vintages
    fetch_fred(with_key)
    vintages["2020-09-15"] = {"2019-12-01": "6.4", "2020-08-01": "6.7"}
    assert fetch_fred(with_key).revised == 1
    vintages["2020-10-15"] = vintages["2020-09-15"]
    assert fetch_fred(with_key).changes == ()
    spans = [
        (r.args["realtime_start"], r.args["realtime_end"])
        for r in sources.requests
        if r.path.endswith("/observations")
    ]
    assert spans == [
        ("2020-01-15", "2020-08-15"),
        ("2020-08-15", "2020-09-15"),
        ("2020-09-15", "2020-10-15"),
    ]
    rate = load.store(with_key).vintages().query("series_id == 'LTUIRLTLT01STM'")
    assert rate["value"].tolist() == [6.5, 6.4, 6.7]
    known_at = rate["known_at"].dt.strftime("%Y-%m-%d").fillna("")
    assert known_at.tolist() == ["", "2020-09-15", "2020-09-15"]


def raw_of(store: Store) -> dict[str, bytes]:
    """Return the raw answers that are kept, by the series that came from them."""
    with duckdb.connect(store.path, read_only=True) as connection:
        rows = connection.sql(
            "SELECT series_id, compressed FROM raw_pages JOIN raw_answers "
            "USING (sha256) ORDER BY series_id, page"
        ).fetchall()
    kept: dict[str, bytes] = {}
    for series_id, compressed in rows:
        kept[series_id] = kept.get(series_id, b"") + gzip.decompress(compressed)
    return kept


def test_raw_answers_are_kept_as_they_came(
    sources: Sources, settings: Settings
) -> None:
    fetch_both(settings).check()
    kept = raw_of(load.store(settings))
    assert kept.keys() == BANK_IDS | FRED_FILES.keys()
    for series_id in FRED_FILES:
        assert kept[series_id] == sources.files[series_id].encode()
    _, rows = json.loads(kept[GDP])
    assert {(row["countryiso3code"], row["date"], row["value"]) for row in rows} == {
        (area[0], year, value)
        for area in (GERMANY, LITHUANIA, TOGO, WORLD)
        for year, value in YEARS.items()
    }


@pytest.mark.campaign
def test_raw_answer_that_repeats_the_key_is_kept_without_it(
    sources: Sources, tmp_path: Path, settings: Settings
) -> None:
    day = {"realtime_start": "2020-02-28", "date": "2020-01-01", "value": "6.5"}
    answers: list[dict[str, object]] = [
        {"count": 1, "vintage_dates": ["2020-02-28"]},
        {"count": 1, "observations": [day]},
    ]
    sources.instead["LTUIRLTLT01STM"] = [
        Response(
            json.dumps(answer | {"url": "?api_key=s3cr3t"}),
            content_type="application/json",
        )
        for answer in answers
    ]
    fetch_fred(sources.settings(tmp_path, key="s3cr3t")).check()
    kept = json.loads(raw_of(load.store(settings))["LTUIRLTLT01STM"])
    assert kept == answers[1] | {"url": "?api_key=***"}


@pytest.mark.campaign
def test_one_source_down_the_other_is_stored(
    sources: Sources, settings: Settings
) -> None:
    sources.instead = {
        key: [Response("", status=500) for _ in range(9)] for key in FRED_FILES
    }
    summary = fetch_both(settings)
    assert {*newest(load.store(settings))["source"]} == {"worldbank"}
    assert all("FRED" in line for line in summary.failed)
    with pytest.raises(SourceError, match=r"FRED, .*: HTTP 500") as caught:
        summary.check()
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)


@pytest.mark.campaign
def test_missing_network_is_reported_soon_in_one_line(tmp_path: Path) -> None:
    nowhere = Settings(
        data_folder=tmp_path / "data",
        reports_folder=tmp_path / "reports",
        urls={name: closed_port() for name in LIVE_SOURCES},
    )
    summary = data_fetch.fetch(nowhere, [resolve("LTU")], retry_policy=QUICK)
    with pytest.raises(SourceError, match="no connection: check the network") as caught:
        summary.check()
    assert "\n" not in str(caught.value)
    # After the first series of a source, the others are not even tried.
    assert len(summary.failed) <= len(LIVE_SOURCES) * (4 + 1)
    assert any("more series not requested" in line for line in summary.failed)


def test_source_that_answers_nothing_is_left_alone(
    sources: Sources, settings: Settings
) -> None:
    sources.instead = {
        key: [Response("", status=503) for _ in range(9)] for key in BANK_IDS
    }
    summary = fetch_bank(settings)
    assert len(sources.asked) < len(BANK_IDS)
    assert any("more series not requested" in line for line in summary.failed)


def test_rejected_answers_are_named_and_nothing_of_them_is_stored(
    sources: Sources, settings: Settings
) -> None:
    bad = {
        GDP: Response(HTML, content_type="text/html"),
        "SP.POP.TOTL": Response(bank_message("175"), content_type="application/json"),
        "FP.CPI.TOTL": Response('[{"page": 1, "pa', content_type="application/json"),
        "NE.EXP.GNFS.KD": Response("", 302, {"Location": "http://127.0.0.1:9/"}),
    }
    sources.instead = {series_id: [answer] for series_id, answer in bad.items()}
    summary = fetch_bank(settings)
    assert sorted(line.split(": ")[0] for line in summary.failed) == sorted(
        f"World Bank, {series_id}" for series_id in bad
    )
    with pytest.raises(SourceError, match=r"\(and 3 more\)"):
        summary.check()
    stored = newest(load.store(settings))
    assert {*stored["series_id"]} == BANK_IDS - bad.keys()


def test_missing_series_is_named_and_not_a_failure(
    sources: Sources, settings: Settings
) -> None:
    sources.bank[GDP] = []
    del sources.files["QLTR628BIS"]
    summary = fetch_both(settings)
    summary.check()
    missing = {line.partition(":")[0] for line in summary.missing}
    assert missing >= {"FRED, QLTR628BIS", f"World Bank, {GDP}"}
    assert not any("IRLTLT01" in line for line in missing)


def test_every_series_missing_is_a_failure(
    sources: Sources, settings: Settings
) -> None:
    sources.else_rows = []
    summary = fetch_bank(settings)
    with pytest.raises(SourceError, match="has none of"):
        summary.check()
    assert len(sources.asked) == len(BANK_IDS) + 1


def test_failed_first_fetch_leaves_no_store(
    sources: Sources, settings: Settings
) -> None:
    sources.instead = {
        key: [Response("", status=500) for _ in range(9)] for key in FRED_FILES
    }
    sources.files = {}
    assert fetch_fred(settings).failed
    assert not settings.data_folder.exists()


def test_series_that_a_key_does_not_find_comes_without_one(
    sources: Sources, tmp_path: Path, settings: Settings
) -> None:
    """FRED answers a request with a key for an unknown series with HTTP 400."""
    unknown, elsewhere = "QLTR628BIS", "CLVMNACSCAB1GQLT"
    del sources.files[unknown]
    sources.instead = {
        unknown: [alfred_error("Bad Request.  The series does not exist.")],
        elsewhere: [
            alfred_error(
                "Bad Request.  The series does not exist in ALFRED but may exist in "
                "FRED."
            )
        ],
    }
    summary = fetch_fred(sources.settings(tmp_path, key="s3cr3t"))
    summary.check()
    assert any(line.startswith(f"FRED, {unknown}:") for line in summary.missing)
    assert elsewhere in {*newest(load.store(settings))["series_id"]}


def test_wrong_key_is_one_line_and_ends_the_requests(
    sources: Sources, tmp_path: Path
) -> None:
    sources.key = "the right one"
    summary = fetch_fred(sources.settings(tmp_path, key="s3cr3t"))
    [line] = summary.failed
    assert line == (
        "FRED: the key in FRED_API_KEY is not accepted: correct it, or unset it to "
        "fetch without vintages"
    )
    assert len(sources.asked) <= 2


def test_weekly_series_is_not_asked_for_vintages(
    sources: Sources, tmp_path: Path, settings: Settings
) -> None:
    days = {
        str(day.date()): "1.5"
        for day in pd.date_range("2020-01-03", periods=60, freq="W")
    }
    averaged = {"ICSA", "NFCI"}
    sources.files = {key: fred_file(key, days) for key in averaged}
    data_fetch.fetch(
        sources.settings(tmp_path, key="s3cr3t"),
        [resolve("USA")],
        sources=["fred"],
        retry_policy=QUICK,
    )
    asked = [r for r in sources.requests if "fredgraph" not in r.path]
    assert asked
    assert averaged.isdisjoint(r.args["series_id"] for r in asked)
    assert averaged <= {*newest(load.store(settings))["series_id"]}


def test_locked_store_is_reported_before_anything_is_fetched(
    sources: Sources, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.store(settings).write([answer_of("worldbank", GDP, "GDP", ["DEU"], "2020")])
    held = Store(load.store(settings).path, timeout_seconds=0.1)
    monkeypatch.setattr(data_fetch, "store", lambda _: held)
    hold = (
        "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(held.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(DataError, match="another process has had"):
            fetch_bank(settings)
        holder.communicate()
    assert not sources.asked


FETCH = """
from econnet.core.countries import resolve
from econnet.core.settings import Settings
from econnet.data.fetch import fetch

both = ("worldbank", "fred")
fetch(Settings.from_environment(), [resolve("LTU")], sources=both).check()
"""


@pytest.mark.campaign
def test_two_processes_fetch_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECONNET_DATA", str(settings.data_folder))
    for name, url in settings.urls.items():
        monkeypatch.setenv(f"ECONNET_{name.upper()}_URL", url)
    both = [subprocess.Popen([sys.executable, "-c", FETCH]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    rows = load.store(settings).vintages()
    assert len(rows) == 3 * len(YEARS) * len(BANK_IDS) + 6
    assert not rows.duplicated(["series_id", "country", "period"]).any()


def test_clock_that_was_set_back_is_refused_before_anything_is_requested(
    settings: Settings, sources: Sources
) -> None:
    fetch_bank(settings)
    held = load.store(settings).vintages()
    asked = len(sources.asked)
    with duckdb.connect(load.store(settings).path) as connection:
        connection.execute("UPDATE answers SET retrieved_at = '2100-01-02 03:04:05'")
    with pytest.raises(DataError) as refused:
        fetch_bank(settings)
    assert refused.value.exit_code == 3
    assert "fetched on 2100-01-02 03:04 UTC" in str(refused.value)
    assert len(sources.asked) == asked
    pd.testing.assert_frame_equal(load.store(settings).vintages(), held)


def test_listed_requests_are_those_that_are_made(
    sources: Sources, settings: Settings
) -> None:
    both: list[LiveSource] = ["worldbank", "fred"]
    planned = data_fetch.requests_of(settings, [resolve("LTU")], sources=both)
    assert not sources.requests
    assert not settings.data_folder.exists()
    fetch_both(settings)
    asked = {request.series_id for request in planned}
    plain = {part for series_id in asked for part in series_id.split("-")}
    assert {*sources.asked} == plain
    by_id = {request.series_id: request for request in planned}
    assert by_id[GDP].countries == ()
    assert by_id["CLVMNACSCAB1GQLT"].countries == ("LTU",)
    assert by_id["CLVMNACSCAB1GQLT"].indicator == "real_gdp"


# The data that the commands use


def test_without_a_store_there_is_the_snapshot_and_a_notice(settings: Settings) -> None:
    known = load.known(settings)
    assert known.source == "snapshot"
    assert "nothing has been fetched" in known.notices[0]
    assert len(known.observations) == len(snapshot.load().observations)
    assert not settings.data_folder.exists()


def test_store_comes_first_and_the_snapshot_fills_in(settings: Settings) -> None:
    load.store(settings).write([answer_of("worldbank", GDP, "GDP", ["DEU"], "2020")])
    known = load.known(settings)
    assert (known.source, known.notices) == ("store", ())
    by_series = known.observations.groupby(["source", "series_id", "country"])["value"]
    assert by_series.get_group(("worldbank", GDP, "DEU")).tolist() == [99.0]
    assert len(by_series.get_group(("worldbank", GDP, "FRA"))) > 50
    assert len(by_series.get_group(("fred", "GDPC1", "USA"))) > 300
    keys = ["country", "indicator", "source", "series_id"]
    assert not known.series.duplicated(keys).any()
    spans = known.observations.groupby(keys)["period"].agg(["min", "max"])
    told = known.series.set_index(keys)[["first_period", "last_period"]]
    assert (spans["min"] == told["first_period"].reindex(spans.index)).all()
    assert (spans["max"] == told["last_period"].reindex(spans.index)).all()


def test_later_base_replaces_the_whole_stored_series(settings: Settings) -> None:
    # The snapshot has industrial production on 2017 = 100, an old mirror on 2012.
    title = "Industrial Production, 2012=100"
    load.store(settings).write([answer_of("fred", "INDPRO", title, ["USA"], "2020-01")])
    known = load.known(settings, countries=["USA"])
    rows = known.observations.query("series_id == 'INDPRO'")
    assert len(rows) > 800
    assert 99.0 not in set(rows["value"])
    assert "later base" in known.notices[0]


def test_reading_known_data_opens_no_socket(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.store(settings).write([answer_of("worldbank", GDP, "GDP", ["DEU"], "2020")])

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert len(load.known(settings).observations)
    assert load.store(settings).status().n_observations == 1


def test_known_data_make_a_panel(settings: Settings) -> None:
    load.store(settings).write([answer_of("worldbank", GDP, "GDP", ["DEU"], "2021")])
    known = load.known(settings, countries=["DEU"])
    built = panel.build(known.observations, "A")
    assert built.values.loc["DEU"].index.max() >= pd.Period("2021", "Y")


def answer_of(
    source: str, series_id: str, title: str, countries: list[str], period: str
) -> FetchedSeries:
    """Return an answer of one value, 99, for each country."""
    indicator, template = indicator_of(series_id, source)
    rows = pd.DataFrame({"country": countries}).assign(period=period, value=99.0)
    retrieval = Retrieval(series_id, title, "", "1900", now())
    return observations.fetched_series(rows, indicator, template, retrieval)
