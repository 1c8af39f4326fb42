"""Every option of every command changes what the command does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from openpyxl import Workbook

from econnet.cli.app import app
from tests.user import ROOT, econnet

QUARTERS = pd.period_range("1970Q1", periods=160, freq="Q")
# Options of the question, which all forecasting commands share: the other options that
# each needs, and its values.
QUESTION = {
    "--country": ((), ("Beta",)),
    "--data": ((), ("others.csv",)),
    "--frequency": ((), ("A",)),
    "--target": (("--label", "year-on-year"), ("sales",)),
    "--label": ((), ("year-on-year",)),
    "--horizon": ((), ("2",)),
    "--event": (("--horizon", "2"), ("within",)),
    "--pool": ((), ("own",)),
    "--rolling-years": ((), ("8",)),
    "--members": ((), ("3",)),
    "--as-of": ((), ("2008-05-01",)),
    "--seed": ((), ("1",)),
    "--lag": ((), ("2",)),
    "--kind": ((), ("sales=drop",)),
    "--adjust": ((), ("stl",)),
}
# Other options, with the part of the answer that they change.
ANSWERED = {
    ("forecast", "--set"): (("sales=+3",), "what_if"),
    ("forecast", "--cost-ratio"): (("5",), "decision"),
    ("backtest", "--start"): (("2000Q1",), "models"),
    ("backtest", "--refit"): (("9",), "models"),
    ("backtest", "--day"): (("middle",), "models"),
    ("backtest", "--baselines"): (("base_rate,persistence",), "models"),
}
# Where the others are tested.
ELSEWHERE = {
    "--all": "tests/cli/test_train.py::test_all_trains_once_for_every_country",
    "--anchor": "tests/cli/test_publish.py::test_wrong_use_is_explained",
    "--baselines": "tests/forecast/test_backtest.py",
    "--cluster": "tests/cli/test_train.py::test_cluster_that_does_not_answer",
    "--cost-ratio": "tests/cli/test_options.py::test_option_changes_the_answer",
    "--country": "tests/cli/test_options.py::test_option_changes_the_forecast",
    "--dry-run": "tests/core/test_plugins.py",
    "--format": "tests/test_cli.py::test_report_in_one_format_writes_that_one",
    "--indicator": "tests/test_cli.py::test_export_writes_the_observations_asked_for",
    "--json": "tests/test_cli.py::test_status_countries_and_indicators_print_json",
    "--offline": "tests/test_cli.py::test_offline_fetch_names_the_available_data",
    "--output": "tests/test_cli.py::test_export_writes_the_observations_asked_for",
    "--search": "tests/cli/test_terminal.py",
    "--set": "tests/test_cli.py::test_what_if_is_answered_beside_the_forecast",
    "--source": "tests/cli/test_fetch.py",
    "--start": "tests/data/sources",
    "--verify": "tests/report/test_verification.py",
    "--vintages": "tests/forecast/test_backtest.py",
}


def firms(path: Path, seed: int) -> None:
    """Write the output and the sales of two firms, the latter with seasons."""
    rng = np.random.default_rng(seed)
    t = np.arange(len(QUARTERS))
    parts = [
        pd.DataFrame(
            {
                "country": firm,
                "period": QUARTERS.astype(str),
                "output": 100 * 1.004**t
                + (5 + number) * ((t + number) % 7 > 3)
                + rng.normal(0, 0.5, len(t)),
                "sales": 50 + t / 3 + 6 * (t % 4 == 0) + rng.normal(size=len(t)),
            }
        )
        for number, firm in enumerate(("Alpha", "Beta"))
    ]
    pd.concat(parts).to_csv(path, index=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    firms(folder / "firms.csv", 0)
    firms(folder / "others.csv", 1)
    return folder


def answer(command: str, folder: Path, asked: dict[str, str]) -> dict[str, Any]:
    """Return a command's JSON, without what depends on the clock."""
    usual = {"--country": "Alpha", "--data": "firms.csv", "--target": "output"}
    words = [word for pair in (usual | asked).items() for word in pair]
    run = econnet(command, *words, "--json", folder=folder)
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    return said


@pytest.mark.campaign
@pytest.mark.parametrize("option", QUESTION)
def test_option_changes_the_forecast(option: str, folder: Path) -> None:
    beside, value = QUESTION[option]
    asked = dict(zip(beside[::2], beside[1::2], strict=True))
    usual = answer("forecast", folder, asked)
    other = answer("forecast", folder, {**asked, option: value[0]})
    assert usual["probability"] != other["probability"]


@pytest.mark.campaign
@pytest.mark.parametrize(("command", "option"), ANSWERED)
def test_option_changes_the_answer(command: str, option: str, folder: Path) -> None:
    (value,), part = ANSWERED[command, option]
    asked = {"--baselines": "base_rate"} if command == "backtest" else {}
    usual = answer(command, folder, asked)
    other = answer(command, folder, {**asked, option: value})
    assert usual[part] != other[part]


@pytest.mark.campaign
def test_paper_changes_the_size_of_the_pages(folder: Path) -> None:
    sizes = set()
    for paper in ("a4", "letter"):
        asked = ("--country", "Alpha", "--data", "firms.csv", "--target", "output")
        run = econnet("report", *asked, "--paper", paper, folder=folder)
        assert run.returncode == 0, run.stderr
        (path,) = folder.glob("reports/firms/Alpha/**/report.pdf")
        sizes.add(len(path.read_bytes()))
    assert len(sizes) == 2


def test_sheet_chooses_the_table_that_is_read(tmp_path: Path) -> None:
    book = Workbook()
    for number, name in enumerate(("first", "second")):
        sheet = book.create_sheet(name)
        sheet.append(["period", f"sales_{name}"])
        for period, value in zip(QUARTERS.astype(str), range(160), strict=True):
            sheet.append([period, 100.0 + value + number])
    del book["Sheet"]
    book.save(tmp_path / "book.xlsx")
    for name in ("first", "second"):
        asked = ("book.xlsx", "--sheet", name, "--country", "DEU")
        run = econnet("inspect", *asked, folder=tmp_path)
        assert f"sales_{name}" in run.stdout, run.stderr


def test_kind_changes_what_is_understood_of_a_column(folder: Path) -> None:
    said = {
        econnet("inspect", "firms.csv", *kind, folder=folder).stdout
        for kind in ((), ("--kind", "sales=rate"))
    }
    assert len(said) == 2


@pytest.mark.campaign
@pytest.mark.parametrize("option", ["--updates", "--batch-size"])
def test_option_changes_the_duel(option: str, tmp_path: Path) -> None:
    run = econnet("duel", "--updates", "50", "--json", folder=tmp_path)
    other = econnet("duel", "--updates", "50", option, "7", "--json", folder=tmp_path)
    accuracy, changed = (json.loads(it.stdout)[0]["accuracy"] for it in (run, other))
    assert accuracy != changed


def test_every_option_is_tested() -> None:
    group = typer.main.get_command(app)
    here = {name for _, name in ANSWERED} | {"--paper", "--sheet", "--kind"}
    here |= {"--updates", "--batch-size", *QUESTION}
    commands: dict[str, Any] = group.commands  # type: ignore[attr-defined]
    options = {
        parameter.opts[-1]
        for command in commands.values()
        for parameter in command.params
        if parameter.param_type_name == "option"
    }
    assert options == here | ELSEWHERE.keys()
    for place in ELSEWHERE.values():
        path, _, test = place.partition("::")
        assert (ROOT / path).exists(), place
        assert not test or f"def {test}" in (ROOT / path).read_text("utf-8"), place
