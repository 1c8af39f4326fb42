from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.errors import DataError
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.forecast import saved_model
from econnet.forecast.saved_model import Model
from econnet.models import network_file
from econnet.models.scaling import Scaler
from econnet.network import Architecture, Network
from econnet.runtime.npz import read_arrays, write_arrays
from tests.builders import small_model, world


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


def test_saved_model_is_read_as_it_was(model: Model, tmp_path: Path) -> None:
    saved_model.save(model, tmp_path / "new" / "DEU.npz")
    read = saved_model.load(tmp_path / "new" / "DEU.npz")
    assert read.fingerprint == model.fingerprint
    np.testing.assert_array_equal(read.network.parameters, model.network.parameters)
    for field in fields(Scaler):
        np.testing.assert_array_equal(
            getattr(read.scaler, field.name), getattr(model.scaler, field.name)
        )
    pd.testing.assert_frame_equal(
        read.track_record[list(model.track_record.columns)],
        model.track_record,
        check_dtype=False,
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metadata": {"schema": 99}}, rf"schema 99.* up to {saved_model.SCHEMA}"),
        ({"format": "econnet network 2"}, "'econnet network 2', made by a newer"),
    ],
)
def test_model_of_a_newer_econnet_is_refused_and_left_alone(
    model: Model, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "DEU.npz"
    saved_model.save(model, path)
    header, arrays = read_arrays(path)
    write_arrays(path, {**header, **change}, arrays)
    content = path.read_bytes()
    with pytest.raises(DataError, match=said) as caught:
        saved_model.load(path)
    assert "upgrade econnet" in str(caught.value)
    assert path.read_bytes() == content


def test_model_of_an_earlier_schema_is_too_old_and_left_alone(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "DEU.npz"
    saved_model.save(model, path)
    content = path.read_bytes()
    monkeypatch.setattr(saved_model, "SCHEMA", saved_model.SCHEMA + 1)
    older = saved_model.SCHEMA - 1
    with pytest.raises(saved_model.TooOldError, match=f"of schema {older}, before"):
        saved_model.load(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("schema", [0, -1, 2.5, "3", None, True, 10**400])
def test_unknown_schema_is_not_a_model(
    model: Model, tmp_path: Path, schema: object
) -> None:
    path = tmp_path / "DEU.npz"
    saved_model.save(model, path)
    header, arrays = read_arrays(path)
    header["metadata"]["schema"] = schema
    write_arrays(path, header, arrays)
    with pytest.raises(ValueError, match="not a model: there is no schema"):
        saved_model.load(path)


def test_shared_model_is_at_every_place_and_is_replaced_at_one_only(
    model: Model, tmp_path: Path
) -> None:
    paths = [tmp_path / "models" / name / "task.npz" for name in ("DEU", "FRA", "ITA")]
    saved_model.save_shared(model, paths)
    assert {saved_model.load(path).fingerprint for path in paths} == {model.fingerprint}
    saved_model.save(replace(model, fingerprint="another"), paths[0])
    assert saved_model.load(paths[0]).fingerprint == "another"
    assert saved_model.load(paths[1]).fingerprint == model.fingerprint
    saved_model.save_shared(model, paths[::-1])
    assert saved_model.load(paths[0]).fingerprint == model.fingerprint


def test_network_without_a_model_around_it_is_refused(tmp_path: Path) -> None:
    network_file.save(Network(Architecture.dense(2, [2])), tmp_path / "bare.npz")
    with pytest.raises(ValueError, match="not a model"):
        saved_model.load(tmp_path / "bare.npz")


@given(cut=st.integers(0, 2000))
def test_half_a_file_is_refused(
    cut: int, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("half") / "DEU.npz"
    saved_model.save(model, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="model"):
        saved_model.load(path)


AHEAD: dict[str, Any] = {
    "country": "DEU",
    "horizon": 2,
    "period": "2020Q3",
    "probability": 0.3,
    "interval": [0.1, 0.5],
    "base_rate": 0.2,
    "scores": {
        "auroc": None,
        "average_precision": 0.5,
        "brier": 0.1,
        "brier_skill": -0.5,
        "log_loss": 1.0,
        "log_loss_skill": None,
        "brier_parts": {"reliability": 0.1, "resolution": 0.0, "uncertainty": 0.2},
        "recall_at_imf_precision": None,
        "precision_at_imf_recall": None,
        "n": 40,
        "n_contractions": 7,
        "n_origins": 40,
    },
    "skill": {"value": 0.1, "interval": [0.02, 0.2], "n": 40, "n_contractions": 7},
}
HELPED = {"indicator": "exports", "loss": -0.1, "interval": [-0.2, 0.0]}


def rewritten(model: Model, path: Path, **changes: object) -> Path:
    """Write a model with other metadata, and other arrays by the names of `save`."""
    saved_model.save(model, path)
    header, arrays = read_arrays(path)
    for name, value in changes.items():
        key = name.replace("__", ".")
        if isinstance(value, np.ndarray):
            arrays[f"arrays/{key}"] = value
        else:
            header["metadata"][key] = value
    write_arrays(path, header, arrays)
    return path


def test_outlook_and_importance_are_read_as_they_were(
    model: Model, tmp_path: Path
) -> None:
    path = rewritten(model, tmp_path / "DEU.npz", outlook=[AHEAD], importance=[HELPED])
    read = saved_model.load(path)
    again = tmp_path / "again.npz"
    saved_model.save(read, again)
    assert again.read_bytes() == path.read_bytes()
    assert read.outlook is not None
    assert read.outlook[0].scores.n == 40
    assert read.outlook[0].confidence == "moderate"
    assert read.importance[0].interval == (-0.2, 0.0)


def but(entry: dict[str, Any], **changes: object) -> list[dict[str, Any]]:
    return [{**entry, **changes}]


WEIGHTS: dict[str, object] = {
    "network": 0.6,
    "growth_network": 0.0,
    "extra_trees": 0.4,
}

HOSTILE: dict[str, dict[str, object]] = {
    "weight above 1": {"weights": WEIGHTS | {"network": 1.4}},
    "weight below 0": {"weights": WEIGHTS | {"growth_network": -0.1}},
    "weight that is text": {"weights": WEIGHTS | {"network": "0.6"}},
    "weight that is infinite": {"weights": WEIGHTS | {"network": 10**400}},
    "weights that sum to more": {"weights": WEIGHTS | {"growth_network": 0.1}},
    "weight of another model": {"weights": {"network": 0.5, "oracle": 0.5}},
    "no weight of the networks": {"weights": {"network": 0.0, "extra_trees": 1.0}},
    "field that no model has": {"share": 0.5},
    "weights in one number": {"weights": 1.0},
    "narrow scaler": {"scaler__mean": np.zeros(2)},
    "scaler of truth values": {"scaler__knots": np.zeros((3, 99), bool)},
    "outcomes of truth values": {"record__outcome": np.zeros(3, bool)},
    "endless emphasis": {"scaler__emphasis": np.full(3, 1e300)},
    "few knots": {"scaler__knots": np.zeros((3, 98))},
    "scaler that is not finite": {"scaler__scale": np.array([1, np.inf, 1])},
    "flag of a column that is not there": {"scaler__flaggable": np.array([3])},
    "flag that is no place": {"scaler__flaggable": np.array([0.5])},
    "flag before the first column": {"scaler__flaggable": np.array([-1])},
    "scaler of another network": {
        "scaler__flaggable": np.arange(2),
        "scaler__flagged": np.ones(2),
    },
    "no fingerprint": {"fingerprint": None},
    "code out of range": {"record__model": np.array([0, 1, 2])},
    "code below zero": {"record__country": np.array([-1, 0, 0])},
    "code that is no place": {"record__country": np.array([0.0, 1.0, 0.0])},
    "names that are numbers": {"models": [1, 2]},
    "names that are one": {"countries": "DEU"[:1]},
    "names that are none": {"countries": 7},
    "columns of several lengths": {"record__outcome": np.ones(2)},
    "table for a column": {"record__origin": np.zeros((3, 1), int)},
    "no rows": {
        f"record__{name}": np.zeros(0, dtype)
        for name, dtype in {
            "model": int,
            "country": int,
            "origin": int,
            "probability": float,
            "outcome": float,
            "signal": bool,
        }.items()
    },
    "probability above 1": {"record__probability": np.array([0.1, 1.5, 0.2])},
    "probability that is missing": {"record__probability": np.array([0.1, np.nan, 1])},
    "outcome between": {"record__outcome": np.array([0, 0.5, 1])},
    "signal that is a number": {"record__signal": np.ones(3)},
    "origin of another age": {"record__origin": np.array([0, 1, 2**62])},
    "origin before all ages": {"record__origin": np.array([0, 1, -(2**63)])},
    "origin between": {"record__origin": np.array([0.5, 1.5, 2.5])},
    "frequency that is none": {"frequency": "fortnightly"},
    "frequency that is a list": {"frequency": ["M"]},
    "frequency of seconds": {"frequency": "s"},
    "absurd horizon": {"horizon": 10**9},
    "horizon below zero": {"horizon": -1},
    "horizon that is text": {"horizon": "1"},
    "outlook that is a number": {"outlook": 1},
    "outlook of nothing": {"outlook": [None]},
    "outlook without scores": {"outlook": but(AHEAD, scores=None)},
    "outlook with more": {"outlook": but(AHEAD, mood="good")},
    "outlook with less": {"outlook": [{"country": "DEU"}]},
    "outlook for no country": {"outlook": but(AHEAD, country=1)},
    "outlook of certainty and more": {"outlook": but(AHEAD, probability=1.01)},
    "scores that are infinite": {
        "outlook": but(AHEAD, scores={**AHEAD["scores"], "brier": 10**400})
    },
    "outlook that is infinite": {"outlook": but(AHEAD, base_rate=10**400)},
    "outlook for no period": {"outlook": but(AHEAD, period="2020Q5")},
    "outlook too far": {"outlook": but(AHEAD, horizon=10**6)},
    "outlook without an interval": {"outlook": but(AHEAD, interval=[0.1])},
    "outlook with an odd interval": {"outlook": but(AHEAD, interval=["a", "b"])},
    "importance of nothing": {"importance": [1]},
    "importance that is text": {"importance": but(HELPED, loss="much")},
    "importance that is true": {"importance": but(HELPED, loss=True)},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_model_is_a_value_error(
    case: str, model: Model, tmp_path: Path
) -> None:
    path = rewritten(model, tmp_path / "DEU.npz", **HOSTILE[case])
    with pytest.raises(ValueError, match="is a network, but not a model: "):
        saved_model.load(path)


def test_weights_near_the_largest_number_are_damage(tmp_path: Path) -> None:
    large = small_model()
    large.network.parameters[...] = np.finfo(np.float32).max
    saved_model.save(large, tmp_path / "DEU.npz")
    with pytest.raises(ValueError, match="its network has weights above 1,000,000"):
        saved_model.load(tmp_path / "DEU.npz")


def test_very_long_name_takes_only_its_own_memory(model: Model, tmp_path: Path) -> None:
    # As an array of fixed width these names would take 40 gigabytes.
    names = ["DEU", "x" * 10**6, *map(str, range(10_000))]
    path = rewritten(model, tmp_path / "DEU.npz", countries=names)
    assert saved_model.load(path).track_record["country"][0] == "DEU"


def test_fingerprint_is_that_of_data_task_and_version() -> None:
    def fingerprint(seed: int, task: str = "task", version: str = "1") -> str:
        known = panel.build(world(seed, countries=1, quarters=30), "Q")
        label = labels.apply(known, "negative-growth")
        return saved_model.model_digest(
            design_matrix.build(known, label, 1), task, version
        )

    assert fingerprint(0) == fingerprint(0)
    prints = {
        fingerprint(0),
        fingerprint(1),
        fingerprint(0, "x"),
        fingerprint(0, "task", "2"),
    }
    assert len(prints) == 4
