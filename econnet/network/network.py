"""One or many networks: their parameters and their predictions.

A *member* is one network with its own weights. All members share an architecture; their
parameters are the rows of one flat array, and each layer's `W` and `b` are views of it.
A single network has one member. The rounding of BLAS depends on the number of threads
and rows, so predictions are made in blocks of a fixed number of rows. With BLAS limited
to one thread (`threadpoolctl.threadpool_limits(1)`), the prediction for a row is the
same, bit for bit, whatever other rows are predicted with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from econnet.network.activations import ACTIVATIONS, Array
from econnet.network.architecture import Architecture
from econnet.network.propagation import Propagation

Initialization: TypeAlias = Literal["glorot", "he", "tutorial"]
Seed: TypeAlias = int | Sequence[np.random.SeedSequence]

# Rows per pass in prediction.
PREDICTION_ROWS = 256


class Network:
    """One network, or many of the same architecture.

    Parameters
    ----------
    architecture : Architecture
        The layers of every member.
    members : int
        Number of networks.
    seed : int or sequence of SeedSequence
        A number gives each member its own random stream, which does not depend on the
        number of members. A sequence gives one stream per member, so that a single
        member of a larger network can be built alone.
    dtype : float32 or float64
        Type of parameters, inputs and predictions.
    initialization : {"glorot", "he", "tutorial"}
        Distribution of the initial weights.

    Attributes
    ----------
    parameters : array (members, n_parameters)
        All weights and biases.
    generators : tuple of numpy.random.Generator
        Each member's random stream, from which training draws too.

    Notes
    -----
    glorot: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010), equation 16, for tanh and sigmoid. he: K. He,
    X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers" (2015), equation 10, for
    ReLU. tutorial: weights and biases are 0.1 times standard normal in every layer.

    Examples
    --------
    >>> network = Network(Architecture.dense(3, [8]), members=2, seed=0)
    >>> network.predict(np.zeros((5, 3))).shape  # members, rows, outputs
    (2, 5, 1)
    """

    def __init__(
        self,
        architecture: Architecture,
        members: int = 1,
        seed: Seed = 0,
        *,
        dtype: DTypeLike = np.float32,
        initialization: Initialization = "glorot",
    ) -> None:
        if members < 1:
            raise ValueError(f"a network of {members} members: give at least 1")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype {np.dtype(dtype)}: choose float32 or float64")
        if initialization not in DRAWS:
            raise ValueError(
                f"initialization {initialization!r} is not known: "
                f"choose one of {', '.join(DRAWS)}"
            )
        if isinstance(seed, int | np.integer):
            seed = np.random.SeedSequence(int(seed)).spawn(members)
        if len(seed) != members:
            raise ValueError(f"{len(seed)} seeds for {members} members: give one each")
        self.architecture = architecture
        self.generators = tuple(np.random.default_rng(stream) for stream in seed)
        self.parameters: Array = np.zeros((members, architecture.n_parameters), dtype)
        draw = DRAWS[initialization]
        for W, b in zip(self.W, self.b, strict=True):
            for member, generator in enumerate(self.generators):
                draw(generator, W[member], b[member])

    @property
    def members(self) -> int:
        """The number of networks."""
        return len(self.parameters)

    @property
    def W(self) -> tuple[Array, ...]:  # noqa: N802 - as in the formulas
        """Views of each layer's weights, `(members, inputs, outputs)`."""
        layers = zip(self.architecture.layers, self._blocks, strict=True)
        return tuple(block[:, : layer.input_dim] for layer, block in layers)

    @property
    def b(self) -> tuple[Array, ...]:
        """Views of each layer's biases, `(members, 1, outputs)`."""
        return tuple(block[:, -1:] for block in self._blocks)

    @property
    def skip_weights(self) -> Array | None:
        """Weights from the inputs to the logits, `(members, inputs, outputs)`.

        `None` without a skip.
        """
        if not self.architecture.skip:
            return None
        return self._blocks[-1][:, -self.architecture.input_dim - 1 : -1]

    def logits(self, X: ArrayLike) -> Array:
        """Return the log-odds that each member forecasts, `(members, n, outputs)`.

        Networks trained with another loss give what it defines, such as quantiles. `X`
        has the shape `(n, inputs)` if all members forecast the same rows, else
        `(members, n, inputs)`.

        Raises
        ------
        ValueError
            `X` has another shape, or contains NaN or infinity.
        """
        outputs = self.architecture.output_dim
        return self._in_blocks(X, outputs, lambda propagation: propagation.logits)

    def predict(self, X: ArrayLike) -> Array:
        """Return each member's forecast probabilities, `(members, n, outputs)`.

        `X` is as for `logits`. The last activation is applied only here; its results
        are probabilities if it is sigmoid or softmax.
        """
        outputs = self.logits(X)
        activation = ACTIVATIONS[self.architecture.layers[-1].activation]
        activation.forward(outputs, np.zeros((1, 1, 1), outputs.dtype))
        return outputs

    def input_gradient(self, X: ArrayLike, output: int = 0) -> Array:
        """Return the gradient of a logit w.r.t. the inputs, `(members, n, inputs)`.

        `X` is as for `logits`; `output` is the number of the logit, from 0.
        """
        if not 0 <= output < self.architecture.output_dim:
            raise ValueError(
                f"output {output} of a network with {self.architecture.output_dim}: "
                "count from 0"
            )

        def gradient(propagation: Propagation) -> Array:
            propagation.logits[...] = 0
            propagation.logits[..., output] = 1
            return propagation.input_gradient()

        return self._in_blocks(X, self.architecture.input_dim, gradient)

    def with_linear_map(self, linear_map: Array) -> "Network":
        """Return a network whose inputs are mapped linearly to those of this one.

        `linear_map` has the shape `(members, inputs, inputs of this network)`. For
        `X` the result forecasts what this network forecasts for `X @ linear_map`.
        """
        first, *others = self.architecture.layers
        layers = (replace(first, input_dim=linear_map.shape[1]), *others)
        wide = Network(
            Architecture(layers, self.architecture.skip),
            self.members,
            dtype=self.parameters.dtype,
        )
        wide.generators = self.generators
        wide.parameters[...] = 0
        wide.W[0][...] = linear_map @ self.W[0]
        views = zip((*wide.W[1:], *wide.b), (*self.W[1:], *self.b), strict=True)
        for wide_view, view in views:
            wide_view[...] = view
        if wide.skip_weights is not None and self.skip_weights is not None:
            wide.skip_weights[...] = linear_map @ self.skip_weights
        return wide

    @property
    def _blocks(self) -> list[Array]:
        return self.architecture.blocks(self.parameters)

    def _in_blocks(
        self, X: ArrayLike, columns: int, result: Callable[[Propagation], Array]
    ) -> Array:
        """Return `result` of the forward pass over each block of rows."""
        stacked = self._check_inputs(X)
        n = stacked.shape[1]
        out: Array = np.empty((self.members, n, columns), self.parameters.dtype)
        propagation = Propagation.allocate(
            self.architecture,
            self.parameters,
            np.empty_like(self.parameters),
            PREDICTION_ROWS,
        )
        for start in range(0, n, PREDICTION_ROWS):
            rows = slice(start, min(start + PREDICTION_ROWS, n))
            filled = rows.stop - start
            # Below may be rows of an earlier block, whose results are not used.
            propagation.inputs[:, :filled, :-1] = stacked[:, rows]
            propagation.forward()
            out[:, rows] = result(propagation)[:, :filled]
        return out

    def _check_inputs(self, X: ArrayLike) -> Array:
        """Return X with a first axis of members, or of length 1 for all of them."""
        rows = np.asarray(X, self.parameters.dtype)
        inputs = self.architecture.input_dim
        if rows.ndim not in (2, 3) or rows.shape[-1] != inputs:
            raise ValueError(
                f"X has the shape {rows.shape}, but the network takes {inputs} inputs: "
                f"give (n, {inputs}) or ({self.members}, n, {inputs})"
            )
        if rows.ndim == 3 and len(rows) != self.members:
            raise ValueError(
                f"X is stacked for {len(rows)} members, the network has "
                f"{self.members}: give rows for each member, or the same for all"
            )
        if not np.isfinite(rows).all():
            raise ValueError("X contains NaN or infinity: impute or drop those rows")
        return rows if rows.ndim == 3 else rows[np.newaxis]


def _draw_glorot(generator: np.random.Generator, W: Array, b: Array) -> None:  # noqa: ARG001 - biases start at 0
    limit = np.sqrt(6 / sum(W.shape))
    W[...] = generator.uniform(-limit, limit, W.shape)


def _draw_he(generator: np.random.Generator, W: Array, b: Array) -> None:  # noqa: ARG001
    W[...] = np.sqrt(2 / len(W)) * generator.standard_normal(W.shape)


def _draw_tutorial(generator: np.random.Generator, W: Array, b: Array) -> None:
    W[...] = 0.1 * generator.standard_normal(W.shape)
    b[...] = 0.1 * generator.standard_normal(b.shape)


DRAWS: Mapping[Initialization, Callable[[np.random.Generator, Array, Array], None]] = {
    "glorot": _draw_glorot,
    "he": _draw_he,
    "tutorial": _draw_tutorial,
}
