"""A record with outcomes, and a site of a few countries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from econnet.forecast.ranking import Ranking
from econnet.report.site import build
from econnet.report.site.build import Site
from econnet.report.site.chain import (
    GENESIS,
    Record,
    RecordedForecast,
    RecordedOutcome,
)

MOMENT = datetime(2026, 11, 24, 3, tzinfo=UTC)


def forecast(**other: object) -> RecordedForecast:
    """Return an entry: 20% for Germany in 2027, where the average is 25%."""
    usual: dict[str, object] = {
        "line": 1,
        "recorded_at": "2026-11-24T03:00:00Z",
        "made_at": "2026-11-24T02:30:00Z",
        "country": "DEU",
        "frequency": "A",
        "target": "real_gdp",
        "label": "negative-growth",
        "event": "at",
        "horizon": 1,
        "origin": "2026",
        "period": "2027",
        "probability": 0.2,
        "base_rate": 0.25,
        "professional": None,
        "pool": "all",
        "as_of": "2026-11-24",
        "source": "snapshot",
        "version": "0.1.0",
        "data": "5f" * 32,
        "previous": GENESIS,
    }
    return RecordedForecast(**usual | other)  # type: ignore[arg-type]


def outcome(of: int, happened: int, **other: str) -> RecordedOutcome:
    usual = {"recorded_at": "2028-03-01T03:00:00Z", "known_at": "2028-02-15"} | other
    return RecordedOutcome(
        line=1, forecast=of, outcome=happened, previous=GENESIS, **usual
    )


@pytest.fixture(scope="session")
def record() -> Record:
    """Return a record of three publications, with two outcomes."""
    return Record().extended(
        [
            forecast(),
            forecast(country="BRA", probability=0.4, professional=0.3),
            forecast(
                recorded_at="2027-01-05T03:00:00Z",
                as_of="2027-01-05",
                probability=0.45,
            ),
            outcome(1, 0),
            outcome(2, 0),
            forecast(
                recorded_at="2028-03-01T03:00:00Z",
                origin="2027",
                period="2028",
                as_of="2028-03-01",
                probability=0.3,
            ),
        ]
    )


@pytest.fixture(scope="session")
def site(ranking: Ranking, record: Record) -> Site:
    return Site(ranking, record)


@pytest.fixture(scope="session")
def published(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "site"
    build.write(site, folder)
    return folder


@pytest.fixture
def of_one_country(ranking: Ranking, record: Record) -> Callable[[str], Site]:
    """Return the function that makes the site of one country, made at a moment."""

    def make(made_at: str) -> Site:
        first = replace(ranking.forecasts[0], made_at=made_at)
        return Site(replace(ranking, forecasts=(first,)), record)

    return make
