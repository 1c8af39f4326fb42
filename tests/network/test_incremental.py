from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from econnet.network import (
    SGD,
    AdamW,
    Architecture,
    Array,
    BlockTrainer,
    CosineDecay,
    Network,
    OptimizerState,
    TrainingOptions,
    train,
)
from econnet.runtime.npz import read_arrays, write_arrays

ARCHITECTURE = Architecture.dense(5, [8], activation="tanh")


def blocks(count: int, rows: int = 64) -> list[tuple[Array, Array]]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((count, rows, 5), np.float32)
    y = (X[..., :1] + rng.standard_normal((count, rows, 1)) > 0).astype(np.float32)
    return list(zip(X, y, strict=True))


def test_block_of_one_batch_equals_an_epoch_of_train() -> None:
    incremental, trained = Network(ARCHITECTURE, 3), Network(ARCHITECTURE, 3)
    optimizer = AdamW(0.01, weight_decay=0.1)
    trainer = BlockTrainer(incremental, optimizer, 64, l2=0.01)
    state = OptimizerState.start(trained, optimizer)
    options = TrainingOptions(optimizer, epochs=1, batch_size=64, l2=0.01)
    with threadpool_limits(1):
        for X, y in blocks(6):
            cost = trainer.learn(X, y)
            history = train(trained, X, y, options=options, state=state)
            np.testing.assert_allclose(cost, history.cost[0], rtol=1e-6)
    np.testing.assert_allclose(incremental.parameters, trained.parameters, rtol=1e-5)


def test_last_rows_of_a_block_form_a_smaller_batch() -> None:
    ((X, y),) = blocks(1, rows=40)
    at_once, in_parts = Network(ARCHITECTURE), Network(ARCHITECTURE)
    BlockTrainer(at_once, SGD(0.1), 32).learn(X, y)
    trainer = BlockTrainer(in_parts, SGD(0.1), 32)
    trainer.learn(X[:32], y[:32])
    trainer.learn(X[32:], y[32:])
    np.testing.assert_array_equal(at_once.parameters, in_parts.parameters)


def test_memory_order_of_a_block_does_not_matter() -> None:
    by_row, by_column = Network(ARCHITECTURE), Network(ARCHITECTURE)
    for X, y in blocks(2):
        BlockTrainer(by_row, SGD(0.1), 32).learn(X, y)
        BlockTrainer(by_column, SGD(0.1), 32).learn(np.asfortranarray(X), y)
    np.testing.assert_array_equal(by_row.parameters, by_column.parameters)


def test_member_reaches_the_same_weights_alone() -> None:
    together = Network(ARCHITECTURE, 3)
    streams = np.random.SeedSequence(0).spawn(3)
    alone = Network(ARCHITECTURE, 1, streams[1:2])
    trainers = [BlockTrainer(network, AdamW(), 16) for network in (together, alone)]
    with threadpool_limits(1):
        for X, y in blocks(3):
            for trainer in trainers:
                trainer.learn(X, y)
    np.testing.assert_array_equal(together.parameters[1], alone.parameters[0])


def test_training_continued_from_a_file_equals_uninterrupted_training(
    tmp_path: Path,
) -> None:
    optimizer = AdamW(CosineDecay(0.01, 6))
    uninterrupted, stopped = Network(ARCHITECTURE, 2), Network(ARCHITECTURE, 2)
    work = blocks(6)
    trainer, first = (
        BlockTrainer(network, optimizer, 16) for network in (uninterrupted, stopped)
    )
    for number, block in enumerate(work):
        trainer.learn(*block, number)
    for number in range(2):
        first.learn(*work[number], number)
    arrays = {"parameters": stopped.parameters, "steps": first.state.steps}
    arrays |= {f"moment {i}": moment for i, moment in enumerate(first.state.moments)}
    write_arrays(tmp_path / "progress.npz", {}, arrays)
    _, loaded = read_arrays(tmp_path / "progress.npz")

    resumed = Network(ARCHITECTURE, 2)
    resumed.parameters[...] = loaded["parameters"]
    state = OptimizerState((loaded["moment 0"], loaded["moment 1"]), loaded["steps"])
    second = BlockTrainer(resumed, optimizer, 16, state=state)
    for number in range(2, 6):
        second.learn(*work[number], number)
    np.testing.assert_array_equal(resumed.parameters, uninterrupted.parameters)


def test_block_that_does_not_fit_raises_an_error() -> None:
    trainer = BlockTrainer(Network(ARCHITECTURE), SGD(), 16)
    ((X, y),) = blocks(1)
    with pytest.raises(ValueError, match="takes 5 inputs"):
        trainer.learn(X[:, :4], y)
    with pytest.raises(ValueError, match="64 rows of X and 63 of y"):
        trainer.learn(X, y[:63])
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        trainer.learn(X, y)
    with pytest.raises(ValueError, match="batch_size is 0"):
        BlockTrainer(Network(ARCHITECTURE), SGD(), 0)


def test_diverging_training_raises_an_error() -> None:
    trainer = BlockTrainer(Network(ARCHITECTURE), SGD(1e39), 16)
    ((X, y),) = blocks(1)
    with pytest.raises(ValueError, match="lower the learning rate"):
        trainer.learn(X, y)
