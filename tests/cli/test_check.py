import json
from pathlib import Path

import pytest

from econnet.runtime import atomic_files
from tests.user import econnet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    atomic_files.write_together(tmp_path / "reports/DEU", [("report.json", b"{}")])
    return tmp_path


def test_intact_folder_gives_one_line_and_exit_code_0(folder: Path) -> None:
    run = econnet("check", folder=folder, COLUMNS="200")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("1 reports, in data and reports: all intact\n")
    assert not (folder / "data").exists()


def test_each_problem_gives_one_line_and_exit_code_3(folder: Path) -> None:
    (folder / "reports/DEU/report.json").write_bytes(b'{"probability": 0}')
    (folder / "econnet.toml").write_text("[task]\nhorizons = 3\n")
    run = econnet("check", folder=folder)
    assert run.returncode == 3
    settings, report, *_ = run.stdout.splitlines()
    assert settings.startswith("broken: econnet.toml: ")
    assert "'horizons'" in settings
    assert report == (
        f"broken: {Path('reports/DEU/report.json')}: is not the file that SHA256SUMS "
        "names: run `econnet report` again"
    )
    assert run.stderr == "econnet: 2 problems were found: see above for the remedies\n"


def test_json_is_one_document_even_if_something_is_broken(folder: Path) -> None:
    sound = econnet("check", "--json", folder=folder)
    assert (sound.returncode, json.loads(sound.stdout)["ok"]) == (0, True)
    (folder / "reports/DEU/report.json").unlink()
    run = econnet("check", "--json", folder=folder)
    assert run.returncode == 3
    document = json.loads(run.stdout)
    assert not document["ok"]
    [broken] = document["broken"]
    assert broken.keys() == {"part", "path", "problem", "remedy"}
    assert broken["part"] == "reports"
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["data_folder = [", "folder = 'x'\n", "\x00"])
def test_unreadable_settings_are_among_the_problems(folder: Path, text: str) -> None:
    (folder / "econnet.toml").write_text(text)
    run = econnet("check", "--json", folder=folder)
    assert run.returncode == 3
    document = json.loads(run.stdout)
    assert [it["part"] for it in document["broken"]] == ["settings"]
    assert document["counts"]["reports"] == 1
