import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import Task
from econnet.data.sources.observations import Dataset
from econnet.forecast import country as country_forecast
from econnet.forecast import log as forecast_log
from econnet.forecast import preparation
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast, PreviousForecast
from tests.builders import series_of, world

pytestmark = pytest.mark.usefixtures("light")
HEADER = ",".join(forecast_log.COLUMNS)


@pytest.fixture(scope="module")
def prepared() -> PreparedTask:
    rows = world(countries=1, quarters=90)
    known = Dataset(rows, series_of(rows), "snapshot")
    germany = countries.by_alpha3("DEU")
    return preparation.prepare(known, germany, Task("Q", pool="own", members=1))


@pytest.fixture(scope="module")
def made(prepared: PreparedTask) -> Forecast:
    return country_forecast.make(prepared, country_forecast.train(prepared))


def test_every_forecast_is_a_line_that_can_be_read_back(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "forecasts.csv"
    forecast_log.add(made, path)
    forecast_log.add(made, path, tmp_path / "my panel.csv")
    table = pd.read_csv(path)
    assert list(table) == list(forecast_log.COLUMNS)
    assert table["country"].tolist() == ["DEU", "DEU"]
    assert table["period"].tolist() == [str(made.period)] * 2
    assert table["probability"].tolist() == [round(made.probability, 6)] * 2
    first, second = forecast_log.read(path)
    assert first["file"] == ""
    assert second["file"] == str(tmp_path / "my panel.csv")
    assert first["event"] == "at"
    assert float(first["base_rate"]) == pytest.approx(made.base_rate, abs=1e-6)


def test_forecast_before_is_the_newest_of_the_same_task(
    prepared: PreparedTask, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    assert forecast_log.latest(prepared, path) is None

    def earlier(periods: int, probability: float, **task: object) -> Forecast:
        return replace(
            made,
            task=replace(made.task, **task),  # type: ignore[arg-type]
            origin=made.origin - periods,
            period=made.period - periods,
            probability=probability,
        )

    for one in (
        earlier(1, 0.2),
        earlier(2, 0.3),
        earlier(1, 0.4, horizon=2),
        earlier(1, 0.5, label="year-on-year"),
        made,
    ):
        forecast_log.add(one, path)
    found = forecast_log.latest(prepared, path)
    assert found == PreviousForecast(
        made.made_at, made.origin - 1, made.period - 1, 0.2
    )
    # A region of that name in a file is another one.
    assert forecast_log.latest(prepared, path, tmp_path / "panel.csv") is None


def test_line_that_cannot_be_read_is_skipped(
    prepared: PreparedTask, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    before = replace(made, origin=made.origin - 1, period=made.period - 1)
    forecast_log.add(before, path)
    line = path.read_text("utf-8").splitlines()[1]
    for broken in ("nonsense", line.replace("Q", "X"), line[:40], ""):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{broken}\n")
    found = forecast_log.latest(prepared, path)
    assert found is not None
    assert found.origin == before.origin


def test_country_named_like_a_formula_is_not_a_formula_in_the_log(
    made: Forecast, tmp_path: Path
) -> None:
    path, name = tmp_path / "forecasts.csv", "=HYPERLINK(1)"
    country = countries.Country(name, "", name)
    forecast_log.add(replace(made, country=country), path, tmp_path / "own.csv")
    assert ",'=HYPERLINK(1)," in path.read_text("utf-8")
    assert forecast_log.read(path)[0]["country"] == name


def test_change_splits_into_new_figures_and_new_learning(
    prepared: PreparedTask, made: Forecast
) -> None:
    before = PreviousForecast(
        "2015-01-02T03:04:05+00:00", made.origin - 1, made.period - 1, 0.4
    )
    change = country_forecast.make(
        prepared, country_forecast.train(prepared), before
    ).explanation.change
    assert change is not None
    assert change.made_at == before.made_at
    whole = np.log(made.probability / (1 - made.probability)) - np.log(0.4 / 0.6)
    assert change.figures + change.learning == pytest.approx(whole)
    parts = [it.contribution for it in change.movements]
    assert sum(parts) == pytest.approx(change.figures)
    assert parts == sorted(parts, key=abs, reverse=True)


def test_log_with_a_further_column_keeps_its_lines_and_columns(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    path.write_text(f'mood,{HEADER}\ngood,2020-01-01,"Korea, Rep."\n')
    forecast_log.add(made, path)
    table = pd.read_csv(path)
    assert list(table) == ["mood", *forecast_log.COLUMNS]
    assert table["country"].tolist() == ["Korea, Rep.", "DEU"]
    assert table["mood"].tolist()[0] == "good"
    first, second = forecast_log.read(path)
    assert first["probability"] == ""
    assert float(second["probability"]) == round(made.probability, 6)


def test_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert forecast_log.read(tmp_path / "forecasts.csv") == []


def test_truncated_line_loses_only_itself(made: Forecast, tmp_path: Path) -> None:
    path = tmp_path / "forecasts.csv"
    forecast_log.add(made, path)
    whole = path.read_text("utf-8")
    line = whole.splitlines()[1]
    figure = f"{made.probability:.6f}"
    for cut in range(1, len(line)):
        path.write_text(whole + line[:cut], "utf-8")
        forecast_log.add(made, path)
        read = forecast_log.read(path)
        assert [read[0], read[-1]] == [read[0]] * 2
        # None has another probability than was written.
        assert {row["probability"] for row in read} <= {figure, ""}
        assert path.read_text("utf-8").startswith(whole + line[:cut])


def test_quote_that_is_not_closed_swallows_no_other_line(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.csv"
    path.write_text(f'{HEADER}\n2020-01-01,"Korea, Re\n2020-01-02,DEU\n')
    assert [row["country"] for row in forecast_log.read(path)] == ["Korea, Re", "DEU"]


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe" * 99,
        b"made_at;country;frequency\n2020-01-01;DEU;Q\n",
        HEADER.encode("utf-16"),
        b"made_at,country\n2020-01-01,DEU\n",
        b"x" * 10**6,
    ],
)
def test_file_that_is_not_a_log_is_refused_and_set_aside(
    content: bytes, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is not a forecast log"):
            forecast_log.read(path)
        aside = forecast_log.set_aside(path)
        assert aside == tmp_path / f"forecasts.csv.{number}.bak"
        assert aside.read_bytes() == content
        assert forecast_log.set_aside(path) is None
        forecast_log.add(made, path)
        assert forecast_log.set_aside(path) is None
        assert len(forecast_log.read(path)) == 1


def test_log_saved_by_a_spreadsheet_is_continued(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    forecast_log.add(made, path)
    text = path.read_text("utf-8").replace("\n", "\r\n")
    path.write_bytes(f"\ufeff{text}".encode())
    forecast_log.add(made, path)
    first, second = forecast_log.read(path)
    assert first == second


def test_huge_line_is_skipped_and_its_neighbours_are_read(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    forecast_log.add(made, path)
    with path.open("ab") as file:
        file.write(b'"' * 10**7 + b"\n")
    forecast_log.add(made, path)
    assert len(forecast_log.read(path)) == 2


def test_line_for_which_the_disk_is_full_leaves_the_log_unchanged(
    made: Forecast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "forecasts.csv"
    forecast_log.add(made, path)
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:20]))
    with pytest.raises(OSError, match="No space left on device"):
        forecast_log.add(made, path)
    assert path.read_bytes() == before
