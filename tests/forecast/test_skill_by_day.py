"""The skill by information day, and the file in which replays are kept."""

from dataclasses import replace
from pathlib import Path, PurePath
from typing import cast

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from econnet.core import countries
from econnet.core.period_days import DayOfPeriod
from econnet.core.task import Task
from econnet.core.workspace import UserFile, Workspace
from econnet.data.store.store import Store
from econnet.forecast import saved_days, skill_by_day
from econnet.forecast.backtest import Backtest
from econnet.forecast.saved_days import Basis
from econnet.models.windows import Schedule
from tests.data.store.test_store import answer

GERMANY = countries.by_alpha3("DEU")
MIDDLE, LATE = DayOfPeriod(0, 45), DayOfPeriod(0, 75)
TASK = Task("Q", horizon=0)
PLACE = PurePath("DEU/negative-growth-Q-h0-at")
BASIS = Basis("1", "data")


def replay(
    day: DayOfPeriod,
    *,
    first: str = "2000Q1",
    n: int = 40,
    schedule: Schedule | None = None,
) -> Backtest:
    """Return a backtest with known forecasts, which are sharper on later days."""
    periods = pd.period_range(first, periods=n, freq="Q")
    outcome = ((periods.year % 4 == 0) & (periods.quarter < 3)).astype(float)
    sharp = 0.5 + 0.004 * day.days * np.where(outcome == 1, 1, -1)
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "country": "DEU",
                "origin": periods,
                "period": periods,
                "horizon": 0,
                "probability": probability,
                "outcome": outcome,
                "signal": False,
            }
        )
        for model, probability in (("econnet", sharp), ("base_rate", np.full(n, 0.2)))
    ]
    return Backtest(
        task=TASK,
        schedule=schedule or Schedule(),
        countries=(GERMANY,),
        n_countries_trained=1,
        day=day,
        source="snapshot",
        as_of="2020-01-01",
        share_in_real_time=0.0,
        left_out=(),
        track_record=pd.concat(parts, ignore_index=True),
        performances={},
        comparisons={},
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", tmp_path / "reports")


def keep(workspace: Workspace, result: Backtest, basis: Basis = BASIS) -> None:
    skill_by_day.keep(result, GERMANY, PLACE, basis, workspace)


def kept(workspace: Workspace) -> list[str]:
    saved = saved_days.load_days(workspace.skill_by_day(PLACE))
    assert saved is not None
    return [skill.day for skill in saved.skills]


def test_days_are_compared_on_the_periods_that_all_have() -> None:
    late, middle = replay(LATE), replay(MIDDLE, first="2001Q1")
    first, second = skill_by_day.of_backtests([late, middle])
    assert [first.day, second.day] == ["45", "75"]
    assert first.skill.n == second.skill.n == 36
    shared = late.track_record[late.track_record["period"] >= pd.Period("2001Q1", "Q")]
    own, base = (
        log_loss(rows["outcome"], rows["probability"])
        for model in ("econnet", "base_rate")
        for rows in [shared[shared["model"] == model]]
    )
    assert second.log_loss == pytest.approx(own)
    assert second.skill.value == pytest.approx(1 - own / base)
    assert second.gain is not None
    assert first.skill.value is not None
    assert second.gain == pytest.approx(1 - own / base - first.skill.value)
    assert (first.gain, first.gain_interval) == (None, None)


def test_days_without_a_common_period_are_not_compared() -> None:
    early, late = replay(MIDDLE, n=8), replay(LATE, first="2010Q1")
    assert skill_by_day.of_backtests([early, late]) == ()


def test_a_replay_joins_those_of_other_days_and_replaces_its_own(
    workspace: Workspace,
) -> None:
    keep(workspace, replay(LATE))
    keep(workspace, replay(MIDDLE))
    assert kept(workspace) == ["45", "75"]
    keep(workspace, replay(LATE, first="2003Q1"))
    saved = saved_days.load_days(workspace.skill_by_day(PLACE))
    assert saved is not None
    assert saved.skills == skill_by_day.of_backtests(
        [replay(MIDDLE), replay(LATE, first="2003Q1")]
    )


@pytest.mark.parametrize(
    ("basis", "schedule"),
    [
        (Basis("2", "data"), Schedule()),
        (Basis("1", "newer data"), Schedule()),
        (BASIS, Schedule(refit_every=1)),
        (BASIS, Schedule(start=pd.Period("2001Q1", "Q"))),
    ],
)
def test_replays_that_cannot_be_compared_are_replaced(
    workspace: Workspace, basis: Basis, schedule: Schedule
) -> None:
    keep(workspace, replay(LATE))
    keep(workspace, replay(MIDDLE, schedule=schedule), basis)
    assert kept(workspace) == ["45"]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"schema": 1}', b"\xff\x00"])
def test_damaged_file_is_ignored_and_replaced(
    workspace: Workspace, damage: bytes
) -> None:
    keep(workspace, replay(LATE))
    workspace.skill_by_day(PLACE).write_bytes(damage)
    assert saved_days.load_days(workspace.skill_by_day(PLACE)) is None
    keep(workspace, replay(MIDDLE))
    assert kept(workspace) == ["45"]


def keep_two_days(workspace: Workspace, basis: Basis | None) -> None:
    assert basis is not None
    for day in (MIDDLE, LATE):
        keep(workspace, replay(day), basis)


def test_two_days_are_found_wherever_the_forecast_has_its_place(
    workspace: Workspace,
) -> None:
    keep(workspace, replay(MIDDLE), cast("Basis", saved_days.basis(workspace, TASK)))
    headline = PurePath("DEU")
    assert saved_days.find(GERMANY, TASK, headline, workspace) == ()
    keep_two_days(workspace, saved_days.basis(workspace, TASK))
    found = saved_days.find(GERMANY, TASK, headline, workspace)
    assert [skill.day for skill in found] == ["45", "75"]
    other = replace(TASK, seed=1)
    assert saved_days.find(GERMANY, other, headline, workspace) == ()


def test_nothing_is_found_after_a_fetch_or_for_a_past_date(
    workspace: Workspace,
) -> None:
    keep_two_days(workspace, saved_days.basis(workspace, TASK))
    past = replace(TASK, as_of="2015-01-01")
    assert saved_days.basis(workspace, past) is None
    Store(workspace.store).write([answer({"FRA": {"2019": 1.0}})])
    assert saved_days.find(GERMANY, TASK, PLACE, workspace) == ()


def test_days_of_a_file_are_found_until_it_changes(
    workspace: Workspace, tmp_path: Path
) -> None:
    own = UserFile(tmp_path / "own.csv")
    own.path.write_text("period,gdp\n2000Q1,1\n")
    keep_two_days(workspace, saved_days.basis(workspace, TASK, own))
    assert len(saved_days.find(GERMANY, TASK, PLACE, workspace, own)) == 2
    later = replace(own, lag=2)
    assert saved_days.find(GERMANY, TASK, PLACE, workspace, later) == ()
    own.path.write_text("period,gdp\n2000Q1,2\n")
    assert saved_days.find(GERMANY, TASK, PLACE, workspace, own) == ()
