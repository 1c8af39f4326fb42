"""Networks are read from untrusted files; `tests/runtime/test_npz.py` has the rest."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econnet.models import network_file
from econnet.network import Architecture, Network
from econnet.runtime.npz import read_arrays, write_arrays

X = np.random.default_rng(0).normal(size=(20, 6))


def network(*, skip: bool = False, dtype: type = float) -> Network:
    """Return a network whose skip weights and biases are not zero."""
    architecture = Architecture.dense(6, [5, 4], activation="tanh", skip=skip)
    members = Network(architecture, 3, dtype=dtype)
    rng = np.random.default_rng(1)
    members.parameters += rng.normal(0, 0.3, members.parameters.shape)
    return members


def saved() -> bytes:
    """Return the bytes of a saved network, with metadata and an array."""
    file = io.BytesIO()
    network_file.save(
        Network(Architecture.dense(3, [4]), members=2),
        file,
        metadata={"country": "DEU"},
        arrays={"scale": np.ones(3)},
    )
    return file.getvalue()


SAVED = saved()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("skip", [False, True])
def test_saved_network_predicts_the_same_bits(
    tmp_path: Path, skip: bool, dtype: type
) -> None:
    original, path = network(skip=skip, dtype=dtype), tmp_path / "DEU.npz"
    network_file.save(
        original, path, metadata={"country": "DEU"}, arrays={"scale": np.arange(6.0)}
    )
    loaded, metadata, arrays = network_file.load_with_metadata(path)
    assert loaded.architecture == original.architecture
    assert loaded.parameters.dtype == dtype
    np.testing.assert_array_equal(loaded.predict(X), original.predict(X))
    assert metadata == {"country": "DEU"}
    np.testing.assert_array_equal(arrays.pop("scale"), np.arange(6.0))
    assert not arrays


def test_same_network_is_saved_to_the_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        network_file.save(network(), file)
    assert files[0].getvalue() == files[1].getvalue()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_file_is_a_value_error_or_another_network(data: st.DataObject) -> None:
    damaged = bytearray(SAVED)
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        offset = data.draw(st.integers(0, len(damaged) - 1), label="offset")
        damaged[offset] = data.draw(st.integers(0, 255), label="byte")
    cut = data.draw(st.integers(0, len(damaged)), label="cut")
    for text in (bytes(damaged), bytes(damaged[:cut])):
        with suppress(ValueError):
            loaded = network_file.load(io.BytesIO(text))
            assert np.isfinite(loaded.parameters).all()


@pytest.mark.parametrize("length", range(0, len(SAVED), 97))
def test_truncated_file_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError, match="not a model file"):
        network_file.load(io.BytesIO(SAVED[:length]))


def test_small_file_of_very_many_members_is_a_value_error() -> None:
    header, _ = read_arrays(io.BytesIO(SAVED))
    layers = [{"input_dim": 1, "output_dim": 1, "activation": "sigmoid"}]
    header["network"] |= {"layers": layers, "members": 20_001}
    file = io.BytesIO()
    write_arrays(file, header, {"parameters": np.zeros((20_001, 2), np.float32)})
    with pytest.raises(ValueError, match="20,001 blocks"):
        network_file.load(file)


def described(**changes: object) -> io.BytesIO:
    """Return the saved network with changes in its description."""
    header, arrays = read_arrays(io.BytesIO(SAVED))
    header["network"] |= changes
    file = io.BytesIO()
    write_arrays(file, header, arrays)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": 10**12}, "but its header says .1000000000000, 21."),
        ({"members": -1}, "but its header says"),
        ({"members": None}, "does not describe a network"),
        ({"dtype": "float64"}, "but its header says .2, 21. of float64"),
        ({"dtype": "|O"}, "does not describe a network"),
        ({"dtype": ["float32"]}, "does not describe a network"),
        ({"dtype": "nonsense"}, "does not describe a network"),
        ({"layers": [1, 2]}, "layer 1 is not a mapping"),
        ({"layers": []}, "no layers"),
        ({"layers": None}, "does not describe a network"),
        ({"skip": True}, "but its header says"),
    ],
)
def test_header_that_does_not_fit_is_a_value_error(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        network_file.load(described(**changes))


def test_file_of_something_else_is_a_value_error() -> None:
    file = io.BytesIO()
    write_arrays(file, {"format": "econnet panel 1"}, {})
    file.seek(0)
    with pytest.raises(ValueError, match="of format 'econnet panel 1'"):
        network_file.load(file)


def test_parameters_that_are_not_finite_are_a_value_error() -> None:
    broken, file = Network(Architecture.dense(3, [4])), io.BytesIO()
    broken.parameters[0, 5] = np.nan
    network_file.save(broken, file)
    file.seek(0)
    with pytest.raises(ValueError, match="not finite"):
        network_file.load(file)


def test_network_of_very_many_members_is_not_written(tmp_path: Path) -> None:
    many = Network(Architecture.dense(1), members=2)
    many.parameters = np.zeros((20_001, 2), np.float32)
    with pytest.raises(ValueError, match="20,001 blocks"):
        network_file.save(many, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_file_of_a_later_format_is_a_newer_file() -> None:
    header, arrays = read_arrays(io.BytesIO(SAVED))
    file = io.BytesIO()
    write_arrays(file, header | {"format": "econnet network 2"}, arrays)
    with pytest.raises(network_file.NewerFileError, match="made by a newer econnet"):
        network_file.load(file)


def test_missing_file_is_the_usual_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        network_file.load(tmp_path / "FRA.npz")
