"""Forward propagation and backward propagation: the network itself.

Forward, each layer multiplies what it takes by its weights, adds its bias and applies
its activation: `Z = A @ W + b`, `A = f(Z)`. Backward, the chain rule is walked in the
other direction: from the slope of the cost by a layer's sums, `dZ`, follow its slopes
by the weights, `A.T @ dZ`, by the bias, the sum of `dZ`, and by what the layer took,
`dZ @ W.T`, from which the layer before goes on. Two devices make this fast. A last
column of ones beside the inputs makes the bias one more row of the weights, so that one
product does for both. And all arrays are allocated once, for one number of rows: every
operation writes with `out=`. Arrays are stacked by member, `(members, batch, units)`,
and `np.matmul` multiplies all members' matrices in one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from econnet.network.activations import ACTIVATIONS, Activation, Array
from econnet.network.architecture import Architecture


@dataclass(frozen=True, eq=False)
class LayerPass:
    """What a layer works on, stacked by member.

    Attributes
    ----------
    inputs : int
        How many it has, the 1 for the bias apart.
    A : array (members, batch, inputs + 1)
        What it takes. The last column is 1, for the bias; a layer beside which there is
        a skip leaves the bias to that, and has no such column.
    block : array (members, inputs + 1, outputs)
        Its weights and, in the last row, its biases.
    Z : array (members, batch, outputs)
        Its sums, which the activation turns into its outputs, which the way back turns
        into the slopes of the cost by the sums.
    slope : array (members, batch, outputs)
        The slopes by the outputs. They live for a moment: layers share the memory,
        which on the way forward is spare.
    gradient : array (members, inputs + 1, outputs)
        The slopes by `block`.
    undropped : array (members, batch, outputs) or None
        The outputs as they were before dropout.
    """

    activation: Activation
    inputs: int
    A: Array
    block: Array
    Z: Array
    slope: Array
    gradient: Array
    undropped: Array | None
    A_T: Array = field(init=False)
    W_T: Array = field(init=False)

    def __post_init__(self) -> None:
        # Views that each pass would otherwise make anew.
        object.__setattr__(self, "A_T", self.A.swapaxes(1, 2))
        object.__setattr__(self, "W_T", self.block[:, : self.inputs].swapaxes(1, 2))

    def first(self, members: int) -> "LayerPass":
        """Return a view of the first members alone."""
        return LayerPass(
            self.activation,
            self.inputs,
            self.A[:members],
            self.block[:members],
            self.Z[:members],
            self.slope[:members],
            self.gradient[:members],
            None if self.undropped is None else self.undropped[:members],
        )


@dataclass(frozen=True, eq=False)
class Propagation:
    """Members' forward and backward passes over batches of one fixed size.

    Attributes
    ----------
    passes : tuple of LayerPass
        The layers, from input to output.
    skip : LayerPass or None
        Where the last layer also takes the network's inputs: a layer beside it, with
        the lower part of its block, whose sums join its own.
    """

    passes: tuple[LayerPass, ...]
    skip: LayerPass | None

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
        """Allocate all that passes over `batch` rows of each member will need.

        Parameters
        ----------
        architecture : Architecture
            The layers.
        parameters : array (members, n_parameters)
            Read at every pass, so that an update of them is seen by the next.
        gradient : array (members, n_parameters)
            Where `backward` writes the slopes of the cost by the parameters.
        batch : int
            Rows of a batch.
        dropout : bool
            Whether some passes will be given masks.
        """
        members, dtype, layers = len(parameters), parameters.dtype, architecture.layers

        # A batch's rows lie side by side in memory, unit after unit, so that the
        # units of a layer are contiguous whether or not a column of ones follows.
        def units_first(memory: Array) -> Array:
            return memory.reshape(members, -1, batch).swapaxes(1, 2)

        def ones(units: int) -> Array:
            return units_first(np.ones(members * units * batch, dtype))

        # With a skip, the inputs and their column of ones stay where they are.
        taken: list[Array] = [
            np.ones((members, batch, architecture.input_dim + 1), dtype),
            *(ones(layer.input_dim + 1) for layer in layers[1:]),
        ]
        blocks, gradients = (
            architecture.blocks(flat) for flat in (parameters, gradient)
        )
        skip = None
        if architecture.skip:
            units = layers[-1].input_dim
            taken[-1] = ones(units)
            sums = ones(architecture.output_dim)
            skip = LayerPass(
                ACTIVATIONS[layers[-1].activation],
                architecture.input_dim,
                taken[0],
                blocks[-1][:, units:],
                sums,
                sums,
                gradients[-1][:, units:],
                None,
            )
            blocks[-1] = blocks[-1][:, :units]
            gradients[-1] = gradients[-1][:, :units]
        given = [
            *(
                A[..., : layer.input_dim]
                for A, layer in zip(taken, layers, strict=True)
            ),
            ones(architecture.output_dim),
        ][1:]
        slopes = np.empty(max(Z.size for Z in given), dtype)
        passes = [
            LayerPass(
                ACTIVATIONS[layer.activation],
                layer.input_dim,
                A,
                block,
                Z,
                units_first(slopes[: Z.size]),
                gradient_block,
                ones(layer.output_dim) if dropout else None,
            )
            for layer, A, Z, block, gradient_block in zip(
                layers,
                taken,
                given,
                blocks,
                gradients,
                strict=True,
            )
        ]
        return cls(tuple(passes), skip)

    @property
    def inputs(self) -> Array:
        """What to fill before `forward`, `(members, batch, input_dim + 1)`.

        The last column is 1, for the bias.
        """
        return self.passes[0].A

    @property
    def logits(self) -> Array:
        """What `forward` leaves, `(members, batch, output_dim)`.

        The way back expects dcost/dlogits in the same place.
        """
        return self.passes[-1].Z

    def first(self, members: int) -> "Propagation":
        """Return a view of the first members alone, in the same arrays."""
        return Propagation(
            tuple(it.first(members) for it in self.passes),
            self.skip.first(members) if self.skip else None,
        )

    def forward(self, masks: Sequence[Array] = ()) -> None:
        """Fill `logits` from `inputs`, and keep what the way back needs.

        Parameters
        ----------
        masks : sequence of array (members, units, batch), optional
            Dropout: by what the outputs of each hidden layer are multiplied.
        """
        last = self.passes[-1]
        for index, layer in enumerate(self.passes):
            np.matmul(layer.A, layer.block, out=layer.Z)
            # The loss takes logits: the last activation is applied in prediction only.
            if layer is not last:
                layer.activation.forward(layer.Z, layer.slope)
                if layer.undropped is not None and masks:
                    np.copyto(layer.undropped, layer.Z)
                    np.multiply(layer.Z, masks[index].swapaxes(1, 2), out=layer.Z)
        if self.skip:
            np.matmul(self.skip.A, self.skip.block, out=self.skip.Z)
            np.add(last.Z, self.skip.Z, out=last.Z)

    def backward(self, masks: Sequence[Array] = ()) -> None:
        """Turn dcost/dlogits, in `logits`, into the slopes by all parameters.

        Parameters
        ----------
        masks : sequence of array (members, units, batch), optional
            Those that were given to `forward`.
        """
        if self.skip:
            np.matmul(self.skip.A_T, self.passes[-1].Z, out=self.skip.gradient)
        for index in reversed(range(len(self.passes))):
            layer = self.passes[index]
            np.matmul(layer.A_T, layer.Z, out=layer.gradient)
            if index > 0:
                self._step_back(index, masks)

    def input_gradient(self) -> Array:
        """Return dcost/dinputs, `(members, batch, input_dim)`, of dcost/dlogits.

        The slope goes back through the layers as in `backward`, but to the inputs in
        place of the parameters. With dcost/dlogits 1, it is that of the logit itself.
        """
        first, last = self.passes[0], self.passes[-1]
        # Through the skip first: on the way back, dlogits does not stay.
        through_skip = np.matmul(last.Z, self.skip.W_T) if self.skip else 0.0
        for index in reversed(range(1, len(self.passes))):
            self._step_back(index)
        gradient: Array = np.matmul(first.Z, first.W_T) + through_skip
        return gradient

    def _step_back(self, index: int, masks: Sequence[Array] = ()) -> None:
        """Turn dZ of a layer into dZ of the layer before."""
        layer, before = self.passes[index], self.passes[index - 1]
        if layer.Z.shape[2] == 1:  # A product with one inner term: gemm is slow at it.
            np.multiply(layer.Z, layer.W_T, out=before.slope)
        else:
            np.matmul(layer.Z, layer.W_T, out=before.slope)
        if before.undropped is not None and masks:
            np.multiply(before.slope, masks[index - 1].swapaxes(1, 2), out=before.slope)
            np.copyto(before.Z, before.undropped)
        before.activation.backward(before.Z, before.slope)
