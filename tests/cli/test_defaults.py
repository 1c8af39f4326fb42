"""Settings as a user gives them: by file, environment and flag."""

import json
from pathlib import Path

import pytest

from tests.user import econnet

FILE = """
data_folder = "figures"

[task]
country = "Atlantis"
horizon = 2
"""


def settings(folder: Path, **environment: str) -> dict[str, dict[str, str]]:
    run = econnet("status", "--json", folder=folder, **environment)
    assert run.returncode == 0, run.stderr
    found: dict[str, dict[str, str]] = json.loads(run.stdout)["settings"]
    return found


def test_status_shows_each_default_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / "econnet.toml").write_text(FILE)
    found = settings(
        tmp_path,
        ECONNET_HORIZON="3",
        FRED_API_KEY="0123456789abcdef",
        ECONNET_WORLDBANK_URL="http://me:secret@mirror.example/v2",
    )
    assert found["data_folder"] == {"value": "figures", "from": "econnet.toml"}
    assert found["reports_folder"] == {"value": "reports", "from": "default"}
    assert found["country"] == {"value": "Atlantis", "from": "econnet.toml"}
    assert found["horizon"] == {"value": "3", "from": "ECONNET_HORIZON"}
    assert found["fred_api_key"] == {"value": "set, not shown", "from": "FRED_API_KEY"}
    assert found["worldbank_url"]["value"] == "http://mirror.example/v2"


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ("forecast", {}, "no country is called 'Atlantis'"),
        ("forecast", {"ECONNET_COUNTRY": "Elbonia,DEU"}, "'Elbonia'"),
        ("forecast --country Erewhon", {"ECONNET_COUNTRY": "Elbonia"}, "'Erewhon'"),
        ("train", {"ECONNET_HORIZON": "99"}, "(set by ECONNET_HORIZON)"),
        ("backtest", {"ECONNET_HORIZON": "3"}, "no country is called 'Atlantis'"),
        ("train --data x.csv --kind a=b", {}, "--kind 'a=b' is not COLUMN=KIND"),
        ("backtest --all --refit never", {}, "--refit 'never'"),
    ],
)
def test_flag_overrides_environment_and_environment_overrides_file(
    arguments: str, environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "econnet.toml").write_text(FILE)
    run = econnet(*arguments.split(), folder=tmp_path, **environment)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[task]\nhorizn = 1", "[task] has an unknown key 'horizn': nearest: horizon"),
        ('[task]\nhorizon = "soon"', "'--horizon': "),
        ("[tusk]\nhorizon = 1", "unknown key 'tusk': nearest: task"),
    ],
)
def test_mistake_in_the_file_is_named(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "econnet.toml").write_text(text)
    run = econnet("forecast", "--country", "DEU", folder=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert words in line
    assert "econnet.toml" in line
