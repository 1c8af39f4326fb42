"""The user's own data in Python: a DataFrame gives what its file gives, everywhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import econnet
from econnet.api import Data
from econnet.core.errors import DataError, UsageError
from econnet.forecast.result import Forecast

pytestmark = pytest.mark.usefixtures("light")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECONNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ECONNET_REPORTS", str(tmp_path / "reports"))
    return tmp_path


def output(quarters: int = 120) -> pd.DataFrame:
    """Return the output of two countries, and another series, with an index."""
    rng = np.random.default_rng(4)
    periods = pd.period_range("1990Q1", periods=quarters, freq="Q").astype(str)
    parts = []
    for name in ("Germany", "France"):
        trend = np.where(np.arange(quarters) % 26 < 4, -0.012, 0.008)
        levels = 100 * np.exp(np.cumsum(trend + rng.normal(0, 0.004, quarters)))
        spread = np.sin(np.arange(quarters) / 9) + rng.normal(0, 0.1, quarters)
        parts.append(
            pd.DataFrame(
                {"land": name, "quartal": periods, "BIP": levels, "spread": spread}
            )
        )
    whole = pd.concat([output_of_world(periods), *parts])
    return whole[whole["quartal"] > "1990Q2"].rename(columns={"land": "country"})


def output_of_world(periods: pd.Index) -> pd.DataFrame:
    levels = np.linspace(90, 200, len(periods))
    return pd.DataFrame({"land": "Welt", "quartal": periods, "BIP": levels})


def summary(forecast: Forecast) -> tuple[object, ...]:
    return forecast.probability, forecast.period, forecast.task.target


def ranked(data: Data) -> list[tuple[object, ...]]:
    ranking = econnet.rank_countries(["DEU", "FRA"], data, members=1)
    return [summary(forecast) for forecast in ranking.forecasts]


def scores(data: Data) -> pd.DataFrame:
    one = {"pool": "own", "members": 1}
    return econnet.run_backtest(["DEU"], data, baselines=["logit"], **one).track_record  # type: ignore[arg-type]  # by name


FUNCTIONS: dict[str, Callable[[Data], object]] = {
    "read": lambda data: econnet.read_data(data).observations,  # type: ignore[arg-type]  # no Dataset is given
    "inspect": lambda data: econnet.inspect_data(data),  # type: ignore[arg-type]  # no Dataset is given
    "find": lambda data: econnet.find_country("deutschland", data),
    "countries": econnet.list_countries,
    "panel": lambda data: econnet.build_panel(data).values,
    "task": lambda data: econnet.choose_task(econnet.find_country("DEU"), data),
    "forecast": lambda data: summary(
        econnet.make_forecast("DEU", data, pool="own", members=1)
    ),
    "backtest": scores,
    "rank": ranked,
    "judge": lambda data: econnet.judge_forecasts(data).forecasts,
}


SLOW = ("rank", "forecast")
MARKED = [
    pytest.param(name, marks=pytest.mark.campaign) if name in SLOW else name
    for name in FUNCTIONS
]


@pytest.mark.parametrize("name", MARKED)
def test_frame_gives_what_its_file_gives(folder: Path, name: str) -> None:
    frame = output()
    frame.to_csv(folder / "own.csv", index=False)
    own, of_file = (FUNCTIONS[name](data) for data in (frame, folder / "own.csv"))
    if isinstance(own, pd.DataFrame) and isinstance(of_file, pd.DataFrame):
        pd.testing.assert_frame_equal(own, of_file)
    else:
        assert own == of_file


def test_index_of_selected_rows_is_ignored() -> None:
    """The index of such rows is neither a period nor a series."""
    frame = output()
    assert not isinstance(frame.index, pd.RangeIndex)
    plain = econnet.read_data(frame.reset_index(drop=True))
    selected = econnet.read_data(frame)
    pd.testing.assert_frame_equal(selected.observations, plain.observations)
    assert list(selected.indicators) == ["BIP", "spread"]


def test_column_that_is_in_the_index_too_is_refused() -> None:
    frame = output().set_index("quartal", drop=False)
    with pytest.raises(UsageError, match="'quartal' as a column and in its index"):
        econnet.read_data(frame)


@pytest.mark.parametrize("name", ["forecast", "backtest", "rank", "panel", "judge"])
def test_every_function_refuses_what_cannot_be_read(name: str) -> None:
    frame = output().reset_index(drop=True).astype({"BIP": object})
    frame.loc[200, "BIP"] = "unknown"
    with pytest.raises(DataError, match="'unknown' is not a number"):
        FUNCTIONS[name](frame)


def test_countries_of_own_data_are_listed_by_their_own_output() -> None:
    rows = econnet.list_countries(output()).set_index("country")
    assert rows.loc[["DEU", "FRA"], "frequency"].tolist() == ["Q", "Q"]


def test_what_was_read_does_not_change_with_the_frame() -> None:
    long = output().melt(["country", "quartal"], var_name="indicator")
    for frame in (output(), long[long["country"] == "Germany"]):
        known = econnet.read_data(frame)
        before = known.observations.copy()
        frame.iloc[:, -1] = -1.0
        pd.testing.assert_frame_equal(known.observations, before)


BAD_FRAMES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "empty": (lambda _: pd.DataFrame(), "the DataFrame is empty: fill it"),
    "no rows": (lambda frame: frame.iloc[:0], "the DataFrame is empty: fill it"),
    "two values": (
        lambda frame: pd.concat([frame, frame.assign(BIP=1.0)]),
        r"two values for DEU BIP 1990Q3 \(known on 1990-12-31\): .* keep one of them",
    ),
    "columns in two rows": (
        lambda frame: pd.concat({"a": frame.set_index("quartal")}, axis=1),
        "several rows of column names: flatten them",
    ),
    "one column": (lambda frame: frame[["BIP"]], "only 'BIP': call one 'period'"),
    "lists": (
        lambda frame: frame.assign(spread=frame["BIP"].map(lambda x: [x])),
        "column 'spread' has cells that are not text, numbers or dates: leave it out",
    ),
    "complex numbers": (
        lambda frame: frame.assign(spread=1j),
        "column 'spread' has cells that are not text, numbers or dates: leave it out",
    ),
    "no country": (
        lambda frame: frame.drop(columns="country"),
        r'name its country with read_data\(data, country="DEU"\)',
    ),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_frame_that_cannot_be_read_is_refused_with_the_remedy(name: str) -> None:
    spoil, message = BAD_FRAMES[name]
    rows = output()
    frame = spoil(rows[rows["country"] == "Germany"])
    for call in (econnet.read_data, econnet.inspect_data, econnet.build_panel):
        with pytest.raises((DataError, UsageError), match=message):
            call(frame)


@pytest.mark.parametrize(
    "data", [pd.Series([1.0, 2.0], ["2020", "2021"]), np.ones((3, 2)), {"x": [1]}, 3]
)
def test_data_of_another_type_are_refused_by_every_function(data: Data) -> None:
    for name in ("read", "inspect", "find", "panel", "judge"):
        with pytest.raises(UsageError, match=r"pd.DataFrame\(...\) makes a DataFrame"):
            FUNCTIONS[name](data)


def test_index_that_counts_years_is_the_period() -> None:
    years = range(1960, 2020)
    frame = pd.DataFrame({"GDPC1": np.linspace(100, 200, 60)}, index=years)
    rows = econnet.read_data(frame).observations
    assert rows["period"].tolist() == [str(year) for year in years]
    named = frame.reset_index(names="year")[30:]
    assert econnet.read_data(named).observations["period"].iloc[0] == "1990"
