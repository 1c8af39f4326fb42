from pathlib import Path

from econnet.core.task import Task
from econnet.core.workspace import UserFile, Workspace, place_of
from tests.cli.test_train import panel
from tests.user import econnet


def test_damaged_model_and_log_are_replaced_with_one_line_each_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    data = str(panel(tmp_path / "firms.csv"))
    # A target recognised as real GDP is the default, whatever its column is called.
    task = Task("Q", members=1, pool="own")
    place = place_of("Beta", task, None, UserFile(Path(data)), ["Alpha", "Beta"])
    model = Workspace(tmp_path / "data", tmp_path / "reports").model(place)
    model.parent.mkdir(parents=True)
    model.write_bytes(b"PK\3\4 half a model")
    journal = tmp_path / "data" / "forecasts.csv"
    journal.write_bytes(b"made_at;country\n2020-01-01;Beta\n")
    run = econnet(
        *("forecast", "--data", data, "--target", "output", "--country", "Beta"),
        *("--members", "1", "--pool", "own"),
        folder=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Beta: ")
    said = " ".join(run.stderr.split())
    assert f"{model.name} cannot be used and will be replaced" in said
    assert "is kept as forecasts.csv.1.bak, and a new log is created" in said
    aside = journal.with_name("forecasts.csv.1.bak")
    assert aside.read_bytes() == b"made_at;country\n2020-01-01;Beta\n"
    assert len(journal.read_text("utf-8").splitlines()) == 2
    journal.write_bytes(aside.read_bytes())
    refused = econnet("status", folder=tmp_path)
    assert refused.returncode == 3
    assert "is not a forecast log" in refused.stderr
    assert "Traceback" not in refused.stderr
