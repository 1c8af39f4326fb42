"""Which rows each member learns from, and in which batches it meets them.

All members draw from one pool of rows. Each may see its own part of it, in time order,
of which the latest can be set aside to judge by. What is left is dealt into batches of
one shape: a member's rows are spread evenly over them, and places left over are filled
up with a row of its own, at weight 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econnet.network.activations import Array
from econnet.network.network import Network

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pool:
    """The rows that members learn from.

    `X` carries a column of ones for the bias, `y` is `(n, outputs)`.
    """

    X: Array
    y: Array
    weights: Array

    @classmethod
    def check(
        cls, network: Network, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None
    ) -> "Pool":
        """Take what the caller gave, or say what is wrong with it."""
        dtype = network.parameters.dtype
        inputs, outputs = (
            network.architecture.input_dim,
            network.architecture.output_dim,
        )
        given = np.asarray(X)
        if given.ndim != 2 or given.shape[1] != inputs:
            raise ValueError(
                f"X has the shape {given.shape}, but the network takes {inputs} "
                f"inputs: give (n, {inputs})"
            )
        if not len(given):
            raise ValueError("X has no rows: give at least one")
        pool: Array = np.ones((len(given), inputs + 1), dtype)
        pool[:, :-1] = given
        targets = np.asarray(y, dtype)
        if targets.ndim == 1:
            targets = targets[:, np.newaxis]
        if targets.shape != (len(given), outputs):
            raise ValueError(
                f"y has the shape {np.shape(y)} beside {len(given)} rows of X and "
                f"{outputs} outputs: give ({len(given)}, {outputs})"
            )
        if weights is None:
            counts: Array = np.ones(len(given), dtype)
        else:
            counts = np.asarray(weights, dtype)
        if counts.shape != (len(given),):
            raise ValueError(
                f"weights have the shape {counts.shape} beside {len(given)} rows: "
                "give one a row"
            )
        for name, array in (("X", pool), ("y", targets), ("weights", counts)):
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinity: drop those rows")
        if (targets < 0).any() or (targets > 1).any():
            raise ValueError("y holds values outside 0 to 1: give 0, 1 or between")
        if network.architecture.layers[-1].activation == "softmax" and not np.allclose(
            targets.sum(axis=1), 1, atol=1e-5
        ):
            raise ValueError("rows of y do not sum to 1: give each class its share")
        if (counts < 0).any():
            raise ValueError("weights hold a number below 0: give 0 or more")
        return cls(pool, np.ascontiguousarray(targets), counts)


def check_rows(
    rows: Sequence[ArrayLike] | None, members: int, pool: Pool
) -> list[Indices]:
    """Return each member's rows, without those of weight 0."""
    n = len(pool.X)
    given = [np.arange(n)] * members if rows is None else list(map(np.asarray, rows))
    if len(given) != members:
        raise ValueError(f"rows of {len(given)} members for {members}: give one each")
    seen = []
    for member, own in enumerate(given):
        if own.ndim != 1 or not len(own) or own.dtype.kind not in "iu":
            raise ValueError(
                f"the rows of member {member} are {own.dtype} of shape {own.shape}: "
                "give a list of row numbers, at least one"
            )
        if own.min() < 0 or own.max() >= n:
            raise ValueError(
                f"the rows of member {member} go from {own.min()} to {own.max()}, but "
                f"X has {n}: count from 0"
            )
        weighted = own[pool.weights[own] > 0].astype(np.intp)
        if not len(weighted):
            raise ValueError(
                f"all rows of member {member} have weight 0: give it some to learn from"
            )
        seen.append(weighted)
    return seen


def split_latest(
    seen: Sequence[Indices], validation_fraction: float
) -> tuple[list[Indices], list[Indices]]:
    """Part each member's rows into the earlier, to learn from, and the latest."""
    learning, judging = [], []
    for member, own in enumerate(seen):
        latest = int(validation_fraction * len(own))
        if validation_fraction and not latest:
            raise ValueError(
                f"member {member} has {len(own)} rows, too few to set aside "
                f"{validation_fraction:g} of them: lower validation_fraction to 0"
            )
        learning.append(own[: len(own) - latest])
        judging.append(own[len(own) - latest :])
    return learning, judging


class Batches:
    """Which rows each member of a stack meets, batch by batch, and at which weight.

    Attributes
    ----------
    index : array (batches, members, batch)
        Rows of the pool. Places left over repeat the member's first row.
    targets : array (batches, members, batch, outputs)
    weights : array (batches, members, batch, 1)
        Sum to 1 in every batch of a member; 0 in places left over.
    share : array (batches, members)
        The batch's part of the member's total weight.
    """

    def __init__(self, pool: Pool, rows: Sequence[Indices], batch: int) -> None:
        self.pool = pool
        self.rows = [own.copy() for own in rows]
        self.counts = np.array([-(-len(own) // batch) for own in rows])
        self.index = np.empty((self.counts.max(), len(rows), batch), np.intp)
        self.index[...] = [[[own[0]] for own in rows]]
        self.filled = np.zeros((*self.index.shape, 1), pool.X.dtype)
        # Members with as many rows share their places.
        places = {n: _places(n, -(-n // batch)) for n in {len(own) for own in rows}}
        self.places = [places[len(own)] for own in rows]
        for member, (which, place) in enumerate(self.places):
            self.filled[which, member, place] = 1
        self.targets = np.empty((*self.index.shape, pool.y.shape[1]), pool.X.dtype)
        self.weights = np.empty_like(self.filled)
        self.share = np.empty(self.index.shape[:2], pool.X.dtype)
        self.deal()

    def __len__(self) -> int:
        return int(self.counts.max())

    def members_by_batch(self) -> list[int]:
        """Return how many members have each of the batches; they are the first."""
        return [int((self.counts > number).sum()) for number in range(len(self))]

    def shuffle(self, generators: Sequence[np.random.Generator]) -> None:
        """Deal each member's rows anew, in an order from its own stream."""
        for own, count, generator in zip(
            self.rows, self.counts, generators, strict=True
        ):
            # A single batch is the same in any order.
            if count > 1:
                generator.shuffle(own)
        self.deal()

    def deal(self) -> None:
        """Fill the arrays from the members' rows in their present order."""
        for member, (own, places) in enumerate(
            zip(self.rows, self.places, strict=True)
        ):
            which, place = places
            self.index[which, member, place] = own
        np.take(self.pool.y, self.index, axis=0, out=self.targets, mode="clip")
        np.take(self.pool.weights, self.index, out=self.weights[..., 0], mode="clip")
        np.multiply(self.weights, self.filled, out=self.weights)
        totals = self.weights.sum(axis=2, keepdims=True)
        self.share[...] = (totals / totals.sum(axis=0))[..., 0, 0]
        # Members without such a batch have a total of 0 there, and are left out.
        np.divide(self.weights, totals, out=self.weights, where=totals > 0)

    def gather(self, number: int, *, out: Array) -> None:
        """Write the rows of a batch of the first members into `out`."""
        index = self.index[number, : len(out)]
        np.take(self.pool.X, index, axis=0, out=out, mode="clip")

    def keep(self, kept: Indices) -> None:
        """Go on with these members alone."""
        self.rows = [self.rows[member] for member in kept]
        self.places = [self.places[member] for member in kept]
        self.counts = self.counts[kept]
        count = len(self)
        self.index = self.index[:count, kept]
        self.filled = self.filled[:count, kept]
        self.targets = self.targets[:count, kept]
        self.weights = self.weights[:count, kept]
        self.share = self.share[:count, kept]


def _places(rows: int, batches: int) -> tuple[Indices, Indices]:
    """Spread rows evenly over batches: the batch of each, and its place there."""
    sizes = [len(part) for part in np.array_split(np.arange(rows), batches)]
    which = np.repeat(np.arange(batches), sizes)
    return which, np.concatenate([np.arange(size) for size in sizes])
