import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.errors import DataError, UsageError
from econnet.core.settings import (
    ALFRED_URL,
    Settings,
    read_config,
    without_password,
)
from econnet.core.sources import LIVE_SOURCES, SOURCES

NAMES = (
    "ECONNET_DATA",
    "ECONNET_REPORTS",
    *(f"ECONNET_{name.upper()}_URL" for name in LIVE_SOURCES),
    "ECONNET_ALFRED_URL",
    "FRED_API_KEY",
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_public_services_and_the_current_folder_are_the_default() -> None:
    settings = Settings.from_environment()
    assert settings.data_folder == Path("data")
    assert settings.reports_folder == Path("reports")
    assert settings.urls == {name: SOURCES[name].url for name in LIVE_SOURCES}
    assert settings.alfred_url == ALFRED_URL
    assert settings.fred_api_key is None


def test_environment_is_read_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ECONNET_DATA", "/elsewhere")
    assert Settings.from_environment().data_folder == Path("/elsewhere")


def test_key_is_never_shown_and_never_sent_to_a_mirror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRED_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("ECONNET_FRED_URL", "http://mirror.example/fred")
    settings = Settings.from_environment()
    assert "0123456789abcdef" not in repr(settings)
    assert settings.alfred_url is None


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_file_gives_what_the_environment_does_not(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "econnet.toml").write_text(
        'data_folder = "figures"\nfred_url = "http://mirror.example/fred"\n'
    )
    monkeypatch.setenv("ECONNET_DATA", "elsewhere")
    monkeypatch.setenv("ECONNET_REPORTS", "")
    settings = Settings.from_environment()
    assert settings.data_folder == Path("elsewhere")
    assert settings.reports_folder == Path("reports")
    assert settings.urls["fred"] == "http://mirror.example/fred"
    assert settings.alfred_url is None
    assert settings.origins == {
        "data_folder": "ECONNET_DATA",
        "reports_folder": "default",
        **{f"{name}_url": "default" for name in LIVE_SOURCES},
        "fred_url": "econnet.toml",
        "fred_api_key": "default",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('date_folder = "a"', "nearest: data_folder"),
        ('colour = "a"', "use data_folder, reports_folder"),
        ("fred_url = 3", 'fred_url is text: write fred_url = "..."'),
        ('data_folder = ""', "data_folder is text"),
        ('task = "a"', r"write \[task\]"),
        ("a b", "cannot be read: .*line 1"),
        (f"a = {'[' * 9999}", "nested too deeply"),
        (f"{'a.' * 5000}a = 1", "nested too deeply"),
        (f"a = {{ {'b . ' * 9}c = 1 }}", "nested too deeply"),
        (f"[{'a.' * 9}a]", "nested too deeply"),
        (f"a = {'9' * 9999}", "cannot be read: .*digits"),
        (f"a = '{'x' * 2**20}'", "far too large"),
        ('data_folder = "a\\u0000b"', "data_folder is text"),
        ('worldbank_url = "https://me:0123@[::"', "not a service address"),
        ('fred_url = "file:///etc/passwd"', "not a service address"),
        ('fred_api_key = "0123"', "is a secret: remove it"),
        ('FRED_API_KEY = "0123"', "is a secret: remove it"),
    ],
)
def test_invalid_settings_file_is_refused(text: str, words: str, here: Path) -> None:
    (here / "econnet.toml").write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        Settings.from_environment()
    assert "econnet.toml" in str(caught.value)
    assert "0123" not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_file_is_settings_or_a_usage_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "econnet.toml"
        path.write_bytes(content)
        with suppress(UsageError):
            assert read_config(path) == {}


def test_file_that_the_disk_cannot_read_is_not_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "econnet.toml").mkdir()
    with pytest.raises(
        DataError, match=r"econnet\.toml cannot be read \(.+\): check its permissions"
    ):
        read_config(tmp_path / "econnet.toml")


def test_password_of_a_mirror_is_not_shown() -> None:
    url = "https://me:secret@mirror.example:8080/v2?api_key=1"
    assert without_password(url) == "https://mirror.example:8080/v2"


@pytest.mark.parametrize(
    "address",
    [
        "mirror",
        "ftp://me:s3cr3t@host/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://me:s3cr3t@host:port/",
        "javascript:alert(1)",
        "\x1b[2J",
        "http://mirror..example/",
        "http://.example/",
        f"http://{'a' * 64}.example/",
        f"http://{'ö' * 60}.example/",
        "http://two words/",
        "http://%41/",
        "http://\u2024/",  # a dot
    ],
)
def test_invalid_address_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ECONNET_FRED_URL", address)
    with pytest.raises(
        UsageError, match=r"^ECONNET_FRED_URL: fred_url is not a"
    ) as caught:
        Settings.from_environment()
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8080/v2",
        "https://[2001:db8::1]:443",
        "https://my_mirror/",
        "https://münchen.example./",
        f"https://{'a' * 63}.example/",
        "https://192.0.2.1",
    ],
)
def test_address_of_any_host_is_accepted(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ECONNET_FRED_URL", address)
    assert Settings.from_environment().urls["fred"] == address


def test_key_is_not_sent_without_encryption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECONNET_ALFRED_URL", "http://mirror.example/fred")
    assert Settings.from_environment().alfred_url
    monkeypatch.setenv("FRED_API_KEY", "0123456789abcdef")
    with pytest.raises(UsageError, match="only sent encrypted") as caught:
        Settings.from_environment()
    assert "0123456789abcdef" not in str(caught.value)
    monkeypatch.setenv("ECONNET_ALFRED_URL", "http://localhost:8000/fred")
    assert Settings.from_environment().alfred_url


def test_tilde_means_the_home_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("ECONNET_REPORTS", "~/reports")
    (here / "econnet.toml").write_text('data_folder = "~/data"')
    settings = Settings.from_environment()
    assert settings.data_folder == here / "data"
    assert settings.reports_folder == here / "reports"


def test_dots_in_an_address_do_not_count_as_nesting(here: Path) -> None:
    (here / "econnet.toml").write_text(f'fred_url = "https://{"a." * 20}example"')
    assert Settings.from_environment().urls["fred"].endswith(".example")
