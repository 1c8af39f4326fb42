"""Every command and every function that takes a date, and what it does with it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import econnet as package
from econnet import build_panel, read_data
from econnet.cli.app import COMMANDS
from econnet.core.errors import UsageError
from tests.user import econnet

DAY = "2008-10-01"


def takes_date(function: Callable[..., object]) -> bool:
    return "as_of" in inspect.signature(function).parameters


DATED_COMMANDS = {
    "train": ("--country", "DEU"),
    "forecast": ("--country", "DEU"),
    "report": ("--country", "DEU"),
    "backtest": ("--country", "DEU"),
    "export": ("--country", "DEU", "--output", "rows.csv"),
    "publish": ("--country", "DEU"),
}
# A public record contains no forecasts of earlier days: `publish` takes no date at all.
LOOKING_BACK = [name for name in DATED_COMMANDS if name != "publish"]
DATED_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "read_data": (),
    "build_panel": (),
    "make_forecast": ("Germany",),
    "run_backtest": (["Germany"],),
    "rank_countries": (["Germany"],),
}


def test_commands_and_functions_with_a_date_are_tested_here() -> None:
    assert {*DATED_COMMANDS} == {each.__name__ for each in COMMANDS if takes_date(each)}
    functions = (getattr(package, name) for name in package.__all__)
    dated = {each.__name__ for each in functions if takes_date(each)}
    assert {*DATED_FUNCTIONS} == dated


@pytest.mark.parametrize("command", DATED_COMMANDS)
@pytest.mark.parametrize("text", ["01/10/2008", "-1", "", "2008-10-01T00:00+02:00"])
def test_command_refuses_a_date_that_is_not_iso(
    command: str, text: str, tmp_path: Path
) -> None:
    arguments = (command, *DATED_COMMANDS[command], "--as-of", text)
    run = econnet(*arguments, folder=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert "--as-of" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", LOOKING_BACK)
def test_command_refuses_a_future_date(command: str, tmp_path: Path) -> None:
    arguments = (command, *DATED_COMMANDS[command], "--as-of", "2999-01-01")
    run = econnet(*arguments, folder=tmp_path)
    assert run.returncode == 2
    assert "--as-of 2999-01-01 is in the future" in run.stderr


@pytest.mark.parametrize("name", DATED_FUNCTIONS)
@pytest.mark.parametrize(
    "day", ["01/10/2008", "2999-01-01", pd.Timestamp(DAY, tz="UTC"), 2008], ids=repr
)
def test_function_refuses_what_the_command_refuses(
    name: str, day: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--as-of"):
        getattr(package, name)(*DATED_FUNCTIONS[name], as_of=day)


def test_bundled_data_of_a_date_give_the_panel_of_that_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    then, now = read_data(as_of=DAY), read_data()
    assert 1000 < len(then.observations) < len(now.observations)
    one, other = (build_panel(data, "Q", as_of=DAY) for data in (then, now))
    pd.testing.assert_frame_equal(one.values, other.values)
    pd.testing.assert_frame_equal(one.known_at, other.known_at)


def test_export_of_a_date_has_what_was_published_by_then(tmp_path: Path) -> None:
    chosen = ("--country", "DEU", "--indicator", "real_gdp")
    run = econnet(
        *("export", *chosen, "--as-of", DAY, "--output", "then.csv"), folder=tmp_path
    )
    assert run.returncode == 0, run.stderr
    periods = pd.read_csv(tmp_path / "then.csv")["period"]
    # Output of the second quarter is published in August, of the third in November.
    assert periods[periods.str.contains("Q")].max() == "2008Q2"
    before = econnet(
        *("export", *chosen, "--as-of", "1900-01-01", "--output", "before.csv"),
        folder=tmp_path,
    )
    assert before.returncode == 3
    assert "known on 1900-01-01" in before.stderr
    assert not (tmp_path / "before.csv").exists()


def test_file_of_a_date_lacks_what_came_later(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    rows = [f"A,{year},{year - 1900.5}" for year in range(1990, 2020)]
    file.write_text("\n".join(["country,period,sales", *rows]))
    then = read_data(file, as_of=DAY)
    # A value is known one period after its own.
    assert then.observations["period"].max() == "2006"
    assert then.series["last_period"].tolist() == ["2006"]
