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
    assert "--day '100' is no day of a quarter" in run.stderr
