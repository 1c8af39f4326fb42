import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pandas as pd
import pytest

from econnet.forecast import saved_model
from tests import clusters
from tests.user import ROOT, econnet


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


def model_of(folder: Path, firm: str) -> Path:
    """Return the only model of a firm."""
    (path,) = (folder / "data/models/firms" / firm).glob("*.npz")
    return path


def asked(data: Path) -> list[str]:
    return [
        *("train", "--all", "--data", str(data), "--target", "output"),
        *("--members", "2"),
    ]


@dataclass(frozen=True)
class Trained:
    folder: Path
    data: Path
    said: "CompletedProcess[str]"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    data = panel(folder / "firms.csv", quarters=66)
    return Trained(folder, data, econnet(*asked(data), folder=folder))


def test_all_trains_once_for_every_country(trained: Trained) -> None:
    assert trained.said.returncode == 0, trained.said.stderr
    assert "negative-growth, horizon 1: 3 countries" in trained.said.stdout
    for firm in ("Alpha", "Beta", "Gamma"):
        assert model_of(trained.folder, firm).is_file()
    assert len(journal_of(trained.folder)) == 3
    # Nothing is left of the parts once the whole is done.
    assert not list((trained.folder / "data/unfinished").glob("*"))


def test_forecast_finds_what_all_trained(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.folder / "data", tmp_path / "data")
    one = econnet(
        *("forecast", "--data", str(trained.data), "--target", "output"),
        *("--members", "2", "--country", "Beta", "--json"),
        folder=tmp_path,
    )
    assert one.returncode == 0, one.stderr
    assert json.loads(one.stdout)["country"] == "Beta"
    assert "training one" not in one.stderr


KILLED = """
import os, signal, sys

left = int(sys.argv[1])

def before(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(before)
sys.path.insert(0, sys.argv[2])
from tests.light import main
sys.argv = ["econnet", *sys.argv[3:]]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.campaign
def test_all_killed_three_times_at_random_gives_the_same_result(
    trained: Trained, tmp_path: Path
) -> None:
    # Every finished file is moved into place by a rename: some 20 parts, 3 models and
    # the files of the ranking. The process is killed at one of the next 8.
    for last in np.random.default_rng(4).integers(2, 8, 3):
        script = [sys.executable, "-c", KILLED, str(last), str(ROOT)]
        killed = subprocess.run(
            [*script, *asked(trained.data)],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
    again = econnet(*asked(trained.data), folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "resuming an interrupted run" in again.stderr
    for firm in ("Alpha", "Beta", "Gamma"):
        one, other = (
            saved_model.load(model_of(folder, firm))
            for folder in (trained.folder, tmp_path)
        )
        np.testing.assert_array_equal(one.network.parameters, other.network.parameters)
        pd.testing.assert_frame_equal(one.track_record, other.track_record)
        assert one.outlook == other.outlook
    assert ranking_of(tmp_path) == ranking_of(trained.folder)
    assert journal_of(tmp_path) == journal_of(trained.folder)


def journal_of(folder: Path) -> list[str]:
    """Return the forecasts that were noted, without the time."""
    lines = (folder / "data/forecasts.csv").read_text("utf-8").splitlines()
    return [line.partition(",")[2] for line in lines[1:]]


def ranking_of(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "reports/firms/ranking").rglob("ranking.json")
    document = json.loads(path.read_text("utf-8"))
    return {key: value for key, value in document.items() if key != "made_at"}


def test_all_and_a_country_exclude_each_other(tmp_path: Path) -> None:
    run = econnet("train", "--all", "--country", "DEU", folder=tmp_path)
    assert run.returncode == 2
    assert "leave out --country" in run.stderr


@pytest.mark.campaign
def test_cluster_that_does_not_answer_is_exit_code_5(tmp_path: Path) -> None:
    run = econnet(
        *("train", "--country", "DEU", "--cluster", "tcp://127.0.0.1:9"),
        folder=tmp_path,
    )
    assert run.returncode == 5
    assert "no scheduler answers at tcp://127.0.0.1:9" in run.stderr
    assert "Traceback" not in run.stderr


WITHOUT_SCHEDULER = """
import os, signal, sys

left, scheduler = map(int, sys.argv[1:3])

def before(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os.kill(scheduler, signal.SIGKILL)

sys.addaudithook(before)
sys.path.insert(0, sys.argv[3])
from tests.light import main
sys.argv = ["econnet", *sys.argv[4:]]
main()
"""


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_all_reports_a_lost_scheduler_and_resumes_from_there(
    trained: Trained, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with clusters.running(tmp_path) as running:
        # It is killed as the sixth of some 40 parts is kept.
        script = [sys.executable, "-c", WITHOUT_SCHEDULER, "6"]
        lost = subprocess.run(
            [
                *(*script, str(running.scheduler.pid), str(ROOT)),
                *asked(trained.data),
                *("--cluster", running.url),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert lost.returncode == 5, lost.stderr
    *_, told = lost.stderr.splitlines()
    assert f"the cluster at {running.url} was lost" in told
    assert "start it again and repeat the command" in told
    assert "distributed" not in lost.stderr
    assert "Traceback" not in lost.stderr
    finished = len(list((tmp_path / "data/unfinished").glob("*.npz")))
    assert finished >= 6
    again = econnet(*asked(trained.data), folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"{finished} parts are done" in again.stderr
    assert ranking_of(tmp_path) == ranking_of(trained.folder)
    assert journal_of(tmp_path) == journal_of(trained.folder)
