"""The rows of each member, and their division into batches.

All members use one pool of rows. Each has its own selection of it, in time order, of
which the latest rows can be reserved for validation. The others are divided into
batches of one shape: a member's rows are spread evenly over its batches, and free slots
are filled with its first row, at weight 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econnet.network.activations import Array
from econnet.network.network import Network

Indices: TypeAlias = NDArray[np.intp]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Pool:
    """The rows that members may use.

    Attributes
    ----------
    X : array (n, inputs + 1)
        The last column is 1, for the bias.
    y : array (n, outputs)
        Targets, from 0 to 1 unless the last activation is the identity.
    weights : array (n,)
        Row weights, 0 or more.
    """

    X: Array
    y: Array
    weights: Array

    @classmethod
    def check(
        cls, network: Network, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None
    ) -> "Pool":
        """Return the caller's arrays as a pool; `y` may be (n,) with one output.

        Raises
        ------
        ValueError
            Shapes do not fit the network, or numbers are not valid.
        """
        dtype = network.parameters.dtype
        inputs = _as_inputs(X, network)
        targets = np.asarray(y, dtype)
        if targets.ndim == 1:
            targets = targets[:, np.newaxis]
        n, outputs = len(inputs), network.architecture.output_dim
        if targets.shape != (n, outputs):
            raise ValueError(
                f"y has the shape {np.shape(y)} for {n} rows of X and {outputs} "
                f"outputs: give ({n}, {outputs})"
            )
        row_weights: Array = (
            np.ones(n, dtype) if weights is None else np.asarray(weights, dtype)
        )
        if row_weights.shape != (n,):
            raise ValueError(
                f"weights have the shape {row_weights.shape} for {n} rows: "
                "give one per row"
            )
        for name, array in (("X", inputs), ("y", targets), ("weights", row_weights)):
            if not np.isfinite(array).all():
                raise ValueError(f"{name} contains NaN or infinity: drop those rows")
        activation = network.architecture.layers[-1].activation
        outside = (targets < 0).any() or (targets > 1).any()
        if activation != "identity" and outside:
            raise ValueError("y has values outside 0 to 1: give 0, 1 or between")
        sums = targets.sum(axis=1)
        if activation == "softmax" and not np.allclose(sums, 1, atol=1e-5):
            raise ValueError("rows of y do not sum to 1: give the share of each class")
        if (row_weights < 0).any():
            raise ValueError("weights contain a number below 0: give 0 or more")
        return cls(inputs, np.ascontiguousarray(targets), row_weights)


def _as_inputs(X: ArrayLike, network: Network) -> Array:
    """Return a copy of X with a column of ones; raise `ValueError` if it misfits."""
    rows, input_dim = np.asarray(X), network.architecture.input_dim
    if rows.ndim != 2 or rows.shape[1] != input_dim:
        raise ValueError(
            f"X has the shape {rows.shape}, but the network takes {input_dim} "
            f"inputs: give (n, {input_dim})"
        )
    if not len(rows):
        raise ValueError("X has no rows: give at least one")
    inputs: Array = np.ones((len(rows), input_dim + 1), network.parameters.dtype)
    inputs[:, :-1] = rows
    return inputs


def check_rows(
    rows: Sequence[ArrayLike] | None, members: int, pool: Pool
) -> list[Indices]:
    """Return each member's rows, by default all, without those of weight 0.

    Raises
    ------
    ValueError
        A member's list is missing, not of row numbers of the pool, or has no row with a
        weight above 0.
    """
    n = len(pool.X)
    all_rows = [np.arange(n)] * members
    selections = list(map(np.asarray, all_rows if rows is None else rows))
    if len(selections) != members:
        raise ValueError(
            f"rows of {len(selections)} members for {members}: give one list per member"
        )
    usable = []
    for member, selection in enumerate(selections):
        integers = selection.dtype.kind in "iu"
        if selection.ndim != 1 or not len(selection) or not integers:
            raise ValueError(
                f"the rows of member {member} are {selection.dtype} of shape "
                f"{selection.shape}: give a list of row numbers, at least one"
            )
        if selection.min() < 0 or selection.max() >= n:
            raise ValueError(
                f"the rows of member {member} go from {selection.min()} to "
                f"{selection.max()}, but X has {n}: count from 0"
            )
        weighted = selection[pool.weights[selection] > 0].astype(np.intp)
        if not len(weighted):
            raise ValueError(
                f"all rows of member {member} have weight 0: give a positive weight to "
                "some"
            )
        usable.append(weighted)
    return usable


def split_latest(
    usable: Sequence[Indices], validation_fraction: float
) -> tuple[list[Indices], list[Indices]]:
    """Split each member's rows: the earlier for training, the latest for validation.

    Raises
    ------
    ValueError
        A member has too few rows for this share, from 0 to below 1.
    """
    training, validation = [], []
    for member, rows in enumerate(usable):
        latest = int(validation_fraction * len(rows))
        if validation_fraction and not latest:
            raise ValueError(
                f"member {member} has {len(rows)} rows, too few to validate on "
                f"{validation_fraction:g} of them: lower validation_fraction to 0"
            )
        training.append(rows[: len(rows) - latest])
        validation.append(rows[len(rows) - latest :])
    return training, validation


class Batches:
    """The rows, targets and weights of each batch of a stack of members.

    A batch has `batch` slots. All rows have weights above 0, which are divided by
    `mean_weight` or, without it, by the mean weight of the member's rows.

    Attributes
    ----------
    index : array (batches, members, batch)
        Row numbers in the pool. Free slots repeat the member's first row.
    targets : array (batches, members, batch, outputs)
        Targets of these rows.
    weights : array (batches, members, batch, 1)
        Row weights over the mean weight of the member's rows and the batch's number of
        rows; 0 in free slots. A batch of heavy rows thus counts for more, and equal
        weights sum to 1.
    share : array (batches, members)
        The batch's share of the member's rows.
    """

    def __init__(
        self,
        pool: Pool,
        rows: Sequence[Indices],
        batch: int,
        mean_weight: float | None = None,
    ) -> None:
        self.pool = pool
        self.rows = [selection.copy() for selection in rows]
        self.counts = np.array([-(-len(selection) // batch) for selection in rows])
        self.index = np.empty((self.counts.max(), len(rows), batch), np.intp)
        self.index[...] = [[[selection[0]] for selection in rows]]
        self.scale = np.zeros((*self.index.shape, 1), pool.X.dtype)
        self.share = np.zeros(self.index.shape[:2], pool.X.dtype)
        self.unit = np.ones((len(rows), 1, 1), pool.X.dtype)
        self.layouts = [_Layout.even(len(selection), batch) for selection in rows]
        for member, layout in enumerate(self.layouts):
            weights, per_batch = pool.weights[self.rows[member]], layout.sizes
            mean = mean_weight
            if mean is None:
                # Divided by the largest first: the mean of equal weights is then
                # exactly 1, and no sum overflows.
                self.unit[member] = weights.max()
                mean = (weights / weights.max()).mean(dtype=np.float64)
            inverse = np.repeat(1 / (mean * per_batch), per_batch)
            layout.spread(inverse, out=self.scale[:, member, :, 0])
            self.share[: len(per_batch), member] = per_batch / len(weights)
        self.targets = np.empty((*self.index.shape, pool.y.shape[1]), pool.X.dtype)
        self.weights = np.empty_like(self.scale)
        self._fill()

    def __len__(self) -> int:
        return int(self.counts.max())

    def members_by_batch(self) -> list[int]:
        """Return the number of members that have each batch; they are the first."""
        return [int((self.counts > number).sum()) for number in range(len(self))]

    def shuffle(self, generators: Sequence[np.random.Generator]) -> None:
        """Divide each member's rows again, in an order from its own random stream."""
        for selection, count, generator in zip(
            self.rows, self.counts, generators, strict=True
        ):
            # A single batch is the same in any order.
            if count > 1:
                generator.shuffle(selection)
        self._fill()

    def _fill(self) -> None:
        """Fill the arrays from the members' rows in their current order."""
        for member, (layout, rows) in enumerate(
            zip(self.layouts, self.rows, strict=True)
        ):
            layout.spread(rows, out=self.index[:, member])
        np.take(self.pool.y, self.index, axis=0, out=self.targets, mode="clip")
        np.take(self.pool.weights, self.index, out=self.weights[..., 0], mode="clip")
        np.divide(self.weights, self.unit, out=self.weights)
        np.multiply(self.weights, self.scale, out=self.weights)

    def gather_into(self, number: int, out: Array) -> Callable[[], object]:
        """Return a function that writes the inputs of a batch to `out`.

        `out` has the shape (members, batch, inputs + 1), for the first members only if
        it has fewer. The function is valid until `keep` is called.
        """
        return partial(self.pool.X.take, self.index[number, : len(out)], 0, out, "clip")

    def keep(self, kept: Indices) -> None:
        """Continue with these members only."""
        self.rows = [self.rows[member] for member in kept]
        self.layouts = [self.layouts[member] for member in kept]
        self.counts = self.counts[kept]
        count = len(self)
        self.index = self.index[:count, kept]
        self.scale = self.scale[:count, kept]
        self.unit = self.unit[kept]
        self.targets = self.targets[:count, kept]
        self.weights = self.weights[:count, kept]
        self.share = self.share[:count, kept]


@dataclass(frozen=True)
class _Layout:
    """The sizes of a member's batches: `larger` of `size + 1` rows, then the others."""

    batches: int
    size: int
    larger: int

    @classmethod
    def even(cls, rows: int, batch: int) -> "_Layout":
        """Return the layout that spreads the rows evenly over as few batches as fit."""
        batches = -(-rows // batch)
        return cls(batches, *divmod(rows, batches))

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The number of rows in each batch."""
        return self.size + (np.arange(self.batches) < self.larger)

    def spread(self, values: NDArray[Scalar], *, out: NDArray[Scalar]) -> None:
        """Write one value per row to `out`, (batches, slots); free slots stay."""
        end = self.larger * (self.size + 1)
        larger = out[: self.larger, : self.size + 1]
        larger[...] = values[:end].reshape(larger.shape)
        others = out[self.larger : self.batches, : self.size]
        others[...] = values[end:].reshape(others.shape)
