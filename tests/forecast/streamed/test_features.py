from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from econnet.core.errors import DataError, UsageError
from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.files import user_panel
from econnet.forecast.streamed import feature_blocks
from econnet.forecast.streamed.feature_blocks import Block, FeatureBlocks
from econnet.forecast.streamed.features import STREAMED_LABELS, FeatureSpec
from econnet.forecast.streamed.parquet_panel import ParquetPanel, open_files
from econnet.forecast.streamed.scaling import MomentScaler
from tests.forecast.streamed.panels import long_panel, spec_of, write


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "panel.parquet"
    write(long_panel(countries=6, periods=50), path)
    return path


@pytest.fixture(scope="module")
def files(path: Path) -> ParquetPanel:
    return open_files(path)


def computed(panel: ParquetPanel, spec: FeatureSpec, folder: Path) -> FeatureBlocks:
    """Return the features of a panel, computed."""
    blocks = FeatureBlocks(panel, spec, folder)
    blocks.write()
    return blocks


def index_of(block: Block) -> pd.MultiIndex:
    """Return country and origin of each row: six countries, values a period late."""
    origins = [pd.Period(ordinal=int(t) + 1, freq="Q") for t in block.period]
    countries = np.repeat([f"F{number:04d}" for number in range(6)], 50)
    return pd.MultiIndex.from_arrays([countries, origins])


def in_memory(
    path: Path, label: str, horizon: int, event: Event
) -> design_matrix.DesignMatrix:
    table = user_panel.read(path)
    whole = panel.build(table.observations, "Q", None, table.indicators)
    label_series = labels.apply(whole, label, "output_index")
    return design_matrix.build(whole, label_series, horizon, event)


def test_columns_are_taken_for_what_the_whole_file_would_be(
    files: ParquetPanel, path: Path
) -> None:
    spec = spec_of(files)
    kinds = dict(zip(spec.columns, spec.kinds, strict=True))
    assert kinds == user_panel.read(path).kinds


def test_features_are_those_of_the_panel_in_memory(
    files: ParquetPanel, path: Path, tmp_path: Path
) -> None:
    spec = spec_of(files)
    expected = in_memory(path, "negative-growth", 1, "at")
    blocks = computed(files, spec, tmp_path)
    block = blocks.read(0)
    streamed = pd.DataFrame(
        np.array(block.with_abroad(spec, blocks.abroad())).T,
        index_of(block),
        spec.inputs,
    )
    names = [column.name for column in expected.columns]
    whole = pd.DataFrame(expected.X, expected.index, names).reindex(streamed.index)
    for name in spec.inputs:
        ours, theirs = streamed[name].to_numpy(), whole[name].to_numpy()
        # In memory, a missing value is filled from the period before.
        known = ~np.isnan(ours)
        assert known.mean() > 0.8
        np.testing.assert_allclose(
            ours[known], theirs[known], rtol=1e-3, atol=2e-4, err_msg=name
        )


@pytest.mark.parametrize("label", [*STREAMED_LABELS, "given:slump"])
@pytest.mark.parametrize(("horizon", "event"), [(0, "at"), (2, "at"), (3, "within")])
def test_targets_are_those_of_the_panel_in_memory(
    files: ParquetPanel,
    path: Path,
    label: str,
    horizon: int,
    event: Event,
    tmp_path: Path,
) -> None:
    spec = spec_of(files, label, horizon=horizon, event=event)
    expected = in_memory(path, label, horizon, event)
    block = computed(files, spec, tmp_path).read(0)
    targets = pd.Series(expected.y, expected.index).reindex(index_of(block))
    np.testing.assert_array_equal(block.target, targets)


def test_lag_is_missing_where_a_period_is(tmp_path: Path) -> None:
    table = long_panel(countries=1, periods=12, seed=1).drop(index=5)
    write(table, tmp_path / "gap.parquet")
    files = open_files(tmp_path / "gap.parquet")
    spec = spec_of(files)
    block = computed(files, spec, tmp_path / "features").read(0)
    growth = block.inputs[spec.target_position]
    assert np.flatnonzero(np.isnan(growth)).tolist() == [0, 5]
    assert np.isnan(block.target[[2, 3, 4, -1]]).tolist() == [False, True, True, True]
    assert (block.newest.tolist(), block.countries) == ([10], ["F0000"])


@pytest.mark.parametrize("label", STREAMED_LABELS)
def test_features_do_not_depend_on_where_files_and_blocks_are_cut(
    label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = long_panel(countries=7, periods=40, seed=3)
    table = table.drop(index=table.sample(20, random_state=0).index)
    found = []
    for files, rows in ((1, 10**6), (3, 10**6), (50, 61), (2, 13)):
        folder = tmp_path / f"{files}-{rows}"
        folder.mkdir()
        write(table, *(folder / f"{number:02d}.parquet" for number in range(files)))
        monkeypatch.setattr(feature_blocks, "BLOCK_ROWS", rows)
        panel = open_files(folder)
        spec = spec_of(panel, label, horizon=2, event="within")
        blocks = computed(panel, spec, folder / "features")
        read = [blocks.read(number) for number in range(len(blocks))]
        assert len(read) == -(-len(table) // rows)
        found.append(
            (
                np.concatenate([block.inputs for block in read], axis=1),
                np.concatenate([block.target for block in read]),
                [name for block in read for name in block.countries],
            )
        )
        assert found[-1][2] == [f"F{number:04d}" for number in range(7)]
        for ours, theirs in zip(found[-1][:2], found[0][:2], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_column_may_have_any_name(tmp_path: Path) -> None:
    names = {"output_index": "n", "sales": "entity", "interest_rate": 'a "b" {x} \'c'}
    write(long_panel(countries=3).rename(columns=names), tmp_path / "named.parquet")
    write(long_panel(countries=3), tmp_path / "plain.parquet")
    blocks = []
    for name, target in (("named", "n"), ("plain", "output_index")):
        files = open_files(tmp_path / f"{name}.parquet")
        kinds = user_panel.read(tmp_path / "plain.parquet").kinds
        renamed = {names.get(key, key): kind for key, kind in kinds.items()}
        spec = spec_of(
            files, target=target, kinds=renamed if name == "named" else kinds
        )
        blocks.append(computed(files, spec, tmp_path / name).read(0))
    np.testing.assert_array_equal(blocks[0].inputs, blocks[1].inputs)


def test_inputs_are_clipped_filled_standardised_and_flagged() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 5, (500, 4)) ** 3
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 2] = 7.0
    X[:300, 3] = np.nan
    scaler = MomentScaler.fit(X, np.array([0, 3]))
    scaled = scaler.transform([*X.T.astype(np.float32)], np.arange(len(X))).T
    clipped = pd.DataFrame(X[:, :2]).clip(*np.nanquantile(X[:, :2], [0.01, 0.99], 0))
    filled = clipped.fillna(pd.DataFrame(X[:, :2]).median())
    z = ((filled - filled.mean()) / filled.std(ddof=0)).clip(-3, 3)
    np.testing.assert_allclose(scaled[:, :2], z, rtol=1e-4, atol=1e-4)
    assert not scaled[:, 2:4].any()  # constant, or mostly missing
    np.testing.assert_array_equal(scaled[:, 4:], np.isnan(X[:, :1]))


def test_growth_abroad_is_summed_over_all_blocks(
    files: ParquetPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = computed(files, spec_of(files), tmp_path / "whole").abroad()
    monkeypatch.setattr(feature_blocks, "BLOCK_ROWS", 70)
    parts = computed(files, spec_of(files), tmp_path / "parts").abroad()
    assert parts.first == whole.first
    np.testing.assert_allclose(parts.total, whole.total)
    np.testing.assert_array_equal(parts.countries, whole.countries)
    assert parts.countries.max() == 6


@pytest.mark.parametrize(("value", "message"), [(1e31, "too large"), (np.inf, "too")])
def test_value_too_large_is_reported_with_its_row(
    value: float, message: str, tmp_path: Path
) -> None:
    table = long_panel(countries=3)
    table.loc[130, "sales"] = value
    write(table[:100], tmp_path / "1.parquet")
    write(table[100:], tmp_path / "2.parquet")
    panel = open_files(tmp_path)
    with pytest.raises(DataError, match=rf"2\.parquet, row 31: sales is .*{message}"):
        computed(panel, spec_of(panel, target="output_index"), tmp_path / "features")


def test_disk_that_is_too_small_is_reported_before_it_is_full(
    files: ParquetPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_blocks, "SPARE_BYTES", 2**70)
    with pytest.raises(DataError, match="GB are free: free some"):
        computed(files, spec_of(files), tmp_path)


def test_what_cannot_be_streamed_is_refused(files: ParquetPanel) -> None:
    with pytest.raises(UsageError, match="needs a country's whole history"):
        spec_of(files, "turning-points")
    with pytest.raises(UsageError, match="has no column 'outptu': it has output"):
        spec_of(files, target="outptu")
    with pytest.raises(DataError, match="must have values 0 and 1"):
        spec_of(files, "given:sales")
