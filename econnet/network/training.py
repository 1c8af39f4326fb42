"""Training: batch after batch, forward, backward, one step down.

Members train side by side, each on its own rows of one common pool, on its own stream
of random numbers and for as long as its own validation rows improve. What a member does
depends on nothing but its own task: its batches have a shape of their own (`batch_size`
rows, those that are missing filled up at weight 0), and a member that has met its last
batch of the epoch, or has stopped, is left out of the stack while the others go on. So,
with BLAS held to one thread by the caller (`threadpoolctl.threadpool_limits(1)`), it
comes to the same weights, bit for bit, alone or beside any others. There is no global
state: threads may train networks of their own at the same time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econnet.network.activations import Array
from econnet.network.architecture import Architecture
from econnet.network.batches import (
    Batches,
    Indices,
    Pool,
    check_rows,
    split_latest,
)
from econnet.network.losses import LOSSES, Loss
from econnet.network.network import Network
from econnet.network.optimizers import AdamW, Optimizer, Steps
from econnet.network.propagation import Propagation

Scalar = TypeVar("Scalar", bound=np.generic)

# A full batch is rounded up to a multiple of this, so that members whose rows differ
# by a few, such as those of neighbouring origins, still fit into one stack.
ROW_MULTIPLE = 32


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Attributes
    ----------
    optimizer : Optimizer
        How the gradient becomes a step.
    epochs : int
        How often each row is met, at most.
    batch_size : int or None
        Rows of a batch; None takes all in one. A member's rows are spread evenly over
        its batches.
    l2 : float or tuple of float, one a member
        Half of this, times the sum of the squared weights, joins the cost that is
        minimised (though not the one in the history). Biases are spared.
    dropout : float
        The share of hidden units left out at random in each update.
    validation_fraction : float
        The share of each member's rows, its latest, that it is judged by in place of
        learning from. Above 0, the weights of the best epoch are restored.
    patience : int or None
        After how many epochs without a better validation cost a member stops.
    record_every : int
        Epochs from one entry of the history to the next.
    """

    optimizer: Optimizer = field(default_factory=AdamW)
    epochs: int = 100
    batch_size: int | None = 64
    l2: float | tuple[float, ...] = 0.0
    dropout: float = 0.0
    validation_fraction: float = 0.0
    patience: int | None = None
    record_every: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "record_every"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise ValueError(f"{name} is {count}: give at least 1")
        strengths = np.atleast_1d(self.l2)
        if not ((strengths >= 0) & (strengths < np.inf)).all():
            raise ValueError(f"l2 is {self.l2}: give 0 or more")
        for name in ("dropout", "validation_fraction"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                raise ValueError(f"{name} is {share}: give a share from 0 to below 1")
        if self.patience is not None and not self.validation_fraction:
            raise ValueError(
                "patience needs rows to judge by: set validation_fraction above 0"
            )


@dataclass(frozen=True, eq=False)
class History:
    """What training cost, epoch by epoch. NaN: the member had stopped.

    Attributes
    ----------
    epoch : array (entries,)
        The epochs with an entry, counted from 1.
    cost, accuracy : array (entries, members)
        Mean over the epoch's batches, each at the weights it met, without L2.
    validation_cost, validation_accuracy : array (entries, members)
        At the end of the epoch; NaN throughout without validation rows.
    epochs : array (members,)
        How many epochs each member trained.
    best_epoch : array (members,)
        The epoch whose weights were kept: the last, if there are no validation rows.
    """

    epoch: NDArray[np.intp]
    cost: Array
    accuracy: Array
    validation_cost: Array
    validation_accuracy: Array
    epochs: NDArray[np.intp]
    best_epoch: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Progress:
    """What is known after an epoch, of the members that trained in it.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    members : array (k,)
        Their numbers in the network, whose parameters are those of this epoch.
    """

    epoch: int
    members: Indices


@dataclass(frozen=True, eq=False)
class OptimizerState:
    """What the optimiser remembers, to go on from in a later call of `train`.

    Attributes
    ----------
    moments : tuple of array (members, n_parameters)
        As many as the optimiser has.
    steps : array (members, 1)
        How many steps each member has taken.
    """

    moments: tuple[Array, ...]
    steps: Steps

    @classmethod
    def start(cls, network: Network, optimizer: Optimizer) -> "OptimizerState":
        """Return the state before the first step."""
        moments = [
            np.zeros_like(network.parameters) for _ in range(optimizer.n_moments)
        ]
        return cls(tuple(moments), np.zeros((network.members, 1), np.int64))


def train(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    rows: Sequence[ArrayLike] | None = None,
    weights: ArrayLike | None = None,
    options: TrainingOptions | None = None,
    state: OptimizerState | None = None,
    after_epoch: Callable[[Progress], None] | None = None,
) -> History:
    """Train the network's members in place, and return how it went.

    Parameters
    ----------
    network : Network
        Its last activation, sigmoid or softmax, settles the loss.
    X : array (n, inputs)
        The pool of rows.
    y : array (n,) or (n, outputs)
        From 0 to 1; with softmax each row sums to 1.
    rows : sequence of integer arrays, one a member, optional
        The rows of the pool that the member may see, in time order: validation takes
        the latest. All, if not given.
    weights : array (n,), optional
        How much each row counts. Each member's are scaled to sum to 1 in every batch.
        Rows of weight 0 are not seen.
    options : TrainingOptions, optional
        How to train.
    state : OptimizerState, optional
        What an earlier call left, to go on from; changed in place.
    after_epoch : callable, optional
        Called after each epoch of each stack of members that train together.

    Raises
    ------
    ValueError
        If the arrays do not fit the network or hold something other than finite
        numbers, if a member has no rows, or if training diverged.
    """
    options = options or TrainingOptions()
    pool = Pool.check(network, X, y, weights)
    seen = check_rows(rows, network.members, pool)
    if isinstance(options.l2, tuple) and len(options.l2) != network.members:
        raise ValueError(
            f"l2 of {len(options.l2)} members for {network.members}: give one each"
        )
    learning, judging = split_latest(seen, options.validation_fraction)
    state = state or OptimizerState.start(network, options.optimizer)
    log = _Log(network.members, options)
    # A cost that overflows is told once, at the end, and by the member's number.
    with np.errstate(over="ignore", invalid="ignore"):
        for members, batch in _stacks(learning, options.batch_size):
            run = _Run(
                network,
                members,
                Batches(pool, [learning[member] for member in members], batch),
                Batches(pool, [judging[member] for member in members], batch)
                if options.validation_fraction
                else None,
                options,
                state,
                log,
            )
            run.train(after_epoch)
    finite = np.isfinite(network.parameters).all(axis=1)
    # Where no epoch was the best, none had a cost that is a number.
    diverged = np.flatnonzero(~finite | (log.best_epoch == 0))
    if len(diverged):
        raise ValueError(
            f"the weights of member {diverged[0]} grew beyond all bounds "
            f"({len(diverged)} of {network.members} did): lower the learning rate"
        )
    return log.history()


class _Run:
    """One stack of members in training.

    All arrays have the members of the stack as their axis, those with most rows first,
    so that the members with a further batch are always the first ones.
    """

    def __init__(
        self,
        network: Network,
        members: Indices,
        learning: Batches,
        judging: Batches | None,
        options: TrainingOptions,
        state: OptimizerState,
        log: "_Log",
    ) -> None:
        self.network, self.members = network, members
        self.learning, self.judging = learning, judging
        self.options, self.state, self.log = options, state, log
        architecture = network.architecture
        self.with_batch = learning.members_by_batch()
        self.loss: Loss = loss_of(architecture)
        in_place = options.patience is None
        self.parameters = _take(network.parameters, members, in_place)
        self.moments = [_take(moment, members, in_place) for moment in state.moments]
        self.steps = state.steps[members]
        self.gradient = np.empty_like(self.parameters)
        self.propagation = Propagation.allocate(
            architecture,
            self.parameters,
            self.gradient,
            learning.index.shape[2],
            dropout=options.dropout > 0,
        )
        self.first = cache(self.propagation.first)
        strengths = np.broadcast_to(options.l2, network.members)[members]
        self.l2 = on_weights(strengths, architecture, self.gradient)
        self.penalty = None if self.l2 is None else np.empty_like(self.gradient)
        self.decay = on_weights(
            options.optimizer.weight_decay, architecture, self.gradient
        )
        self.masks = self._new_masks() if options.dropout else []
        if judging:
            self.best = self.parameters.copy()
            self.best_cost = np.full(len(members), np.inf)
            self.best_epoch = np.zeros(len(members), np.intp)

    def train(self, after_epoch: Callable[[Progress], None] | None) -> None:
        """Train until the last epoch, or until every member has stopped."""
        options = self.options
        for epoch in range(1, options.epochs + 1):
            recorded = self.log.has(epoch)
            self._learn(epoch, recorded)
            if self.judging:
                self._judge(self.judging, epoch, recorded)
            self.log.epochs[self.members] = epoch
            if after_epoch:
                self.network.parameters[self.members] = self.parameters
                after_epoch(Progress(epoch, self.members))
            if options.patience is not None:
                self._set_aside(epoch - self.best_epoch >= options.patience)
            if not len(self.members):
                return
        self._set_aside(np.ones(len(self.members), bool))

    def _learn(self, epoch: int, recorded: bool) -> None:
        """Meet every batch once, with a step after each."""
        batches, optimizer = self.learning, self.options.optimizer
        rate = optimizer.learning_rate
        rate = rate(epoch - 1) if callable(rate) else rate
        shrink = None if self.decay is None else 1 - rate * self.decay
        cost, accuracy = np.zeros((2, len(self.members)))
        if len(batches) > 1:
            batches.shuffle([self.network.generators[m] for m in self.members])
        for number, k in enumerate(self.with_batch):
            stack = self.first(k)
            targets, weights = batches.targets[number, :k], batches.weights[number, :k]
            masks = [mask[:k] for mask in self.masks]
            self._draw(masks)
            batches.gather(number, out=stack.inputs)
            stack.forward(masks)
            if recorded:
                share = batches.share[number, :k]
                cost[:k] += share * self.loss.cost(stack.logits, targets, weights)
                accuracy[:k] += share * self.loss.accuracy(
                    stack.logits, targets, weights
                )
            self.loss.gradient(stack.logits, targets, weights, out=stack.logits)
            stack.backward(masks)
            self._step(k, rate, shrink)
        if recorded:
            self.log.add(epoch, self.members, cost=cost, accuracy=accuracy)

    def _step(self, k: int, rate: float, shrink: Array | None) -> None:
        """Regularise, and let the optimiser take its step."""
        parameters, gradient = self.parameters[:k], self.gradient[:k]
        if self.l2 is not None and self.penalty is not None:
            np.multiply(parameters, self.l2[:k], out=self.penalty[:k])
            np.add(gradient, self.penalty[:k], out=gradient)
        if shrink is not None:
            np.multiply(parameters, shrink[:k], out=parameters)
        self.steps[:k] += 1
        self.options.optimizer.update(
            parameters,
            gradient,
            [moment[:k] for moment in self.moments],
            self.steps[:k],
            rate,
        )

    def _judge(self, batches: Batches, epoch: int, recorded: bool) -> None:
        """Take the cost of the validation rows, and remember who is at its best."""
        cost, accuracy = np.zeros((2, len(self.members)))
        for number, k in enumerate(batches.members_by_batch()):
            stack, share = self.first(k), batches.share[number, :k]
            targets, weights = batches.targets[number, :k], batches.weights[number, :k]
            batches.gather(number, out=stack.inputs)
            stack.forward()
            cost[:k] += share * self.loss.cost(stack.logits, targets, weights)
            if recorded:
                accuracy[:k] += share * self.loss.accuracy(
                    stack.logits, targets, weights
                )
        better = cost < self.best_cost
        self.best_cost[better] = cost[better]
        self.best_epoch[better] = epoch
        self.best[better] = self.parameters[better]
        if recorded:
            self.log.add(
                epoch, self.members, validation_cost=cost, validation_accuracy=accuracy
            )

    def _set_aside(self, stopped: NDArray[np.bool_]) -> None:
        """Hand over what these members have learned, and go on without them."""
        if not stopped.any():
            return
        members = self.members[stopped]
        learned = self.best if self.judging else self.parameters
        self.network.parameters[members] = learned[stopped]
        for of_all, own in zip(self.state.moments, self.moments, strict=True):
            of_all[members] = own[stopped]
        self.state.steps[members] = self.steps[stopped]
        self.log.best_epoch[members] = (
            self.best_epoch[stopped] if self.judging else self.log.epochs[members]
        )
        if stopped.all():
            self.members = self.members[:0]
            return
        kept = np.flatnonzero(~stopped)
        self.members = self.members[kept]
        self.learning.keep(kept)
        self.with_batch = self.learning.members_by_batch()
        self.parameters = _move_up(self.parameters, kept)
        self.moments = [_move_up(moment, kept) for moment in self.moments]
        self.steps = _move_up(self.steps, kept)
        self.l2 = None if self.l2 is None else _move_up(self.l2, kept)
        self.decay = None if self.decay is None else _move_up(self.decay, kept)
        if self.judging:
            self.judging.keep(kept)
            self.best = _move_up(self.best, kept)
            self.best_cost = _move_up(self.best_cost, kept)
            self.best_epoch = _move_up(self.best_epoch, kept)

    def _new_masks(self) -> list[Array]:
        """Allocate a dropout mask for each hidden layer, `(members, units, batch)`."""
        members, batch = self.learning.index.shape[1:]
        hidden = self.network.architecture.layers[:-1]
        dtype = self.parameters.dtype
        return [np.empty((members, it.output_dim, batch), dtype) for it in hidden]

    def _draw(self, masks: Sequence[Array]) -> None:
        """Draw anew who is left out, each member from its own stream."""
        dropout = self.options.dropout
        for mask in masks:
            for own, member in zip(mask, self.members, strict=False):
                self.network.generators[member].random(dtype=own.dtype, out=own)
            np.greater_equal(mask, dropout, out=mask)
            # Those that stay make up for those that are left out.
            np.multiply(mask, 1 / (1 - dropout), out=mask)


class _Log:
    """The history while it is being written."""

    def __init__(self, members: int, options: TrainingOptions) -> None:
        every, last = options.record_every, options.epochs
        recorded = sorted({*range(every, last + 1, every), last})
        self.epoch = np.array(recorded, np.intp)
        self.row = {epoch: row for row, epoch in enumerate(recorded)}
        empty = np.full((4, len(recorded), members), np.nan)
        names = ("cost", "accuracy", "validation_cost", "validation_accuracy")
        self.curves = dict(zip(names, empty, strict=True))
        self.epochs = np.zeros(members, np.intp)
        self.best_epoch = np.zeros(members, np.intp)

    def has(self, epoch: int) -> bool:
        """Say whether this epoch is to be recorded."""
        return epoch in self.row

    def add(self, epoch: int, members: Indices, **values: Array) -> None:
        """Record values of these members in this epoch."""
        for name, value in values.items():
            self.curves[name][self.row[epoch], members] = value

    def history(self) -> History:
        """Return what was written, up to the last epoch of any member."""
        told = self.epoch <= self.epochs.max()
        curves = {name: curve[told] for name, curve in self.curves.items()}
        return History(
            epoch=self.epoch[told],
            epochs=self.epochs,
            best_epoch=self.best_epoch,
            **curves,
        )


def _stacks(
    learning: Sequence[Indices], batch_size: int | None
) -> Iterator[tuple[Indices, int]]:
    """Yield the members that train together, most rows first, and their batch size."""
    sizes = np.array([len(own) for own in learning])
    order = np.argsort(-sizes, kind="stable")
    batches = -(-sizes // ROW_MULTIPLE) * ROW_MULTIPLE
    if batch_size is not None:
        batches[:] = batch_size
    for batch in np.unique(batches):
        yield order[batches[order] == batch], int(batch)


def _take(array: Array, members: Indices, in_place: bool) -> Array:
    """Return these members' part of an array, itself if it may be worked on in place.

    It may if the members stand in it one after another, and will not be moved up.
    """
    start = members[0]
    if in_place and np.array_equal(members, np.arange(start, start + len(members))):
        return array[start : start + len(members)]
    return array[members]


def on_weights(
    strength: ArrayLike, architecture: Architecture, like: Array
) -> Array | None:
    """Return the strength at each weight and 0 at each bias, None if it is 0.

    `strength` is one for all members or one each; the result has the shape of `like`,
    `(members, n_parameters)`.
    """
    strengths = np.broadcast_to(strength, len(like))
    if not strengths.any():
        return None
    return (strengths[:, np.newaxis] * architecture.weight_mask()).astype(like.dtype)


def _move_up(array: NDArray[Scalar], kept: Indices) -> NDArray[Scalar]:
    """Move these members to the front of the array, and return that part of it.

    The memory stays, and with it the views that the propagation has of it.
    """
    array[: len(kept)] = array[kept]
    return array[: len(kept)]


def loss_of(architecture: Architecture) -> Loss:
    """Return the loss that belongs to the last activation, if there is one."""
    activation = architecture.layers[-1].activation
    for name, loss in LOSSES.items():
        if activation == name:
            return loss
    raise ValueError(
        f"the last layer has activation {activation!r}, for which there is no loss: "
        f"use {' or '.join(LOSSES)}"
    )
