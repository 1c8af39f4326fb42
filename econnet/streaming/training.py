"""Training on a panel that is larger than memory.

A pass meets every row that may be learned from once: the ranges in an order drawn from
the seed, and the rows of a range in another. Reading and scaling the next range goes on
beside training on this one. All that training has come to is kept in a small file every
few ranges, and since every order follows from the seed and the pass alone, training
that was killed goes on from there to the same weights, bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import SeedSequence

from econnet.network import (
    AdamW,
    Architecture,
    BlockTrainer,
    CosineDecay,
    Network,
    OptimizerState,
)
from econnet.runtime.npz import read_arrays, write_arrays
from econnet.streaming.files import Files
from econnet.streaming.preparing import Order, Reader, Setting, prepared
from econnet.streaming.recipe import Recipe, Scaling
from econnet.streaming.survey import Survey


@dataclass(frozen=True)
class Options:
    """The networks and how they are trained.

    Parameters
    ----------
    hidden
        Units of the hidden layers.
    learning_rate
        At first; it falls along half a cosine to 0 at the end of the last pass.
    fewest_updates
        A short panel is gone through again until it has seen this many, in at most
        `most_passes`.
    """

    hidden: tuple[int, ...] = (32, 16)
    learning_rate: float = 4e-3
    l2: float = 1e-4
    batch_size: int = 256
    fewest_updates: int = 20_000
    most_passes: int = 40

    def passes(self, rows: int) -> int:
        """Return how often a panel of so many rows is gone through."""
        wanted = -(-self.fewest_updates * self.batch_size // rows)
        return min(self.most_passes, wanted)


KEEP_EVERY = 8  # blocks


def train(
    files: Files,
    recipe: Recipe,
    survey: Survey,
    *,
    members: int,
    seed: int,
    options: Options,
    unfinished: Path,
    fingerprint: str,
    reader: Reader | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Network:
    """Return networks that have learned from the rows before the holdout.

    Parameters
    ----------
    unfinished
        The file that holds what an earlier call had come to when it was killed; it is
        gone on from if it is of the same `fingerprint`.
    reader
        The process that prepares the ranges; without it threads of this one do.
    """
    scaling = Scaling.of(survey.scaler)
    ranges, passes = files.ranges, options.passes(files.rows)
    blocks = [
        (epoch, int(number))
        for epoch in range(passes)
        for number in np.random.default_rng([seed, epoch]).permutation(len(ranges))
    ]
    architecture = Architecture.dense(scaling.width, options.hidden, activation="tanh")
    network = Network(architecture, members, SeedSequence(seed).spawn(members))
    optimizer = AdamW(CosineDecay(options.learning_rate, len(blocks)))
    state = OptimizerState.start(network, optimizer)
    done = _go_on(network, state, unfinished, fingerprint)
    trainer = BlockTrainer(
        network, optimizer, options.batch_size, l2=options.l2, state=state
    )

    setting = Setting(
        files=files,
        recipe=recipe,
        abroad=survey.abroad,
        scaling=scaling,
        newest_learned=survey.newest_learned,
        most_rows=files.most_rows,
    )
    orders = [
        Order(ranges[number], (seed, epoch, number)) for epoch, number in blocks[done:]
    ]
    for X, y in prepared(setting, orders, reader):
        if len(X):
            trainer.learn(X, y, done)
        done += 1
        if done % KEEP_EVERY == 0 and done < len(blocks):
            _keep(network, state, done, unfinished, fingerprint)
        progress(done / len(blocks))
    return network


def _keep(
    network: Network, state: OptimizerState, done: int, file: Path, fingerprint: str
) -> None:
    moments = {f"moment {i}": it for i, it in enumerate(state.moments)}
    arrays = {"parameters": network.parameters, "steps": state.steps, **moments}
    write_arrays(file, {"fingerprint": fingerprint, "done": done}, arrays)


def _go_on(
    network: Network, state: OptimizerState, file: Path, fingerprint: str
) -> int:
    """Take what an earlier call had come to, and return how many blocks it had met.

    A file that is damaged, or of other work, is as good as none.
    """
    own = {"parameters": network.parameters, "steps": state.steps}
    own |= {f"moment {number}": it for number, it in enumerate(state.moments)}
    try:
        header, arrays = read_arrays(file)
        done = int(header["done"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return 0
    shapes = {name: (it.shape, it.dtype) for name, it in arrays.items()}
    if header.get("fingerprint") != fingerprint or shapes != {
        name: (it.shape, it.dtype) for name, it in own.items()
    }:
        return 0
    for name, array in own.items():
        array[...] = arrays[name]
    return done
