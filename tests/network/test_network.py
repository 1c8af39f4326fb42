import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from econnet.network import Architecture, Network
from econnet.network.network import PREDICTION_ROWS

X = np.random.default_rng(0).normal(size=(2 * PREDICTION_ROWS + 44, 6))


def network(members: int = 3, *, skip: bool = False, dtype: type = float) -> Network:
    """Return a network whose skip weights and biases are not zero."""
    ensemble = Network(
        Architecture.dense(6, [5, 4], activation="tanh", skip=skip),
        members,
        dtype=dtype,
    )
    ensemble.parameters += np.random.default_rng(1).normal(
        0, 0.3, ensemble.parameters.shape
    )
    return ensemble


@pytest.mark.parametrize("skip", [False, True])
def test_logits_equal_the_textbook_formula(skip: bool) -> None:
    ensemble = network(skip=skip)
    for member in range(3):
        A = X
        for index in range(3):
            Z = A @ ensemble.W[index][member] + ensemble.b[index][member]
            A = np.tanh(Z)
        if ensemble.skip_weights is not None:
            Z += X @ ensemble.skip_weights[member]
        np.testing.assert_allclose(ensemble.logits(X)[member], Z, rtol=1e-12)
        np.testing.assert_allclose(
            ensemble.predict(X)[member], 1 / (1 + np.exp(-Z)), rtol=1e-12
        )


@given(start=st.integers(0, len(X) - 1), rows=st.integers(1, len(X)))
@settings(deadline=None)
def test_prediction_for_a_row_has_the_same_bits_whatever_the_other_rows(
    start: int, rows: int
) -> None:
    ensemble = network(dtype=np.float32)
    some = slice(start, start + rows)
    with threadpool_limits(1):
        np.testing.assert_array_equal(
            ensemble.predict(X[some]), ensemble.predict(X)[:, some]
        )


def test_members_may_predict_different_rows() -> None:
    ensemble = network()
    different = np.stack([X[:7], X[7:14], X[14:21]])
    predictions = ensemble.predict(X)
    for member in range(3):
        rows = slice(7 * member, 7 * member + 7)
        np.testing.assert_allclose(
            ensemble.predict(different)[member], predictions[member, rows], rtol=1e-12
        )


@pytest.mark.parametrize("skip", [False, True])
def test_network_with_a_linear_map_forecasts_from_mapped_inputs(skip: bool) -> None:
    narrow = network(skip=skip)
    generator = np.random.default_rng(2)
    linear_map = generator.normal(size=(3, 9, 6))
    linear_map[:, 4] = 0
    wide = narrow.with_linear_map(linear_map)
    rows = generator.normal(size=(5, 9))
    np.testing.assert_allclose(
        wide.logits(rows), narrow.logits(rows @ linear_map), rtol=1e-10
    )
    assert not wide.input_gradient(rows)[..., 4].any()


def test_skip_weights_start_at_zero() -> None:
    ensemble = Network(Architecture.dense(6, [5], skip=True))
    assert ensemble.skip_weights is not None
    assert not ensemble.skip_weights.any()


@pytest.mark.parametrize(
    ("initialization", "spread"),
    [("he", np.sqrt(2 / 200)), ("glorot", np.sqrt(2 / 500)), ("tutorial", 0.1)],
)
def test_initial_weights_have_the_published_standard_deviation(
    initialization: str, spread: float
) -> None:
    architecture = Architecture.dense(200, [300])
    ensemble = Network(
        architecture,
        2,
        initialization=initialization,  # type: ignore[arg-type] # all are known
    )
    # The sampling error of the standard deviation of 60,000 draws is 0.3%.
    assert ensemble.W[0].std() == pytest.approx(spread, rel=0.02)
    assert not np.array_equal(ensemble.W[0][0], ensemble.W[0][1])
    assert ensemble.b[0].any() == (initialization == "tutorial")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((4, 5)), r"X has the shape \(4, 5\).*takes 6 inputs"),
        (np.zeros(6), "X has the shape"),
        (np.zeros((2, 4, 6)), "stacked for 2 members, the network has 3"),
        (np.full((4, 6), np.nan), "NaN or infinity"),
    ],
)
def test_error_describes_the_wrong_input(rows: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network().predict(rows)


def test_prediction_for_no_rows_is_empty() -> None:
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
def test_error_describes_the_wrong_argument(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Network(Architecture.dense(6), **arguments)  # type: ignore[arg-type] # wrong on purpose


def test_error_names_an_output_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="output 1 of a network with 1"):
        network().input_gradient(X, 1)
