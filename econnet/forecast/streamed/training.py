"""Training on a panel that is larger than memory.

A pass trains on every row once: the blocks in an order drawn from the seed, and the
rows of a block in another. The next blocks are read and scaled while one is trained on.
The state of training is saved every few blocks, and since every order follows from the
seed and the pass alone, training that was killed continues from there to the same
weights, bit for bit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import SeedSequence

from econnet.forecast.streamed.feature_blocks import FeatureBlocks
from econnet.forecast.streamed.features import Singles
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
    """How networks are trained.

    Parameters
    ----------
    hidden
        Units of the hidden layers.
    learning_rate
        At first; it falls along half a cosine to 0 at the end of the last pass.
    min_updates
        A short panel is trained on again until there were this many updates, in at most
        `max_passes`.
    """

    hidden: tuple[int, ...] = (32, 16)
    learning_rate: float = 4e-3
    l2: float = 1e-4
    batch_size: int = 256
    min_updates: int = 20_000
    max_passes: int = 40

    def passes(self, rows: int) -> int:
        """Return the number of passes over a panel of this many rows."""
        return min(self.max_passes, -(-self.min_updates * self.batch_size // rows))


DEFAULT_OPTIONS = StreamedOptions()
CHECKPOINT_BLOCKS = 8
BLOCKS_AHEAD = 2  # prepared while one is trained on


@dataclass(frozen=True)
class Checkpoint:
    """The file with the state of unfinished training.

    Parameters
    ----------
    digest
        Of all that the model depends on; a file with another one is ignored.
    """

    path: Path
    digest: str

    def save(self, done: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write the state after `done` blocks."""
        header = {"fingerprint": self.digest, "done": done}
        write_arrays(self.path, header, arrays)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Restore the state in place, and return the number of blocks done.

        A damaged file, or one of other work, is ignored.
        """
        try:
            header, saved = read_arrays(self.path)
            done = int(header["done"])
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return 0
        if header.get("fingerprint") != self.digest or _form(saved) != _form(arrays):
            return 0
        for name, array in arrays.items():
            array[...] = saved[name]
        return done


def _form(arrays: Mapping[str, np.ndarray]) -> dict[str, object]:
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def train_stream(
    blocks: FeatureBlocks,
    survey: Survey,
    options: StreamedOptions,
    checkpoint: Checkpoint,
    progress: Callable[[float], None] = lambda _: None,
) -> Network:
    """Return networks trained on the rows before the holdout."""
    members, seed = blocks.spec.task.members, blocks.spec.task.seed
    order = [
        (seed, epoch, int(number))
        for epoch in range(options.passes(blocks.panel.rows))
        for number in np.random.default_rng([seed, epoch]).permutation(len(blocks))
    ]
    architecture = Architecture.dense(
        survey.scaler.width, options.hidden, activation="tanh"
    )
    network = Network(architecture, members, SeedSequence(seed).spawn(members))
    optimizer = AdamW(CosineDecay(options.learning_rate, len(order)))
    state = OptimizerState.start(network, optimizer)
    moments = {f"moment {i}": moment for i, moment in enumerate(state.moments)}
    arrays = {"parameters": network.parameters, "steps": state.steps, **moments}
    done = checkpoint.restore(arrays)
    trainer = BlockTrainer(
        network, optimizer, options.batch_size, l2=options.l2, state=state
    )
    for X, y in training_rows(blocks, survey, order[done:]):
        if len(X):
            trainer.learn(X, y, done)
        done += 1
        if done % CHECKPOINT_BLOCKS == 0 and done < len(order):
            checkpoint.save(done, arrays)
        progress(done / len(order))
    return network


def training_rows(
    blocks: FeatureBlocks, survey: Survey, order: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[Singles, Singles]]:
    """Yield the rows of each block to train on, (rows, inputs) and (rows, 1).

    Each item of `order` is a seed, a pass and the number of a block, and gives the
    random stream that shuffles the block's rows.
    """

    def prepare(stream: tuple[int, int, int]) -> tuple[Singles, Singles]:
        block = blocks.read(stream[-1])
        learned = np.flatnonzero(block.learned(survey.newest_learned))
        rows = np.random.default_rng(stream).permutation(learned)
        inputs = block.with_abroad(blocks.spec, survey.abroad)
        X, y = survey.scaler.transform(inputs, rows).T, block.target[rows, np.newaxis]
        return X, y

    return workers.prefetch(prepare, order, most=BLOCKS_AHEAD)
