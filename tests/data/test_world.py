"""All sources at once, replayed on loopback for countries of every kind."""

from pathlib import Path

import pandas as pd
import pytest

from econnet.core import catalog
from econnet.core.countries import by_alpha3
from econnet.core.periods import PANDAS_ALIAS
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES
from econnet.data import load
from econnet.data.fetch import Summary, fetch
from econnet.data.sources import fred
from tests.data.sources import replay
from tests.data.sources.servers import QUICK, Sources, closed_port, fred_file

COUNTRIES = ("DEU", "BRA", "IND", "CHN", "NGA", "KOR")


@pytest.fixture
def settings(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Return settings for a server that has what the catalog expects."""
    monkeypatch.setattr(fred, "PER_SECOND", None)
    replay.serve(sources.server, list(COUNTRIES))
    named = [by_alpha3(alpha3) for alpha3 in COUNTRIES]
    for country in named:
        sources.archive[country.alpha3] = {
            "202401": {"2021": 1.5, "2022": 2.5},
            "202407": {"2021": 1.5, "2022": 2.25},
        }
        for _, template in catalog.fetched_from("fred"):
            if template.covers(country.alpha3):
                days = pd.period_range(
                    "2024-01", periods=4, freq=PANDAS_ALIAS[template.frequency]
                ).start_time
                values = {f"{day:%Y-%m-%d}": str(1.5 + n) for n, day in enumerate(days)}
                for plain in fred.plain_ids(template.id_for(country)):
                    sources.files[plain] = fred_file(plain, values)
    for _, template in catalog.fetched_from("worldbank"):
        periods = {"A": ("2024", "2025"), "Q": ("2026Q1", "2026Q2")}.get(
            template.frequency, ("2026M06", "2026M07")
        )
        sources.bank[template.id] = [
            (country.alpha3, country.alpha2, country.name, period, 100.0 + n)
            for country in named
            if template.covers(country.alpha3)
            for n, period in enumerate(periods)
        ]
    return sources.settings(tmp_path)


def fetch_all(settings: Settings) -> Summary:
    named = [by_alpha3(alpha3) for alpha3 in COUNTRIES]
    return fetch(settings, named, start_year=2020, retry_policy=QUICK)


@pytest.mark.campaign
def test_every_country_gets_quarterly_output_and_monthly_series(
    settings: Settings,
) -> None:
    summary = fetch_all(settings)
    assert summary.failed == ()
    series = load.store(settings).series()
    assert {*series["source"]} >= {*LIVE_SOURCES} - {"spf", "ecb"}
    for alpha3 in COUNTRIES:
        own = series[series["country"] == alpha3]
        output = own[own["indicator"] == "real_gdp"]
        assert "Q" in {*output["frequency"]}, alpha3
        monthly = own[own["frequency"] == "M"]["indicator"].nunique()
        assert monthly >= 5, (alpha3, monthly)
    again = fetch_all(settings)
    assert again.changes == ()
    assert again.unchanged == again.requested - len(again.missing)


@pytest.mark.campaign
@pytest.mark.parametrize("down", ["worldbank", "fred", "oecd"])
def test_an_outage_of_one_source_affects_only_that_source(
    settings: Settings, down: str
) -> None:
    urls = {**settings.urls, down: closed_port()}
    summary = fetch_all(Settings(settings.data_folder, settings.reports_folder, urls))
    assert summary.failed
    stored = {*load.store(settings).series()["source"]}
    assert down not in stored
    assert stored >= {*LIVE_SOURCES} - {down, "spf", "ecb"}
