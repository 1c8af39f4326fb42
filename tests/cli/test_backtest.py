"""`econnet backtest` on chosen days of the period."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.builders import world
from tests.user import econnet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file of output that is published after 50 days."""
    rows = world(countries=1, quarters=80)
    ends = pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
    rows = rows.assign(known_at=(ends + pd.Timedelta(days=50)).strftime("%Y-%m-%d"))
    here = tmp_path_factory.mktemp("backtest")
    columns = ["country", "period", "indicator", "value", "known_at"]
    rows[columns].to_csv(here / "own.csv", index=False)
    return here


ASKED = ("backtest", "--data", "own.csv", "--baselines", "base_rate")


def test_each_day_has_its_own_scores(folder: Path) -> None:
    days = ("--day", "middle", "--day", "75", "--day", "end")
    run = econnet(*ASKED, *days, "--json", folder=folder)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    found = {one["task"]["day"]: one["models"]["econnet"] for one in document["days"]}
    assert [*found] == ["45", "75", "end"]
    # Nothing is published between days 75 and 91, but output is on day 50.
    assert found["75"]["brier"] == found["end"]["brier"] != found["45"]["brier"]


def test_table_has_the_titles_and_percentages_of_reports(folder: Path) -> None:
    run = econnet(*ASKED, folder=folder)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    (average,) = (line.split() for line in lines if line.startswith("historical"))
    assert (average[-4], average[-2]) == ("0%", "0%")
    assert any(line.startswith("networks alone ") for line in lines)


@pytest.mark.campaign
def test_all_days_are_kept_for_forecast_and_report(folder: Path) -> None:
    now = ("--data", "own.csv", "--horizon", "0")
    run = econnet("backtest", *now, "--day", "all", folder=folder)
    assert run.returncode == 0, run.stderr
    days = ("day 15", "day 45", "day 75", "end")
    lines = run.stdout.splitlines()
    table = [line for line in lines if line.strip().startswith(days)]
    assert len(table) == 4
    told = econnet("forecast", *now, folder=folder).stdout.splitlines()
    assert {*table} <= {*told}
    written = econnet("report", *now, "--format", "json", folder=folder)
    (path,) = written.stdout.split()
    document = json.loads((folder / path).read_text())
    assert [one["day"] for one in document["skill_by_day"]] == ["15", "45", "75", "end"]
    # Another schedule leaves a single day, and the forecast has no table of days.
    again = econnet(*ASKED, "--horizon", "0", "--refit", "8", folder=folder)
    assert again.returncode == 0, again.stderr
    verified = econnet("report", *now, "--verify", folder=folder)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.campaign
def test_table_names_the_day(folder: Path) -> None:
    for day, words in (
        ("middle", "on day 45 of the quarter"),
        ("end", "at the end of"),
    ):
        run = econnet(*ASKED, "--day", day, folder=folder)
        assert words in " ".join(run.stdout.split())


def test_day_that_no_quarter_has_is_refused(folder: Path) -> None:
    run = econnet(*ASKED, "--day", "100", folder=folder)
    assert run.returncode == 2
    assert "--day '100' is not a day of a quarter" in run.stderr
