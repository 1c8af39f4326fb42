"""Training on more rows than memory holds: blocks of rows that are met and forgotten.

`train` deals all rows into batches at the start. Here they come in blocks, whose order
and whose inner order are the caller's, and each block is cut into batches as it stands:
no index, no copy of the block. Parameters, moments and working memory are those of one
`BlockTrainer`, allocated once; what it has learned so far is in `network.parameters`
and `state`, which is all that a later process needs to go on from the next block to the
same weights, bit for bit (BLAS held to one thread, as ever).
"""

import numpy as np

from econnet.network.activations import Array
from econnet.network.network import Network
from econnet.network.optimizers import Optimizer
from econnet.network.propagation import Propagation
from econnet.network.training import OptimizerState, loss_of, on_weights


class BlockTrainer:
    """Trains all members of a network on blocks of rows.

    Parameters
    ----------
    network : Network
        Trained in place. Its last activation, sigmoid or softmax, settles the loss.
    optimizer : Optimizer
        How the gradient becomes a step. A schedule of its learning rate counts blocks.
    batch_size : int
        Rows of a batch. The last of a block holds what is left.
    l2 : float
        As in `TrainingOptions`.
    state : OptimizerState, optional
        What an earlier trainer left, to go on from; changed in place.

    Attributes
    ----------
    state : OptimizerState
        What the optimiser remembers.
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
        self._gradient = np.empty_like(parameters)
        self._l2 = on_weights(l2, architecture, parameters)
        self._penalty = np.empty_like(parameters)
        self._decay = on_weights(optimizer.weight_decay, architecture, parameters)
        self._propagation = Propagation.allocate(
            architecture, parameters, self._gradient, batch_size
        )
        self._targets: Array = np.zeros(
            (1, batch_size, architecture.output_dim), parameters.dtype
        )
        self._weights: Array = np.zeros((1, batch_size, 1), parameters.dtype)

    def learn(self, X: Array, y: Array, block: int = 0) -> Array:
        """Meet every row once, in the order given, with a step after each batch.

        Parameters
        ----------
        X : array (n, inputs)
            In any memory order; a transposed array of columns serves as well.
        y : array (n, outputs)
            From 0 to 1.
        block : int
            How many blocks came before, for a schedule of the learning rate.

        Returns
        -------
        array (members,)
            What the last batch cost before its step, without L2.

        Raises
        ------
        ValueError
            If the arrays do not fit the network, or training diverged.
        """
        self._check(X, y)
        rate = self.optimizer.learning_rate
        rate = rate(block) if callable(rate) else rate
        shrink = None if self._decay is None else 1 - rate * self._decay
        cost: Array = np.zeros(self.network.members)
        # A cost that overflows is told once, at the end of the block.
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
                self._step(rate, shrink)
        if not np.isfinite(self.network.parameters).all():
            raise ValueError(
                f"the weights grew beyond all bounds in block {block}: lower the "
                "learning rate"
            )
        return cost

    def _fill(self, X: Array, y: Array) -> None:
        """Put a batch in place; rows of an earlier one may stand below, at weight 0."""
        filled = len(X)
        self._propagation.inputs[:, :filled, :-1] = X
        self._targets[:, :filled] = y
        self._weights[:, :filled] = 1 / filled
        self._weights[:, filled:] = 0

    def _step(self, rate: float, shrink: Array | None) -> None:
        """Regularise, and let the optimiser take its step."""
        parameters, gradient = self.network.parameters, self._gradient
        if self._l2 is not None:
            np.multiply(parameters, self._l2, out=self._penalty)
            np.add(gradient, self._penalty, out=gradient)
        if shrink is not None:
            np.multiply(parameters, shrink, out=parameters)
        self.state.steps[...] += 1
        self.optimizer.update(
            parameters, gradient, self.state.moments, self.state.steps, rate
        )

    def _check(self, X: Array, y: Array) -> None:
        architecture = self.network.architecture
        wanted = (architecture.input_dim, architecture.output_dim)
        if X.ndim != 2 or y.ndim != 2 or (X.shape[1], y.shape[1]) != wanted:
            raise ValueError(
                f"a block of shapes {X.shape} and {y.shape}, but the network takes "
                f"{wanted[0]} inputs and gives {wanted[1]}: give (n, {wanted[0]}) and "
                f"(n, {wanted[1]})"
            )
        if not 0 < len(X) == len(y):
            raise ValueError(
                f"a block of {len(X)} rows of X and {len(y)} of y: give as many of "
                "both, and at least one"
            )
        # The sum is finite where all are, and takes no memory.
        if not np.isfinite(X.sum()) or not np.isfinite(y.sum()):
            raise ValueError("the block holds NaN or infinity: drop those rows")
