from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet import features, labels, models, panel
from econnet.features import Scaler
from econnet.models import Model
from econnet.network import Architecture, Network
from tests.builders import world


@pytest.fixture(scope="module")
def model() -> Model:
    rng = np.random.default_rng(0)
    record = pd.DataFrame(
        {
            "model": ["econnet", "econnet", "base_rate"],
            "country": ["DEU", "FRA", "DEU"],
            "origin": pd.PeriodIndex(["2019Q4", "2020Q1", "2019Q4"], freq="Q"),
            "period": pd.PeriodIndex(["2020Q1", "2020Q2", "2020Q1"], freq="Q"),
            "horizon": 1,
            "probability": [0.2, 0.3, 0.25],
            "outcome": [1.0, np.nan, 1.0],
            "signal": [False, True, True],
        }
    )
    return Model(
        network=Network(Architecture.dense(4, [3], skip=True), members=2, seed=1),
        share=0.6,
        scaler=Scaler.fit(rng.normal(size=(30, 3)), np.array([0]), np.ones(3)),
        track_record=record,
        fingerprint="0123",
    )


def test_saved_model_is_read_as_it_was(model: Model, tmp_path: Path) -> None:
    models.save(model, tmp_path / "new" / "DEU.npz")
    read = models.load(tmp_path / "new" / "DEU.npz")
    assert read.fingerprint == model.fingerprint
    np.testing.assert_array_equal(read.network.parameters, model.network.parameters)
    for field in fields(Scaler):
        np.testing.assert_array_equal(
            getattr(read.scaler, field.name), getattr(model.scaler, field.name)
        )
    pd.testing.assert_frame_equal(
        read.track_record[list(models.RECORD)],
        model.track_record[list(models.RECORD)],
        check_dtype=False,
    )


def test_shared_model_stands_at_every_place_and_is_replaced_alone(
    model: Model, tmp_path: Path
) -> None:
    paths = [tmp_path / "models" / name / "task.npz" for name in ("DEU", "FRA", "ITA")]
    models.save_shared(model, paths)
    assert {models.load(path).fingerprint for path in paths} == {model.fingerprint}
    models.save(replace(model, fingerprint="another"), paths[0])
    assert models.load(paths[0]).fingerprint == "another"
    assert models.load(paths[1]).fingerprint == model.fingerprint
    models.save_shared(model, paths[::-1])
    assert models.load(paths[0]).fingerprint == model.fingerprint


def test_network_without_a_model_around_it_is_refused(tmp_path: Path) -> None:
    Network(Architecture.dense(2, [2])).save(tmp_path / "bare.npz")
    with pytest.raises(ValueError, match="not a model"):
        models.load(tmp_path / "bare.npz")


@given(cut=st.integers(0, 2000))
def test_half_a_file_is_refused(
    cut: int, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("half") / "DEU.npz"
    models.save(model, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="model"):
        models.load(path)


def test_fingerprint_is_that_of_data_task_and_version() -> None:
    def fingerprint(seed: int, task: str = "task", version: str = "1") -> str:
        known = panel.build(world(seed, countries=1, quarters=30), "Q")
        label = labels.apply(known, "negative-growth")
        return models.fingerprint(features.build(known, label, 1), task, version)

    assert fingerprint(0) == fingerprint(0)
    prints = {
        fingerprint(0),
        fingerprint(1),
        fingerprint(0, "x"),
        fingerprint(0, "task", "2"),
    }
    assert len(prints) == 4
