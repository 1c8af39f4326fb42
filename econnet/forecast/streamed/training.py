"""Training on a panel that is larger than memory.

A pass trains on every row once: the blocks in an order drawn from the seed, and the
rows of a block in another. The next blocks are read and scaled while one is trained on.
The state of training is saved every few blocks, and since every order follows from the
seed and the pass alone, training that was killed continues from there to the same
weights, bit for bit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import SeedSequence

from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import Singles
from econnet.forecast.streamed.scaling import Scaling
from econnet.forecast.streamed.survey import Survey
from econnet.network import (
    AdamW,
    Architecture,
    BlockTrainer,
    CosineDecay,
    Network,
    OptimizerState,
)
from econnet.runtime import workers
from econnet.runtime.npz import read_arrays, write_arrays


@dataclass(frozen=True)
class StreamedOptions:
    """The networks and how they are trained.

    Parameters
    ----------
    hidden
        Units of the hidden layers.
    learning_rate
        At first; it falls along half a cosine to 0 at the end of the last pass.
    fewest_updates
        A short panel is trained on again until there were this many updates, in at most
        `most_passes`.
    """

    members: int = 1
    seed: int = 0
    hidden: tuple[int, ...] = (32, 16)
    learning_rate: float = 4e-3
    l2: float = 1e-4
    batch_size: int = 256
    fewest_updates: int = 20_000
    most_passes: int = 40

    def passes(self, rows: int) -> int:
        """Return the number of passes over a panel of so many rows."""
        wanted = -(-self.fewest_updates * self.batch_size // rows)
        return min(self.most_passes, wanted)


@dataclass(frozen=True)
class Checkpoint:
    """The file that holds the state of training that is not finished.

    Parameters
    ----------
    digest
        Of all that the model depends on; a file with another one is ignored.
    """

    path: Path
    digest: str


KEEP_EVERY = 8  # blocks
AHEAD = 2  # blocks that are prepared while one is trained on


def train_stream(
    blocks: FeatureBlocks,
    survey: Survey,
    options: StreamedOptions,
    checkpoint: Checkpoint,
    progress: Callable[[float], None] = lambda _: None,
) -> Network:
    """Return networks trained on the rows before the holdout."""
    width = Scaling.of(survey.scaler).width
    passes = options.passes(blocks.files.rows)
    order = [
        (options.seed, epoch, int(number))
        for epoch in range(passes)
        for number in np.random.default_rng([options.seed, epoch]).permutation(
            len(blocks)
        )
    ]
    architecture = Architecture.dense(width, options.hidden, activation="tanh")
    streams = SeedSequence(options.seed).spawn(options.members)
    network = Network(architecture, options.members, streams)
    optimizer = AdamW(CosineDecay(options.learning_rate, len(order)))
    state = OptimizerState.start(network, optimizer)
    done = _restore(network, state, checkpoint)
    trainer = BlockTrainer(
        network, optimizer, options.batch_size, l2=options.l2, state=state
    )
    for X, y in training_rows(blocks, survey, order[done:]):
        if len(X):
            trainer.learn(X, y, done)
        done += 1
        if done % KEEP_EVERY == 0 and done < len(order):
            _save(network, state, done, checkpoint)
        progress(done / len(order))
    return network


def training_rows(
    blocks: FeatureBlocks, survey: Survey, order: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[Singles, Singles]]:
    """Yield the rows of each block to train on, (rows, inputs) and (rows, 1).

    Each of `order` is a seed, a pass and the number of a block, and is the random
    stream by which the block's rows are shuffled.
    """
    scaling = Scaling.of(survey.scaler)

    def prepare(stream: tuple[int, int, int]) -> tuple[Singles, Singles]:
        block = blocks.read(stream[-1])
        learned = (block.period <= survey.newest_learned) & ~np.isnan(block.target)
        rng = np.random.default_rng(stream)
        chosen = rng.permutation(np.flatnonzero(learned))
        inputs = block.with_abroad(blocks.spec, survey.abroad)
        X, y = scaling.apply(inputs, chosen).T, block.target[chosen, np.newaxis]
        return X, y

    return workers.prefetch(prepare, order, most=AHEAD)


def _save(
    network: Network, state: OptimizerState, done: int, checkpoint: Checkpoint
) -> None:
    header = {"fingerprint": checkpoint.digest, "done": done}
    write_arrays(checkpoint.path, header, _arrays(network, state))


def _restore(network: Network, state: OptimizerState, checkpoint: Checkpoint) -> int:
    """Restore the state of an earlier call, and return the number of blocks done.

    A file that is damaged, or of other work, is ignored.
    """
    arrays = _arrays(network, state)
    try:
        header, saved = read_arrays(checkpoint.path)
        done = int(header["done"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return 0
    shapes = {name: (array.shape, array.dtype) for name, array in saved.items()}
    if header.get("fingerprint") != checkpoint.digest or shapes != {
        name: (array.shape, array.dtype) for name, array in arrays.items()
    }:
        return 0
    for name, array in arrays.items():
        array[...] = saved[name]
    return done


def _arrays(network: Network, state: OptimizerState) -> dict[str, np.ndarray]:
    """Return the arrays that change in training."""
    moments = {f"moment {i}": moment for i, moment in enumerate(state.moments)}
    return {"parameters": network.parameters, "steps": state.steps, **moments}
