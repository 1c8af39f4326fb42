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
from copy import copy

import numpy as np

from econnet.network.activations import ACTIVATIONS, Array
from econnet.network.architecture import Architecture


class Propagation:
    """Members' forward and backward passes over batches of one fixed size.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    parameters : array (members, n_parameters)
        Read at every pass, so that an update of them is seen by the next.
    batch : int
        Rows of a batch.
    dropout : bool
        Whether some passes will be given masks.

    Attributes
    ----------
    inputs : array (members, batch, input_dim + 1)
        To be filled before `forward`. The last column is 1, for the bias.
    logits : array (members, batch, output_dim)
        Left by `forward`; `backward` expects dcost/dlogits there.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Array,
        batch: int,
        *,
        dropout: bool = False,
    ) -> None:
        members, dtype = len(parameters), parameters.dtype
        layers = architecture.layers
        self.activations = [ACTIVATIONS[layer.activation] for layer in layers]
        self.skip = architecture.skip
        self.blocks = architecture.blocks(parameters)

        # A batch's rows lie side by side in memory, unit after unit, so that the
        # units of a layer are contiguous whether or not a column of ones follows.
        def units_first(units: int) -> Array:
            return np.ones((members, units, batch), dtype).swapaxes(1, 2)

        self.inputs: Array = np.ones((members, batch, layers[0].input_dim + 1), dtype)
        self.logits: Array = units_first(layers[-1].output_dim)
        taken = [units_first(rows) for rows, _ in architecture.block_shapes()[1:]]
        # What each layer takes, ones included, and what it gives.
        self.A = [self.inputs, *taken]
        hidden = [layer.output_dim for layer in layers[:-1]]
        self.outputs = [
            *(A[..., :units] for A, units in zip(taken, hidden, strict=True)),
            self.logits,
        ]
        # Slopes by a layer's outputs live for a moment only: all layers share a buffer.
        shared = np.empty(members * batch * max(hidden, default=0), dtype)
        self.slopes: list[Array] = [
            shared[: members * batch * units]
            .reshape(members, units, batch)
            .swapaxes(1, 2)
            for units in hidden
        ]
        # The derivatives are by the outputs as they were before dropout.
        self.undropped = [units_first(it) for it in hidden] if dropout else []

    def first(self, members: int) -> "Propagation":
        """Return a view of the first members alone, in the same arrays."""
        view = copy(self)
        view.blocks = [block[:members] for block in self.blocks]
        view.A = [A[:members] for A in self.A]
        view.outputs = [output[:members] for output in self.outputs]
        view.slopes = [slope[:members] for slope in self.slopes]
        view.undropped = [output[:members] for output in self.undropped]
        view.inputs, view.logits = view.A[0], view.outputs[-1]
        return view

    def forward(self, masks: Sequence[Array] = ()) -> None:
        """Fill `logits` from `inputs`, and keep the hidden outputs for `backward`.

        Parameters
        ----------
        masks : sequence of array (members, units, batch), optional
            Dropout: by what the outputs of each hidden layer are multiplied.
        """
        if self.skip:
            self.A[-1][..., -self.inputs.shape[2] : -1] = self.inputs[..., :-1]
        last = len(self.blocks) - 1
        for index, (A, block) in enumerate(zip(self.A, self.blocks, strict=True)):
            output = self.outputs[index]
            np.matmul(A, block, out=output)
            # The loss takes logits: the last activation is applied in prediction only.
            if index < last:
                self.activations[index].forward(output)
                if masks:
                    np.copyto(self.undropped[index], output)
                    np.multiply(output, masks[index].swapaxes(1, 2), out=output)

    def backward(self, gradients: Sequence[Array], masks: Sequence[Array] = ()) -> None:
        """Turn dcost/dlogits, in `logits`, into the slopes by all parameters.

        Parameters
        ----------
        gradients : sequence of array (members, inputs + 1, outputs)
            Where to write, block by block.
        masks : sequence of array (members, units, batch), optional
            Those that were given to `forward`.
        """
        for index in reversed(range(len(self.blocks))):
            A, dZ = self.A[index], self.outputs[index]
            np.matmul(A.swapaxes(1, 2), dZ, out=gradients[index])
            if index > 0:
                self._step_back(
                    index, masks[index - 1].swapaxes(1, 2) if masks else None
                )

    def input_gradient(self) -> Array:
        """Return dcost/dinputs, `(members, batch, input_dim)`, of dcost/dlogits.

        The slope goes back through the layers as in `backward`, but to the inputs in
        place of the parameters. With dcost/dlogits 1, it is that of the logit itself.
        """
        columns = self.inputs.shape[2] - 1
        through_skip: Array | None = None
        if self.skip:
            skip_weights = self.blocks[-1][:, -columns - 1 : -1]
            through_skip = np.matmul(self.logits, skip_weights.swapaxes(1, 2))
        for index in reversed(range(1, len(self.blocks))):
            self._step_back(index, None)
        weights = self.blocks[0][:, :-1]
        gradient: Array = np.matmul(self.outputs[0], weights.swapaxes(1, 2))
        return gradient if through_skip is None else gradient + through_skip

    def _step_back(self, index: int, mask: Array | None) -> None:
        """Turn dZ of a layer into dZ of the layer before, where its outputs stood."""
        dZ, before, slope = (
            self.outputs[index],
            self.outputs[index - 1],
            self.slopes[index - 1],
        )
        weights = self.blocks[index][:, : before.shape[2]].swapaxes(1, 2)
        if dZ.shape[2] == 1:  # A product with one inner term: gemm is slow at it.
            np.multiply(dZ, weights, out=slope)
        else:
            np.matmul(dZ, weights, out=slope)
        if mask is not None:
            np.multiply(slope, mask, out=slope)
            np.copyto(before, self.undropped[index - 1])
        self.activations[index - 1].backward(before, slope)
