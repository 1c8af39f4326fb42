"""Forward and backward propagation through all layers.

Forward, each layer multiplies its inputs by its weights, adds its bias and applies its
activation: `Z = A @ W + b`, then `f(Z)`. Backward, the chain rule runs in the other
direction. From `dZ`, the gradient of the cost with respect to a layer's
pre-activations, follow the gradients with respect to its weights, `A.T @ dZ`, its bias,
the sum of `dZ`, and its inputs, `dZ @ W.T`, where the layer before continues.

Three devices make this fast. A last column of ones beside the inputs makes the bias one
more row of the weights, so that one product computes both. All arrays are allocated
once, for a fixed number of rows, and every operation writes to one of them. And because
the arrays stay the same, each product is bound to its own once, with `partial`, instead
of being looked up in every pass. Arrays are stacked by member, `(members, batch,
units)`, and `np.matmul` multiplies the matrices of all members in one call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from econnet.network.activations import ACTIVATIONS, Activation, Array
from econnet.network.architecture import Architecture

# ReLU compares with an array of zeros, which is faster than with one zero, unless it
# has more numbers than this.
MAX_ZEROS = 2**16


@dataclass(frozen=True, eq=False)
class LayerBuffers:
    """The arrays of one layer, stacked by member.

    Attributes
    ----------
    activation : Activation
        Applied to `Z`; that of the last layer is applied in prediction only.
    input_dim : int
        Number of inputs, without the 1 for the bias.
    A : array (members, batch, input_dim + 1)
        The layer's inputs. The last column is 1, for the bias. The last layer of a
        network with a skip has no such column, because the skip has the bias.
    block : array (members, input_dim + 1, output_dim)
        Weights and, in the last row, biases.
    Z : array (members, batch, output_dim)
        Pre-activations; overwritten by the activation with the outputs, and in the
        backward pass with the gradient with respect to the pre-activations.
    output_grad : array (members, batch, output_dim)
        Gradient with respect to the outputs, needed for a moment only: layers share
        this memory.
    block_grad : array (members, input_dim + 1, output_dim)
        Gradient with respect to `block`.
    zeros : array (1, batch, output_dim) or (1, 1, 1)
        Zeros, for the activation.
    before_dropout : array (members, batch, output_dim) or None
        Copy of the outputs from before dropout.
    multiply, multiply_back : callable
        Compute `Z` from `A`, and `block_grad` from the gradient in `Z`.
    """

    activation: Activation
    input_dim: int
    A: Array
    block: Array
    Z: Array
    output_grad: Array
    block_grad: Array
    zeros: Array
    before_dropout: Array | None
    A_T: Array = field(init=False)
    W_T: Array = field(init=False)
    multiply: Callable[[], Array] = field(init=False)
    multiply_back: Callable[[], Array] = field(init=False)

    def __post_init__(self) -> None:
        A_T = self.A.swapaxes(1, 2)
        W_T = self.block[:, : self.input_dim].swapaxes(1, 2)
        # What would otherwise be created in every pass.
        for name, created in (
            ("A_T", A_T),
            ("W_T", W_T),
            ("multiply", _product(self.A, self.block, self.Z)),
            ("multiply_back", _product(A_T, self.Z, self.block_grad)),
        ):
            object.__setattr__(self, name, created)

    def input_grad_into(self, out: Array) -> Callable[[], Array]:
        """Return a function that writes the gradient of the inputs to `out`."""
        if self.Z.shape[2] == 1:  # gemm is slow if a product has one inner term
            return partial(np.multiply, self.Z, self.W_T, out)
        return _product(self.Z, self.W_T, out)

    def first(self, members: int) -> "LayerBuffers":
        """Return a view of the first members only."""
        return LayerBuffers(
            self.activation,
            self.input_dim,
            self.A[:members],
            self.block[:members],
            self.Z[:members],
            self.output_grad[:members],
            self.block_grad[:members],
            self.zeros,
            None if self.before_dropout is None else self.before_dropout[:members],
        )


@dataclass(frozen=True, eq=False)
class Propagation:
    """Forward and backward passes of all members over batches of one fixed size.

    Attributes
    ----------
    layers : tuple of LayerBuffers
        From input to output.
    skip : LayerBuffers or None
        If the last layer also takes the network's inputs: a layer parallel to it, with
        the lower part of its block, whose pre-activations are added to its own.
    """

    layers: tuple[LayerBuffers, ...]
    skip: LayerBuffers | None
    _steps_back: tuple[Callable[[], Array], ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = pairwise(self.layers)
        steps = (layer.input_grad_into(before.output_grad) for before, layer in pairs)
        object.__setattr__(self, "_steps_back", tuple(steps))

    @classmethod
    def allocate(
        cls,
        architecture: Architecture,
        parameters: Array,
        gradient: Array,
        batch: int,
        *,
        dropout: bool = False,
    ) -> "Propagation":
        """Allocate all arrays for passes over `batch` rows of each member.

        `parameters`, `(members, n_parameters)`, are read at every pass: an update in
        place takes effect in the next one. `backward` writes to `gradient`, of the same
        shape. Masks can be used only with `dropout`.
        """
        shape = _BatchShape(len(parameters), batch, parameters.dtype)
        inputs, outputs = _allocate_activations(architecture, shape)
        blocks, skip_block = _split_skip(architecture, parameters)
        block_grads, skip_grad = _split_skip(architecture, gradient)
        shared = np.empty(max(Z.size for Z in outputs), shape.dtype)
        layers = tuple(
            LayerBuffers(
                ACTIVATIONS[layer.activation],
                layer.input_dim,
                A,
                block,
                Z,
                shape.units_first(shared[: Z.size]),
                block_grad,
                shape.zeros(layer.output_dim),
                shape.ones(layer.output_dim) if dropout else None,
            )
            for layer, A, Z, block, block_grad in zip(
                architecture.layers, inputs, outputs, blocks, block_grads, strict=True
            )
        )
        if skip_block is None or skip_grad is None:
            return cls(layers, None)
        pre_activations = shape.ones(architecture.output_dim)
        skip = LayerBuffers(
            layers[-1].activation,
            architecture.input_dim,
            inputs[0],
            skip_block,
            pre_activations,
            pre_activations,
            skip_grad,
            layers[-1].zeros,
            None,
        )
        return cls(layers, skip)

    @property
    def inputs(self) -> Array:
        """The network's inputs, `(members, batch, input_dim + 1)`.

        Fill all but the last column, which is 1, before `forward`.
        """
        return self.layers[0].A

    @property
    def logits(self) -> Array:
        """The result of `forward`, `(members, batch, output_dim)`.

        Overwrite it with dcost/dlogits before `backward`.
        """
        return self.layers[-1].Z

    def first(self, members: int) -> "Propagation":
        """Return a view of the first members only, in the same arrays."""
        return Propagation(
            tuple(layer.first(members) for layer in self.layers),
            self.skip.first(members) if self.skip else None,
        )

    def forward(self, masks: Sequence[Array] = ()) -> None:
        """Compute `logits` from `inputs`, and keep what `backward` needs.

        Dropout is given by a mask for each hidden layer, `(members, units, batch)`:
        factors for its outputs.
        """
        last = self.layers[-1]
        for index, layer in enumerate(self.layers):
            layer.multiply()
            # The loss takes logits: the last activation is applied in prediction only.
            if layer is not last:
                layer.activation.forward(layer.Z, layer.zeros)
                if layer.before_dropout is not None and masks:
                    np.copyto(layer.before_dropout, layer.Z)
                    np.multiply(layer.Z, masks[index].swapaxes(1, 2), out=layer.Z)
        if self.skip:
            self.skip.multiply()
            np.add(last.Z, self.skip.Z, out=last.Z)

    def backward(self, masks: Sequence[Array] = ()) -> None:
        """Compute the gradient of all parameters from dcost/dlogits, in `logits`.

        `masks` are those that were given to `forward`.
        """
        if self.skip:
            # dcost/dlogits are the same for the skip and for the layer beside it.
            np.matmul(self.skip.A_T, self.layers[-1].Z, self.skip.block_grad)
        for index in reversed(range(len(self.layers))):
            layer = self.layers[index]
            layer.multiply_back()
            if index > 0:
                self._step_back(index, masks)

    def input_gradient(self) -> Array:
        """Return dcost/dinputs, `(members, batch, input_dim)`, from dcost/dlogits.

        If dcost/dlogits is 1, the result is the gradient of the logit.
        """
        first, last = self.layers[0], self.layers[-1]
        # The skip comes first, because the steps back overwrite dcost/dlogits.
        through_skip = np.matmul(last.Z, self.skip.W_T) if self.skip else 0.0
        for index in reversed(range(1, len(self.layers))):
            self._step_back(index)
        gradient: Array = np.matmul(first.Z, first.W_T) + through_skip
        return gradient

    def _step_back(self, index: int, masks: Sequence[Array] = ()) -> None:
        """Compute dZ of the layer before from dZ of this layer."""
        before = self.layers[index - 1]
        self._steps_back[index - 1]()
        if before.before_dropout is not None and masks:
            mask = masks[index - 1].swapaxes(1, 2)
            np.multiply(before.output_grad, mask, out=before.output_grad)
            np.copyto(before.Z, before.before_dropout)
        before.activation.backward(before.Z, before.output_grad)


def _product(left: Array, right: Array, out: Array) -> Callable[[], Array]:
    """Return a function that writes the matrix product of each member to `out`.

    For a single member that is `np.dot`, which calls the same routine of BLAS sooner
    than `np.matmul` does. It writes to contiguous memory only; where that is the
    transpose, as in activations, the product is (right.T @ left.T).T.
    """
    if len(out) > 1:
        return partial(np.matmul, left, right, out)
    if out[0].flags.c_contiguous:
        return partial(np.dot, left[0], right[0], out[0])
    if out[0].flags.f_contiguous:
        return partial(np.dot, right[0].T, left[0].T, out[0].T)
    return partial(np.matmul, left, right, out)


@dataclass(frozen=True)
class _BatchShape:
    """Members and rows of a batch, and the type of its numbers."""

    members: int
    batch: int
    dtype: np.dtype[np.floating]

    def units_first(self, memory: Array) -> Array:
        """Return memory as `(members, batch, units)`, with the rows of a unit adjacent.

        The units of a layer are then contiguous, with or without a column of ones.
        """
        return memory.reshape(self.members, -1, self.batch).swapaxes(1, 2)

    def zeros(self, units: int) -> Array:
        """Allocate the zeros of a layer, for all members the same."""
        if units * self.batch > MAX_ZEROS:
            return np.zeros((1, 1, 1), self.dtype)
        zeros = np.zeros((1, units, self.batch), self.dtype)
        return zeros.swapaxes(1, 2)

    def ones(self, units: int) -> Array:
        """Allocate ones, `(members, batch, units)`."""
        return self.units_first(np.ones(self.members * units * self.batch, self.dtype))


def _allocate_activations(
    architecture: Architecture, shape: _BatchShape
) -> tuple[list[Array], list[Array]]:
    """Return each layer's inputs, and its outputs as views of the next one's inputs."""
    layers = architecture.layers
    inputs: list[Array] = [
        np.ones((shape.members, shape.batch, architecture.input_dim + 1), shape.dtype)
    ]
    inputs += [shape.ones(layer.input_dim + 1) for layer in layers[1:]]
    if architecture.skip:  # the bias belongs to the skip
        inputs[-1] = shape.ones(layers[-1].input_dim)
    outputs = [
        A[..., : layer.input_dim] for layer, A in zip(layers, inputs, strict=True)
    ]
    return inputs, [*outputs[1:], shape.ones(architecture.output_dim)]


def _split_skip(
    architecture: Architecture, flat: Array
) -> tuple[list[Array], Array | None]:
    """Return the block of each layer, and that of the skip if there is one."""
    blocks = architecture.blocks(flat)
    if not architecture.skip:
        return blocks, None
    units = architecture.layers[-1].input_dim
    skip_block = blocks[-1][:, units:]
    blocks[-1] = blocks[-1][:, :units]
    return blocks, skip_block
