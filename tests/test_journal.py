from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet import countries, forecast, journal, preparation
from econnet.answer import Forecast, Previous, Task
from econnet.preparation import Prepared
from econnet.sources.observations import Known
from tests.builders import series_of, world


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    rows = world(countries=1, quarters=90)
    known = Known(rows, series_of(rows), "snapshot")
    germany = countries.by_alpha3("DEU")
    return preparation.prepare(known, germany, Task("Q", pool="own", members=1))


@pytest.fixture(scope="module")
def made(prepared: Prepared) -> Forecast:
    return forecast.make(prepared, forecast.train(prepared))


def test_every_forecast_is_a_line_that_can_be_read_back(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "forecasts.csv"
    journal.add(made, path)
    journal.add(made, path, tmp_path / "my panel.csv")
    table = pd.read_csv(path)
    assert list(table) == list(journal.COLUMNS)
    assert table["country"].tolist() == ["DEU", "DEU"]
    assert table["period"].tolist() == [str(made.period)] * 2
    assert table["probability"].tolist() == [round(made.probability, 6)] * 2
    first, second = journal.read(path)
    assert first["file"] == ""
    assert second["file"] == str(tmp_path / "my panel.csv")
    assert first["event"] == "at"
    assert float(first["base_rate"]) == pytest.approx(made.base_rate, abs=1e-6)


def test_forecast_before_is_the_newest_of_the_same_task(
    prepared: Prepared, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    assert journal.latest(prepared, path) is None

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
        journal.add(one, path)
    found = journal.latest(prepared, path)
    assert found == Previous(made.made_at, made.origin - 1, made.period - 1, 0.2)
    # A region of that name in a file is another one.
    assert journal.latest(prepared, path, tmp_path / "panel.csv") is None


def test_line_that_cannot_be_read_is_passed_over(
    prepared: Prepared, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    before = replace(made, origin=made.origin - 1, period=made.period - 1)
    journal.add(before, path)
    line = path.read_text("utf-8").splitlines()[1]
    for broken in ("nonsense", line.replace("Q", "X"), line[:40], ""):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{broken}\n")
    found = journal.latest(prepared, path)
    assert found is not None
    assert found.origin == before.origin


def test_change_splits_into_new_figures_and_new_learning(
    prepared: Prepared, made: Forecast
) -> None:
    before = Previous(
        "2015-01-02T03:04:05+00:00", made.origin - 1, made.period - 1, 0.4
    )
    change = forecast.make(prepared, forecast.train(prepared), before).change
    assert change is not None
    assert change.made_at == before.made_at
    whole = np.log(made.probability / (1 - made.probability)) - np.log(0.4 / 0.6)
    assert change.figures + change.learning == pytest.approx(whole)
    parts = [it.contribution for it in change.movements]
    assert sum(parts) == pytest.approx(change.figures)
    assert parts == sorted(parts, key=abs, reverse=True)


def test_journal_of_another_version_keeps_its_lines_and_columns(
    made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    path.write_text('made_at,country,mood\n2020-01-01,"Korea, Rep.",good\n')
    journal.add(made, path)
    table = pd.read_csv(path)
    assert list(table)[:3] == ["made_at", "country", "mood"]
    assert set(table) == {*journal.COLUMNS, "mood"}
    assert table["country"].tolist() == ["Korea, Rep.", "DEU"]
    assert table["mood"].tolist()[0] == "good"
    old, new = journal.read(path)
    assert old["probability"] == ""
    assert float(new["probability"]) == round(made.probability, 6)


@pytest.mark.parametrize("name", ["forecasts-1.csv", "forecasts-2.csv"])
def test_journal_of_an_earlier_econnet_goes_on(
    name: str, made: Forecast, tmp_path: Path
) -> None:
    path = tmp_path / "forecasts.csv"
    earlier = (Path(__file__).parent / "upgrades" / name).read_text("utf-8")
    path.write_text(earlier, "utf-8")
    journal.add(made, path)
    argentina, germany = journal.read(path)
    written = dict(
        zip(*(line.split(",") for line in earlier.splitlines()), strict=True)
    )
    assert argentina == dict.fromkeys(journal.COLUMNS, "") | written
    assert (argentina["country"], argentina["period"]) == ("ARG", "2021")
    assert germany["country"] == "DEU"


def test_no_journal_has_no_lines(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "forecasts.csv") == []
