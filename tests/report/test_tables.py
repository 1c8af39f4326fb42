import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.forecast.result import Forecast
from econnet.report import record, tables, wording
from tests.builders import changed


def cells_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_can_run_as_a_formula_and_none_is_lost(text: str) -> None:
    whole = wording.printable(text)
    cells = cells_of(tables.as_csv(pd.DataFrame({"a": ["x"], "title": [text]})))
    shown = cells[1][1]
    assert shown.removeprefix("'") == whole.removeprefix("'")
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_number_below_zero_stays_a_number() -> None:
    cells = cells_of(tables.as_csv(pd.DataFrame({"growth": [-1.5]})))
    assert cells == [["growth"], ["-1.5"]]


def test_every_table_reads_back_with_as_many_rows(germany: Forecast) -> None:
    for name, table in tables.tables(germany).items():
        read = pd.read_csv(io.BytesIO(tables.as_csv(table)))
        assert read.shape == table.shape, name
        assert list(read) == list(table), name


def test_plotted_points_are_those_of_the_forecast(germany: Forecast) -> None:
    made = tables.tables(germany)
    pd.testing.assert_series_equal(
        made["history"]["growth"],
        germany.history["growth"].reset_index(drop=True),
    )
    curve = germany.explanation.response_curves[1]
    rows = made["responses"][made["responses"]["indicator"] == curve.indicator]
    assert rows["probability"].tolist() == list(curve.probabilities)
    total = made["groups"]["contribution"].sum()
    assert total == pytest.approx(made["contributions"]["contribution"].sum())


def test_history_of_forecasts_has_one_row_per_period_and_ends_with_todays(
    germany: Forecast,
) -> None:
    table = tables.forecasts(germany)
    own = germany.track_record[germany.track_record["model"] == "econnet"]
    assert len(table) == len(own) == table["period"].nunique()
    newest = table.iloc[-1]
    assert newest["period"] == str(germany.period)
    assert newest["probability"] == germany.probability
    assert pd.isna(newest["outcome"])
    assert table["historical_average"].notna().all()


def test_table_without_rows_is_left_out(germany: Forecast) -> None:
    bare = changed(germany, change=None, outlook=(), false_alarms=())
    assert not {"change", "outlook", "false-alarms"} & set(tables.tables(bare))


@pytest.mark.parametrize("name", ["roc", "precision-recall"])
def test_json_and_csv_contain_the_same_curves(name: str, germany: Forecast) -> None:
    table = tables.tables(germany)[name]
    curves = record.to_dict(germany)[name.replace("-", "_")]
    assert isinstance(curves, dict)
    assert set(curves) == set(table["model"])
    for model, rows in table.groupby("model"):
        points = rows.drop(columns="model").to_dict("list")
        assert curves[str(model)] == points
