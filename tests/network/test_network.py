import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from econnet.network import Architecture, Network
from econnet.network.network import PREDICTION_ROWS

X = np.random.default_rng(0).normal(size=(2 * PREDICTION_ROWS + 44, 6))


def network(members: int = 3, *, skip: bool = False, dtype: type = float) -> Network:
    """Make a network whose skip weights and biases are not zero."""
    made = Network(
        Architecture.dense(6, [5, 4], activation="tanh", skip=skip),
        members,
        dtype=dtype,
    )
    made.parameters += np.random.default_rng(1).normal(0, 0.3, made.parameters.shape)
    return made


@pytest.mark.parametrize("skip", [False, True])
def test_logits_are_the_textbook_formula(skip: bool) -> None:
    made = network(skip=skip)
    for member in range(3):
        A = X
        for index in range(3):
            Z = A @ made.W[index][member] + made.b[index][member]
            A = np.tanh(Z)
        if made.skip_weights is not None:
            Z += X @ made.skip_weights[member]
        np.testing.assert_allclose(made.logits(X)[member], Z, rtol=1e-12)
        np.testing.assert_allclose(
            made.predict(X)[member], 1 / (1 + np.exp(-Z)), rtol=1e-12
        )


@given(start=st.integers(0, len(X) - 1), rows=st.integers(1, len(X)))
@settings(deadline=None)
def test_prediction_of_a_row_has_the_same_bits_whatever_is_asked_beside_it(
    start: int, rows: int
) -> None:
    made = network(dtype=np.float32)
    some = slice(start, start + rows)
    with threadpool_limits(1):
        np.testing.assert_array_equal(made.predict(X[some]), made.predict(X)[:, some])


def test_members_predict_their_own_rows() -> None:
    made = network()
    own = np.stack([X[:7], X[7:14], X[14:21]])
    everything = made.predict(X)
    for member in range(3):
        rows = slice(7 * member, 7 * member + 7)
        np.testing.assert_allclose(
            made.predict(own)[member], everything[member, rows], rtol=1e-12
        )


@pytest.mark.parametrize("skip", [False, True])
def test_network_among_more_inputs_listens_to_its_own_alone(skip: bool) -> None:
    own, others = [1, 2, 5, 6, 7, 8], [0, 3, 4]
    narrow = network(skip=skip)
    wide = narrow.among(9, np.array(own))
    rows = np.random.default_rng(2).normal(size=(5, 9))
    np.testing.assert_allclose(
        wide.logits(rows), narrow.logits(rows[:, own]), rtol=1e-12
    )
    assert not wide.input_gradient(rows)[..., others].any()


def test_skip_starts_from_nothing() -> None:
    made = Network(Architecture.dense(6, [5], skip=True))
    assert made.skip_weights is not None
    assert not made.skip_weights.any()


@pytest.mark.parametrize(
    ("initialization", "spread"),
    [("he", np.sqrt(2 / 200)), ("glorot", np.sqrt(2 / 500)), ("tutorial", 0.1)],
)
def test_weights_are_spread_as_published(initialization: str, spread: float) -> None:
    architecture = Architecture.dense(200, [300])
    made = Network(
        architecture,
        2,
        initialization=initialization,  # type: ignore[arg-type] # all are known
    )
    # The spread of 60,000 draws is known to 0.3%.
    assert made.W[0].std() == pytest.approx(spread, rel=0.02)
    assert not np.array_equal(made.W[0][0], made.W[0][1])
    assert made.b[0].any() == (initialization == "tutorial")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("skip", [False, True])
def test_saved_network_predicts_the_same_bits(
    tmp_path: Path, skip: bool, dtype: type
) -> None:
    made, path = network(skip=skip, dtype=dtype), tmp_path / "DEU.npz"
    made.save(path, metadata={"country": "DEU"}, arrays={"scale": np.arange(6.0)})
    again, metadata, arrays = Network.load_with(path)
    assert again.architecture == made.architecture
    assert again.parameters.dtype == dtype
    np.testing.assert_array_equal(again.predict(X), made.predict(X))
    assert metadata == {"country": "DEU"}
    np.testing.assert_array_equal(arrays.pop("scale"), np.arange(6.0))
    assert not arrays


def test_same_network_is_saved_to_the_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        network().save(file)
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((4, 5)), r"X has the shape \(4, 5\).*takes 6 inputs"),
        (np.zeros(6), "X has the shape"),
        (np.zeros((2, 4, 6)), "stacked for 2 members, the network has 3"),
        (np.full((4, 6), np.nan), "NaN or infinity"),
    ],
)
def test_wrong_input_is_named(rows: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network().predict(rows)


def test_no_rows_give_no_predictions() -> None:
    assert network().predict(np.zeros((0, 6))).shape == (3, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": 0}, "0 members"),
        ({"dtype": np.int32}, "dtype int32"),
        ({"initialization": "ones"}, "'ones' is not known: choose one of glorot"),
        ({"members": 2, "seed": [np.random.SeedSequence(0)]}, "1 seeds for 2 members"),
    ],
)
def test_wrong_argument_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(Architecture.dense(6), **arguments)  # type: ignore[arg-type] # wrong on purpose


def test_output_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="output 1 of a network with 1"):
        network().input_gradient(X, 1)
