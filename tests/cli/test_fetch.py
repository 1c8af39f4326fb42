"""Fetching as a user, from sources on loopback."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from werkzeug import Response

from econnet.data.sources import fred
from tests.data.sources import replay
from tests.data.sources.servers import (
    BANK_AND_FRED,
    GERMANY,
    HTML,
    TOGO,
    Sources,
    closed_port,
    fred_file,
    rows_of,
)
from tests.user import econnet

GDP = "NY.GDP.MKTP.KD"
YEARS = {"2018": 1.5, "2019": 2.5, "2020": 2.25}


@pytest.fixture
def environment(sources: Sources) -> dict[str, str]:
    """Return where both sources answer, each with a little."""
    sources.else_rows = rows_of(TOGO, YEARS) + rows_of(GERMANY, YEARS)
    quarters = {"2020-01-01": "120.25", "2020-04-01": "118.5"}
    sources.files = {"QLTR628BIS": fred_file("QLTR628BIS", quarters)}
    return {
        **sources.environment,
        "FRED_API_KEY": "",
    }


def fetch(
    folder: Path, environment: Mapping[str, str], *more: str
) -> subprocess.CompletedProcess[str]:
    return econnet(
        "fetch", "--country", "LTU", *BANK_AND_FRED, *more, folder=folder, **environment
    )


def status(folder: Path) -> dict[str, object]:
    run = econnet("status", "--json", folder=folder)
    assert run.returncode == 0, run.stderr
    store: dict[str, object] = json.loads(run.stdout)["store"]
    return store


@pytest.mark.campaign
def test_status_counts_what_a_refetch_revised(
    sources: Sources, environment: dict[str, str], tmp_path: Path
) -> None:
    first = fetch(tmp_path, environment)
    assert first.returncode == 0, first.stderr
    assert "not available: FRED, " in first.stderr
    assert status(tmp_path)["revisions"] == 0
    sources.bank[GDP] = rows_of(TOGO, YEARS | {"2020": 2.0}) + rows_of(GERMANY, YEARS)
    again = fetch(tmp_path, environment, "--json")
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["added"], summary["revised"], summary["failed"]) == (0, 1, [])
    assert summary["unchanged"] == summary["requested"] - len(summary["missing"]) - 1
    assert status(tmp_path)["revisions"] == 1
    table = econnet("status", folder=tmp_path, COLUMNS="80").stdout
    assert ", 1 revised" in table
    rows = [line for line in table.splitlines() if "http" not in line]
    assert max(map(len, rows)) <= 80


@pytest.mark.campaign
@pytest.mark.parametrize("country", ["DEU", "BRA", "IND", "CHN", "KOR", "NGA"])
def test_country_gets_quarterly_output_and_monthly_series(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, country: str
) -> None:
    monkeypatch.setattr(fred, "PER_SECOND", None)
    sources.updated = "2026-10-07"
    replay.serve(sources.server, [country], first="2024-01")
    replay.serve_bank_and_fred(sources, [country], first="2024-01")
    asked = "fetch", "--country", country, "--json"
    environment = {**sources.environment, "FRED_API_KEY": ""}
    run = econnet(*asked, folder=tmp_path, **environment)
    assert run.returncode == 0, run.stderr
    with duckdb.connect(str(tmp_path / "data" / "econnet.duckdb")) as store:
        found = store.execute(
            "SELECT DISTINCT indicator, source, frequency FROM series "
            "WHERE country = ? AND NOT discontinued",
            [country],
        ).fetchall()
    output = {frequency for key, _, frequency in found if key == "real_gdp"}
    assert "Q" in output
    monthly = {key for key, _, frequency in found if frequency == "M"}
    assert len(monthly) >= (1 if country == "NGA" else 5), monthly
    again = json.loads(econnet(*asked, folder=tmp_path, **environment).stdout)
    assert (again["added"], again["revised"], again["failed"]) == (0, 0, [])


@pytest.mark.campaign
def test_source_that_is_down_is_named_and_the_other_stored(
    environment: dict[str, str], tmp_path: Path
) -> None:
    run = fetch(tmp_path, {**environment, "ECONNET_FRED_URL": closed_port()})
    assert run.returncode == 4
    assert "new values, 0 revised" in run.stdout
    assert "failed: FRED" in run.stderr
    assert "econnet: FRED, " in run.stderr
    coverage = status(tmp_path)["coverage"]
    assert isinstance(coverage, list)
    assert {row["source"] for row in coverage} == {"worldbank"}


def test_source_that_answers_with_a_web_page_leaves_no_partial_store(
    sources: Sources, environment: dict[str, str], tmp_path: Path
) -> None:
    sources.instead = {GDP: [Response(HTML, content_type="text/html")]}
    run = fetch(tmp_path, environment, "--source", "worldbank")
    assert run.returncode == 4
    assert f"econnet: World Bank, {GDP}: " in run.stderr
    with duckdb.connect(str(tmp_path / "data" / "econnet.duckdb")) as store:
        (found,) = store.execute(
            "SELECT count(*) FROM observations WHERE series_id = ?", [GDP]
        ).fetchall()
    assert found == (0,)


def test_fetch_that_finds_no_series_fails(
    sources: Sources, environment: dict[str, str], tmp_path: Path
) -> None:
    sources.else_rows = []
    run = fetch(tmp_path, environment, "--source", "worldbank")
    assert run.returncode == 4
    assert "has none of" in run.stderr.splitlines()[-1]
