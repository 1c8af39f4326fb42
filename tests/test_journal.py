from pathlib import Path

import pandas as pd

from econnet import countries, forecast, journal
from econnet.forecast import Task
from econnet.sources.observations import Known
from tests.builders import series_of, world


def test_every_forecast_is_a_line_that_can_be_read_back(tmp_path: Path) -> None:
    rows = world(countries=1, quarters=90)
    known = Known(rows, series_of(rows), "snapshot")
    germany = countries.by_alpha3("DEU")
    prepared = forecast.prepare(known, germany, Task("Q", pool="own", members=1))
    made = forecast.make(prepared, forecast.train(prepared))
    path = tmp_path / "data" / "forecasts.csv"
    journal.add(made, path)
    journal.add(made, path)
    table = pd.read_csv(path)
    assert list(table) == list(journal.COLUMNS)
    assert table["country"].tolist() == ["DEU", "DEU"]
    assert table["period"].tolist() == [str(made.period)] * 2
    assert table["probability"].tolist() == [round(made.probability, 6)] * 2
