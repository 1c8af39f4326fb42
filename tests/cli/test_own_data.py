"""Forecasts from files as users have them.

How such files are read is tested in `tests/data/files`.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from econnet import make_forecast
from econnet.core.errors import DataError
from tests.user import ROOT, econnet

CASES = ROOT / "tests/data/files/cases"
QUICK = ("--members", "1")


def case(number: int, folder: Path) -> Path:
    """Copy the files of a case to a folder, and return its data."""
    (source,) = CASES.glob(f"{number}-*")
    (data,) = source.glob("*.csv")
    return Path(shutil.copy(data, folder))


def test_seasonal_target_is_refused_with_the_remedy(tmp_path: Path) -> None:
    data = case(32, tmp_path)
    run = econnet(
        *("forecast", "--data", data.name, "--country", "DEU", *QUICK), folder=tmp_path
    )
    assert run.returncode == 3
    assert run.stdout == ""
    refusal = run.stderr.strip().splitlines()[-1]
    assert "season" in refusal
    assert "--label year-on-year" in refusal
    assert "--adjust" in refusal


@pytest.mark.campaign
def test_columns_that_reveal_the_future_are_left_out_and_named(tmp_path: Path) -> None:
    data = case(34, tmp_path)
    run = econnet(
        *("forecast", "--data", data.name, "--country", "USA", "--target", "UNRATE"),
        *("--label", "given:USRECD", *QUICK, "--json"),
        folder=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    left_out = " ".join(run.stderr.split())
    for column in ("Target_1Q_ahead", "Target_3Q_ahead", "quarters_until_recession"):
        assert column in left_out
        assert column not in run.stdout


@pytest.mark.campaign
def test_contraction_of_a_growth_rate_is_growth_below_zero(tmp_path: Path) -> None:
    data = case(30, tmp_path)
    run = econnet(
        *("forecast", "--data", data.name, "--country", "USA"),
        *("--target", "gdp_growth", *QUICK, "--json"),
        folder=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    rows = [row.split(",") for row in data.read_text("utf-8").splitlines()[1:]]
    below = [float(row[2]) < 0 for row in rows if row[0] == "USA"]
    answer = json.loads(run.stdout)
    assert answer["name"] == "United States"
    assert answer["target"] == "gdp_growth"
    share = sum(below) / len(below)
    assert answer["base_rate"] == pytest.approx(share, abs=1 / len(below))


@pytest.mark.campaign
def test_exported_data_give_the_forecast_of_the_bundled_data(tmp_path: Path) -> None:
    task = ("--country", "DEU", "--pool", "own", *QUICK, "--json")
    exported = econnet(
        *("export", "--country", "DEU", "--output", "germany.csv"), folder=tmp_path
    )
    assert exported.returncode == 0, exported.stderr
    bundled = econnet("forecast", *task, folder=tmp_path)
    own = econnet("forecast", "--data", "germany.csv", *task, folder=tmp_path)
    assert own.returncode == 0, own.stderr
    one, other = json.loads(bundled.stdout), json.loads(own.stdout)
    for field in ("country", "origin", "period", "label", "target", "base_rate"):
        assert one[field] == other[field], field
    for field in ("n", "n_contractions", "n_origins"):
        assert one["metrics"][field] == other["metrics"][field], field


@pytest.mark.campaign
def test_countries_of_one_file_have_folders_of_their_own(tmp_path: Path) -> None:
    data = case(48, tmp_path)
    for country in ("Kenya", "Germany"):
        run = econnet(
            *("report", "--data", data.name, "--country", country),
            *("--format", "json", *QUICK),
            folder=tmp_path,
        )
        assert run.returncode == 0, run.stderr
    reports = sorted((tmp_path / "reports").rglob("report.json"))
    found = [json.loads(path.read_text("utf-8"))["name"] for path in reports]
    assert sorted(found) == ["Germany", "Kenya"]


def test_single_known_at_is_refused_with_the_reason_for_file_and_frame(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame(
        {
            "country": "DEU",
            "period": [f"{1990 + n // 4}Q{n % 4 + 1}" for n in range(120)],
            "real_gdp": [100 + n + n % 7 for n in range(120)],
            "sales": [100 + n + n % 5 for n in range(120)],
            "known_at": "2020-03-31",
        }
    )
    frame.to_csv(tmp_path / "own.csv", index=False)
    run = econnet(
        *("forecast", "--data", "own.csv", "--country", "DEU", "--target", "sales"),
        folder=tmp_path,
    )
    assert run.returncode == 3
    # The line about the file names the target that the user gives, not the default.
    assert "target sales" in run.stderr
    assert "target real_gdp" not in run.stderr
    reason = "every value of sales has the publication date 2020-03-31"
    assert reason in " ".join(run.stderr.split())
    with pytest.raises(DataError, match=reason):
        make_forecast("Germany", data=frame, target="sales")
    with pytest.raises(DataError, match=reason):
        make_forecast("DEU", data=tmp_path / "own.csv", target="sales")
