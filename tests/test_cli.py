"""The commands as a user runs them, in an empty directory."""

import json
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest

from econnet.core.sources import LIVE_SOURCES
from tests.builders import world
from tests.data.sources.servers import Sources, rows_of
from tests.user import HANG_SECONDS, econnet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="module")
def trained(folder: Path) -> "CompletedProcess[str]":
    return econnet("train", "--country", "DEU", folder=folder)


def test_train_writes_model_report_and_answer(
    trained: "CompletedProcess[str]", folder: Path
) -> None:
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.startswith("Germany: ")
    assert (
        "quarterly data from the bundled snapshot, 1995Q2 to 2026Q2" in trained.stderr
    )
    report = folder / "reports" / "DEU"
    assert (report / "report.pdf").read_bytes().startswith(b"%PDF")
    assert list(report.glob("*.png"))
    assert json.loads((report / "report.json").read_text("utf-8"))["country"] == "DEU"
    assert (folder / "data" / "models" / "DEU.npz").exists()
    assert (folder / "data" / "forecasts.csv").read_text().count("DEU") >= 1


def test_forecast_prints_one_json_document_and_does_not_train_again(
    trained: "CompletedProcess[str]", folder: Path
) -> None:
    assert trained.returncode == 0
    run = econnet("forecast", "--country", "Germany", "--json", folder=folder)
    assert run.returncode == 0, run.stderr
    assert "training" not in run.stderr
    document = json.loads(run.stdout)
    assert set(document) >= {
        *("country", "name", "origin", "period", "horizon", "frequency", "label"),
        *("target", "probability", "interval", "base_rate", "metrics", "baselines"),
        *("drivers", "data", "version", "seed"),
    }
    assert set(document["data"]) >= {
        *("source", "as_of", "first_period", "last_period", "series"),
    }
    low, high = document["interval"]
    assert 0 < low <= document["probability"] <= high < 1
    # All German falls since 1995: before the first origin there is US history from
    # 1947.
    assert document["metrics"]["n_contractions"] == 36


def test_what_if_is_answered_beside_the_forecast(
    trained: "CompletedProcess[str]", folder: Path
) -> None:
    assert trained.returncode == 0
    supposed = ("--set", "real_gdp=-3", "--set", "investment==-5.0")
    run = econnet("forecast", "--country", "DEU", *supposed, folder=folder)
    assert "Real GDP at \N{MINUS SIGN}2.8 (change, percent), not 0.2" in run.stdout
    run = econnet("forecast", "--country", "DEU", *supposed, "--json", folder=folder)
    document = json.loads(run.stdout)
    names = [it["indicator"] for it in document["what_if"]["supposed"]]
    assert names == ["real_gdp", "investment"]
    assert document["what_if"]["probability"] != document["probability"]


def test_same_seed_gives_the_same_report_but_for_made_at(
    trained: "CompletedProcess[str]", folder: Path, tmp_path: Path
) -> None:
    assert trained.returncode == 0
    again = econnet(
        *("report", "--country", "DEU", "--format", "json"), folder=tmp_path
    )
    assert again.returncode == 0, again.stderr
    documents = [
        json.loads((place / "reports/DEU/report.json").read_text("utf-8"))
        for place in (folder, tmp_path)
    ]
    for document in documents:
        del document["made_at"]
    assert documents[0] == documents[1]


def test_report_in_one_format_writes_that_one(
    trained: "CompletedProcess[str]", folder: Path
) -> None:
    assert trained.returncode == 0
    run = econnet(
        *("report", "--country", "DEU", "--format", "json"),
        folder=folder,
        ECONNET_REPORTS=str(folder / "elsewhere"),
    )
    assert run.returncode == 0, run.stderr
    names = {path.name for path in (folder / "elsewhere" / "DEU").iterdir()}
    assert names == {"report.json", "SHA256SUMS"}


def test_forecast_before_any_train_notes_that_it_trains_first(tmp_path: Path) -> None:
    run = econnet("forecast", "--country", "JPN", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "Japan: no saved model fits this task; training one" in run.stderr
    assert run.stdout.startswith("Japan: ")


def test_old_data_are_reported_before_anything_else(tmp_path: Path) -> None:
    run = econnet(
        *("forecast", "--country", "United Kingdom", "--pool", "own"),
        folder=tmp_path,
    )
    assert run.returncode in {0, 3}
    first = run.stderr.splitlines()[0]
    # The Penn table starts ten years before the World Bank's series, and ends in 2017.
    assert "United Kingdom: the data are out of date (they end in 2017" in first
    assert "econnet fetch --country GBR" in first


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("train --country Atlantis", 2, "nearest: Albania"),
        ("train --country World", 2, "is an aggregate"),
        ("train --country AND --label two-quarters", 3, "no quarterly real_gdp"),
        ("train --country DEU --label boom", 2, "choose one of negative-growth"),
        ("train --country DEU --label nber", 3, "chronology of the United States"),
        ("train --country DEU --target gpd", 2, "econnet indicators --search"),
        ("train --country DEU --target real_gpd", 2, "nearest: real_gdp"),
        ("train --country PRK", 3, "North Korea has no real_gdp"),
        ("train", 2, "name a country: --country DEU, or --data FILE"),
        ("fetch", 2, "--country DEU, or --all"),
        ("forecast --country DEU --country FRA", 2, "give --country once"),
        ("train --data none.csv", 3, "there is no file none.csv"),
        ("export --output a.doc --country DEU", 3, "name it .csv, .parquet or .xlsx"),
        ("export --output . --country DEU", 3, ". is a folder: name a file in it"),
        ("export --output sub/ --country DEU", 3, "name a file, sub.csv or sub/data.c"),
        ("export --output a/b/c.d/ --country DEU", 3, "c.d ends in '.d': name it .csv"),
        ("train --country DEU --frequency W", 2, "'--frequency': 'W' is not one of"),
        ("export --output /dev/null --format csv --country AND", 3, "not a regular"),
        ("train --country DEU --as-of someday", 2, "write 2008-10-01"),
        ("train --country DEU --as-of 1990-01-01", 3, "1990-01-01"),
        ("forecast --country AND --set unemployment", 2, "is not INDICATOR=FIGURE"),
        ("forecast --country AND --set real_gpd=1", 2, "nearest: real_gdp"),
        ("forecast --country AND --set real_gdp=\u0661", 2, "is not INDICATOR=FIGURE"),
        ("train --country DEU --lag 300000", 2, "'--lag'"),
        (f"train --country DEU --seed {2**32}", 2, "'--seed'"),
        ("trian", 2, "Did you mean 'train'"),
        ("indicators --search xyzzy", 2, "econnet indicators"),
    ],
)
def test_wrong_use_is_one_plain_line_with_the_right_code(
    arguments: str, code: int, words: str, tmp_path: Path
) -> None:
    run = econnet(*arguments.split(), folder=tmp_path)
    assert run.returncode == code
    assert run.stdout == ""
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("econnet: ")
    assert words in lines[0]
    assert not (tmp_path / "reports").exists()


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    run = econnet("--debug", "train", "--country", "Atlantis", folder=tmp_path)
    assert run.returncode != 0
    assert "Traceback" in run.stderr
    assert "UsageError" in run.stderr


def test_status_countries_and_indicators_print_json(tmp_path: Path) -> None:
    def document(*arguments: str) -> object:
        run = econnet(*arguments, "--json", folder=tmp_path)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    status = document("status")
    assert isinstance(status, dict)
    assert status["data"] == "snapshot"
    assert status["models"] == []
    countries = document("countries")
    assert isinstance(countries, list)
    by_code = {row["country"]: row for row in countries}
    assert by_code["DEU"]["frequency"] == "Q"
    assert by_code["BRA"]["frequency"] == "Q"
    assert by_code["ARG"]["frequency"] == "A"
    assert len(by_code) > 180
    found = document("indicators", "--search", "consumer prices")
    assert isinstance(found, list)
    assert {row["indicator"] for row in found} >= {"consumer_prices"}


@pytest.mark.parametrize("command", ["status", "countries", "indicators"])
def test_tables_fit_eighty_columns(command: str, tmp_path: Path) -> None:
    run = econnet(command, folder=tmp_path, COLUMNS="80")
    assert run.returncode == 0, run.stderr
    # An address is never broken.
    rows = [line for line in run.stdout.splitlines() if "http" not in line]
    assert max(map(len, rows)) <= 80


def test_help_imports_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['econnet', '--help']\n"
        "from econnet.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('pandas', 'numpy', 'matplotlib', 'sklearn', 'duckdb')"
        " if m in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=True,
    )
    assert run.stderr.strip() == "[]"


@pytest.mark.parametrize("arguments", [("indicators", "--json"), ("--help",)])
def test_closed_pipe_ends_quietly(arguments: tuple[str, ...], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "econnet", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(HANG_SECONDS) == 141


def test_duel_draws_a_picture_and_prints_a_table(tmp_path: Path) -> None:
    run = econnet("duel", "--updates", "20", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "econnet" in run.stdout
    assert "scikit-learn" in run.stdout
    picture = tmp_path / "reports" / "duel" / "duel.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_version_is_printed(tmp_path: Path) -> None:
    run = econnet("--version", folder=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("econnet 0.")


@pytest.fixture(scope="module")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a wide panel of two regions and a flag of their slumps."""
    rows = world(countries=2).pivot_table(
        index=["country", "period"], columns="indicator", values="value"
    )
    falls = rows["real_gdp"].groupby(level="country").diff() < 0
    table = rows.assign(slump=falls.astype(int)).reset_index()
    table["country"] = table["country"].map({"DEU": "North", "FRA": "../South"})
    folder = tmp_path_factory.mktemp("own")
    table.to_csv(folder / "my regions.csv", index=False)
    return folder


@pytest.mark.campaign
def test_own_file_is_forecast_for_each_of_its_regions(own_file: Path) -> None:
    run = econnet(
        *("train", "--data", "my regions.csv", "--label", "given:slump"),
        *("--target", "investment", "--members", "2"),
        folder=own_file,
    )
    assert run.returncode == 0, run.stderr
    assert "read investment, real_gdp as flow" in run.stderr
    assert "add newer values to my regions.csv" in run.stderr
    reports = own_file / "reports" / "my regions"
    assert sorted(path.name for path in reports.iterdir()) == [
        "North",
        "South-d55ff31b03f8",
    ]
    assert sorted(path.name for path in own_file.iterdir()) == [
        *("data", "my regions.csv", "reports")
    ]


@pytest.mark.campaign
def test_report_on_several_adds_a_ranking_that_leads_to_each(own_file: Path) -> None:
    run = econnet(
        *("report", "--data", "my regions.csv", "--members", "2"),
        *("--format", "html", "--format", "json"),
        folder=own_file,
        ECONNET_REPORTS="ranked",
    )
    assert run.returncode == 0, run.stderr
    folder = own_file / "ranked" / "my regions"
    (ranked,) = (folder / "ranking").iterdir()
    question = ranked.name  # the same for each country
    assert question.startswith("negative-growth-")
    assert [str(path) for path in sorted(folder.rglob("*.*"))] == [
        str(folder / whose / question / name)
        for whose, name in (
            *(("North", "report.html"), ("North", "report.json")),
            ("South-d55ff31b03f8", "report.html"),
            ("South-d55ff31b03f8", "report.json"),
            *(("ranking", "ranking.html"), ("ranking", "ranking.json")),
        )
    ]
    ranking = json.loads((ranked / "ranking.json").read_text("utf-8"))
    said = [one["probability"] for one in ranking["countries"]]
    assert said == sorted(said, reverse=True)
    for one in ranking["countries"]:
        place = "South-d55ff31b03f8" if one["name"] == "../South" else one["name"]
        report = json.loads((folder / place / question / "report.json").read_bytes())
        assert report["probability"] == one["probability"]
        page = (ranked / "ranking.html").read_text("utf-8")
        assert f'href="../../{place}/{question}/report.html"' in page


def test_one_region_of_many_is_asked_for_by_name(own_file: Path) -> None:
    many = econnet("forecast", "--data", "my regions.csv", folder=own_file)
    assert many.returncode == 2
    assert "give --country once (../South, North)" in many.stderr
    strange = econnet(
        *("forecast", "--data", "my regions.csv", "--country", "West"), folder=own_file
    )
    assert strange.returncode == 2
    reason = "no country is called 'West' in the file: it has ../South, North"
    assert reason in strange.stderr


@pytest.mark.campaign
def test_without_a_network_fetch_fails_and_other_commands_work(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    environment = {f"ECONNET_{name.upper()}_URL": nowhere for name in LIVE_SOURCES}
    run = econnet("fetch", "--country", "DEU", folder=tmp_path, **environment)
    assert run.returncode == 4
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "no connection: check the network" in run.stderr
    after = econnet("countries", "--json", folder=tmp_path, **environment)
    assert after.returncode == 0, after.stderr
    assert len(json.loads(after.stdout)) > 180


def test_offline_fetch_names_the_available_data(tmp_path: Path) -> None:
    run = econnet("fetch", "--country", "DEU", "--offline", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Germany: 40 series in the bundled snapshot")


def test_export_names_unit_and_licence_of_each_series(tmp_path: Path) -> None:
    chosen = ("--country", "DEU", "--indicator", "real_gdp")
    run = econnet("export", *chosen, "--output", "gdp.csv", folder=tmp_path)
    assert run.returncode == 0
    rows = pd.read_csv(tmp_path / "gdp.csv")
    assert rows[["unit", "rights", "attribution"]].notna().all(axis=None)
    per_series = rows.groupby(["source", "series_id"])["unit"].nunique()
    assert (per_series == 1).all()


def test_export_writes_the_observations_asked_for(tmp_path: Path) -> None:
    run = econnet(
        *("export", "--country", "DEU", "--indicator", "nominal_gdp"),
        *("--output", "gdp.csv"),
        folder=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(tmp_path / "gdp.csv")
    assert table["indicator"].unique().tolist() == ["nominal_gdp"]
    first = table[table["period"] == "1995Q1"]
    assert first["value"].tolist() == [468140.0]


@pytest.mark.campaign
def test_fetched_data_are_used_for_the_forecast(
    sources: Sources, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    levels = 1e12 * np.cumprod(1 + rng.normal(0.02, 0.03, 66))
    argentina = ("ARG", "AR", "Argentina")
    years = {str(1960 + n): float(level) for n, level in enumerate(levels)}
    sources.bank["NY.GDP.MKTP.KD"] = rows_of(argentina, years)
    sources.else_rows = rows_of(argentina, {"2024": 1.5, "2025": 2.5})
    environment = {
        **sources.environment,
    }
    fetched = econnet(
        *("fetch", "--country", "ARG", "--source", "worldbank"),
        folder=tmp_path,
        **environment,
    )
    assert fetched.returncode == 0, fetched.stderr
    assert "0 unchanged" in fetched.stdout
    again = econnet(
        *("fetch", "--country", "ARG", "--source", "worldbank"),
        folder=tmp_path,
        **environment,
    )
    assert "0 new values, 0 revised" in again.stdout
    made = econnet(
        *("forecast", "--country", "Argentina", "--frequency", "A", "--json"),
        *("--pool", "own"),
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    assert "annual data from the store, 1961 to 2025" in made.stderr
    data = json.loads(made.stdout)["data"]
    assert data["source"] == "store"
    (gdp,) = (it for it in data["series"] if it["indicator"] == "real_gdp")
    assert gdp["series_id"] == "NY.GDP.MKTP.KD"
    assert gdp["last_value"] == levels[-1]
    status = json.loads(econnet("status", "--json", folder=tmp_path).stdout)
    assert status["data"] == "store"
    assert status["store"]["observations"] >= 66
