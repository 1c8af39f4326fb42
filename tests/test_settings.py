from pathlib import Path

import pytest

from econnet.settings import ALFRED_URL, FRED_URL, WORLDBANK_URL, Settings

NAMES = (
    "ECONNET_DATA",
    "ECONNET_REPORTS",
    "ECONNET_WORLDBANK_URL",
    "ECONNET_FRED_URL",
    "ECONNET_ALFRED_URL",
    "FRED_API_KEY",
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_public_services_and_the_folder_at_hand_are_the_default() -> None:
    settings = Settings.from_environment()
    assert settings.data_folder == Path("data")
    assert settings.reports_folder == Path("reports")
    assert settings.worldbank_url == WORLDBANK_URL
    assert settings.fred_url == FRED_URL
    assert settings.alfred_url == ALFRED_URL
    assert settings.fred_api_key is None


def test_environment_is_read_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ECONNET_DATA", "/elsewhere")
    assert Settings.from_environment().data_folder == Path("/elsewhere")


def test_key_is_never_shown_and_goes_to_no_mirror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRED_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("ECONNET_FRED_URL", "http://mirror.example/fred")
    settings = Settings.from_environment()
    assert "0123456789abcdef" not in repr(settings)
    assert settings.alfred_url is None
