"""Training: for each batch a forward pass, a backward pass and an update.

Members train side by side, each on its own rows of one common pool, with its own random
stream and for as long as its own validation cost improves. A member's results do not
depend on the others: the shape of its batches follows from its own task (`batch_size`
rows, missing ones filled up at weight 0), and a member that has used its last batch of
the epoch, or has stopped, is left out of the stack while the others continue. So, with
BLAS limited to one thread by the caller (`threadpoolctl.threadpool_limits(1)`), it
reaches the same weights, bit for bit, alone or with any others. There is no global
state: several threads may train different networks at the same time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econnet.network.activations import Array
from econnet.network.batches import Batches, Indices, Pool, check_rows, split_latest
from econnet.network.losses import Loss, loss_of
from econnet.network.network import Network
from econnet.network.optimizers import (
    AdamW,
    Optimizer,
    OptimizerState,
    Updater,
    compact,
)
from econnet.network.propagation import Propagation

# A full batch is rounded up to a multiple of this, so that members whose numbers of
# rows differ slightly, such as those of adjacent origins, still train in one stack.
ROW_MULTIPLE = 32

# Batches of up to this size have one shape, however few the rows; larger ones have no
# more slots than there are rows.
MAX_FIXED_BATCH = 1024

# Members train in blocks whose arrays fit into the cache: NumPy's passes over them are
# then twice as fast as over arrays in memory.
CACHE_BYTES = 2**20


@dataclass(frozen=True)
class TrainingOptions:
    """Options of training.

    Attributes
    ----------
    epochs : int
        Maximum number of passes over the rows.
    batch_size : int or None
        Rows per batch; None, or any number above that of the rows, puts all rows in
        one. A member's rows are spread evenly over its batches.
    l2 : float or tuple of float, one per member
        Half of this, times the sum of the squared weights, is added to the cost that is
        minimised (but not to that in the history). Biases are left out.
    dropout : float
        Share of hidden units that are dropped at random in each update.
    validation_fraction : float
        Share of each member's rows, the latest ones, that are used for validation
        instead of training. Above 0, the weights of the best epoch are restored.
    patience : int or None
        A member stops after this number of epochs without a lower validation cost.
    record_every : int
        Number of epochs between entries of the history.
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
            if count is None and name in ("batch_size", "patience"):
                continue
            whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
            if not whole or count < 1:
                raise ValueError(
                    f"{name} is {count!r}: give a whole number of at least 1"
                )
        strengths = np.atleast_1d(self.l2)
        if not ((strengths >= 0) & (strengths < np.inf)).all():
            raise ValueError(f"l2 is {self.l2}: give 0 or more")
        for name in ("dropout", "validation_fraction"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                raise ValueError(f"{name} is {share}: give a share from 0 to below 1")
        if self.patience is not None and not self.validation_fraction:
            raise ValueError(
                "patience needs validation rows: set validation_fraction above 0"
            )


@dataclass(frozen=True, eq=False)
class History:
    """Cost and accuracy by epoch; NaN after a member has stopped.

    Attributes
    ----------
    epoch : array (entries,)
        The epochs with an entry, counted from 1.
    cost, accuracy : array (entries, members)
        Mean over the epoch's batches, each before its update: cost in nats (with
        another loss, in its unit) without L2, accuracy as a share.
    validation_cost, validation_accuracy : array (entries, members)
        At the end of the epoch; NaN without validation rows.
    epochs : array (members,)
        Number of epochs that each member trained.
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
class TrainingProgress:
    """The argument of `after_epoch`: the epoch, from 1, and the members that trained.

    The network has their parameters of this epoch.
    """

    epoch: int
    members: Indices


def train(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    rows: Sequence[ArrayLike] | None = None,
    weights: ArrayLike | None = None,
    mean_weight: float | None = None,
    options: TrainingOptions | None = None,
    loss: Loss | None = None,
    state: OptimizerState | None = None,
    after_epoch: Callable[[TrainingProgress], None] | None = None,
) -> History:
    """Train the network's members in place, and return the history.

    Parameters
    ----------
    X : array (n, inputs)
        The pool of rows.
    y : array (n,) or (n, outputs)
        From 0 to 1; with softmax each row sums to 1; with the identity any numbers.
    rows : sequence of integer arrays, one per member, optional
        The rows of the pool that the member may use, in time order: validation takes
        the latest. The default is all rows.
    weights : array (n,), optional
        Row weights, which count relative to their mean over the member's rows. Rows of
        weight 0 are not used.
    mean_weight : float, optional
        The weight of an ordinary row, if that is not the mean: for a call with a part
        of all rows, whose weights are then comparable with those of other calls.
    loss : Loss, optional
        By default the cross-entropy that belongs to the last activation, sigmoid or
        softmax.
    state : OptimizerState, optional
        State at the end of an earlier call, to continue from; updated in place.
    after_epoch : callable, optional
        Called after each epoch of each stack of members that train together.

    Raises
    ------
    ValueError
        The arrays do not fit the network or contain something other than finite
        numbers, a member has no rows, or training diverged.
    """
    options = options or TrainingOptions()
    pool = Pool.check(network, X, y, weights)
    usable = check_rows(rows, network.members, pool)
    _check_arguments(network, options, mean_weight)
    training, validation = split_latest(usable, options.validation_fraction)
    state = state or OptimizerState.start(network, options.optimizer)
    log = _Log(network.members, options)
    # A cost that overflows is reported once, at the end, with the member's number.
    with np.errstate(over="ignore", invalid="ignore"):
        for members, batch in _stacks(network, training, usable, options):
            stack = _Stack(
                network,
                members,
                Batches(pool, [training[m] for m in members], batch, mean_weight),
                Batches(pool, [validation[m] for m in members], batch)
                if options.validation_fraction
                else None,
                options,
                loss or loss_of(network.architecture),
                state,
                log,
            )
            stack.train(after_epoch)
    _check_convergence(network, log)
    return log.history()


def _check_arguments(
    network: Network, options: TrainingOptions, mean_weight: float | None
) -> None:
    """Raise `ValueError` unless L2 fits the members and the mean weight is usable."""
    if isinstance(options.l2, tuple) and len(options.l2) != network.members:
        raise ValueError(
            f"l2 of {len(options.l2)} members for {network.members}: give one per "
            "member"
        )
    if mean_weight is not None and not 0 < mean_weight < np.inf:
        raise ValueError(f"mean_weight is {mean_weight}: give a number above 0")


def _check_convergence(network: Network, log: "_Log") -> None:
    """Raise `ValueError` if the weights of a member are no longer finite."""
    finite = np.isfinite(network.parameters).all(axis=1)
    # Without a best epoch, no epoch had a cost that is a number.
    diverged = np.flatnonzero(~finite | (log.best_epoch == 0))
    if len(diverged):
        raise ValueError(
            f"training of member {diverged[0]} diverged "
            f"({len(diverged)} of {network.members} did): lower the learning rate"
        )


class _Stack:
    """Members in training together.

    All arrays have these members as an axis, those with most rows first, so that the
    members that have another batch are always the first ones.
    """

    def __init__(
        self,
        network: Network,
        members: Indices,
        training: Batches,
        validation: Batches | None,
        options: TrainingOptions,
        loss: Loss,
        state: OptimizerState,
        log: "_Log",
    ) -> None:
        self.network, self.members = network, members
        self.training, self.validation = training, validation
        self.options, self.state, self.log = options, state, log
        self.loss = loss
        in_place = options.patience is None
        parameters = _take(network.parameters, members, in_place)
        gradient = np.empty_like(parameters)
        moments = tuple(_take(moment, members, in_place) for moment in state.moments)
        self.updater = Updater(
            options.optimizer,
            network.architecture,
            parameters,
            gradient,
            OptimizerState(moments, state.steps[members]),
            np.broadcast_to(options.l2, network.members)[members],
        )
        self.propagation = Propagation.allocate(
            network.architecture,
            parameters,
            gradient,
            training.index.shape[2],
            dropout=options.dropout > 0,
        )
        self.masks = self._allocate_masks() if options.dropout else []
        self.steps = self._steps(training)
        if validation:
            self.best = parameters.copy()
            self.best_cost = np.full(len(members), np.inf)
            self.best_epoch = np.zeros(len(members), np.intp)
            self.validation_steps = self._steps(validation)

    def train(self, after_epoch: Callable[[TrainingProgress], None] | None) -> None:
        """Train until the last epoch, or until every member has stopped."""
        options = self.options
        for epoch in range(1, options.epochs + 1):
            recorded = self.log.records(epoch)
            self._train_epoch(epoch, recorded)
            if self.validation:
                self._validate(self.validation, epoch, recorded)
            self.log.epochs[self.members] = epoch
            if after_epoch:
                self.network.parameters[self.members] = self.updater.parameters
                after_epoch(TrainingProgress(epoch, self.members))
            if options.patience is not None:
                self._stop_early(epoch - self.best_epoch >= options.patience)
            if not len(self.members):
                return
        self._hand_back(np.ones(len(self.members), bool))

    def _train_epoch(self, epoch: int, recorded: bool) -> None:
        """Use every batch once, with an update after each."""
        self.updater.start_epoch(epoch - 1)
        if len(self.training) > 1:
            self.training.shuffle([self.network.generators[m] for m in self.members])
        logits = self._logits_of(self.training) if recorded else None
        for step in self.steps:
            propagation, masks = step.propagation, step.masks
            if masks:
                self._draw_masks(masks)
            step.gather()
            propagation.forward(masks)
            if logits is not None:
                logits[step.number, : step.members] = propagation.logits
            self.loss.gradient(
                propagation.logits, step.targets, step.weights, out=propagation.logits
            )
            propagation.backward(masks)
            self.updater.update(step.members)
        if logits is not None:
            cost, accuracy = self._means(self.training, logits)
            self.log.add(epoch, self.members, cost=cost, accuracy=accuracy)

    def _validate(self, batches: Batches, epoch: int, recorded: bool) -> None:
        """Compute the cost of the validation rows, and keep the best parameters."""
        logits = self._logits_of(batches)
        for step in self.validation_steps:
            step.gather()
            step.propagation.forward()
            logits[step.number, : step.members] = step.propagation.logits
        cost, accuracy = self._means(batches, logits)
        better = cost < self.best_cost
        self.best_cost[better] = cost[better]
        self.best_epoch[better] = epoch
        self.best[better] = self.updater.parameters[better]
        if recorded:
            self.log.add(
                epoch, self.members, validation_cost=cost, validation_accuracy=accuracy
            )

    def _stop_early(self, stopped: NDArray[np.bool_]) -> None:
        """Hand back the results of these members, and continue without them."""
        if not stopped.any():
            return
        self._hand_back(stopped)
        kept = np.flatnonzero(~stopped)
        self.members = self.members[kept]
        if not len(kept):
            return
        self.training.keep(kept)
        self.steps = self._steps(self.training)
        self.updater.keep(kept)
        if self.validation:
            self.validation.keep(kept)
            self.validation_steps = self._steps(self.validation)
            self.best = compact(self.best, kept)
            self.best_cost = compact(self.best_cost, kept)
            self.best_epoch = compact(self.best_epoch, kept)

    def _hand_back(self, chosen: NDArray[np.bool_]) -> None:
        """Write parameters and state of these members to the network's arrays."""
        members, updater = self.members[chosen], self.updater
        parameters = self.best if self.validation else updater.parameters
        self.network.parameters[members] = parameters[chosen]
        for target, moment in zip(self.state.moments, updater.moments, strict=True):
            target[members] = moment[chosen]
        self.state.steps[members] = updater.steps[chosen]
        self.log.best_epoch[members] = (
            self.best_epoch[chosen] if self.validation else self.log.epochs[members]
        )

    def _steps(self, batches: Batches) -> list["_Step"]:
        """Return what each batch needs, in views that stay while no member stops."""
        first = cache(self.propagation.first)
        return [
            _Step(
                number,
                k,
                first(k),
                batches.targets[number, :k],
                batches.weights[number, :k],
                [mask[:k] for mask in self.masks],
                batches.gather_into(number, first(k).inputs),
            )
            for number, k in enumerate(batches.members_by_batch())
        ]

    def _logits_of(self, batches: Batches) -> Array:
        """Allocate an epoch's logits, which give its cost in a few large operations."""
        logits: Array = np.zeros_like(batches.targets)
        return logits

    def _means(self, batches: Batches, logits: Array) -> tuple[Array, Array]:
        """Return each member's cost and accuracy from the logits of all batches."""
        shape = batches.share.shape
        arrays = [
            array.reshape(-1, *array.shape[2:])
            for array in (logits, batches.targets, batches.weights)
        ]
        means = []
        for measure in (self.loss.cost, self.loss.accuracy):
            parts = batches.share * measure(*arrays).reshape(shape)
            # Added in the order of the batches: a sum would use another one for a
            # single member than for several.
            means.append(np.add.accumulate(parts, axis=0, dtype=np.float64)[-1])
        return means[0], means[1]

    def _allocate_masks(self) -> list[Array]:
        """Allocate a dropout mask for each hidden layer, `(members, units, batch)`."""
        members, batch = self.training.index.shape[1:]
        hidden = self.network.architecture.layers[:-1]
        dtype = self.updater.parameters.dtype
        return [np.empty((members, layer.output_dim, batch), dtype) for layer in hidden]

    def _draw_masks(self, masks: Sequence[Array]) -> None:
        """Draw the units that are dropped, each member from its own stream."""
        dropout = self.options.dropout
        for mask in masks:
            for member_mask, member in zip(mask, self.members, strict=False):
                generator = self.network.generators[member]
                generator.random(dtype=member_mask.dtype, out=member_mask)
            np.greater_equal(mask, dropout, out=mask)
            # The other units are scaled up, so that the mean stays the same.
            np.multiply(mask, 1 / (1 - dropout), out=mask)


@dataclass(frozen=True, eq=False)
class _Step:
    """The work on one batch: the members that have it, the first ones, and its arrays.

    `gather` fills the inputs of `propagation`, which is that of these members.
    """

    number: int
    members: int
    propagation: Propagation
    targets: Array
    weights: Array
    masks: Sequence[Array]
    gather: Callable[[], object]


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

    def records(self, epoch: int) -> bool:
        """Return whether this epoch has an entry."""
        return epoch in self.row

    def add(self, epoch: int, members: Indices, **values: Array) -> None:
        """Record values of these members in this epoch."""
        for name, value in values.items():
            self.curves[name][self.row[epoch], members] = value

    def history(self) -> History:
        """Return the entries up to the last epoch of any member."""
        reached = self.epoch <= self.epochs.max()
        curves = {name: curve[reached] for name, curve in self.curves.items()}
        return History(
            epoch=self.epoch[reached],
            epochs=self.epochs,
            best_epoch=self.best_epoch,
            **curves,
        )


def _stacks(
    network: Network,
    training: Sequence[Indices],
    usable: Sequence[Indices],
    options: TrainingOptions,
) -> Iterator[tuple[Indices, int]]:
    """Yield the members that train together, most rows first, and their batch size.

    By all usable rows, the members are in order by validation rows as well.
    """
    batch_size = options.batch_size
    sizes = np.array([len(rows) for rows in training])
    order = np.argsort([-len(rows) for rows in usable], kind="stable")
    batches = -(-sizes // ROW_MULTIPLE) * ROW_MULTIPLE
    if batch_size is not None:
        fixed = batch_size <= MAX_FIXED_BATCH
        batches = np.array(
            [batch_size if fixed else min(batch_size, int(rows)) for rows in batches]
        )
    for batch in np.unique(batches):
        members = order[batches[order] == batch]
        most = max(1, int(CACHE_BYTES // _bytes_per_member(network, options, batch)))
        for block in np.array_split(members, -(-len(members) // most)):
            yield block, int(batch)


def _bytes_per_member(network: Network, options: TrainingOptions, batch: int) -> int:
    """Return the memory that one member uses in a step."""
    architecture = network.architecture
    outputs = [layer.output_dim for layer in architecture.layers]
    of_row = architecture.input_dim + sum(outputs) + max(outputs)
    of_parameter = 3 + options.optimizer.n_moments
    numbers = batch * of_row + architecture.n_parameters * of_parameter
    return numbers * network.parameters.itemsize


def _take(array: Array, members: Indices, in_place: bool) -> Array:
    """Return these members' part of an array: a view if `in_place` and adjacent.

    A view would not survive compaction, which moves members to the front.
    """
    start = members[0]
    if in_place and np.array_equal(members, np.arange(start, start + len(members))):
        return array[start : start + len(members)]
    return array[members]
