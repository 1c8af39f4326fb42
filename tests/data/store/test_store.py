import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from econnet.core.errors import DataError
from econnet.data.sources import observations
from econnet.data.sources.observations import FetchedSeries, RawPage, Retrieval
from econnet.data.store.store import Store, base_year
from tests.data.sources.servers import indicator_of
from tests.stores import newest

GDP = "NY.GDP.MKTP.KD"
MORNING = datetime(2026, 7, 1, 9, 30)
Values = dict[str, float]


def answer(
    values: dict[str, Values],
    at: datetime = MORNING,
    title: str = "GDP (constant 2015 US$)",
    first_period: str = "1960",
    series_id: str = GDP,
    known_at: str | None = None,
    raw: tuple[bytes, ...] = (),
) -> FetchedSeries:
    """Return an answer that gives, for each area, these values by period."""
    rows = pd.DataFrame(
        [
            (area, period, value)
            for area, series in values.items()
            for period, value in series.items()
        ],
        columns=["country", "period", "value"],
    ).astype({"country": "str", "period": "str", "value": "float"})
    if known_at is not None:
        rows["known_at"] = pd.Timestamp(known_at).as_unit("us")
    indicator, template = indicator_of(GDP)
    digest = json.dumps(values)
    retrieval = Retrieval(
        *(series_id, title, digest, first_period, at),
        raw=tuple(map(RawPage.of, raw)),
    )
    return observations.fetched_series(rows, indicator, template, retrieval)


def by_period(rows: pd.DataFrame) -> dict[str, Values]:
    """Return values by area and period."""
    return {
        str(area): dict(zip(own["period"], own["value"], strict=True))
        for area, own in rows.groupby("country")
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "econnet.duckdb", timeout_seconds=0.2)


def test_what_was_written_is_read_to_the_last_bit(store: Store) -> None:
    written = {
        "DEU": {"2019": 0.1 + 0.2, "2020": 5e-324, "2021": -1.7976931348623157e308}
    }
    [change] = store.write([answer(written)])
    assert (change.added, change.revised, change.withdrawn) == (3, 0, 0)
    rows = newest(store)
    assert by_period(rows) == written
    assert list(rows.columns) == observations.OBSERVATION_COLUMNS
    assert rows["retrieved_at"].unique().tolist() == [pd.Timestamp(MORNING)]
    assert rows["known_at"].isna().all()


def test_only_the_requested_countries_are_read(store: Store) -> None:
    written = {country: {"2019": 1.0} for country in ("DEU", "FRA", "JPN")}
    assert not store.exists()
    store.write([answer(written)])
    assert store.exists()
    for rows in (
        newest(store, countries=["FRA", "JPN"]),
        newest(store, MORNING, ["FRA", "JPN"]),
    ):
        assert sorted(by_period(rows)) == ["FRA", "JPN"]
    assert newest(store, countries=[]).empty


def test_refetch_without_change_adds_nothing(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0, "2020": 2.0}})])
    later = MORNING + timedelta(days=1)
    [change] = store.write([answer({"DEU": {"2019": 1.0, "2020": 2.0}}, later)])
    assert (change.added, change.revised, change.withdrawn) == (0, 0, 0)
    assert len(store.vintages()) == 2
    assert store.series()["retrieved_at"].tolist() == [pd.Timestamp(later)]


def test_revision_is_a_vintage(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0, "2020": 2.0}})])
    july = MORNING + timedelta(days=365)
    store.write([answer({"DEU": {"2019": 1.5, "2020": 2.0, "2021": 3.0}}, july)])
    assert by_period(newest(store, MORNING))["DEU"]["2019"] == 1.0
    assert by_period(newest(store, MORNING.replace(hour=0, minute=0))) == by_period(
        newest(store, MORNING)
    )
    assert by_period(newest(store)) == {"DEU": {"2019": 1.5, "2020": 2, "2021": 3}}
    assert store.status().n_revisions == 1
    assert store.vintages()["value"].tolist() == [1.0, 2.0, 1.5, 3.0]


def raw_of(store: Store) -> dict[datetime, list[bytes]]:
    """Return the raw answers that are kept, by the moment of their fetch."""
    with duckdb.connect(store.path, read_only=True) as connection:
        rows = connection.sql(
            "SELECT retrieved_at, sha256, size, compressed FROM raw_pages "
            "JOIN raw_answers USING (sha256) ORDER BY retrieved_at, page"
        ).fetchall()
        [stored] = connection.sql("SELECT count(*) FROM raw_answers").fetchall()
    assert stored == (len({sha256 for _, sha256, _, _ in rows}),)
    kept: dict[datetime, list[bytes]] = {}
    for at, sha256, size, compressed in rows:
        content = gzip.decompress(compressed)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size)
        kept.setdefault(at, []).append(content)
    return kept


def test_raw_answer_is_kept_as_it_came_page_by_page(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}}, raw=(b"page 1", b"\x00\xff" * 999))])
    assert raw_of(store) == {MORNING: [b"page 1", b"\x00\xff" * 999]}


def test_raw_answer_is_deleted_once_no_value_comes_from_it(store: Store) -> None:
    august, autumn, winter = (MORNING + timedelta(days=n) for n in (31, 92, 183))
    store.write([answer({"DEU": {"2019": 1.0}, "TGO": {"2019": 9.0}}, raw=(b"July",))])
    # Only the date of the update has changed: the newest is kept nonetheless.
    same = {"DEU": {"2019": 1.0}, "TGO": {"2019": 9.0}}
    store.write([answer(same, august, raw=(b"August",))])
    assert set(raw_of(store)) == {MORNING, august}
    store.write([answer({**same, "TGO": {"2019": 8.0}}, autumn, raw=(b"autumn",))])
    assert set(raw_of(store)) == {MORNING, autumn}
    store.write([answer({**same, "TGO": {"2019": 7.0}}, winter, raw=(b"winter",))])
    assert set(raw_of(store)) == {MORNING, autumn, winter}


def test_raw_answer_that_several_series_share_is_kept_once(store: Store) -> None:
    shared = [
        answer({"DEU": {"2019": 1.0}}, series_id=series_id, raw=(b"the same file",))
        for series_id in ("A", "B")
    ]
    store.write(shared)
    assert raw_of(store) == {MORNING: [b"the same file"] * 2}
    later = MORNING + timedelta(days=1)
    store.write([answer({"DEU": {"2019": 1.0}}, later, series_id="A", raw=(b"x",))])
    assert raw_of(store)[MORNING] == [b"the same file"] * 2


AREAS = st.sampled_from(["DEU", "TGO", "FRA"])
YEARS = st.sampled_from(["1999", "2000", "2001", "2002"])
ANSWERS = st.dictionaries(
    AREAS,
    st.dictionaries(YEARS, st.sampled_from([1.0, 2.0, -0.5]), min_size=1),
    min_size=1,
)


@settings(max_examples=5, deadline=None)
@given(fetches=st.lists(ANSWERS, min_size=1, max_size=3))
def test_each_moment_shows_what_was_then_the_newest_answer(
    fetches: list[dict[str, Values]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "econnet.duckdb")
    moments = [MORNING + timedelta(days=n) for n in range(len(fetches))]
    seen: set[tuple[str, str]] = set()
    for values, moment in zip(fetches, moments, strict=True):
        store.write([answer(values, moment)])
    for values, moment in zip(fetches, moments, strict=True):
        seen |= {(area, year) for area in values for year in values[area]}
        shown = by_period(newest(store, moment))
        # Values that came only later are included too: their publication dates are
        # unknown.
        then = {
            area: {year: own[year] for year in own if (area, year) in seen}
            for area, own in shown.items()
        }
        assert {area: own for area, own in then.items() if own} == values


def test_withdrawn_value_is_missing_from_then_on(store: Store) -> None:
    store.write(
        [answer({"DEU": {"1959": 9.0, "2019": 1.0, "2020": 2.0}}, first_period="1")]
    )
    later = MORNING + timedelta(days=1)
    [change] = store.write([answer({"DEU": {"2020": 2.0}}, later)])
    assert change.withdrawn == 1
    assert by_period(newest(store, MORNING))["DEU"].keys() == {
        "1959",
        "2019",
        "2020",
    }
    # The second answer, requested from 1960, does not cover 1959.
    assert by_period(newest(store)) == {"DEU": {"1959": 9.0, "2020": 2.0}}
    withdrawn = store.vintages().query("value.isna()")
    assert withdrawn["period"].tolist() == ["2019"]


def test_publication_dates_make_vintages_of_their_own(store: Store) -> None:
    first = answer({"DEU": {"2019": 1.0}}, known_at="2020-02-01")
    second = answer({"DEU": {"2019": 1.1}}, known_at="2021-02-01")
    both = FetchedSeries(
        first.source,
        first.indicator,
        first.retrieval,
        pd.concat([first.observations, second.observations]),
        first.series,
    )
    store.write([both])
    store.write([both])
    assert len(store.vintages()) == 2
    assert newest(store, datetime(2020, 1, 31)).empty
    assert newest(store, datetime(2020, 2, 1))["value"].tolist() == [1.0]
    assert newest(store, datetime(2022, 1, 1))["value"].tolist() == [1.1]


def test_aggregates_are_not_stored(store: Store) -> None:
    [change] = store.write(
        [answer({"DEU": {"2020": 1.0}, "EMU": {"2020": 2.0}, "XD": {"2020": 3.0}})]
    )
    assert change.added == 1
    assert by_period(newest(store)) == {"DEU": {"2020": 1.0}}
    assert store.series()["country"].tolist() == ["DEU"]
    assert store.status().n_countries == 1


def test_later_base_replaces_the_whole_series_and_status_reports_it(
    store: Store,
) -> None:
    on_2010 = answer(
        {"DEU": {"2018": 1.0, "2019": 2.0}}, title="GDP (constant 2010 US$)"
    )
    on_2015 = answer({"DEU": {"2019": 20.0, "2020": 30.0}}, MORNING + timedelta(days=1))
    older = answer(
        {"DEU": {"2018": 1.0, "2021": 4.0}},
        MORNING + timedelta(days=2),
        title="GDP (constant 2010 US$)",
    )
    store.write([on_2010])
    store.write([on_2015])
    assert by_period(newest(store)) == {"DEU": {"2019": 20.0, "2020": 30.0}}
    [change] = store.write([older])
    assert change.kept == ("DEU",)
    assert by_period(newest(store)) == {"DEU": {"2019": 20.0, "2020": 30.0}}
    assert store.series()["base"].tolist() == [2015]
    rebased = store.status().rebased
    assert rebased["base_kept"].tolist() == [2015, 2015]
    assert rebased["base_left"].tolist() == [2010, 2010]


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("GDP (constant 2015 US$)", 2015),
        ("Real Gross Domestic Product, Bil. of Chn. 2012 $, SAAR", 2012),
        ("Consumer price index (2010 = 100)", 2010),
        ("Industrial Production: Total Index, 2017=100, SA", 2017),
        ("GDP per capita growth (annual %)", None),
        ("GDP (current US$)", None),
    ],
)
def test_base_is_read_from_the_title(title: str, year: int | None) -> None:
    assert base_year(title) == year


def test_status_shows_coverage_and_freshness(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0, "2020": 2.0}, "TGO": {"2018": 3.0}})])
    later = MORNING + timedelta(days=9)
    store.confirm({("worldbank", GDP, "real_gdp"): None}, later)
    status = store.status()
    assert (status.n_countries, status.n_series, status.n_observations) == (2, 2, 3)
    [row] = status.coverage.to_dict("records")
    assert (row["first_period"], row["last_period"]) == ("2018", "2020")
    assert (row["countries"], row["revisions"]) == (2, 0)
    assert row["retrieved_at"] == pd.Timestamp(later)


def test_newest_fetch_is_when_any_source_was_last_asked(store: Store) -> None:
    assert store.newest_fetch() is None
    store.write([answer({"DEU": {"2019": 1.0}})])
    assert store.newest_fetch() == MORNING
    store.confirm({("worldbank", GDP, "real_gdp"): None}, MORNING + timedelta(days=9))
    assert store.newest_fetch() == MORNING + timedelta(days=9)


def test_store_that_is_opened_unchanged_is_not_modified(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    before = {it: it.read_bytes() for it in store.path.parent.iterdir()}
    with store.unchanged() as connection:
        assert connection.execute("SELECT value FROM observations").fetchall() == [
            (1.0,)
        ]
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DELETE FROM observations")
        with pytest.raises(DataError, match="another process has had"):
            store.unchanged().__enter__()
    assert {it: it.read_bytes() for it in store.path.parent.iterdir()} == before


def test_digest_counts_only_as_far_back_as_was_asked(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}}, first_period="1990")])
    assert store.answers("1990")[0].keys() == {("worldbank", GDP, "real_gdp")}
    assert store.answers("1960") == ({}, {})


def test_digest_changes_with_the_rows_and_with_nothing_else(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    first = store.digest()
    store.vintages()
    assert store.digest() == first
    store.write([answer({"DEU": {"2019": 1.5}}, at=MORNING + timedelta(days=1))])
    assert store.digest() != first


def test_store_without_data_has_no_answers(store: Store) -> None:
    assert store.answers("1990") == ({}, {})
    assert not store.exists()


def test_folder_that_refuses_files_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.check_place()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DataError, match="choose another folder with ECONNET_DATA"):
        store.check_place()


def test_contract_of_the_file(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    with duckdb.connect(store.path, read_only=True) as connection:
        [(version,)] = connection.sql(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
        [row] = connection.sql(
            "SELECT country, indicator, period, value, source, series_id, "
            "retrieved_at, known_at FROM observations"
        ).fetchall()
    assert row == ("DEU", "real_gdp", "2019", 1.0, "worldbank", GDP, MORNING, None)
    assert version.startswith("v1.4")


def test_store_held_by_another_process_is_waited_for_and_then_named(
    store: Store,
) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    with (
        FileLock(f"{store.path}.lock"),
        pytest.raises(DataError, match="another process has had") as caught,
    ):
        newest(store)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_without_our_lock(path: Path) -> Iterator[None]:
    """Keep the file open in a process that does not use econnet's lock."""
    stranger = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        yield
        stranger.communicate()


def test_store_held_without_our_lock_is_named_too(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    with (
        held_without_our_lock(store.path),
        pytest.raises(DataError, match="another process has had"),
    ):
        newest(store)
    assert len(newest(store)) == 1


WRITE = """
import sys
from datetime import timedelta
from pathlib import Path
from econnet.data.store.store import Store
from tests.data.store.test_store import MORNING, answer

store = Store(Path(sys.argv[1]))
for n in range(10_000):
    years = {f"{year:04}": float(n) for year in range(1, 2_001)}
    moment = MORNING + timedelta(days=n)
    one = answer({"DEU": years}, moment, first_period="0", series_id=f"S{n % 7}")
    store.write([one])
    print(n, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 6])
def test_killed_writer_leaves_whole_series(store: Store, lines: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(store.path)], stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout is not None
        for _ in range(lines):
            writer.stdout.readline()
        # The next series is being written at this moment.
        writer.kill()
    rows = store.vintages()
    whole = rows.groupby(["series_id", "retrieved_at"])["period"].count()
    assert len(whole) >= lines
    assert (whole == 2_000).all()
    store.write([answer({"DEU": {"2019": 1.0}})])


def test_log_that_cannot_be_replayed_is_set_aside(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    with duckdb.connect(store.path) as connection:
        connection.execute("SET checkpoint_threshold = '1 GB'")
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("INSERT INTO about SELECT 1 FROM range(100000)")
    log = store.path.with_name(f"{store.path.name}.wal")
    content = bytearray(log.read_bytes())
    for at in range(len(content) // 3, 2 * len(content) // 3):
        content[at] ^= 0xFF
    log.write_bytes(content)
    assert len(newest(store)) == 1


def test_file_of_a_newer_econnet_is_refused(store: Store) -> None:
    store.write([answer({"DEU": {"2019": 1.0}})])
    with duckdb.connect(store.path) as connection:
        connection.execute("UPDATE about SET version = 99")
    with pytest.raises(DataError, match="upgrade econnet"):
        newest(store)


@pytest.mark.parametrize("content", [b"not a store" * 999, b"", b"DUCK"])
def test_other_file_in_its_place_is_refused_and_left_alone(
    store: Store, content: bytes
) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(DataError, match=r"econnet\.duckdb"):
        newest(store)
    assert store.path.read_bytes() == content or not content
