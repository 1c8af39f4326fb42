"""Forecasts by others, tables of vintages, gaps, and seasonal adjustment."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import econnet
from econnet.core import countries
from econnet.core.errors import DataError
from econnet.core.task import TaskRequest
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features.information_set import transformed
from econnet.data.files import adjustment, user_panel
from econnet.forecast import own_data

FORECASTS = """country,period,known_at,output,spf
DEU,2019Q4,2019-08-15,,20
DEU,2019Q4,2019-11-15,,25
DEU,2019Q4,2020-02-15,101,
DEU,2020Q1,2019-11-15,,40
DEU,2020Q1,2020-05-15,99,
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text)
    return path


def test_declared_forecasts_are_kept_apart(tmp_path: Path) -> None:
    path = written(tmp_path, FORECASTS)
    table = user_panel.read(path, kinds={"spf": "probability-forecast"})
    rows = table.professional_forecasts
    assert rows["value"].tolist() == [0.2, 0.25, 0.4]
    assert rows["known_at"].iloc[0] == pd.Timestamp("2019-08-15")
    assert {*rows["period"]} == {"2019Q4", "2020Q1"}
    assert list(table.kinds) == ["output"]
    assert {*table.observations["indicator"]} == {"output"}


def test_forecast_without_its_day_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "country,period,x,spf\nA,2019,1,0.1\nA,2020,2,0.2\n")
    with pytest.raises(DataError, match="add a column known_at"):
        user_panel.read(path, kinds={"spf": "probability-forecast"})


def test_table_with_a_column_per_vintage_is_read_as_vintages(tmp_path: Path) -> None:
    text = (
        "DATE,GDPC1_20190130,GDPC1_20190430,GDPC1_20190730,GDPC1_20191030\n"
        "2018-07-01,100,101,101,102\n2018-10-01,,103,104,104\n2019-01-01,,,105,106\n"
    )
    rows = user_panel.read(written(tmp_path, text)).observations
    known = rows[rows["known_at"] <= "2019-05-01"].groupby("period")["value"].last()
    assert known.to_dict() == {"2018Q3": 101.0, "2018Q4": 103.0}


def test_change_is_taken_across_a_single_gap(tmp_path: Path) -> None:
    text = "country,period,UNRATE\n" + "".join(
        f"USA,2025-{month:02d},{rate}\n"
        for month, rate in ((7, 4.0), (8, 4.1), (9, 4.2), (11, 4.5), (12, 4.6))
    )
    table = user_panel.read(written(tmp_path, text))
    built = panel.build(table.observations, "M", None, table.indicators)
    changes, days = transformed(built, table.indicators["UNRATE"], np.array([0]))
    np.testing.assert_allclose(changes[1:], [0.1, 0.1, np.nan, 0.3, 0.1], atol=1e-9)
    assert (np.diff(days[[1, 2, 4, 5]]) > 0).all()


def seasonal_output() -> pd.DataFrame:
    """Return ten years of quarterly output that falls in every first quarter."""
    rng = np.random.default_rng(0)
    quarters = [f"{year}Q{q}" for year in range(2000, 2010) for q in range(1, 5)]
    season = np.tile([0.9, 1.0, 1.0, 1.1], 10)
    levels = 100 * np.exp(np.cumsum(rng.normal(0.005, 0.005, 40))) * season
    return pd.DataFrame({"country": "A", "period": quarters, "output": levels})


def output_of_china() -> pd.DataFrame:
    """Return quarterly output and its year-to-date sums, as China publishes them."""
    rng = np.random.default_rng(1)
    quarters = [f"{year}Q{q}" for year in range(1990, 2020) for q in range(1, 5)]
    growth = np.where(np.arange(120) % 24 < 4, -0.012, 0.009) + rng.normal(
        0, 0.003, 120
    )
    single = 100 * np.exp(np.cumsum(growth))
    sums = single.reshape(-1, 4).cumsum(axis=1).ravel()
    frame = pd.DataFrame({"country": "CHN", "period": quarters})
    return frame.assign(single=single, real_gdp=sums)


@pytest.mark.parametrize("rule", ["negative-growth", "year-on-year"])
def test_sums_since_january_give_the_labels_of_single_quarters(rule: str) -> None:
    frame = output_of_china()
    found = []
    for name in ("single", "real_gdp"):
        known = econnet.read_data(
            frame[["country", "period", name]], adjust="decumulate"
        )
        request = TaskRequest(target=name, label=rule)
        china = countries.resolve("CHN")
        known = own_data.screened(known, request, [china])
        built = panel.build(known.observations, "Q", None, known.indicators)
        found.append(labels.apply(built, rule, name).values)
    pd.testing.assert_series_equal(found[0], found[1], check_names=False)
    assert 0.1 < found[0].mean() < 0.3


@pytest.mark.parametrize("rule", ["two-quarters", "year-on-year"])
def test_sums_since_january_are_refused_with_the_remedy(rule: str) -> None:
    known = econnet.read_data(output_of_china()[["country", "period", "real_gdp"]])
    with pytest.raises(DataError, match=r"year-to-date sum.*: use --adjust decumulate"):
        own_data.screened(known, TaskRequest(label=rule), [countries.resolve("CHN")])


def test_sums_without_a_published_january_are_recognised() -> None:
    rng = np.random.default_rng(3)
    months = [
        f"{year}-{month:02d}" for year in range(2000, 2020) for month in range(1, 13)
    ]
    output = 100 * np.exp(np.cumsum(rng.normal(0.005, 0.01, 240)))
    sums = output.reshape(-1, 12).cumsum(axis=1).ravel()
    frame = pd.DataFrame({"country": "CHN", "period": months, "output": sums})
    known = econnet.read_data(frame[~frame["period"].str.endswith("-01")])
    request = TaskRequest(target="output")
    with pytest.raises(DataError, match="is a year-to-date sum"):
        own_data.screened(known, request, [countries.resolve("CHN")])


def test_index_whose_base_moves_is_reported() -> None:
    frame = output_of_china()
    frame["index"] = 100 * frame["single"] / frame["single"].shift(4)
    known = econnet.read_data(frame[["country", "period", "index"]].dropna())
    request = TaskRequest(target="index")
    screened = own_data.screened(known, request, [countries.resolve("CHN")])
    assert any("stays near 100" in line for line in screened.notices)
    known = econnet.read_data(frame[["country", "period", "single"]])
    request = TaskRequest(target="single")
    screened = own_data.screened(known, request, [countries.resolve("CHN")])
    assert not screened.notices


def test_revised_sums_change_the_quarters_from_the_day_of_their_revision() -> None:
    rows = pd.DataFrame(
        {
            "country": "A",
            "period": ["2000Q1", "2000Q2", "2000Q3", "2000Q2", "2001Q1", "2001Q3"],
            "output": [10.0, 21.0, 33.0, 22.0, 12.0, 40.0],
            "known_at": [
                *("2000-05-01", "2000-08-01", "2000-11-01", "2000-12-01"),
                *("2001-05-01", "2001-11-01"),
            ],
        }
    )
    observations = user_panel.read(rows).observations
    single = adjustment.decumulate(observations, [("A", "output")], "Q")
    days = single["known_at"].dt.strftime("%Y-%m-%d")
    found = dict(
        zip(zip(days, single["period"], strict=True), single["value"], strict=True)
    )
    expected = {
        ("2000-05-01", "2000Q1"): 10.0,
        ("2000-08-01", "2000Q2"): 11.0,
        ("2000-11-01", "2000Q3"): 12.0,
        ("2000-12-01", "2000Q2"): 12.0,
        ("2000-12-01", "2000Q3"): 11.0,
        ("2001-05-01", "2001Q1"): 12.0,  # the sum to 2001Q2 is unknown
    }
    assert found == expected


HAS_X13 = shutil.which("x13as") is not None
NEEDS_X13 = pytest.mark.skipif(not HAS_X13, reason="X-13ARIMA-SEATS is not installed")


@pytest.mark.parametrize("method", ["stl", pytest.param("x13", marks=NEEDS_X13)])
def test_adjustment_uses_only_what_was_known(method: str) -> None:
    pytest.importorskip("statsmodels")
    frame = seasonal_output()
    later = frame.assign(output=frame["output"].where(frame["period"] < "2008Q1", 500))
    results = []
    for each in (frame, later):
        rows = user_panel.read(each).observations
        # The results of the last year would take X-13 long, and show nothing more.
        rows = rows[rows["period"] < "2009Q1"]
        adjusted = adjustment.adjust(rows, [("A", "output")], "Q", method)
        results.append(adjusted[adjusted["known_at"] < "2008-03-31"])
    pd.testing.assert_frame_equal(
        results[0].drop(columns="retrieved_at"), results[1].drop(columns="retrieved_at")
    )
    last = results[0][results[0]["known_at"] == results[0]["known_at"].max()]
    steps = np.abs(np.diff(np.log(last["value"].to_numpy())))
    assert steps.max() < 0.04 < np.abs(np.diff(np.log(frame["output"]))).max()


def set_x13(script: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a script the X-13 of this computer, or leave it without one."""
    if script is not None:
        file = folder / "x13as"
        file.write_text(script)
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("X13PATH", raising=False)
    monkeypatch.delenv("X12PATH", raising=False)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (None, r"needs the program X-13ARIMA-SEATS \(x13as\) on the path"),
        ("exit 1", "cannot adjust output of A as known on 2005-03-31: the program"),
        (
            '[ $# = 0 ] || echo "spc: ERROR: No model was found." > "$2.err"',
            "2005-03-31: No model was found.; use --adjust stl",
        ),
    ],
)
# statsmodels leaves a pipe open when the program fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_x13_that_is_absent_or_fails_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, message: str
) -> None:
    pytest.importorskip("statsmodels")
    script = None if program is None else f"#!/bin/sh\n{program}\n"
    set_x13(script, tmp_path, monkeypatch)
    rows = user_panel.read(seasonal_output()).observations
    with pytest.raises(DataError, match=message):
        adjustment.adjust(rows, [("A", "output")], "Q", "x13")


def test_series_that_x13_adjusts_is_read_with_the_days_of_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("statsmodels")
    # In place of X-13: a program with its files, whose adjusted value is the half.
    set_x13(f"#!{sys.executable}\n{HALVES}", tmp_path, monkeypatch)
    rows = user_panel.read(seasonal_output().head(22)).observations
    adjusted = adjustment.adjust(rows, [("A", "output")], "Q", "x13")
    newest = adjusted[adjusted["known_at"] == rows["known_at"].max()]
    halves = rows["value"].to_numpy() / 2
    np.testing.assert_allclose(newest["value"], halves, rtol=1e-9)
    assert newest["period"].tolist() == rows["period"].astype(str).tolist()
    # Five years are needed, so three vintages of 20 to 22 quarters are adjusted.
    assert adjusted.groupby("known_at").size().tolist() == [20, 21, 22]


HALVES = """
import pathlib, re, sys
if len(sys.argv) > 2:
    spec = pathlib.Path(sys.argv[1] + ".spc").read_text()
    values = re.search(r"data ?= ?[(]([^)]*)[)]", spec)[1].split()
    lines = ["date\\tx", "------\\t------"]
    lines += [f"200001\\t{float(value) / 2!r}" for value in values]
    for end in (".err", ".out", ".d11", ".d12", ".d13"):
        text = "" if end == ".err" else "\\n".join(lines)
        pathlib.Path(sys.argv[2] + end).write_text(text)
"""
