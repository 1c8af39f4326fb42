import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pytest

from econnet.core.errors import DataError
from econnet.core.task import Task
from econnet.core.workspace import StreamedFiles, UserFile, Workspace, streamed_place
from econnet.forecast.streamed import feature_blocks, holdout
from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.forecast import (
    Streamed,
    forecast_panel,
    stored,
    streamed_digest,
)
from econnet.forecast.streamed.parquet_panel import ParquetPanel, open_files
from econnet.forecast.streamed.survey import survey
from econnet.forecast.streamed.training import StreamedOptions
from econnet.models import network_file
from econnet.network import Architecture, Network
from econnet.runtime import workers
from econnet.runtime.npz import write_arrays
from tests.forecast.streamed.panels import long_panel, spec_of, write
from tests.user import HANG_SECONDS, econnet

OPTIONS = StreamedOptions(min_updates=600, max_passes=20)


def files_in(folder: Path) -> StreamedFiles:
    """Return the files of a panel's default question below a folder."""
    return Workspace(folder / "data", folder / "reports").streamed(PurePath("panel"))


class Trained(NamedTuple):
    """The result of training on the panel, and its files."""

    result: Streamed
    files: StreamedFiles


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("panel")
    paths = [folder / f"part-{number}.parquet" for number in range(2)]
    write(long_panel(countries=150, periods=60), *paths)
    return folder


def forecasts(files: StreamedFiles) -> pd.DataFrame:
    with duckdb.connect() as database:
        table: pd.DataFrame = database.read_parquet(str(files.forecasts)).df()
    return table


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    files, panel = files_in(tmp_path_factory.mktemp("trained")), open_files(data)
    return Trained(forecast_panel(panel, spec_of(panel), files, OPTIONS), files)


def test_network_forecasts_a_predictable_cycle(trained: Trained) -> None:
    areas = {name: scored.auroc for name, scored in trained.result.models.items()}
    assert areas["base_rate"] == 0.5
    assert areas["econnet"] is not None
    assert areas["econnet"] > 0.65


def test_the_holdout_is_the_last_fifth_and_nothing_of_it_is_learned(
    trained: Trained,
) -> None:
    # 60 quarters to 2014Q4: outcomes of 12 origins, the last one period back; a row's
    # target is known three periods after it, to an origin one later.
    assert trained.result.last_period == "2014Q4"
    assert trained.result.holdout == ("2011Q4", "2014Q3")
    assert trained.result.learned_until == "2011Q1"
    assert trained.result.models["econnet"].n == 150 * 12


def test_every_country_has_a_forecast_of_its_newest_origin(
    trained: Trained,
) -> None:
    table = forecasts(trained.files)
    assert table["country"].tolist() == [f"F{number:04d}" for number in range(150)]
    assert set(table["origin"]) == {"2015Q1"}
    assert set(table["period"]) == {"2015Q2"}
    assert table["probability"].between(0, 1).all()
    assert trained.result.forecasts == 150


def test_result_is_read_back_from_the_model(trained: Trained, data: Path) -> None:
    again = stored(
        open_files(data), spec_of(open_files(data)), trained.files, options=OPTIONS
    )
    assert again == trained.result
    other = spec_of(open_files(data), horizon=2)
    assert stored(open_files(data), other, trained.files, options=OPTIONS) is None
    assert (
        json.loads(trained.files.report.read_text("utf-8"))["data"]["countries"] == 150
    )


def computed(panel: ParquetPanel, folder: Path) -> FeatureBlocks:
    """Return the features of a panel, computed."""
    blocks = FeatureBlocks(panel, spec_of(panel), folder)
    blocks.write()
    return blocks


@pytest.mark.campaign
def test_forecasts_do_not_depend_on_block_boundaries(
    trained: Trained,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = network_file.load(trained.files.model)
    panel = open_files(data)
    surveyed = survey(computed(panel, tmp_path / "whole"), seed=0)
    models = holdout.Models.fit(network, surveyed)
    results, tables = [], []
    for rows in (feature_blocks.BLOCK_ROWS, 130, 61):
        monkeypatch.setattr(feature_blocks, "BLOCK_ROWS", rows)
        blocks, path = computed(panel, tmp_path / f"{rows}"), tmp_path / "f.parquet"
        results.append(holdout.score_holdout(blocks, surveyed, models, path))
        tables.append(duckdb.read_parquet(str(path)).df())
    for other, table in zip(results[1:], tables[1:], strict=True):
        pd.testing.assert_frame_equal(table, tables[0], rtol=1e-5)
        for name, scores in other.items():
            np.testing.assert_allclose(
                scores.log_loss, results[0][name].log_loss, rtol=1e-5
            )
            np.testing.assert_array_equal(scores.n, results[0][name].n)


def test_data_after_the_last_learned_target_change_no_weight(
    trained: Trained, tmp_path: Path
) -> None:
    table = long_panel(countries=150, periods=60)
    later = table["period"] > "2011Q3"  # which was known in 2011Q4
    noise = np.random.default_rng(5).uniform(0.5, 2, (int(later.sum()), 3))
    columns = ["output_index", "sales", "interest_rate"]
    table.loc[later, columns] *= noise
    (tmp_path / "data").mkdir()
    paths = [tmp_path / "data" / f"part-{number}.parquet" for number in range(2)]
    write(table, *paths)
    files = files_in(tmp_path / "out")
    panel = open_files(tmp_path / "data")
    forecast_panel(panel, spec_of(panel), files, options=OPTIONS)
    np.testing.assert_array_equal(
        network_file.load(files.model).parameters,
        network_file.load(trained.files.model).parameters,
    )


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from econnet.forecast.streamed.forecast import forecast_panel
from econnet.forecast.streamed.parquet_panel import open_files
from tests.forecast.streamed.panels import spec_of
from tests.forecast.streamed.test_forecast import OPTIONS, files_in

folder, (stage, share) = Path(sys.argv[2]), sys.argv[3].split()

def progress(now, done):
    if now == stage and done >= float(share):
        os.kill(os.getpid(), signal.SIGKILL)

panel = open_files(Path(sys.argv[1]))
files = files_in(folder)
forecast_panel(panel, spec_of(panel), files, OPTIONS, progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.campaign
def test_training_killed_four_times_gives_the_same_result(
    trained: Trained, data: Path, tmp_path: Path
) -> None:
    root = str(Path(__file__).parents[3])
    for moment in ("Surveying 1.0", "Training 0.5", "Training 0.9", "Judging 1.0"):
        arguments = [str(data), str(tmp_path), moment, root]
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, *arguments], check=False, env=os.environ
        )
        assert killed.returncode == -signal.SIGKILL
        assert not (tmp_path / "reports" / "panel" / "report.json").exists()
    files = files_in(tmp_path)
    assert files.unfinished("training").exists()
    again = forecast_panel(
        open_files(data), spec_of(open_files(data)), files, options=OPTIONS
    )
    assert again.models == trained.result.models
    pd.testing.assert_frame_equal(forecasts(files), forecasts(trained.files))
    np.testing.assert_array_equal(
        network_file.load(files.model).parameters,
        network_file.load(trained.files.model).parameters,
    )
    assert not list((tmp_path / "data" / "models").glob("*.unfinished"))


def test_number_of_cores_changes_no_bit(
    trained: Trained,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = files_in(tmp_path)
    panel = open_files(data)
    monkeypatch.setattr(workers, "map_threads", lambda task, items: [*map(task, items)])
    monkeypatch.setattr(workers, "prefetch", lambda task, items, **_: map(task, items))
    again = forecast_panel(panel, spec_of(panel), files, options=OPTIONS)
    assert again.models == trained.result.models
    np.testing.assert_array_equal(
        network_file.load(files.model).parameters,
        network_file.load(trained.files.model).parameters,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_features_that_were_computed_before_a_kill_are_not_computed_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_blocks, "BLOCK_ROWS", 1000)
    panel = open_files(data)
    blocks = computed(panel, tmp_path)
    expected = [blocks.read(number).inputs for number in range(len(blocks))]
    damaged, lost = tmp_path / "000002.npy", tmp_path / "000005.npy"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    lost.unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npy")}
    again = computed(panel, tmp_path)
    changed = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {damaged}
    for number, inputs in enumerate(expected):
        np.testing.assert_array_equal(again.read(number).inputs, inputs)


INTERRUPTED = """
import os, signal, sys
from econnet.cli import main
from econnet.forecast.streamed import training

# A shell starts what runs in the background deaf to interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
learn = training.BlockTrainer.learn

def interrupted(*arguments):
    learn(*arguments)
    os.killpg(0, signal.SIGINT)

training.BlockTrainer.learn = interrupted
sys.argv[1:] = ["train", "--data", sys.argv[1], "--target", "output_index"]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_ctrl_c_while_training_ends_in_one_line(data: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(data)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
        start_new_session=True,
    )
    assert ended.returncode == 130
    assert ended.stderr.splitlines()[-1] == "econnet: interrupted"
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_unfinished_work_that_is_damaged_is_done_again(
    trained: Trained, data: Path, tmp_path: Path
) -> None:
    files = files_in(tmp_path)
    files.model.parent.mkdir(parents=True)
    panel = open_files(data)
    fits = streamed_digest(panel, spec_of(panel), OPTIONS)
    header = {"fingerprint": fits, "done": 3}
    write_arrays(files.unfinished("training"), header, {"parameters": np.ones(3)})
    network = Network(Architecture.dense(1))
    network_file.save(
        network, files.model, metadata={"fingerprint": fits, "answer": [1]}
    )
    files.forecasts.parent.mkdir(parents=True)
    files.forecasts.write_bytes(b"half a file")
    assert stored(panel, spec_of(panel), files, options=OPTIONS) is None
    again = forecast_panel(panel, spec_of(panel), files, options=OPTIONS)
    assert again.models == trained.result.models


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.sample(frac=1, random_state=0), "not sorted"),
        (lambda table: pd.concat([table, table[:50]]), "not sorted"),
        (lambda table: pd.concat([table[:30], table[29:]]), "a period occurs twice"),
        (lambda table: table.sort_values(["period", "country"]), "not sorted"),
        (
            lambda table: table.assign(
                period=table["period"].where(table.index != 70, "2001Q7")
            ),
            "row 71: '2001Q7' is not a period like 2000Q1",
        ),
        (
            lambda table: table.assign(
                country=table["country"].where(table.index != 70, None)
            ),
            "row 71: no country",
        ),
        (
            lambda table: table.assign(output_index=range(1, len(table) + 1)),
            "too few rows",
        ),
    ],
)
def test_unusable_panels_are_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feature_blocks, "BLOCK_ROWS", 200)
    write(change(long_panel(countries=10)), tmp_path / "panel.parquet")
    with pytest.raises(DataError, match=message):
        survey(computed(open_files(tmp_path), tmp_path / "features"), seed=0)


def test_order_is_checked_from_file_to_file(tmp_path: Path) -> None:
    table = long_panel(countries=4)
    write(table[:130], tmp_path / "1.parquet")
    write(table[120:], tmp_path / "2.parquet")
    panel = open_files(tmp_path)
    with pytest.raises(DataError, match=r"2\.parquet, row 1: .*'F0002'"):
        computed(panel, tmp_path / "features")


def test_user_trains_and_requests_one_country(data: Path, tmp_path: Path) -> None:
    options = ("--data", str(data / "*.parquet"), "--target", "output_index")
    training = econnet("train", *options, folder=tmp_path)
    assert training.returncode == 0, training.stderr
    assert "9,000 rows in 2 files, streamed" in training.stderr
    assert "9,000 rows of 150 countries, 2000Q1 to 2014Q4" in training.stdout
    answered = econnet(
        "forecast", *options, "--country", "F0003", "--json", folder=tmp_path
    )
    assert answered.returncode == 0, answered.stderr
    assert "training one" not in answered.stderr
    document = json.loads(answered.stdout)
    assert document["countries"]["F0003"]["period"] == "2015Q2"
    assert document["models"]["econnet"]["n"] == 1800
    missing = econnet("forecast", *options, "--country", "X", folder=tmp_path)
    assert missing.returncode == 3
    assert "has no country 'X'" in missing.stderr


def test_each_question_has_a_model_and_a_report_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "panel").mkdir()
    write(long_panel(countries=40), tmp_path / "panel" / "a.parquet")
    options = ("--data", "panel", "--target", "output_index")
    horizons = ("--horizon", "1", "--horizon", "3")
    training = econnet("train", *options, *horizons, folder=tmp_path)
    assert training.returncode == 0, training.stderr
    (tmp_path / "data" / "models" / "panel" / "x.training.unfinished").touch()
    for horizon, period in (("1", "2015Q2"), ("3", "2015Q4")):
        question = (*options, "--horizon", horizon, "--country", "F0003", "--json")
        answered = econnet("forecast", *question, folder=tmp_path)
        assert answered.returncode == 0, answered.stderr
        assert "training one" not in answered.stderr
        assert json.loads(answered.stdout)["countries"]["F0003"]["period"] == period
    status = json.loads(econnet("status", "--json", folder=tmp_path).stdout)
    assert len(status["models"]) == 2
    checked = json.loads(econnet("check", "--json", folder=tmp_path).stdout)
    assert checked["ok"]
    assert checked["counts"]["models"] == checked["counts"]["reports"] == 2
    (unfinished,) = checked["remarks"]
    assert unfinished["path"].endswith("x.training.unfinished")


@pytest.mark.parametrize("option", ["as-of 2010-01-01", "pool own", "rolling-years 5"])
def test_options_that_a_streamed_panel_cannot_have_are_refused(
    option: str, data: Path, tmp_path: Path
) -> None:
    question = ("--data", str(data), "--target", "output_index", *f"--{option}".split())
    answered = econnet("forecast", *question, folder=tmp_path)
    assert answered.returncode == 2
    assert (
        f"--{option} does not apply to a streamed panel: leave it out"
        in answered.stderr
    )


def test_default_question_is_at_the_name_of_the_panel() -> None:
    file = UserFile(Path("panel"))
    places = [
        streamed_place("panel", Task("Q", members=members, horizon=horizon), file)
        for members, horizon in ((1, 1), (1, 3), (16, 1))
    ]
    assert places[:2] == [
        PurePath("panel"),
        PurePath("panel/negative-growth-Q-h3-at"),
    ]
    assert places[2].name.startswith("negative-growth-Q-h1-at-")


def test_rows_out_of_order_are_reported_to_the_user(tmp_path: Path) -> None:
    table = long_panel(countries=30).sample(frac=1, random_state=0)
    write(table, tmp_path / "panel.parquet")
    run = econnet("train", "--data", "*.parquet", "--target", "sales", folder=tmp_path)
    assert run.returncode == 3
    assert "not sorted by country and period" in run.stderr
    assert "Traceback" not in run.stderr
