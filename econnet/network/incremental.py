"""Incremental training, on more rows than fit into memory.

`train` divides all rows into batches at the start. Here rows arrive in blocks, and each
block is cut into batches in the order of its rows, without an index or a copy of the
block; the caller chooses the order of blocks and rows. Parameters, moments and working
memory are allocated once, by the `BlockTrainer`. Its whole progress is in
`network.parameters` and `state`: with these, a later process continues with the next
block and reaches the same weights, bit for bit (with BLAS limited to one thread).
"""

import numpy as np

from econnet.network.activations import Array
from econnet.network.losses import loss_of
from econnet.network.network import Network
from econnet.network.optimizers import Optimizer, OptimizerState, Updater
from econnet.network.propagation import Propagation


class BlockTrainer:
    """Trains all members of a network in place, on blocks of rows.

    Parameters
    ----------
    optimizer : Optimizer
        A schedule of its learning rate counts blocks.
    batch_size : int
        Rows per batch. The last batch of a block has the remaining rows.
    l2 : float
        As in `TrainingOptions`.
    state : OptimizerState, optional
        State at the end of an earlier trainer, to continue from; updated in place.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        batch_size: int,
        *,
        l2: float = 0.0,
        state: OptimizerState | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}: give at least 1")
        self.network, self.optimizer, self.batch_size = network, optimizer, batch_size
        self.state = state or OptimizerState.start(network, optimizer)
        architecture, parameters = network.architecture, network.parameters
        self._loss = loss_of(architecture)
        gradient = np.empty_like(parameters)
        self._updater = Updater(
            optimizer, architecture, parameters, gradient, self.state, l2
        )
        self._propagation = Propagation.allocate(
            architecture, parameters, gradient, batch_size
        )
        self._targets: Array = np.zeros(
            (1, batch_size, architecture.output_dim), parameters.dtype
        )
        self._weights: Array = np.zeros((1, batch_size, 1), parameters.dtype)

    def learn(self, X: Array, y: Array, block: int = 0) -> Array:
        """Use every row once, in the order given, with an update after each batch.

        Parameters
        ----------
        X : array (n, inputs)
            In any memory order, such as the transpose of an array of columns.
        y : array (n, outputs)
            From 0 to 1.
        block : int
            Number of earlier blocks, for a schedule of the learning rate.

        Returns
        -------
        array (members,)
            Cost of the last batch before its update, in nats, without L2.

        Raises
        ------
        ValueError
            The block does not fit the network, has no rows or contains something other
            than finite numbers, or training diverged.
        """
        self._check(X, y)
        self._updater.start_epoch(block)
        cost: Array = np.zeros(self.network.members)
        # A cost that overflows is reported once, at the end of the block.
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(X), self.batch_size):
                rows = slice(start, min(start + self.batch_size, len(X)))
                self._fill(X[rows], y[rows])
                self._propagation.forward()
                logits = self._propagation.logits
                if rows.stop == len(X):
                    cost = self._loss.cost(logits, self._targets, self._weights)
                self._loss.gradient(logits, self._targets, self._weights, out=logits)
                self._propagation.backward()
                self._updater.update(self.network.members)
        if not np.isfinite(self.network.parameters).all():
            raise ValueError(
                f"training diverged in block {block}: lower the learning rate"
            )
        return cost

    def _fill(self, X: Array, y: Array) -> None:
        """Copy a batch into the buffers; later rows get weight 0."""
        filled = len(X)
        self._propagation.inputs[:, :filled, :-1] = X
        self._targets[:, :filled] = y
        self._weights[:, :filled] = 1 / filled
        self._weights[:, filled:] = 0

    def _check(self, X: Array, y: Array) -> None:
        architecture = self.network.architecture
        inputs, outputs = architecture.input_dim, architecture.output_dim
        if X.ndim != 2 or y.ndim != 2 or (X.shape[1], y.shape[1]) != (inputs, outputs):
            raise ValueError(
                f"a block of shapes {X.shape} and {y.shape}, but the network takes "
                f"{inputs} inputs and gives {outputs} outputs: give (n, {inputs}) and "
                f"(n, {outputs})"
            )
        if not 0 < len(X) == len(y):
            raise ValueError(
                f"a block of {len(X)} rows of X and {len(y)} of y: give the same "
                "number of both, and at least one"
            )
        # The sum is finite only if all numbers are, and needs no memory.
        if not np.isfinite(X.sum()) or not np.isfinite(y.sum()):
            raise ValueError("the block contains NaN or infinity: drop those rows")
