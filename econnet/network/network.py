"""A network, or many at once: parameters, prediction, and their file.

A *member* is one network with its own weights. All members share an architecture; their
parameters are the rows of one flat array, and each layer's `W` and `b` are views of it.
A single network is the case of one member. BLAS gives other bits for other numbers of
threads and rows, so predictions are made in blocks of a fixed number of rows; hold BLAS
to one thread (`threadpoolctl.threadpool_limits(1)`) and a row's prediction is the same,
bit for bit, whatever else is predicted beside it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from econnet.network.activations import ACTIVATIONS, Array
from econnet.network.architecture import Architecture
from econnet.network.propagation import Propagation
from econnet.network.storage import NewerFileError, read_arrays, write_arrays

Initialization: TypeAlias = Literal["glorot", "he", "tutorial"]
Seed: TypeAlias = int | Sequence[np.random.SeedSequence]

PREDICTION_ROWS = 256


class Network:
    """One network, or many of one architecture side by side.

    Parameters
    ----------
    architecture : Architecture
        The layers that all members have.
    members : int
        How many networks.
    seed : int or sequence of SeedSequence
        From a number each member gets a stream of its own, the same one however many
        members there are. A sequence gives each member its stream, and so lets a
        member be built alone that is to equal one among others.
    dtype : float32 or float64
        Of parameters, inputs and predictions.
    initialization : {"glorot", "he", "tutorial"}
        How the first weights are drawn.

    Attributes
    ----------
    parameters : array (members, n_parameters)
        All that training changes.
    W, b : tuple of array
        Views of it, a layer each: `(members, inputs, outputs)` and `(members, 1,
        outputs)`.
    skip_weights : array (members, inputs, outputs) or None
        The weights that join the inputs to the logits, if the architecture has a skip.
    generators : tuple of numpy.random.Generator
        Each member's stream. Training goes on drawing from it.

    Notes
    -----
    glorot: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010), equation 16, for tanh and sigmoid. he: K. He,
    X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers" (2015), equation 10, for
    ReLU. tutorial: weights and biases are 0.1 times standard normal, whatever the size
    of the layer.
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
        """How many networks these are."""
        return len(self.parameters)

    @property
    def W(self) -> tuple[Array, ...]:  # noqa: N802 - as in the formulas
        """Each layer's weights, `(members, inputs, outputs)`."""
        layers = zip(self.architecture.layers, self._blocks, strict=True)
        return tuple(block[:, : layer.input_dim] for layer, block in layers)

    @property
    def b(self) -> tuple[Array, ...]:
        """Each layer's biases, `(members, 1, outputs)`."""
        return tuple(block[:, -1:] for block in self._blocks)

    @property
    def skip_weights(self) -> Array | None:
        """Weights from the inputs to the logits, `(members, inputs, outputs)`."""
        if not self.architecture.skip:
            return None
        return self._blocks[-1][:, -self.architecture.input_dim - 1 : -1]

    def logits(self, X: ArrayLike) -> Array:
        """Return the log-odds that each member gives, `(members, n, outputs)`.

        Parameters
        ----------
        X : array (n, inputs) or (members, n, inputs)
            Rows that all members see, or each member's own.
        """
        return self._in_blocks(X, self.architecture.output_dim, lambda it: it.logits)

    def predict(self, X: ArrayLike) -> Array:
        """Return the probabilities that each member gives, `(members, n, outputs)`.

        Parameters are those of `logits`. They are probabilities if the last activation
        is sigmoid or softmax; it is applied here and nowhere else.
        """
        outputs = self.logits(X)
        activation = ACTIVATIONS[self.architecture.layers[-1].activation]
        activation.forward(outputs, np.empty_like(outputs))
        return outputs

    def input_gradient(self, X: ArrayLike, output: int = 0) -> Array:
        """Return how a logit changes with each input, `(members, n, inputs)`.

        Parameters
        ----------
        X : array (n, inputs) or (members, n, inputs)
            As for `logits`.
        output : int
            Which of the logits.
        """
        if not 0 <= output < self.architecture.output_dim:
            raise ValueError(
                f"output {output} of a network with {self.architecture.output_dim}: "
                "count from 0"
            )

        def slope(propagation: Propagation) -> Array:
            propagation.logits[...] = 0
            propagation.logits[..., output] = 1
            return propagation.input_gradient()

        return self._in_blocks(X, self.architecture.input_dim, slope)

    def among(self, inputs: int, columns: NDArray[np.intp]) -> "Network":
        """Return the same members as ones that take wider rows.

        Parameters
        ----------
        inputs : int
            How many they take.
        columns : integer array (input_dim,)
            Where the inputs of now stand among them. Weights of the others are 0.
        """
        first, *others = self.architecture.layers
        layers = (replace(first, input_dim=inputs), *others)
        wide = Network(
            Architecture(layers, self.architecture.skip),
            self.members,
            dtype=self.parameters.dtype,
        )
        wide.generators = self.generators
        wide.parameters[...] = 0
        wide.W[0][:, columns] = self.W[0]
        for W, own in zip(wide.W[1:], self.W[1:], strict=True):
            W[...] = own
        for b, own in zip(wide.b, self.b, strict=True):
            b[...] = own
        if wide.skip_weights is not None and self.skip_weights is not None:
            wide.skip_weights[:, columns] = self.skip_weights
        return wide

    def save(
        self,
        file: str | Path | IO[bytes],
        *,
        metadata: Mapping[str, Any] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Write the network as `.npz`, in place of what the file held.

        Parameters
        ----------
        file : path or binary file
            A path is replaced in one step, so that a reader finds the old file or the
            new one.
        metadata : mapping, optional
            Whatever else is worth knowing, of types that JSON has.
        arrays : mapping of str to array, optional
            What belongs to the network, such as the scaler of its inputs.
        """
        _check_storable(self.members, self.architecture)
        own = {
            "layers": self.architecture.to_dicts(),
            "skip": self.architecture.skip,
            "members": self.members,
            "dtype": str(self.parameters.dtype),
        }
        header = {"format": FORMAT, "network": own, "metadata": dict(metadata or {})}
        stored = {f"arrays/{name}": array for name, array in (arrays or {}).items()}
        write_arrays(file, header, {"parameters": self.parameters, **stored})

    @classmethod
    def load(cls, file: str | Path | IO[bytes], seed: Seed = 0) -> "Network":
        """Read what `save` wrote.

        Parameters
        ----------
        file : path or binary file
            Nothing in it is ever executed. A file that is not a network, or not whole,
            is a `ValueError`.
        seed : int or sequence of SeedSequence
            For what training goes on to draw, as in the class.
        """
        return cls.load_with(file, seed)[0]

    @classmethod
    def load_with(
        cls, file: str | Path | IO[bytes], seed: Seed = 0
    ) -> tuple["Network", dict[str, Any], dict[str, np.ndarray]]:
        """Read the network, and the metadata and arrays that were saved with it."""
        header, stored = read_arrays(file)
        if (said := header.get("format")) != FORMAT:
            if isinstance(said, str) and NEWER_FORMAT.fullmatch(said):
                raise NewerFileError(
                    f"the file is of format {said!r}, made by a newer econnet, and "
                    f"this one knows {FORMAT!r}"
                )
            raise ValueError(
                f"the file is of format {said!r}, not {FORMAT!r}: "
                "give a file that Network.save wrote"
            )
        try:
            own, metadata = header["network"], dict(header["metadata"])
            architecture = Architecture.parse(own["layers"], skip=bool(own["skip"]))
            shape = (int(own["members"]), architecture.n_parameters)
            dtype = STORED_DTYPES[own["dtype"]]
            parameters = stored.pop("parameters")
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(
                f"the header does not describe a network ({error}): "
                "give a file that Network.save wrote"
            ) from error
        if parameters.shape != shape or parameters.dtype != dtype:
            raise ValueError(
                f"the file holds parameters {parameters.shape} of {parameters.dtype}, "
                f"but its header says {shape} of {dtype}: it is damaged, save it again"
            )
        if not np.isfinite(parameters).all():
            raise ValueError("the file holds parameters that are not finite numbers")
        _check_storable(len(parameters), architecture)
        network = cls._of_parameters(architecture, parameters, seed)
        extra = {name.removeprefix("arrays/"): it for name, it in stored.items()}
        return network, metadata, extra

    @classmethod
    def _of_parameters(
        cls, architecture: Architecture, parameters: Array, seed: Seed
    ) -> "Network":
        """Make a network that has these parameters, and draws nothing at first."""
        network = cls(architecture, len(parameters), seed, dtype=parameters.dtype)
        network.parameters[...] = parameters
        return network

    @property
    def _blocks(self) -> list[Array]:
        return self.architecture.blocks(self.parameters)

    def _in_blocks(
        self, X: ArrayLike, columns: int, result: Callable[[Propagation], Array]
    ) -> Array:
        """Return `result` after a forward pass over each block of rows."""
        stacked = self._check_inputs(X)
        n = stacked.shape[1]
        out: Array = np.empty((self.members, n, columns), self.parameters.dtype)
        propagation = Propagation.allocate(
            self.architecture,
            self.parameters,
            np.empty_like(self.parameters),
            PREDICTION_ROWS,
        )
        for rows in _blocks_of_rows(n):
            filled = rows.stop - rows.start
            # Rows of an earlier block may stand below: nobody reads what they give.
            propagation.inputs[:, :filled, :-1] = stacked[:, rows]
            propagation.forward()
            out[:, rows] = result(propagation)[:, :filled]
        return out

    def _check_inputs(self, X: ArrayLike) -> Array:
        """Return X with a first axis of members, or of 1 for all of them."""
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
                f"{self.members}: give each its own rows, or all the same"
            )
        if not np.isfinite(rows).all():
            raise ValueError("X holds NaN or infinity: impute or drop those rows")
        return rows if rows.ndim == 3 else rows[np.newaxis]


def _check_storable(members: int, architecture: Architecture) -> None:
    """Raise `ValueError` where a small file would take long to read.

    Making a layer of a member takes 0.15 ms, however few its parameters.
    """
    if (blocks := members * len(architecture.layers)) > MOST_BLOCKS:
        raise ValueError(
            f"{members:,} members of {len(architecture.layers):,} layers have "
            f"{blocks:,} blocks of weights: a file holds {MOST_BLOCKS:,}; use several"
        )


def _blocks_of_rows(n: int) -> Iterator[slice]:
    for start in range(0, n, PREDICTION_ROWS):
        yield slice(start, min(start + PREDICTION_ROWS, n))


def _draw_glorot(generator: np.random.Generator, W: Array, b: Array) -> None:  # noqa: ARG001 - biases start at 0
    limit = np.sqrt(6 / sum(W.shape))
    W[...] = generator.uniform(-limit, limit, W.shape)


def _draw_he(generator: np.random.Generator, W: Array, b: Array) -> None:  # noqa: ARG001
    W[...] = np.sqrt(2 / len(W)) * generator.standard_normal(W.shape)


def _draw_tutorial(generator: np.random.Generator, W: Array, b: Array) -> None:
    W[...] = 0.1 * generator.standard_normal(W.shape)
    b[...] = 0.1 * generator.standard_normal(b.shape)


FORMAT = "econnet network 1"
NEWER_FORMAT = re.compile(r"econnet network ([2-9]|[1-9][0-9]{1,3})")
MOST_BLOCKS = 20_000
STORED_DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(name) for name in ("float32", "float64")
}

DRAWS: Mapping[Initialization, Callable[[np.random.Generator, Array, Array], None]] = {
    "glorot": _draw_glorot,
    "he": _draw_he,
    "tutorial": _draw_tutorial,
}
