import json
from pathlib import Path

import pytest

from tests.user import econnet

ASKED = (
    *("publish", "--country", "Argentina", "--frequency", "A"),
    *("--pool", "own", "--members", "1", "--output", "web"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working folder in which a site was published."""
    folder = tmp_path_factory.mktemp("publisher")
    run = econnet(*ASKED, folder=folder)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("web/index.html\nRecord: 1 forecast and 0 outcomes")
    return folder


def test_publishing_again_appends_nothing_and_verifies(folder: Path) -> None:
    record = folder / "web/record.jsonl"
    before = record.read_bytes()
    run = econnet(*ASKED, folder=folder)
    assert run.returncode == 0, run.stderr
    assert "Record: 0 forecasts and 0 outcomes appended, 1 line in total" in run.stdout
    assert record.read_bytes() == before
    run = econnet("publish", "--verify", "web", "--json", folder=folder)
    assert run.returncode == 0, run.stderr
    verified = json.loads(run.stdout)
    assert (verified["verified"], verified["lines"]) == (True, 1)
    anchored = ("publish", "--verify", "web", "--anchor", verified["head"])
    assert econnet(*anchored, folder=folder).returncode == 0


def test_published_forecast_is_that_of_the_report_and_of_the_log(folder: Path) -> None:
    document = json.loads((folder / "web/api/v1/countries/ARG.json").read_bytes())
    (report,) = (folder / "reports/ARG").rglob("report.json")
    reported = json.loads(report.read_bytes())
    forecast = document["forecast"]
    assert forecast["probability"] == reported["probability"]
    assert document["data_digest"] == reported["provenance"]["data"]
    lines = (folder / "web/record.jsonl").read_text().splitlines()
    recorded = {it["country"]: it for it in map(json.loads, lines)}["ARG"]
    assert recorded["probability"] == round(reported["probability"], 6)
    assert recorded["data"] == reported["provenance"]["data"]


def test_changed_line_is_found_and_stops_the_next_publication(folder: Path) -> None:
    record = folder / "web/record.jsonl"
    intact = record.read_bytes()
    record.write_bytes(intact.replace(b'"horizon":1', b'"horizon":2', 1))
    try:
        run = econnet("publish", "--verify", "web", folder=folder)
        assert run.returncode == 3
        assert "record.jsonl, line 1, is not the last line" in run.stderr
        run = econnet(*ASKED, folder=folder)
        assert run.returncode == 3
        assert "record.jsonl, line 1, is not the last line" in run.stderr
    finally:
        record.write_bytes(intact)


@pytest.mark.usefixtures("light")
def test_country_without_a_question_answers_its_headline(tmp_path: Path) -> None:
    asked = ("publish", "--country", "Argentina", "--pool", "own", "--output", "web")
    run = econnet(*asked, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    document = json.loads((tmp_path / "web/api/v1/countries/ARG.json").read_bytes())
    (headline,) = [each for each in document["questions"] if each["headline"]]
    run = econnet("forecast", *asked[1:5], "--json", folder=tmp_path)
    reported = json.loads(run.stdout)
    assert document["forecast"]["probability"] == reported["probability"]
    assert headline["label"] == document["question"]["label"] == reported["label"]
    lines = (tmp_path / "web/record.jsonl").read_text().splitlines()
    recorded = {(it["label"], it["horizon"]) for it in map(json.loads, lines)}
    assert (headline["label"], headline["horizon"]) in recorded
    assert ("negative-growth", 1) in recorded, "the question of the front page"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name countries"),
        (["--all", "--country", "DEU"], "leave out --country"),
        (["--all", "--as-of", "2008-10-01"], "leave out --as-of"),
        (["--all", "--json"], "--json has no effect without --verify"),
        (["--all", "--verify", "web"], "--all has no effect with --verify"),
    ],
)
def test_wrong_use_is_explained(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    run = econnet("publish", *arguments, folder=tmp_path)
    assert run.returncode == 2
    assert message in run.stderr
    assert [*tmp_path.iterdir()] == []


def test_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("Chapter 1")
    run = econnet("publish", "--country", "MLT", "--output", ".", folder=tmp_path)
    assert run.returncode == 2
    assert "is not a site written by econnet" in run.stderr
