import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import econnet
from econnet import (
    build_panel,
    choose_task,
    export_data,
    fetch_data,
    find_country,
    judge_forecasts,
    list_countries,
    list_indicators,
    make_forecast,
    mark_contractions,
    rank_countries,
    read_data,
    run_backtest,
    to_record,
    write_report,
)
from econnet.core.errors import DataError, EconnetError, UsageError
from econnet.data.sources.observations import Dataset
from econnet.forecast import log as forecast_log
from econnet.forecast.result import Forecast
from tests.builders import series_of, world
from tests.data.sources.servers import LITHUANIA, Sources, rows_of

pytestmark = pytest.mark.usefixtures("light")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep models, reports and the forecast log of these tests in a folder."""
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECONNET_DATA", str(folder / "data"))
        patch.setenv("ECONNET_REPORTS", str(folder / "reports"))
        yield folder


@pytest.fixture(scope="module")
def data() -> Dataset:
    rows = world(countries=2, quarters=90)
    return Dataset(rows, series_of(rows), "snapshot")


@pytest.fixture(scope="module")
def made(data: Dataset) -> Forecast:
    return make_forecast("Germany", data, pool="own", members=1, horizon=2)


def test_no_name_is_that_of_a_module() -> None:
    package = Path(econnet.__file__).parent
    modules = {path.stem for path in package.iterdir()}
    assert not modules & {*econnet.__all__}
    assert len(econnet.__all__) < 22
    for name in econnet.__all__:
        assert (getattr(econnet, name).__doc__ or "").strip(), name
        assert name in dir(econnet)


def test_importing_econnet_imports_nothing_heavy() -> None:
    code = (
        "import sys, econnet; print([name for name in ('numpy', 'pandas', 'sklearn', "
        "'matplotlib', 'duckdb', 'typer') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="has no attribute 'make_tea'"):
        _ = econnet.make_tea


def test_forecast_is_made_and_written_in_two_calls(
    made: Forecast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made.country.alpha3 == "DEU"
    assert (made.period - made.origin).n == 2
    assert to_record(made)["probability"] == made.probability
    monkeypatch.setenv("ECONNET_REPORTS", str(tmp_path))
    (usual,) = write_report(made, formats=["json"])
    assert usual.relative_to(tmp_path).parts[0] == "DEU"
    assert usual.parent.name.startswith("negative-growth-Q-h2-at-")
    (file,) = write_report(made, tmp_path / "elsewhere", ["json"])
    assert file.read_bytes() == usual.read_bytes()
    with pytest.raises(UsageError, match="no format is called 'docx'"):
        write_report(made, tmp_path, ["docx"])


def test_task_is_what_the_data_allow_by_default(data: Dataset) -> None:
    germany = find_country("DE", data)
    assert choose_task(germany, data).frequency == "Q"
    assert choose_task(germany, data, frequency="A", seed=3).frequency == "A"
    with pytest.raises(UsageError, match="nearest: real_gdp"):
        choose_task(germany, data, target="real_gpd")
    with pytest.raises(UsageError, match="not defined at frequency A"):
        choose_task(germany, data, label="two-quarters", frequency="A")


def test_backtest_scores_econnet_beside_the_baselines_asked_for(data: Dataset) -> None:
    result = run_backtest(
        ["DEU", "FRA"], data, baselines=["logit"], members=1, start="2010Q1"
    )
    assert [country.alpha3 for country in result.countries] == ["DEU", "FRA"]
    assert {*result.performances} >= {"econnet", "base_rate", "logit"}
    assert result.track_record["origin"].min() == pd.Period("2010Q1", "Q")


def test_stored_model_is_used_by_the_next_call(
    data: Dataset, made: Forecast, folder: Path
) -> None:
    progress: list[float] = []
    models = [*(folder / "data/models/DEU").iterdir()]
    assert len(models) == 1
    written = models[0].stat().st_mtime_ns
    again = make_forecast(
        "Germany", data, progress=progress.append, pool="own", members=1, horizon=2
    )
    assert progress == []
    assert models[0].stat().st_mtime_ns == written
    assert again.probability == made.probability
    assert again.place == made.place


def test_every_forecast_is_logged(data: Dataset, folder: Path) -> None:
    log = folder / "data/forecasts.csv"
    before = len(forecast_log.read(log))
    make_forecast("Germany", data, pool="own", members=1, horizon=2)
    assert len(forecast_log.read(log)) == before + 1
    assert judge_forecasts(data).n_made == before + 1


def test_reports_from_a_file_are_in_its_folder_one_for_each_question(
    data: Dataset, tmp_path: Path, folder: Path
) -> None:
    """A file may name a country by a code; its report is not the public country's."""
    rows = data.observations.query("country == 'DEU' and indicator == 'real_gdp'")
    file = tmp_path / "own.csv"
    table = rows[["country", "period", "value"]].rename(columns={"value": "real_gdp"})
    table.to_csv(file, index=False)
    own = read_data(file)
    near, far = (make_forecast("DEU", own, members=1, horizon=it) for it in (1, 3))
    reports = [write_report(it, formats=["json"])[0] for it in (near, far)]
    first, second = (it.parent.relative_to(folder / "reports") for it in reports)
    assert first.parts[0] == second.parts[0] == "own"
    assert first != second
    probabilities = [json.loads(it.read_text("utf-8"))["probability"] for it in reports]
    assert probabilities == [near.probability, far.probability]
    assert not (folder / "reports/DEU").exists()
    logged = forecast_log.read(folder / "data/forecasts.csv")[-1]
    assert logged["file"] == str(file)


def test_countries_are_ranked_by_probability(data: Dataset, made: Forecast) -> None:
    ranked = rank_countries(
        ["Germany", "FRA"], data, pool="own", members=1, horizon=2
    ).forecasts
    said = {one.country.alpha3: one.probability for one in ranked}
    assert list(said.values()) == sorted(said.values(), reverse=True)
    assert said.keys() == {"DEU", "FRA"}
    assert said["DEU"] == made.probability


def test_panel_and_contractions_can_be_opened(data: Dataset) -> None:
    whole = build_panel(data, "Q", as_of="2010-06-30")
    assert whole.as_of == pd.Timestamp("2010-06-30")
    label = mark_contractions(whole, "year-on-year")
    assert {*label.values.dropna()} <= {0.0, 1.0}
    with pytest.raises(UsageError, match="'soon' is not a date"):
        build_panel(data, "Q", as_of="soon")


def test_file_is_read_and_written(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    rows = [f"North,{2000 + n},{100 + n}" for n in range(9)]
    file.write_text("\n".join(["country,period,sales", *rows]))
    own = read_data(file, kinds={"sales": "index"})
    assert own.source == "sales.csv"
    assert find_country("North", own).name == "North"
    with pytest.raises(UsageError, match="called 'West' in the file: it has North"):
        find_country("West", own)
    written = export_data(own.observations, tmp_path / "copy.parquet")
    assert written.stat().st_size > 0
    with pytest.raises(DataError, match=r"name it \.csv"):
        export_data(own.observations, tmp_path / "copy.doc")


def test_available_data_can_be_listed(data: Dataset) -> None:
    found = list_countries(data)
    assert found["country"].tolist() == ["DEU", "FRA"]
    assert found["name"].tolist() == ["Germany", "France"]
    assert {*found["frequency"]} == {"Q"}
    assert list_countries(Dataset(*(data.observations, data.series[:0]), "x")).empty
    prices = list_indicators("consumer prices")
    assert "consumer_prices" in prices["indicator"].tolist()
    assert list_indicators("xyzzy").empty


NOBODY: list[str] = []
GERMANY = ["DEU"]


@pytest.mark.parametrize(
    ("name", "subject", "choices", "problem"),
    [
        ("make_forecast", "DEU", {"horizon": -3}, "--horizon -3"),
        ("make_forecast", "DEU", {"event": "soon"}, "--event 'soon'"),
        ("make_forecast", "DEU", {"members": 0}, "--members 0"),
        ("make_forecast", "DEU", {"seed": 2**32}, "--seed 4294967296"),
        ("run_backtest", NOBODY, {}, "at least one country"),
        ("rank_countries", NOBODY, {}, "at least one country"),
        ("publish_site", NOBODY, {}, "at least one country"),
        ("fetch_data", NOBODY, {}, "at least one country"),
        ("fetch_data", GERMANY, {"sources": []}, "at least one country and one"),
        ("fetch_data", GERMANY, {"sources": ["oced"]}, "nearest: oecd"),
        ("fetch_data", GERMANY, {"start_year": -5}, "--start -5"),
        ("run_backtest", GERMANY, {"baselines": ["logits"]}, "nearest: log"),
        ("run_backtest", GERMANY, {"start": "1/2008"}, "write 1985, 1985Q1"),
        ("run_backtest", GERMANY, {"refit_every": 0}, "refit_every 0"),
        ("read_data", pd.DataFrame(), {"lag": -1}, "--lag -1"),
        ("export_data", pd.DataFrame(), {"file": "."}, "is a folder"),
    ],
)
def test_function_refuses_what_the_command_refuses(
    name: str, subject: object, choices: dict[str, Any], problem: str, data: Dataset
) -> None:
    function = getattr(econnet, name)
    if "data" in inspect.signature(function).parameters:
        choices = {**choices, "data": data}
    with pytest.raises(EconnetError, match=problem):
        function(subject, **choices)
    with pytest.raises(UsageError, match="--frequency 'W'"):
        build_panel(data, "W")  # type: ignore[arg-type]  # as a notebook might


def test_fetched_data_are_read(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECONNET_DATA", str(tmp_path / "data"))
    for name, url in sources.environment.items():
        monkeypatch.setenv(name, url)
    sources.else_rows = rows_of(LITHUANIA, {"2019": 2.0, "2020": 3.0})
    seen: list[float] = []
    summary = fetch_data(["Lithuania"], sources=["worldbank"], progress=seen.append)
    summary.check()
    assert seen[-1] == 1.0
    known = read_data()
    assert known.source == "store"
    assert (known.observations["source"] == "worldbank").any()
    judged = judge_forecasts(known)
    assert judged.n_made == 0
