import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from econnet.answer import Task
from econnet.cli import jobs
from econnet.cli.options import TaskOptions
from econnet.settings import Settings
from tests.user import econnet


def panel(path: Path, quarters: int = 90) -> Path:
    """Write the output of three firms with a cycle of seven quarters."""
    periods = pd.period_range("1990Q1", periods=quarters, freq="Q")
    rows = [
        {
            "country": firm,
            "period": str(period),
            "output": 100 * 1.004**t + (3 + number) * ((t + number) % 7 > 3),
        }
        for number, firm in enumerate(("Alpha", "Beta", "Gamma"))
        for t, period in enumerate(periods)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_all_trains_once_for_every_country_and_horizon(tmp_path: Path) -> None:
    data = str(panel(tmp_path / "firms.csv"))
    asked = ("train", "--all", "--data", data, "--target", "output", "--members", "2")
    first = econnet(*asked, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "negative-growth, horizon 1: 3 countries" in first.stdout
    for firm in ("Alpha", "Beta", "Gamma"):
        assert (tmp_path / "data" / "models" / "firms" / f"{firm}.npz").is_file()
    journal = (tmp_path / "data" / "forecasts.csv").read_text("utf-8").splitlines()
    assert len(journal) == 1 + 3
    # Nothing is left of the parts once the whole is done.
    assert not list((tmp_path / "data" / "unfinished").glob("*"))
    one = econnet(
        *("forecast", "--data", data, "--target", "output", "--members", "2"),
        *("--country", "Beta", "--json"),
        folder=tmp_path,
    )
    assert one.returncode == 0, one.stderr
    assert json.loads(one.stdout)["country"] == "Beta"
    assert "training one" not in one.stderr


def test_ranking_by_the_default_task_has_the_plain_place(tmp_path: Path) -> None:
    asked = TaskOptions(data=panel(tmp_path / "firms.csv"), target="output")
    found = jobs.data_and_countries(asked)

    def place(task: Task) -> str:
        whole = replace(asked, frequency=task.frequency, label=task.label)
        folder = jobs.ranking_folder(whole, task, found)
        return folder.relative_to(Settings.from_environment().reports_folder).as_posix()

    assert place(Task("Q", "output")) == "firms/ranking"
    assert place(Task("A", "output")) == "firms/ranking/negative-growth-A-h1-at"
    later = Task("Q", "output", horizon=2)
    assert place(later) == "firms/ranking/negative-growth-Q-h2-at"


def test_model_of_another_task_or_country_has_a_place_of_its_own(
    tmp_path: Path,
) -> None:
    asked = TaskOptions(data=panel(tmp_path / "firms.csv"), target="output")
    one = jobs.jobs(replace(asked, country=["Beta"]))
    among = jobs.jobs(replace(asked, country=["Alpha", "Beta"]))
    assert one[0].model_file == among[1].model_file
    (later,) = jobs.jobs(replace(asked, country=["Beta"], horizon=2))
    assert one[0].model_file.parts[-2:] == ("firms", "Beta.npz")
    assert later.model_file.parts[-2:] == ("Beta", "negative-growth-Q-h2-at.npz")


def test_all_and_a_country_are_not_one_wish(tmp_path: Path) -> None:
    run = econnet("train", "--all", "--country", "DEU", folder=tmp_path)
    assert run.returncode == 2
    assert "leave out --country" in run.stderr


def test_cluster_that_does_not_answer_is_exit_code_5(tmp_path: Path) -> None:
    run = econnet(
        *("train", "--country", "DEU", "--cluster", "tcp://127.0.0.1:9"),
        folder=tmp_path,
    )
    assert run.returncode == 5
    assert "no scheduler answers at tcp://127.0.0.1:9" in run.stderr
    assert "Traceback" not in run.stderr
