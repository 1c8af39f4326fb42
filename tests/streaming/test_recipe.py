from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet import features, labels, panel
from econnet.core.task import Event
from econnet.errors import DataError, UsageError
from econnet.sources import tabular
from econnet.streaming.files import Files, open_files
from econnet.streaming.recipe import (
    MARKS,
    Abroad,
    Scaling,
)
from econnet.streaming.scaling import MomentScaler
from tests.streaming.panels import long_panel, recipe, write


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "panel.parquet"
    write(long_panel(countries=6, periods=50), path)
    return path


@pytest.fixture(scope="module")
def files(path: Path) -> Files:
    return open_files(path)


def in_memory(path: Path, label: str, horizon: int, event: Event) -> features.Features:
    table = tabular.read(path)
    whole = panel.build(table.observations, "Q", None, table.indicators)
    made = labels.apply(whole, label, "output_index")
    return features.build(whole, made, horizon, event)


def test_columns_are_taken_for_what_the_whole_file_would_be(
    files: Files, path: Path
) -> None:
    asked = recipe(files)
    kinds = dict(zip(asked.columns, asked.kinds, strict=True))
    assert kinds == tabular.read(path).kinds


def test_inputs_are_those_of_the_panel_in_memory(files: Files, path: Path) -> None:
    asked, made = recipe(files), in_memory(path, "negative-growth", 1, "at")
    rows = files.read(files.ranges[0], asked.columns)
    abroad = Abroad.of(rows.period, asked.growth_of(rows))
    streamed = pd.DataFrame(asked.inputs_of(rows, abroad).T, columns=asked.inputs)
    # A row's origin is the period after its own, in which its values became known.
    origins = [pd.Period(ordinal=int(it) + 1, freq="Q") for it in rows.period]
    country = np.repeat([f"F{number:04d}" for number in range(6)], 50)
    streamed.index = pd.MultiIndex.from_arrays([country, origins])
    whole = pd.DataFrame(
        made.X, made.index, [column.name for column in made.columns]
    ).reindex(streamed.index)
    for name in asked.inputs:
        ours, theirs = streamed[name].to_numpy(), whole[name].to_numpy()
        # In memory, a value that is missing is made up for by the one before.
        known = ~np.isnan(ours)
        assert known.mean() > 0.8
        np.testing.assert_allclose(
            ours[known], theirs[known], rtol=1e-3, atol=2e-4, err_msg=name
        )


@pytest.mark.parametrize(
    "label", [*(it for it in MARKS if it != "given"), "given:slump"]
)
@pytest.mark.parametrize(("horizon", "event"), [(0, "at"), (2, "at"), (3, "within")])
def test_targets_are_those_of_the_panel_in_memory(
    files: Files, path: Path, label: str, horizon: int, event: Event
) -> None:
    asked = recipe(files, label, horizon=horizon, event=event)
    made = in_memory(path, label, horizon, event)
    rows = files.read(files.ranges[0], asked.columns)
    origins = [pd.Period(ordinal=int(it) + 1, freq="Q") for it in rows.period]
    country = np.repeat([f"F{number:04d}" for number in range(6)], 50)
    index = pd.MultiIndex.from_arrays([country, origins])
    whole = pd.Series(made.y, made.index).reindex(index)
    np.testing.assert_array_equal(asked.targets_of(rows), whole)


def test_lag_is_missing_where_a_period_is(tmp_path: Path) -> None:
    table = long_panel(countries=1, periods=12, seed=1).drop(index=5)
    write(table, tmp_path / "gap.parquet")
    files = open_files(tmp_path / "gap.parquet")
    asked = recipe(files)
    rows = files.read(files.ranges[0], asked.columns)
    made = asked.inputs_of(rows, Abroad.nothing(rows.period))
    own = made[asked.inputs.index("output_index")]
    assert np.flatnonzero(np.isnan(own)).tolist() == [0, 5]
    assert np.isnan(asked.targets_of(rows)[[2, 3, 4, -1]]).tolist() == [
        False,
        True,
        True,
        True,
    ]


def test_scaling_is_that_of_the_scaler() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 5, (500, 4)) ** 3
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 2] = 7.0
    scaler = MomentScaler.fit(X, np.array([0, 3]))
    np.testing.assert_allclose(
        Scaling.of(scaler).apply(X.T.astype(np.float32), np.arange(len(X))).T,
        scaler.transform(X),
        rtol=1e-4,
        atol=1e-4,
    )


def test_sums_over_parts_are_those_over_all(files: Files) -> None:
    asked = recipe(files)
    rows = files.read(files.ranges[0], asked.columns)
    growth = asked.growth_of(rows)
    whole = Abroad.of(rows.period, growth)
    parts = Abroad.sum(
        [Abroad.of(rows.period[i : i + 70], growth[i : i + 70]) for i in (0, 70, 140)]
        + [Abroad.of(rows.period[210:], growth[210:])]
    )
    assert parts.first == whole.first
    np.testing.assert_allclose(parts.total, whole.total)
    np.testing.assert_array_equal(parts.countries, whole.countries)


def test_what_cannot_be_streamed_is_refused(files: Files) -> None:
    with pytest.raises(UsageError, match="needs a country's whole history"):
        recipe(files, "turning-points")
    with pytest.raises(UsageError, match="has no column 'outptu': it has output"):
        recipe(files, target="outptu")
    with pytest.raises(DataError, match="must hold 0 and 1"):
        recipe(files, "given:sales")
