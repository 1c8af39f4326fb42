"""Kinds of columns, judged by the transforms that FRED-MD gives its own series.

`fred_md.parquet` has the levels of 110 series of federal statistics from 1959 to 1976
(source: FRED-MD, McCracken and Ng 2016, Federal Reserve Bank of St. Louis).
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from econnet.data.files import kinds, user_panel

HERE = Path(__file__).parent
CODES = pd.read_csv(HERE / "cases" / "fred_md.csv").set_index("id")["transform_code"]
CLASS_OF_CODE = {1: "level", 2: "difference", 3: "difference"}
GROWTH = {"growth", "log-difference"}


@pytest.fixture(scope="module")
def levels() -> pd.DataFrame:
    path = str(HERE / "fred_md.parquet")
    with duckdb.connect() as database:
        frame: pd.DataFrame = database.read_parquet(path).df()
    return frame


def share_correct(transforms: dict[str, str]) -> float:
    right = [
        transforms[name] in GROWTH
        if CODES[name] > 3
        else transforms[name] == CLASS_OF_CODE[CODES[name]]
        for name in CODES.index
        if name in transforms
    ]
    assert len(right) >= 109
    return float(np.mean(right))


def test_kinds_agree_with_the_transforms_of_fred_md(levels: pd.DataFrame) -> None:
    table = user_panel.read(levels)
    used = {name: str(each.transform) for name, each in table.indicators.items()}
    assert share_correct(used) >= 0.98


def test_most_kinds_follow_from_numbers_and_words_only(
    levels: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_by_id", lambda *_: None)
    table = user_panel.read(levels.assign(country="USA"))
    used = {name: str(each.transform) for name, each in table.indicators.items()}
    assert share_correct(used) >= 0.88


def test_panel_that_is_stationary_is_used_as_it_is(levels: pd.DataFrame) -> None:
    made = {"country": "USA", "period": levels["period"]}
    for number, name in enumerate(levels.columns[1:]):
        series, code = levels[name], CODES[name]
        if code >= 4:
            series = pd.Series(np.log(series))
        for _ in range({1: 0, 2: 1, 3: 2, 4: 0, 5: 1, 6: 2, 7: 1}[code]):
            series = series.diff()
        made[f"series {number}"] = series
    table = user_panel.read(pd.DataFrame(made))
    as_they_are = [each.transform == "level" for each in table.indicators.values()]
    assert np.mean(as_they_are) >= 0.98
